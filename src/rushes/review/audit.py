"""What the audit sample says of a cull: how many of its rejects a person would have kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import takewhile
from math import comb
from typing import Any

from rushes.review.decisions import State
from rushes.review.session import Review, drawn_order

_MISSED = Fraction(1, 20)  # of such audits, in which a bound does not hold


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found among rejects that were drawn for a person to look at.

    Attributes:
        drawn: how many were drawn.
        looked_at: of those, how many a person decided on in a review; labels from elsewhere do not count.
        misses: of those, how many a person picks.
        in_order: how many of the first in the drawn order were looked at without a gap: a random part of all rejects.
        rejects: of the cull, as far as they are here.
        rate: share of misses; None before the first is looked at.
        low, high: bounds of the share of all rejects that would have been kept, each of which holds in 95 of 100
            audits; None where what was looked at is no random part.
        sentence: for a person.
    """

    drawn: int
    looked_at: int
    misses: int
    in_order: int
    rejects: int
    rate: float | None
    low: float | None
    high: float | None
    sentence: str

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Tally:
    looked_at: int
    misses: int


def audit_of(review: Review, states: Mapping[str, State]) -> Audit:
    """Return what is found among the audited rejects of a review so far."""
    said = [state.own if (state := states.get(item.id)) else None for item in drawn_order(review)]
    rejects = sum(item.verdict is not None and item.verdict.verdict == "reject" for item in review.items)
    every = _tally_of([one for one in said if one is not None], review)
    first = _tally_of(list(takewhile(lambda one: one is not None, said)), review)
    low, high = _bounds(every, first, rejects)
    sentence = _sentence(len(said), every, first, rejects, most=high)
    return Audit(
        len(said),
        every.looked_at,
        every.misses,
        first.looked_at,
        rejects,
        every.misses / every.looked_at if every.looked_at else None,
        None if low is None else low / rejects,
        None if high is None else high / rejects,
        sentence,
    )


@dataclass(frozen=True, slots=True)
class AuditOfAll:
    """What was found among items that were drawn from all of a review, in the order of the draw.

    Attributes:
        drawn: how many items there are; every one has its place in the draw.
        looked_at: how many a person decided on in a review.
        in_order: how many of the first in the draw, without a gap: a random part of all.
        answered: of those, how many the model answers.
        misses: of those, where the person says otherwise than the model.
        rate: share of misses; None before the first.
        low, high: bounds of the share of all items, each of which holds in 95 of 100 audits; None before the first.
        relabelled: of `in_order`, how many a person says otherwise of than another origin's label did; `labelled` how
            many had one.
        sentence: for a person.
    """

    drawn: int
    looked_at: int
    in_order: int
    answered: int
    misses: int
    rate: float | None
    low: float | None
    high: float | None
    labelled: int
    relabelled: int
    sentence: str

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return asdict(self)


def audit_of_all(
    review: Review, states: Mapping[str, State], *, answers: Mapping[str, str], before: Mapping[str, str]
) -> AuditOfAll:
    """Return what is found so far where a person goes through all items in the order of the draw.

    Args:
        answers: frame id -> what the model says.
        before: frame id -> what stood there by other origins than reviews.
    """
    order = drawn_order(review)
    own = [state.own if (state := states.get(item.id)) else None for item in order]
    first = [(item.id, said) for item, said in zip(order, own, strict=True)]
    first = list(takewhile(lambda one: one[1] is not None, first))
    judged = [(answers[frame], said) for frame, said in first if frame in answers]
    held = [(before[frame], said) for frame, said in first if frame in before]
    misses = sum(answer != said for answer, said in judged)
    relabelled = sum(label != said for label, said in held)
    whole = len(answers)
    low = least_of_all(misses, len(judged), whole) / whole if judged else None
    high = most_of_all(misses, len(judged), whole) / whole if judged else None
    sentences = []
    if judged and high is not None:
        sentences.append(
            f"The model is wrong on {misses:,} of the first {len(judged):,} of the draw that it answers "
            f"({misses / len(judged):.1%}); in 95 of 100 such audits it is so on at most {high:.1%} of all {whole:,}."
        )
    if held:
        sentences.append(f"Of {len(held):,} labels from elsewhere among them, {relabelled:,} were changed.")
    if not first:
        sentences.append(
            f"All {len(order):,} stand in an order of chance. Decide on the first of them without a gap: they are a "
            "random sample of all."
        )
    return AuditOfAll(
        drawn=len(order),
        looked_at=sum(one is not None for one in own),
        in_order=len(first),
        answered=len(judged),
        misses=misses,
        rate=misses / len(judged) if judged else None,
        low=low,
        high=high,
        labelled=len(held),
        relabelled=relabelled,
        sentence=" ".join(sentences) or f"{len(first):,} of the draw were looked at.",
    )


def most_of_all(found: int, of: int, whole: int) -> int:
    """Return how many of a whole are such at most, in 95 of 100 samples drawn from it without replacement.

    It is the largest number of which a sample would hold so few with a probability above 0.05: exact, hypergeometric.

    Args:
        found: in the sample.
        of: size of the sample.
    """
    low, high = found, whole - (of - found)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _is_plausible(found, of, middle, whole) else (low, middle - 1)
    return low


def least_of_all(found: int, of: int, whole: int) -> int:
    """Return how many of a whole are such at least, as `most_of_all`."""
    return whole - most_of_all(of - found, of, whole)


def _is_plausible(found: int, of: int, such: int, whole: int) -> bool:
    """Whether a sample of a whole with so many such ones holds at most those found in more than 1 of 20 draws."""
    return Fraction(sum(_ways(found, of, such, whole)), comb(whole, of)) > _MISSED


def _ways(found: int, of: int, such: int, whole: int) -> Iterator[int]:
    """Yield in how many ways a sample holds none of the such ones, one, and so on up to those found."""
    least = max(0, of - (whole - such))
    ways = comb(such, least) * comb(whole - such, of - least)
    for held in range(least, min(found, such) + 1):
        yield ways
        ways = ways * (such - held) * (of - held) // ((held + 1) * (whole - such - of + held + 1))


def _tally_of(said: Sequence[str | None], review: Review) -> _Tally:
    return _Tally(len(said), sum(review.culling is not None and one == review.culling.pick for one in said))


def _bounds(every: _Tally, first: _Tally, rejects: int) -> tuple[int, int] | tuple[None, None]:
    """Return bounds of how many of all rejects would have been kept: by chance, and by what is known of each."""
    if not first.looked_at:
        return None, None
    least, most = every.misses, rejects - (every.looked_at - every.misses)
    low = least_of_all(first.misses, first.looked_at, rejects)
    high = most_of_all(first.misses, first.looked_at, rejects)
    return min(max(low, least), most), min(max(high, least), most)


def _sentence(drawn: int, every: _Tally, first: _Tally, rejects: int, *, most: int | None) -> str:
    if not drawn:
        return "No reject was drawn for an audit."
    if not every.looked_at:
        return f"{drawn:,} rejects were drawn for an audit, and none is looked at yet."
    found = (
        f"{every.misses:,} of {every.looked_at:,} audited rejects would have been kept "
        f"({every.misses / every.looked_at:.1%})."
    )
    if every.looked_at == rejects:
        return f"{found} These are all that the cull rejects."
    if most is None:
        return (
            f"{found} No bound is stated for all {rejects:,} rejects: those that were looked at are not the first in "
            "the order of the draw, and so no random part. Look at the others in that order."
        )
    by = "" if first.looked_at == every.looked_at else f" judged by the first {first.looked_at:,} of the draw,"
    bound = f"at most {most:,} of all {rejects:,} rejects are such ({most / rejects:.1%})"
    return f"{found} In 95 of 100 such audits,{by} {bound}."
