"""What is labelled today, and what a person has reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rushes.labels.label import Label
from rushes.labels.trust import current_statements, is_review, ranks_of, resolve


@dataclass(frozen=True, slots=True)
class StandingLabel:
    """What stands of one frame.

    Attributes:
        class_name: by trust; "" where every statement was withdrawn.
        origin: of that.
        reviewed: the class that the review that counts says, also where another origin overrules it; "" where none
            stands.
    """

    class_name: str
    origin: str
    reviewed: str = ""


def standing_labels(labels: Iterable[Label], trust: Sequence[str]) -> dict[str, StandingLabel]:
    """Return frame id -> what stands of it, of every frame of which anything was ever said.

    Args:
        labels, trust: as `rushes.labels.trust.resolve` takes them.
    """
    every = list(labels)
    resolved = resolve(every, trust)
    standing = {}
    for frame, statements in current_statements(every).items():
        label = resolved[frame].label if frame in resolved else None
        review = standing_review(statements, trust)
        standing[frame] = StandingLabel(
            (label.class_name or "") if label else "",
            label.origin if label else "",
            (review.class_name or "") if review else "",
        )
    return standing


def standing_review(statements: Sequence[Label], trust: Sequence[str]) -> Label | None:
    """Return the review of a frame that counts: the last one, unless the trust ranks persons; None where none stands.

    Args:
        statements: what each origin and sheet says of the frame now, in the order made (`current_statements`).
    """
    rank_of = ranks_of(trust)
    reviews = [one for one in reversed(statements) if one.class_name is not None and is_review(one.origin)]
    return min(reviews, key=lambda one: rank_of(one.origin), default=None)


def reviewed_classes(standing: Mapping[str, StandingLabel]) -> dict[str, str]:
    """Return frame id -> the class that a person gave it in a review, of those that were reviewed."""
    return {frame: one.reviewed for frame, one in standing.items() if one.reviewed}
