"""Who is in train, validation and test: the plan, its leaks, its file."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.datasets.twins import Shared, find_kinship, find_likes, find_same
from rushes.errors import SplitError
from rushes.footage.signature import FLAT
from rushes.labels.manifest import ManifestRow, Part
from rushes.project import SplitSettings
from rushes.storage.files import digest_of_bytes, write_text

SplitKind = Literal["grouped", "mixed", "stated"]
LeakKind = Literal["group", "identical", "near-duplicate"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")  # the more protected comes later

# Two groups that share this much of the smaller one are the same material under two names.
_SAME_MATERIAL = 0.2
_ROUNDS_OF_IMPROVEMENT = 20
_MISSING_CLASS_COST = 1e6
# Each part with those that it is held out from.
_PROTECTED_FROM: tuple[tuple[Part, Part], ...] = (("validation", "train"), ("test", "train"), ("test", "validation"))
_STAMP = "%Y%m%dT%H%M%S"
_SHOWN = 3
_SHARE_MISSED = 0.02  # nearer to the shares asked for than this is not worth a note


@dataclass(frozen=True, slots=True)
class Split:
    """Which samples are train, validation and test.

    Attributes:
        parts: frame id -> part.
        groups: group -> part; empty for a mixed split, where a group may stand on every side.
        left_out: frame id -> why it is in no part.
        notes: what a person should know before trusting scores on this split.
    """

    task: str
    kind: SplitKind
    seed: int
    parts: Mapping[str, Part]
    groups: Mapping[str, Part]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the split's text, in hex."""
        return digest_of_bytes(format_split(self).encode())

    def part_of(self, frame: str, group: str) -> Part | None:
        """Return where a frame is; for one that the split does not know, where its group is; None if nowhere."""
        if frame in self.left_out:
            return None
        return self.parts.get(frame) or self.groups.get(group)

    def placing(self, rows: Iterable[ManifestRow]) -> Split:
        """Return the split of these rows: those labelled since it was made stand where their groups are."""
        parts = {row.frame_id: part for row in rows if (part := self.part_of(row.frame_id, row.group)) is not None}
        return replace(self, parts=parts)

    def frames_of(self, part: Part) -> list[str]:
        """Return the ids of the frames in a part, in the split's order."""
        return [frame for frame, where in self.parts.items() if where == part]


@dataclass(frozen=True, slots=True)
class Leak:
    """One reason why a score on this split would flatter.

    Validation counts as held out from train, and test from both: training stops where validation is best.

    Attributes:
        kind: `group` stands in two parts, `identical` picture, or `near-duplicate` picture.
        held: name of the frame on the more protected side.
        part: where that one is, `validation` or `test`.
        other: name of the first frame that it resembles on the less protected side.
        other_part: where that one is, `train` or `validation`.
        detail: a sentence for a person.
    """

    kind: LeakKind
    held: str
    part: Part
    other: str
    other_part: Part
    detail: str


def plan_split(
    rows: Sequence[ManifestRow],
    *,
    task: str,
    kind: SplitKind,
    settings: SplitSettings,
    signatures: Mapping[str, int] | None = None,
    known: Split | None = None,
) -> Split:
    """Decide who is in train, validation and test.

    A grouped split never divides a group, and never moves a known one. Groups that share much of their material are
    kept together; where two groups share only a picture or two, or both are known and stand apart, the copies on the
    less protected side are left out: train before validation before test. A stated split takes the parts that the rows
    name, as their data set was published, and moves nothing.

    Args:
        signatures: frame id -> perceptual signature; frames that have none look like nothing.
        known: an earlier split, whose groups stay where they are.

    Raises:
        SplitError: there are too few samples or groups for three parts, or the rows name too few parts.
    """
    if len(rows) < 3:
        raise SplitError(
            f"{len(rows)} labelled samples cannot be split in three parts. Label more frames, then "
            "run 'rushes manifest build' again"
        )
    if kind == "mixed":
        return _plan_mixed(rows, task=task, settings=settings)
    if kind == "stated":
        return _plan_stated(rows, task=task, settings=settings)
    return _plan_grouped(rows, task=task, settings=settings, signatures=signatures or {}, known=known)


def note_unheeded(split: Split, rows: Sequence[ManifestRow], *, settings: SplitSettings, known: Split) -> str | None:
    """Return a note where a seed or shares were asked for in vain, because every group was known; otherwise None."""
    if not split.groups or not split.groups.keys() <= known.groups.keys():
        return None
    unheeded = []
    if settings.seed != known.seed:
        unheeded.append(f"seed {settings.seed}")
    groups = sorted(split.groups)
    counts, _ = _count(rows, [[group] for group in groups])
    now = np.array([PARTS.index(split.groups[group]) for group in groups])
    anew = _assign_units(counts, settings=settings, fixed={})
    if _shares_missed(counts, now, settings) > _shares_missed(counts, anew, settings) + _SHARE_MISSED:
        unheeded.append(f"shares {settings.train:g}, {settings.validation:g} and {settings.test:g}")
    if not unheeded:
        return None
    return (
        f"{' and '.join(unheeded)} had no effect: all {len(groups)} groups are known and stay where they were. "
        "To deal them out again: rushes split make --anew"
    )


def find_leaks(split: Split, rows: Sequence[ManifestRow], *, signatures: Mapping[str, int]) -> list[Leak]:
    """Return every way in which a part resembles a more protected one, the gravest first.

    A frame that resembles many of another part is one leak, which names the first of them.

    Args:
        rows: the samples of the split; rows in no part are passed over.
        signatures: frame id -> perceptual signature; frames that have none look like nothing.
    """
    by_id = {row.frame_id: row for row in rows if row.frame_id in split.parts}
    parts = {frame: split.parts[frame] for frame in by_id}
    leaks: list[Leak] = []
    first_in: dict[str, dict[Part, ManifestRow]] = defaultdict(dict)
    for frame, row in by_id.items():
        first_in[row.group].setdefault(parts[frame], row)
    for group, firsts in first_in.items():
        for part, other_part in _PROTECTED_FROM:
            if part in firsts and other_part in firsts:
                text = f"group '{group}' stands in {other_part} and in {part}"
                leaks.append(Leak("group", firsts[part].name, part, firsts[other_part].name, other_part, text))
    same = find_same(parts, {frame: row.sha256 for frame, row in by_id.items()})
    likes = find_likes(parts, signatures)
    pictures: tuple[tuple[LeakKind, Mapping[str, Mapping[Part, str]], str], ...] = (
        ("identical", same, "is the same picture as"),
        ("near-duplicate", likes, "looks like"),
    )
    for kind, found, likeness in pictures:
        for frame, on in found.items():
            for part, other_part in _PROTECTED_FROM:
                if parts[frame] != part or other_part not in on:
                    continue
                if kind == "near-duplicate" and other_part in same.get(frame, {}):
                    continue
                held, other = by_id[frame].name, by_id[on[other_part]].name
                text = f"{held} in {part} {likeness} {other} in {other_part}"
                leaks.append(Leak(kind, held, part, other, other_part, text))
    return leaks


def describe_search(split: Split, rows: Sequence[ManifestRow], *, signatures: Mapping[str, int]) -> str:
    """Return what may be claimed where `find_leaks` found none, and which samples it could not compare in full."""
    placed = [row for row in rows if row.frame_id in split.parts]
    if not placed:
        return "nothing to compare: no sample of the newest manifest stands in a part of this split"
    unread = sum(row.frame_id not in signatures and not row.sha256 for row in placed)
    unseen = sum(row.frame_id not in signatures for row in placed) - unread
    if unread == len(placed):
        return (
            "no group stands in two parts; pictures were not compared, because nobody has read one of "
            f"{_samples(unread)}: a copy of any may stand in another part"
        )
    flat = sum(signatures.get(row.frame_id) == FLAT for row in placed)
    what = "no group, picture or near-duplicate stands in two parts"
    text = f"no leak found among {_samples(len(placed) - unread)}: {what}"
    if unread:
        text += (
            f"; not looked at, but for the group, because nobody has read the picture: {_samples(unread)}, a copy of "
            "which may stand in another part"
        )
    if unseen:
        text += f"; not searched for near-duplicates, because the catalog has no picture: {_samples(unseen)}"
    if flat:
        text += f"; searched for the same file only, because of one tone, such as black: {_samples(flat)}"
    return text


def _samples(count: int) -> str:
    return f"{count:,} sample{'' if count == 1 else 's'}"


def rows_of_parts(rows: Iterable[ManifestRow], split: Split) -> dict[Part, tuple[ManifestRow, ...]]:
    """Return the rows of each part, in the manifest's order; rows in no part are left out.

    A frame that was labelled after the split was made goes where its group is.
    """
    taken: dict[Part, list[ManifestRow]] = {part: [] for part in PARTS}
    for row in rows:
        part = split.part_of(row.frame_id, row.group)
        if part is not None:
            taken[part].append(row)
    return {part: tuple(members) for part, members in taken.items()}


def count_classes(parts: Mapping[Part, Sequence[ManifestRow]], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return part -> class -> number of rows, all parts and classes present."""
    counted = {part: Counter(row.class_name for row in parts.get(part, ())) for part in PARTS}
    return {part: {name: counted[part][name] for name in classes} for part in PARTS}


def format_split(split: Split) -> str:
    """Return a split as JSON text, the same bytes for the same split."""
    table: dict[str, Any] = {
        "schema": "split/1",
        "task": split.task,
        "kind": split.kind,
        "seed": split.seed,
        "groups": dict(sorted(split.groups.items())),
        "parts": dict(sorted(split.parts.items())),
        "left_out": dict(sorted(split.left_out.items())),
        "notes": list(split.notes),
    }
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def parse_split(text: str, *, where: str) -> Split:
    """Read what `format_split` wrote.

    Raises:
        SplitError: the text is not a split.
    """
    try:
        table = json.loads(text)
        if table["schema"] != "split/1":
            raise SplitError(f"{where}: schema is '{table['schema']}', this rushes reads 'split/1'")
        return Split(
            task=table["task"],
            kind=table["kind"],
            seed=table["seed"],
            parts=table["parts"],
            groups=table["groups"],
            left_out=table["left_out"],
            notes=tuple(table["notes"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SplitError(f"{where} is not a split ({error!r}). Make it anew with 'rushes split make'") from error


def write_split(split: Split, folder: Path, *, now: datetime) -> tuple[Path, bool]:
    """Write a split as a new version unless it equals the newest; return its path and whether it is new.

    Args:
        now: an aware time; a version never sorts before the newest one, even if a clock was set back.
    """
    if now.tzinfo is None:
        raise ValueError("write_split needs a time with its zone, got a naive one")
    newest = newest_split(folder, split.task, split.kind)
    text = format_split(split)
    if newest is not None and newest.read_text(encoding="utf-8") == text:
        return newest, False
    utc = now.astimezone(UTC)
    stamp, count = f"{utc:{_STAMP}}.{utc.microsecond // 1000:03d}Z", 1
    before = None if newest is None else _version_of(newest.name, split.task, split.kind)
    if before is not None and before[0] >= stamp:
        stamp, count = before[0], before[1] + 1
    path = folder / f"{split.task}-{split.kind}-{stamp}{f'-{count}' if count > 1 else ''}.json"
    write_text(path, text)
    return path, True


def newest_split(folder: Path, task: str, kind: str) -> Path | None:
    """Return the newest version of a task's split of a kind, or None."""
    if not folder.is_dir():
        return None
    versions = [(version, path) for path in folder.iterdir() if (version := _version_of(path.name, task, kind))]
    return max(versions)[1] if versions else None


def _version_of(name: str, task: str, kind: str) -> tuple[str, int] | None:
    """Return (UTC time, count within that time) of a split's file name; None if it is of another task or kind."""
    pattern = re.escape(f"{task}-{kind}") + r"-(\d{8}T\d{6}\.\d{3}Z)(?:-(\d+))?\.json"
    match = re.fullmatch(pattern, name)
    return (match[1], int(match[2] or 1)) if match else None


def read_split(path: Path) -> Split:
    """Read a split file.

    Raises:
        SplitError: it is missing or is not a split.
    """
    try:
        return parse_split(path.read_text(encoding="utf-8"), where=str(path))
    except FileNotFoundError:
        raise SplitError(f"there is no split {path}. Make one with 'rushes split make'") from None


def _plan_mixed(rows: Sequence[ManifestRow], *, task: str, settings: SplitSettings) -> Split:
    """Shuffle the samples of each class and deal them out, whatever their group."""
    dice = random.Random(settings.seed)
    by_class: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.frame_id):
        by_class[row.class_name].append(row.frame_id)
    parts: dict[str, Part] = {}
    for _, frames in sorted(by_class.items()):
        dice.shuffle(frames)
        held = [round(len(frames) * share) for share in (settings.validation, settings.test)]
        if len(frames) >= 3:
            held = [max(1, count) for count in held]
        for position, frame in enumerate(frames):
            inside = position < held[0], position < sum(held)
            parts[frame] = "validation" if inside[0] else "test" if inside[1] else "train"
    note = "frames of one group stand on every side: scores on this split flatter"
    return Split(task, "mixed", settings.seed, parts, groups={}, notes=(note,))


def _plan_stated(rows: Sequence[ManifestRow], *, task: str, settings: SplitSettings) -> Split:
    """Take the parts that the rows name; a group that they divide is noted, and stands in none."""
    parts: dict[str, Part] = {row.frame_id: row.split for row in rows if row.split is not None}
    stated = Counter(parts.values())
    lacking = [part for part in PARTS if not stated[part]]
    if lacking:
        found = ", ".join(f"{part} {stated[part]:,}" for part in PARTS if stated[part]) or "none"
        raise SplitError(
            f"a stated split needs samples of train, validation and test, as their data set names them; none is in "
            f"{' and '.join(lacking)}. Found: {found}. Name the parts in a column 'split', or split by group"
        )
    sides: dict[str, set[Part]] = defaultdict(set)
    for row in rows:
        if row.split is not None:
            sides[row.group].add(row.split)
    groups: dict[str, Part] = {group: next(iter(on)) for group, on in sorted(sides.items()) if len(on) == 1}
    divided = sorted(group for group, on in sides.items() if len(on) > 1)
    notes = []
    if divided:
        shown = ", ".join(f"'{group}'" for group in divided[:_SHOWN])
        more = f" and {len(divided) - _SHOWN:,} more" if len(divided) > _SHOWN else ""
        notes.append(f"groups that the stated parts divide, so that scores flatter: {len(divided):,} ({shown}{more})")
    left_out = {row.frame_id: "its data set puts it in no part" for row in rows if row.split is None}
    if left_out:
        notes.append(f"left out because their data set puts them in no part: {_samples(len(left_out))}")
    return Split(task, "stated", settings.seed, parts, groups, left_out, tuple(notes))


def _plan_grouped(
    rows: Sequence[ManifestRow],
    *,
    task: str,
    settings: SplitSettings,
    signatures: Mapping[str, int],
    known: Split | None,
) -> Split:
    places = {} if known is None else known.groups
    sizes = Counter(row.group for row in rows)
    group_of = {row.frame_id: row.group for row in rows}
    kinship = find_kinship(group_of, signatures, least=_SAME_MATERIAL, apart=places)
    units, divided = _join_groups(sizes, kinship.ties, places)
    if len(units) < 3:
        found = ", ".join(f"'{group}' ({count} samples)" for group, count in sizes.most_common(5))
        joined = "" if len(sizes) == len(units) else " (some show the same pictures and count as one)"
        raise SplitError(
            f"a grouped split needs at least three groups, one for each of train, validation and test; found "
            f"{len(units)}{joined}: {found}. Ingest another film or shoot, or name finer groups with "
            "'rushes ingest --group'; 'rushes split make --kind mixed' shuffles the frames instead, and its "
            "scores flatter"
        )
    counts, classes = _count(rows, units)
    fixed = {index: part for index, unit in enumerate(units) for group in unit if (part := places.get(group))}
    assigned = _assign_units(counts, settings=settings, fixed=fixed)
    groups: dict[str, Part] = {
        group: PARTS[assigned[index]]
        for group, index in sorted((group, index) for index, unit in enumerate(units) for group in unit)
    }
    everyone: dict[str, Part] = {row.frame_id: groups[row.group] for row in rows}
    left_out = _leave_out(everyone, {row.frame_id: row.sha256 for row in rows}, signatures)
    parts = {frame: part for frame, part in everyone.items() if frame not in left_out}
    for part in PARTS:
        if part in everyone.values() and part not in parts.values():
            way_out = "Place the groups again: rushes split make --anew" if places else "Ingest another film or shoot"
            raise SplitError(f"nothing is left in {part}: every frame there looks like one held out from it. {way_out}")
    placed = Counter((parts[row.frame_id], row.class_name) for row in rows if row.frame_id in parts)
    notes = _notes_on(counts, placed, classes, units)
    notes += _notes_on_divided([*kinship.clashes, *divided], groups)
    for part, held in (("train", "held out"), ("validation", "of test")):
        if count := sum(everyone[frame] == part for frame in left_out):
            frames = f"{count} frame{'s' if count > 1 else ''}"
            notes.append(f"left out of {part} because they look like frames {held}: {frames}")
    # Where no group is new, the dice of the earlier split have decided, not these.
    seed = known.seed if known is not None and groups.keys() <= places.keys() else settings.seed
    return Split(task, "grouped", seed, parts, groups, left_out, tuple(notes))


def _join_groups(
    sizes: Mapping[str, int], ties: Sequence[Shared], places: Mapping[str, Part]
) -> tuple[list[list[str]], list[Shared]]:
    """Return groups in units that stay together, because they share much of their material.

    Args:
        ties: the strongest first, so that a new group joins the known one that it shares the most with.
        places: parts of known groups; a unit never holds known groups of two parts.

    Returns:
        the units, and the ties that were not heeded because known groups stand in the way.
    """
    parent = {group: group for group in sizes}
    place = {group: places.get(group) for group in sizes}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    unheeded = []
    for tie in ties:
        one, other = root(tie.one), root(tie.other)
        if place[one] and place[other] and place[one] != place[other]:
            unheeded.append(tie)
            continue
        parent[other] = one
        place[one] = place[one] or place[other]
    units: dict[str, list[str]] = defaultdict(list)
    for group in sorted(sizes):
        units[root(group)].append(group)
    return list(units.values()), unheeded


def _leave_out(parts: Mapping[str, Part], digests: Mapping[str, str], signatures: Mapping[str, int]) -> dict[str, str]:
    """Return frame -> why it has to go, for every frame that resembles one of a more protected part which stays."""
    left_out: dict[str, str] = {}
    protected: tuple[tuple[Part, tuple[Part, ...]], ...] = (
        ("validation", ("test",)),
        ("train", ("test", "validation")),
    )
    for part, above in protected:
        sides = {
            frame: where
            for frame, where in parts.items()
            if frame not in left_out and (where == part or where in above)
        }
        same, likes = find_same(sides, digests), find_likes(sides, signatures)
        for frame, where in sides.items():
            if where != part:
                continue
            for other_part in above:
                if held := same.get(frame, {}).get(other_part):
                    left_out[frame] = f"is the same picture as {held} in {other_part}"
                    break
                if held := likes.get(frame, {}).get(other_part):
                    left_out[frame] = f"looks like {held} in {other_part}"
                    break
    return left_out


def _count(rows: Iterable[ManifestRow], units: Sequence[Sequence[str]]) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return (units, classes) samples, and the classes."""
    counted = Counter((row.group, row.class_name) for row in rows)
    classes = sorted({class_name for _, class_name in counted})
    position = {name: index for index, name in enumerate(classes)}
    unit_of = {group: index for index, unit in enumerate(units) for group in unit}
    counts = np.zeros((len(units), len(classes)))
    for (group, class_name), count in counted.items():
        counts[unit_of[group], position[class_name]] += count
    return counts, classes


def _shares_missed(counts: npt.NDArray[np.float64], assigned: npt.NDArray[np.int64], settings: SplitSettings) -> float:
    """Return by how much the part that is furthest off misses its share of the samples.

    Args:
        counts: (units, classes) samples.
        assigned: (units,), the index of the part of each.
    """
    found = np.bincount(assigned, weights=counts.sum(axis=1), minlength=len(PARTS)) / counts.sum()
    return float(np.abs(found - [settings.train, settings.validation, settings.test]).max())


def _assign_units(
    counts: npt.NDArray[np.float64], *, settings: SplitSettings, fixed: Mapping[int, Part]
) -> npt.NDArray[np.int64]:
    """Return (units,) the index of the part of each unit, so that each part has its share of each class.

    The largest units go first, each where it disturbs the shares least; then single units are moved or swapped
    as long as that helps.

    Args:
        counts: (units, classes) samples.
    """
    shares = np.array([settings.train, settings.validation, settings.test])
    target = shares[:, None] * counts.sum(axis=0)
    weight = 1 / np.maximum(counts.sum(axis=0), 1)
    spread = np.minimum((counts > 0).sum(axis=0), len(PARTS))  # in how many parts a class could stand
    dice = np.random.default_rng(settings.seed)
    order = sorted(dice.permutation(len(counts)), key=lambda unit: -counts[unit].sum())
    assigned = np.full(len(counts), -1)
    inside = np.zeros_like(target)
    for unit, part in fixed.items():
        assigned[unit] = PARTS.index(part)
        inside[assigned[unit]] += counts[unit]

    def cost(now: npt.NDArray[np.float64]) -> float:
        uneven = (((now - target) ** 2 / shares[:, None]) * weight).sum()
        lacking = np.maximum(spread - (now > 0).sum(axis=0), 0).sum() + 2 * ((now[0] == 0) & (spread > 0)).sum()
        empty = (now.sum(axis=1) == 0).sum()
        return float(uneven + _MISSING_CLASS_COST * (lacking + 100 * empty))

    for unit in order:
        if assigned[unit] < 0:
            now_off = ((inside - target) ** 2 / shares[:, None] * weight).sum(axis=1)
            then_off = ((inside + counts[unit] - target) ** 2 / shares[:, None] * weight).sum(axis=1)
            assigned[unit] = int((then_off - now_off).argmin())
            inside[assigned[unit]] += counts[unit]
    free = [unit for unit in order if unit not in fixed]
    best = cost(inside)
    for _ in range(_ROUNDS_OF_IMPROVEMENT):
        before = best
        for unit in free[:500]:
            for index in range(len(PARTS)):
                moved = inside.copy()
                moved[assigned[unit]] -= counts[unit]
                moved[index] += counts[unit]
                if (now := cost(moved)) < best - 1e-9:
                    inside, best, assigned[unit] = moved, now, index
        for one in free[:60]:
            for other in free[:60]:
                if assigned[one] == assigned[other]:
                    continue
                moved = inside.copy()
                moved[assigned[one]] += counts[other] - counts[one]
                moved[assigned[other]] += counts[one] - counts[other]
                if (now := cost(moved)) < best - 1e-9:
                    inside, best = moved, now
                    assigned[one], assigned[other] = assigned[other], assigned[one]
        if best >= before - 1e-9:
            break
    return assigned


def _notes_on(
    counts: npt.NDArray[np.float64],
    placed: Mapping[tuple[Part, str], int],
    classes: Sequence[str],
    units: Sequence[Sequence[str]],
) -> list[str]:
    """Return what a person should know: classes that a part lacks, groups kept together.

    Args:
        counts: (units, classes) samples.
        placed: (part, class) -> samples, without those left out.
    """
    notes = []
    for index, class_name in enumerate(classes):
        holders = [unit for unit in range(len(units)) if counts[unit, index]]
        lacking = [part for part in PARTS if not placed.get((part, class_name))]
        if lacking:
            names = ", ".join(f"'{units[unit][0]}'" for unit in holders[:3])
            notes.append(f"class '{class_name}' stands in {len(holders)} group(s) only ({names}): "
                         f"none in {' and '.join(lacking)}")  # fmt: skip
    joined = [unit for unit in units if len(unit) > 1]
    if joined:
        shown = "; ".join(", ".join(unit[:3]) for unit in joined[:3])
        notes.append(f"{len(joined)} sets of groups show the same pictures and were kept together: {shown}")
    return notes


def _notes_on_divided(divided: Sequence[Shared], groups: Mapping[str, Part]) -> list[str]:
    """Return a note on each of the first pairs of groups that share material and yet stand in two parts."""
    notes = [
        f"groups '{pair.one}' in {groups[pair.one]} and '{pair.other}' in {groups[pair.other]} share "
        f"{pair.share:.0%} of '{pair.one}', but known groups stay where they are: the frames that look alike are "
        f"left out of {min(groups[pair.one], groups[pair.other], key=PARTS.index)} (--anew would join the groups)"
        for pair in divided[:_SHOWN]
    ]
    if len(divided) > _SHOWN:
        notes.append(f"{len(divided) - _SHOWN} more pairs of groups share material and stand in two parts")
    return notes
