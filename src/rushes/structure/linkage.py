"""link: vectors as groups, by the mean cosine between groups, with pairs that must stay apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


def link(vectors: Floats, *, joined: float, apart: Sequence[Places] = ()) -> npt.NDArray[np.int64]:
    """Return the group of each vector, numbered from 0 in the order of their first vectors.

    The two groups with the highest mean cosine are joined until none has `joined` (average linkage, Sokal and
    Michener 1958). A pair that must stay apart has minus infinity, which a mean takes on, so that groups inherit it.
    Memory grows with the square of the number of vectors: 64 MB for 4,000.

    Args:
        vectors: (count, length), rows of length 1.
        apart: lists of places of which no two may be in one group.
    """
    count = len(vectors)
    members = [[place] for place in range(count)]
    if count == 0:
        return np.zeros(0, np.int64)
    alike = np.asarray(vectors @ vectors.T, np.float32)
    np.fill_diagonal(alike, -np.inf)
    for places in apart:
        alike[np.ix_(places, places)] = -np.inf
    sizes = np.ones(count)
    best = alike.argmax(axis=1)
    value = alike[np.arange(count), best]
    while True:
        first = int(value.argmax())
        if not value[first] >= joined:
            break
        second = int(best[first])
        _join(alike, sizes, members, first, second)
        # A mean is never above both of its parts: only rows that pointed at either have a new best.
        stale = np.flatnonzero((best == first) | (best == second))
        stale = np.union1d(stale, [first, second])
        best[stale] = alike[stale].argmax(axis=1)
        value[stale] = alike[stale, best[stale]]
    labels = np.zeros(count, np.int64)
    for number, group in enumerate(sorted(sorted(one) for one in members if one)):
        labels[group] = number
    return labels


def _join(alike: Floats, sizes: npt.NDArray[np.float64], members: list[list[int]], first: int, second: int) -> None:
    """Put the second group into the first."""
    total = sizes[first] + sizes[second]
    row = (sizes[first] * alike[first] + sizes[second] * alike[second]) / total
    row[[first, second]] = -np.inf
    alike[first], alike[:, first] = row, row
    alike[second], alike[:, second] = -np.inf, -np.inf
    sizes[first] = total
    members[first] += members[second]
    members[second] = []
