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

    Within an origin the latest statement stands (of equally late ones the last given), and a withdrawal takes it
    away. Between origins the order of `trust` decides. Origins that are not in it rank behind all that are, the
    later statement first. What a model said (`model:…`) is never a label.

    Args:
        labels: statements of one task, in the order in which they were made.
        trust: origins, the most trusted first, compared without regard to case.

    Raises:
        ValueError: the labels are of more than one task.
    """
    rank = {origin.casefold(): place for place, origin in reversed(list(enumerate(trust)))}
    resolved: dict[str, Resolved] = {}
    for frame, by_origin in current_statements(labels).items():
        standing = [
            label for label in by_origin.values() if label.class_name is not None and not _is_of_model(label.origin)
        ]
        if not standing:
            continue
        standing.sort(key=lambda label: label.origin)
        standing.sort(key=lambda label: label.stated_at, reverse=True)
        standing.sort(key=lambda label: rank.get(label.origin.casefold(), len(rank)))
        # Only origins outside the order can share a rank, so time and name decide nothing between trusted ones.
        first, *others = standing
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


def current_statements(labels: Iterable[Label]) -> Mapping[str, Mapping[str, Label]]:
    """Return the latest statement per frame and origin (in lower case), withdrawals included.

    Raises:
        ValueError: the labels are of more than one task.
    """
    latest: dict[str, dict[str, Label]] = {}
    task: str | None = None
    for label in labels:
        if task is not None and label.task != task:
            raise ValueError(f"labels are resolved one task at a time, got '{task}' and '{label.task}'")
        task = label.task
        by_origin = latest.setdefault(label.frame, {})
        origin = label.origin.casefold()
        earlier = by_origin.get(origin)
        if earlier is None or earlier.stated_at <= label.stated_at:
            by_origin[origin] = label
    return latest


def _is_of_model(origin: str) -> bool:
    return origin.casefold().startswith("model:")
