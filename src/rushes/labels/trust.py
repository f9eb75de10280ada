"""Many statements about a frame, resolved to the most trusted one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rushes.labels.label import Label


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
    decides. Origins that are not in it rank behind all that are, the later statement first. What a model said
    (`model:…`) is never a label. The order of `labels` says what is later; `stated_at` does not, since clocks err.

    Args:
        labels: statements of one task, in the order in which they were made.
        trust: origins, the most trusted first, compared without regard to case.

    Raises:
        ValueError: the labels are of more than one task.
    """
    rank = {origin.casefold(): place for place, origin in reversed(list(enumerate(trust)))}
    resolved: dict[str, Resolved] = {}
    for frame, statements in current_statements(labels).items():
        last_of_origin: dict[str, Label] = {}
        for label in reversed(statements):
            if label.class_name is not None and not is_of_model(label.origin):
                last_of_origin.setdefault(label.origin.casefold(), label)
        if not last_of_origin:
            continue
        # Only origins outside the order can share a rank; sorting leaves them as they are, the later first.
        first, *others = sorted(last_of_origin.values(), key=lambda label: rank.get(label.origin.casefold(), len(rank)))
        resolved[frame] = Resolved(first, tuple(label for label in others if label.class_name != first.class_name))
    return resolved


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
    last: dict[str, dict[tuple[str, str], Label]] = {}
    task: str | None = None
    for label in labels:
        if task is not None and label.task != task:
            raise ValueError(f"labels are resolved one task at a time, got '{task}' and '{label.task}'")
        task = label.task
        of_frame = last.setdefault(label.frame, {})
        key = (label.origin.casefold(), label.sheet)
        of_frame.pop(key, None)  # so that it is entered again at the end
        of_frame[key] = label
    return {frame: tuple(of_frame.values()) for frame, of_frame in last.items()}


def is_of_model(origin: str) -> bool:
    """Return whether an origin is a model: what it says is never a label."""
    return origin.casefold().startswith("model:")
