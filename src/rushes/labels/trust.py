"""Many statements about a frame, resolved to the most trusted one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from rushes.bulk import garbage_left, made_of_columns
from rushes.labels.label import Label

REVIEW = "review"
_MAKER = attrgetter("origin", "sheet")


@dataclass(frozen=True, slots=True)
class Resolved:
    """The label that counts for a frame, and the current statements of other origins that say otherwise.

    `overruled` runs from the most to the least trusted.
    """

    label: Label
    overruled: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two origins that say different things about a frame."""

    frame: str
    winner: Label
    loser: Label


def resolve(labels: Iterable[Label], trust: Sequence[str]) -> dict[str, Resolved]:
    """Return what each frame is, by frame id, in order of first mention.

    A sheet's later statement replaces its own earlier one, and a withdrawal takes away what its own sheet said; of
    what still stands within an origin, the last statement made decides. Between origins the order of `trust`
    decides. Origins that are not in it rank behind all that are; of one rank the later statement comes first. A review
    by a person (`review:ann`) ranks as `review`, unless the order names that person. What a model said (`model:…`) is
    never a label. The order of `labels` says what is later; `stated_at` does not, since clocks err:
    an import takes in no row that its origin has overtaken by then (`plan_import`).

    Args:
        labels: statements of one task, in the order in which they were made.
        trust: origins, the most trusted first, compared without regard to case.

    Raises:
        ValueError: the labels are of more than one task.
    """
    rank_of = ranks_of(trust)
    frames: list[str] = []
    winners: list[Label] = []
    overruled: list[tuple[Label, ...]] = []
    places_of: dict[tuple[tuple[str, str], ...], list[int]] = {}
    with garbage_left():
        for frame, statements in _by_frame(labels).items():
            if None in [label.class_name for label in statements]:
                ranked = _ranked(statements, rank_of)
            else:  # then who says it decides, and that is the same of many frames
                makers = tuple(map(_MAKER, statements))
                places = places_of.get(makers)
                if places is None:
                    place_of = {id(label): place for place, label in enumerate(statements)}
                    places = places_of[makers] = [place_of[id(label)] for label in _ranked(statements, rank_of)]
                ranked = [statements[place] for place in places]
            if ranked:
                frames.append(frame)
                winners.append(ranked[0])
                name = ranked[0].class_name
                overruled.append(tuple([label for label in ranked if label.class_name != name]))
        answers = made_of_columns(Resolved, len(frames), {"label": winners, "overruled": overruled})
    return dict(zip(frames, answers, strict=True))


def _ranked(statements: Sequence[Label], rank_of: Callable[[str], int]) -> list[Label]:
    """Return the last standing answer about a frame of each origin that counts, the most trusted first."""
    last_of_origin: dict[str, Label] = {}
    for label in reversed(_current(statements)):
        if label.class_name is not None and not is_of_model(label.origin):
            last_of_origin.setdefault(label.origin.casefold(), label)
    # Sorting leaves those of one rank as they are, the later first.
    return sorted(last_of_origin.values(), key=lambda label: rank_of(label.origin))


def conflicts(labels: Iterable[Label], trust: Sequence[str]) -> list[Conflict]:
    """Return every statement that a more trusted one overrules, by frame in order of first mention."""
    return [
        Conflict(frame, answer.label, loser)
        for frame, answer in resolve(labels, trust).items()
        for loser in answer.overruled
    ]


def count_conflicts(found: Iterable[Conflict]) -> dict[tuple[str, str], int]:
    """Return how often one origin overruled another: (winner, loser) -> frames, the most frequent first."""
    return dict(Counter((conflict.winner.origin, conflict.loser.origin) for conflict in found).most_common())


def count_class_conflicts(found: Iterable[Conflict]) -> dict[tuple[str, str, str, str], int]:
    """Return how often an answer overruled another: (winner, its class, loser, its class) -> frames, in falling order.

    Of equal counts the pair of origins and classes that comes first in the alphabet stands first.
    """
    counts = Counter(
        (clash.winner.origin, clash.winner.class_name or "", clash.loser.origin, clash.loser.class_name or "")
        for clash in found
    )
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def current_statements(labels: Iterable[Label]) -> Mapping[str, Sequence[Label]]:
    """Return, by frame, the last statement of each origin and sheet in the order made, withdrawals included.

    Args:
        labels: statements of one task, in the order in which they were made.

    Raises:
        ValueError: the labels are of more than one task.
    """
    with garbage_left():
        return {frame: _current(statements) for frame, statements in _by_frame(labels).items()}


def _by_frame(labels: Iterable[Label]) -> dict[str, list[Label]]:
    """Return, by frame in order of first mention, the statements of one task in the order made."""
    said: dict[str, list[Label]] = {}
    task: str | None = None
    for label in labels:
        if label.task != task:
            if task is not None:
                raise ValueError(f"labels are resolved one task at a time, got '{task}' and '{label.task}'")
            task = label.task
        of_frame = said.get(label.frame)
        if of_frame is None:
            said[label.frame] = [label]
        else:
            of_frame.append(label)
    return said


def _current(statements: Sequence[Label]) -> tuple[Label, ...]:
    """Return the last statement about a frame of each origin and sheet, in the order made."""
    last: dict[tuple[str, str], Label] = {}
    for label in statements:
        key = (label.origin.casefold(), label.sheet)
        last.pop(key, None)  # so that it is entered again at the end
        last[key] = label
    return tuple(last.values())


def ranks_of(trust: Sequence[str]) -> Callable[[str], int]:
    """Return what says the rank of an origin: 0 is trusted most, and `len(trust)` not at all.

    Args:
        trust: origins, the most trusted first, compared without regard to case.
    """
    rank = {origin.casefold(): place for place, origin in reversed(list(enumerate(trust)))}
    of_reviews = rank.get(REVIEW, len(trust))

    def rank_of(origin: str) -> int:
        return rank.get(origin.casefold(), of_reviews if is_review(origin) else len(trust))

    return rank_of


def is_review(origin: str) -> bool:
    """Return whether an origin is a person's review: `review`, or `review:<person>`."""
    return origin.partition(":")[0].casefold() == REVIEW


def origin_of_person(person: str) -> str:
    """Return the origin of what a person says in a review; of a person without a name, `review`."""
    return f"{REVIEW}:{person}" if person else REVIEW


def person_of(origin: str) -> str | None:
    """Return whose review an origin is; None of a review without a name, and of what is no review."""
    return (origin.partition(":")[2] or None) if is_review(origin) else None


def is_of_model(origin: str) -> bool:
    """Return whether an origin is a model: what it says is never a label."""
    return origin.casefold().startswith("model:")
