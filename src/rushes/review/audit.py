"""What the audit sample says of a cull: how many of its rejects a person would have kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rushes.evaluation.promises import CONFIDENCE, lower_bound
from rushes.review.decisions import State
from rushes.review.session import Review


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found among rejects that were drawn for a person to look at.

    Attributes:
        drawn: how many were drawn.
        looked_at: of those, how many a person decided on in a review; labels from elsewhere do not count.
        misses: of those, how many a person picks.
        rate: share of misses; None before the first is looked at.
        low, high: bounds of the true share, each of which holds in 95 of 100 cases; None before.
        sentence: for a person.
    """

    drawn: int
    looked_at: int
    misses: int
    rate: float | None
    low: float | None
    high: float | None
    sentence: str

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return asdict(self)


def audit_of(review: Review, states: Mapping[str, State]) -> Audit:
    """Return what is found among the audited rejects of a review so far."""
    drawn = [item for item in review.items if item.verdict is not None and item.verdict.audited]
    rejects = sum(item.verdict is not None and item.verdict.verdict == "reject" for item in review.items)
    decided = [state for item in drawn if (state := states.get(item.id)) and state.own is not None]
    misses = sum(state.own == review.classes.pick for state in decided)
    looked_at = len(decided)
    if not looked_at:
        none = "No reject was drawn for an audit." if not drawn else f"{len(drawn)} rejects were drawn for an audit, " \
            "and none is looked at yet."  # fmt: skip
        return Audit(len(drawn), 0, 0, None, None, None, none)
    low, high = lower_bound(misses, looked_at), upper_bound(misses, looked_at)
    return Audit(
        len(drawn), looked_at, misses, misses / looked_at, low, high, _sentence(misses, looked_at, high, rejects)
    )


def upper_bound(found: int, of: int, *, confidence: float = CONFIDENCE) -> float:
    """Return the share that the true one lies below with the given confidence, as if samples were independent."""
    return 1.0 - lower_bound(of - found, of, confidence=confidence)


def _sentence(misses: int, looked_at: int, high: float, rejects: int) -> str:
    found = f"{misses} of {looked_at} audited rejects would have been kept ({misses / looked_at:.1%})."
    most = min(rejects, round(high * rejects))
    return (
        f"{found} In 95 of 100 such audits at most {high:.1%} of all rejects are such, "
        f"which here are {most:,} of {rejects:,}."
    )
