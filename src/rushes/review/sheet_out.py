"""What was decided in reviews, as the labels of a sheet."""

from __future__ import annotations

from collections.abc import Iterable

from rushes.labels.label import Label
from rushes.labels.trust import current_statements, is_review, person_of
from rushes.review.session import Review


def decisions_in(labels: Iterable[Label], review: Review, *, by: str | None) -> list[Label]:
    """Return what reviews state now of the items of one review, on the page or in a sheet, in the order made.

    Args:
        labels: statements of one task, in the order in which they were made.
        by: a person, whose decisions alone are wanted; "" those without a name. None takes all.
    """
    return [
        one
        for frame, statements in current_statements(labels).items()
        if frame in review.by_id
        for one in statements
        if is_review(one.origin) and one.class_name is not None and by in (None, person_of(one.origin) or "")
    ]
