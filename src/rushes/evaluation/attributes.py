"""Attributes: what is known of each sample beside its label, and the slices that a column of them cuts samples into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rushes.evaluation.judge import FEW_SAMPLES
from rushes.labels.subjects import Subjects, unite_subjects

OTHER = "other"
UNKNOWN = "not known"
MOST_BINS = 5
MOST_CATEGORIES = 200  # the commonest; a column of more is hardly one of categories
_MOST_DECIMALS = 6
_SPENT_ON_ENDS = 2

Attribute: TypeAlias = str | float | Subjects | None  # a category, a number, several words, or nothing known
Rows: TypeAlias = npt.NDArray[np.bool_]


def slices_of_column(values: Sequence[Attribute], *, fewest: int = FEW_SAMPLES) -> dict[str, Rows]:
    """Return name -> (samples,) which samples are in the slice.

    Numbers alone are cut into bins of about as many samples each; words are categories. A sample of which nothing is
    known is in the slice `not known`, the last one.

    Args:
        values: (samples,); where one holds several words, all are taken as words.
        fewest: samples that a category needs; the others are pooled as `other`.
    """
    if any(isinstance(value, tuple) for value in values):
        return slices_of_subjects([_as_words(value) for value in values], fewest=fewest)
    known = [value for value in values if value is not None]
    unknown = np.array([value is None for value in values], np.bool_)
    if known and all(isinstance(value, int | float) for value in known):
        found = _bins(np.array([np.nan if value is None else value for value in values], np.float64), fewest=fewest)
    else:
        found = _categories([None if value is None else str(value) for value in values], fewest=fewest)
    return found | ({UNKNOWN: unknown} if unknown.any() else {})


def slices_of_subjects(subjects: Sequence[Subjects], *, fewest: int = FEW_SAMPLES) -> dict[str, Rows]:
    """Return subject -> (samples,) which of them show it; the commonest first, then by name.

    A sample of several subjects is in the slice of each, and one of none in no slice. Subjects of fewer than `fewest`
    samples are pooled as `other`, the last slice. Case does not tell subjects apart; the spelling is that of the first
    sample.

    Args:
        subjects: (samples,) the words of each.
    """
    rows_of: dict[str, list[int]] = {}
    spelt: dict[str, str] = {}
    for row, words in enumerate(subjects):
        for word in unite_subjects([words]):
            spelt.setdefault(word.casefold(), word)
            rows_of.setdefault(word.casefold(), []).append(row)
    return _pooled(rows_of, spelt, len(subjects), fewest=fewest)


def varies(slices: Mapping[str, Rows]) -> bool:
    """Return whether slices tell samples apart: at least two hold some, what is not known aside."""
    return sum(bool(rows.any()) for name, rows in slices.items() if name != UNKNOWN) > 1


def columns_that_tell(columns: Mapping[str, Sequence[Attribute]]) -> dict[str, Sequence[Attribute]]:
    """Return the columns that tell samples apart, without those that cut them exactly as one before."""
    found: dict[str, Sequence[Attribute]] = {}
    cuts: set[frozenset[bytes]] = set()
    for name, values in columns.items():
        slices = slices_of_column(values)
        cut = frozenset(rows.tobytes() for rows in slices.values())
        if varies(slices) and cut not in cuts:
            found[name] = values
            cuts.add(cut)
    return found


def _as_words(value: Attribute) -> Subjects:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (str(value),)


def _categories(values: Sequence[str | None], *, fewest: int) -> dict[str, Rows]:
    rows_of: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        if value is not None:
            rows_of.setdefault(value, []).append(row)
    return _pooled(rows_of, {name: name for name in rows_of}, len(values), fewest=fewest)


def _pooled(
    rows_of: Mapping[str, Sequence[int]], spelt: Mapping[str, str], count: int, *, fewest: int
) -> dict[str, Rows]:
    """Return the commonest first, then by name, and at the end what is left over as `other`."""
    order = sorted(rows_of, key=lambda key: (-len(rows_of[key]), key))
    common = [key for key in order if len(rows_of[key]) >= fewest and key != OTHER][:MOST_CATEGORIES]
    rest = {row for key in set(order) - set(common) for row in rows_of[key]}
    found = {spelt[key]: _mask(rows_of[key], count) for key in common}
    return found | ({OTHER: _mask(sorted(rest), count)} if rest else {})


def _bins(values: npt.NDArray[np.float64], *, fewest: int) -> dict[str, Rows]:
    """Return bins of about equal counts, lowest first, each called by the least and the greatest value in it.

    Equal values are in one bin, so that there may be fewer bins than `MOST_BINS`; none is of fewer than `fewest`
    samples unless all values are.
    """
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    total, bins = int(counts.sum()), min(MOST_BINS, max(1, int(counts.sum()) // fewest))
    if len(distinct) <= MOST_BINS and counts.min() >= fewest:
        bounds = [(value, value) for value in distinct]
    else:
        bounds, start, seen = [], 0, 0
        for place, upto in enumerate(np.cumsum(counts)):
            is_full = upto >= round(total * (len(bounds) + 1) / bins) and upto - seen >= fewest
            if is_full or place == len(distinct) - 1:
                bounds.append((distinct[start], distinct[place]))
                start, short, seen = place + 1, not is_full or upto - seen < fewest, int(upto)
                if short and len(bounds) > 1:
                    *bounds, before, last = bounds
                    bounds.append((before[0], last[1]))
    return {name: (values >= low) & (values <= high) for name, (low, high) in zip(_names(bounds), bounds, strict=True)}


def _names(bounds: Sequence[tuple[float, float]]) -> list[str]:
    """Return `0.31–0.44` for each pair of ends, with as few decimals as tell the bins apart.

    Up to two decimals are spent on telling the end of a bin from the start of the next.
    """
    for decimals in range(_MOST_DECIMALS + 1):
        spelt = [(f"{low:.{decimals}f}", f"{high:.{decimals}f}") for low, high in bounds]
        as_wide = all((low == high) == (one == other) for (low, high), (one, other) in zip(bounds, spelt, strict=True))
        apart = all(before[1] != after[0] for before, after in pairwise(spelt))
        if as_wide and len({low for low, _ in spelt}) == len(spelt) and (apart or decimals >= _SPENT_ON_ENDS):
            return [low if low == high else f"{low}–{high}" for low, high in spelt]
    return [f"{low:g}" if low == high else f"{low:.9g}–{high:.9g}" for low, high in bounds]


def _mask(rows: Sequence[int], count: int) -> Rows:
    mask = np.zeros(count, np.bool_)
    mask[list(rows)] = True
    return mask
