"""What is labelled today, and what a person has reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rushes.labels.label import Label
from rushes.labels.trust import current_statements, resolve

REVIEW = "review"


@dataclass(frozen=True, slots=True)
class StandingLabel:
    """What stands of one frame.

    Attributes:
        class_name: by trust; "" where every statement was withdrawn.
        origin: of that.
        reviewed: the class that the last review says, also where another origin overrules it; "" where none stands.
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
        reviews = [one.class_name for one in statements if one.origin.casefold() == REVIEW and one.class_name]
        standing[frame] = StandingLabel(
            (label.class_name or "") if label else "", label.origin if label else "", reviews[-1] if reviews else ""
        )
    return standing


def reviewed_classes(standing: Mapping[str, StandingLabel]) -> dict[str, str]:
    """Return frame id -> the class that a person gave it in a review, of those that were reviewed."""
    return {frame: one.reviewed for frame, one in standing.items() if one.reviewed}
