"""What a photographer decided before, as labels of a task of two classes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rushes.errors import UsageError, did_you_mean
from rushes.footage.signature import FLAT, MAX_DISTANCE
from rushes.labels.label import Label
from rushes.labels.parse import Parsed
from rushes.labels.plan import plan_import
from rushes.labels.trust import current_statements
from rushes.project import Task
from rushes.storage.places import Place

Way = Literal["xmp", "folders", "names", "delivered"]
Verdict = Literal["pick", "reject"]
ORIGINS: Mapping[Way, str] = {"xmp": "xmp", "folders": "folder", "names": "names", "delivered": "delivered"}

# What becomes of a photograph of which nothing is said. `culled`: it is a reject where its shoot has a pick and nothing
# in the shoot was rejected outright, for then whoever culled it marked the picks alone.
Unrated = Literal["culled", "reject", "nothing"]

_KEEP_WORDS = frozenset({"select", "selected", "selects", "pick", "picks", "picked", "keep", "keeper", "keepers", "yes",
                         "good", "accept", "accepted"})  # fmt: skip
_DROP_WORDS = frozenset({"reject", "rejected", "rejects", "drop", "dropped", "no", "bad", "trash", "discard", "skip",
                         "delete", "out"})  # fmt: skip
_SECONDS_OF_BURST = 2.0  # between two photographs of which one is a better take of the other
_FEW_PICKS = 3  # of a shoot as large as this or larger they are few
_LARGE_SHOOT = 100
_TAIL_SHARE, _TAIL_COUNT = 1 / 3, 20  # at the end of a shoot, unrated: the cull may be unfinished


@dataclass(frozen=True, slots=True)
class PickPhotograph:
    """A photograph of the catalog as a way of picking meets it.

    Attributes:
        frame: id of its frame.
        name: what it is called in the catalog.
        shoot: its group.
        files: all that are there of it, the one that it is known by first: copies, and what the camera wrote beside it.
        captured_at: ISO 8601, where it is stated.
        signature: of its picture; None where nobody has decoded it.
    """

    frame: str
    name: str
    shoot: str
    files: tuple[Place, ...]
    captured_at: str | None = None
    signature: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that says what a photograph is.

    Attributes:
        place: where it was read, `DSC_0123.xmp, rating 3`.
        sheet: what speaks; what it said before and says no more is withdrawn.
        outright: whether a reject was meant as one. A rating below the wanted one is none, and gives way to a pick.
    """

    verdict: Verdict
    place: str
    sheet: str
    outright: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """What a way says of photographs.

    Attributes:
        said: frame id -> what is said of it.
        sheets: keys of all that spoke, also where it said nothing.
        unclear: ids of frames that may be meant by what could not be understood; of these nothing is stated, and
            nothing is withdrawn.
        problems: what must be put right.
        unmatched: what is of no photograph that was asked for.
        notes: what was not taken for the photographer's.
    """

    said: Mapping[str, Sequence[Said]]
    sheets: tuple[str, ...]
    unclear: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What one photograph is, and why."""

    verdict: Verdict
    place: str
    sheet: str
    is_unrated: bool = False  # nothing was said of it


@dataclass(frozen=True, slots=True)
class ShootPicks:
    """What is known of a shoot.

    Attributes:
        rejects: the unrated ones among them.
        unrated_rejects: of the rejects, those of which nothing is said.
        unstated: photographs of which nothing is stated.
        hard: rejects that look like a pick taken within two seconds of them.
        warnings: what a person should look at.
    """

    shoot: str
    photographs: int
    picks: int
    rejects: int
    unrated_rejects: int
    unstated: int
    hard: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PickPlan:
    """What is stated, and what that changes.

    Attributes:
        decisions: frame id -> what it is.
        contradictions: photographs that are a pick by one thing and a reject by another, which are neither.
        new: statements to append, withdrawals among them.
    """

    decisions: Mapping[str, Decision]
    shoots: tuple[ShootPicks, ...]
    contradictions: tuple[str, ...]
    new: tuple[Label, ...] = ()
    problems: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = field(default=())


def pick_classes(task: Task, *, keep: str | None = None, drop: str | None = None) -> tuple[str, str]:
    """Return the classes of picks and of rejects.

    Of a task of two classes one of which is called as usual (select, keep; reject, drop …) both are known, and one that
    is stated gives the other.

    Raises:
        UsageError: they are not known, or one that is stated is no class.
    """
    stated = {option: _class_named(task, option, text) for option, text in (("--keep", keep), ("--drop", drop)) if text}
    kept, dropped = stated.get("--keep"), stated.get("--drop")
    kept = kept or (None if dropped else _usual(task, _KEEP_WORDS))
    dropped = dropped or (None if keep else _usual(task, _DROP_WORDS))
    if len(task.classes) == 2:
        kept = kept or next((name for name in task.classes if dropped and name != dropped), None)
        dropped = dropped or next((name for name in task.classes if kept and name != kept), None)
    if kept is None or dropped is None:
        raise UsageError(
            f"of the classes of {task.name} ({', '.join(task.classes)}) nobody knows which is that of picks and which "
            "that of rejects. Say so: --keep CLASS --drop CLASS"
        )
    if kept == dropped:
        raise UsageError(f"--keep {kept} --drop {dropped}: picks and rejects cannot be of one class")
    return kept, dropped


def _class_named(task: Task, option: str, text: str) -> str:
    found = task.class_of(text)
    if found is None:
        raise UsageError(f"{option} {text}: is no class of {task.name}. {did_you_mean(text, task.classes)}")
    return found


def _usual(task: Task, words: Collection[str]) -> str | None:
    found = [name for name in task.classes if name.casefold() in words]
    return found[0] if len(found) == 1 else None


def plan_picks(
    photographs: Sequence[PickPhotograph],
    told: Told,
    task: Task,
    *,
    classes: tuple[str, str],
    origin: str,
    unrated: Unrated,
    previous: Iterable[Label],
    now: str,
) -> PickPlan:
    """Decide what photographs are, and what that adds to the statements there are.

    A statement that one of `told.sheets` made before of one of these photographs, and makes no more, is withdrawn.

    Args:
        classes: of picks and of rejects.
        previous: the task's statements so far, the earliest first.
        now: ISO 8601 UTC.
    """
    earlier = [label for label in previous if label.origin.casefold() == origin]
    picked_elsewhere = _picked_elsewhere(earlier, classes[0], told.sheets)
    decisions, contradictions = _decide(photographs, told)
    by_shoot: dict[str, list[PickPhotograph]] = {}
    for one in photographs:
        by_shoot.setdefault(one.shoot, []).append(one)
    silent = told.unclear | picked_elsewhere | contradictions.keys()
    for members in by_shoot.values():
        decisions |= _decide_unrated(members, decisions, told, silent, unrated)
    new = _changes(photographs, decisions, told, task, classes, origin, earlier, now)
    shoots = tuple(
        _count(name, members, decisions, told.said)
        for name, members in sorted(by_shoot.items(), key=lambda one: one[0])
    )
    return PickPlan(decisions, shoots, tuple(contradictions.values()), tuple(new), told.problems, told.unmatched)


def _decide(photographs: Sequence[PickPhotograph], told: Told) -> tuple[dict[str, Decision], dict[str, str]]:
    """Return frame id -> what is said of it, and frame id -> how what is said contradicts itself."""
    decisions: dict[str, Decision] = {}
    contradictions: dict[str, str] = {}
    for one in photographs:
        said = () if one.frame in told.unclear else told.said.get(one.frame, ())
        picks = [each for each in said if each.verdict == "pick"]
        rejects = [each for each in said if each.verdict == "reject" and (each.outright or not picks)]
        if picks and rejects:
            contradictions[one.frame] = (
                f"{one.name} of {one.shoot} is a pick by {picks[0].place}, and a reject by {rejects[0].place}: it is "
                "taken for neither. Take one of them back"
            )
        elif picks or rejects:
            first = (picks or rejects)[0]
            decisions[one.frame] = Decision(first.verdict, first.place, first.sheet)
    return decisions, contradictions


def _decide_unrated(
    members: Sequence[PickPhotograph],
    decisions: Mapping[str, Decision],
    told: Told,
    silent: Collection[str],
    unrated: Unrated,
) -> dict[str, Decision]:
    """Return what photographs of a shoot are of which nothing is said: rejects, or nothing."""
    first = next(
        (found for one in members if (found := decisions.get(one.frame)) is not None and found.verdict == "pick"), None
    )
    is_outright = any(
        each.verdict == "reject" and each.outright for one in members for each in told.said.get(one.frame, ())
    )
    if first is None or unrated == "nothing" or (unrated == "culled" and is_outright):
        return {}
    return {
        one.frame: Decision("reject", f"{one.files[0]}, unrated in a shoot with picks", first.sheet, is_unrated=True)
        for one in members
        if one.frame not in decisions and one.frame not in silent
    }


def _picked_elsewhere(earlier: Sequence[Label], keep: str, sheets: Sequence[str]) -> set[str]:
    """Return the frames that something else of the same origin says are picks: another delivery, another list."""
    return {
        frame
        for frame, labels in current_statements(earlier).items()
        if any(label.class_name == keep and label.sheet not in sheets for label in labels)
    }


def _changes(
    photographs: Sequence[PickPhotograph],
    decisions: Mapping[str, Decision],
    told: Told,
    task: Task,
    classes: tuple[str, str],
    origin: str,
    earlier: Sequence[Label],
    now: str,
) -> list[Label]:
    asked = {one.frame for one in photographs} - told.unclear
    changed: list[Label] = []
    for sheet in told.sheets:
        labels = [
            Label(
                frame, task.name, classes[found.verdict == "reject"], origin, now, place=found.place, sheet=found.sheet
            )
            for frame, found in decisions.items()
            if found.sheet == sheet
        ]
        parsed = Parsed(sheet, task.name, tuple(labels), origins=frozenset({origin}))
        changed += plan_import([label for label in earlier if label.frame in asked], parsed, now=now)
    # What replaces a statement comes behind the withdrawal of it in another sheet.
    return sorted(changed, key=lambda label: label.class_name is not None)


def _count(
    shoot: str,
    members: Sequence[PickPhotograph],
    decisions: Mapping[str, Decision],
    said: Mapping[str, Sequence[Said]],
) -> ShootPicks:
    verdicts = Counter(decisions[one.frame].verdict for one in members if one.frame in decisions)
    picks, rejects = verdicts["pick"], verdicts["reject"]
    guessed = sum(decisions[one.frame].is_unrated for one in members if one.frame in decisions)
    return ShootPicks(
        shoot=shoot,
        photographs=len(members),
        picks=picks,
        rejects=rejects,
        unrated_rejects=guessed,
        unstated=len(members) - picks - rejects,
        hard=len(find_hard_rejects(members, decisions)),
        warnings=tuple(_warn(members, picks=picks, guessed=guessed, said=said)),
    )


def _warn(
    members: Sequence[PickPhotograph], *, picks: int, guessed: int, said: Mapping[str, Sequence[Said]]
) -> Iterable[str]:
    if not picks:
        yield "has no pick: nothing is learned of what is kept. Is it culled?"
    elif picks == len(members) > 1:
        yield "has picks alone: nothing is learned of what is rejected"
    elif picks <= _FEW_PICKS and len(members) >= _LARGE_SHOOT:
        yield f"has {picks} picks among {len(members):,} photographs. Is it culled to the end?"
    tail = 0
    for one in sorted(members, key=lambda each: (each.captured_at or "", str(each.files[0])), reverse=True):
        if one.frame in said:
            break
        tail += 1
    if picks and guessed and tail >= max(_TAIL_COUNT, _TAIL_SHARE * len(members)):
        yield (
            f"ends with {tail:,} unrated photographs, which are taken for rejects. If it is not culled to the end: "
            "--unrated nothing"
        )


def find_hard_rejects(members: Sequence[PickPhotograph], decisions: Mapping[str, Decision]) -> list[str]:
    """Return the frames of rejects that look like a pick of the same shoot, taken within two seconds of it."""
    timed = [(at, one) for one in members if one.signature not in (None, FLAT) and (at := _seconds(one)) is not None]
    timed.sort(key=lambda pair: pair[0])
    times = [at for at, _ in timed]
    found = []
    for at, one in timed:
        if one.frame not in decisions or decisions[one.frame].verdict != "reject":
            continue
        near = timed[bisect_left(times, at - _SECONDS_OF_BURST) : bisect_right(times, at + _SECONDS_OF_BURST)]
        if any(_is_pick(other, decisions) and _look_alike(one, other) for _, other in near):
            found.append(one.frame)
    return found


def _is_pick(one: PickPhotograph, decisions: Mapping[str, Decision]) -> bool:
    found = decisions.get(one.frame)
    return found is not None and found.verdict == "pick"


def _look_alike(one: PickPhotograph, other: PickPhotograph) -> bool:
    assert one.signature is not None
    assert other.signature is not None  # the others were left out
    return (one.signature ^ other.signature).bit_count() <= MAX_DISTANCE


def _seconds(one: PickPhotograph) -> float | None:
    """Return when a photograph was taken, by the camera's clock."""
    try:
        return datetime.fromisoformat(one.captured_at or "").replace(tzinfo=None).timestamp()
    except ValueError:
        return None
