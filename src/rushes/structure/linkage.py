"""Average linkage: things as groups by how unlike they are on average, of pairs that are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


def link(vectors: Floats, *, joined: float, apart: Sequence[Indices] = ()) -> Indices:
    """Return the group of each vector, numbered from 0 in the order of their first vectors.

    The two groups with the highest mean cosine are joined until none has `joined`. A pair that must stay apart is
    infinitely unlike, which a mean takes on, so that groups inherit it.
    Memory grows with the square of the number of vectors: 300 MB for 4,000.

    Args:
        vectors: (count, length), rows of length 1.
        apart: lists of places of which no two may be in one group.
    """
    if len(vectors) == 0:
        return np.zeros(0, np.int64)
    distances = np.asarray(1 - vectors @ vectors.T, np.float32)
    for places in apart:
        distances[np.ix_(places, places)] = np.inf
    weights = np.broadcast_to(np.float32(1), distances.shape)
    groups = group_by_linkage(distances, weights, float(np.nextafter(1 - joined, np.inf)))
    return np.unique(groups, return_inverse=True)[1]


def group_by_linkage(distances: Floats, weights: Floats, threshold: float) -> Indices:
    """Return groups by average linkage: two are one while their pairs differ less than a threshold on average.

    Sokal and Michener (1958). Chains of nearest neighbours find the same groups as merging the nearest pair each time,
    since the mean over two groups joined lies between their two means. Pairs of weight 0 are unknown and do not count.

    Args:
        distances: (items, items), symmetric.
        weights: (items, items), symmetric: how many pairs each stands for.

    Returns:
        (items,): for each item the first item of its group.
    """
    count = len(distances)
    sums = np.where(weights > 0, distances * weights, 0).astype(np.float64)
    pairs = weights.astype(np.float64)
    np.fill_diagonal(sums, 0)
    np.fill_diagonal(pairs, 0)
    groups, alive = np.arange(count), np.ones(count, bool)
    open_ = np.ones(count, bool)
    chain: list[int] = []
    while chain or open_.any():
        if not chain:
            chain.append(int(open_.argmax()))
        tip = chain[-1]
        means = np.full(count, np.inf)
        np.divide(sums[tip], pairs[tip], out=means, where=alive & (pairs[tip] > 0))
        nearest = int(means.argmin())
        if len(chain) > 1 and means[chain[-2]] <= means[nearest]:
            nearest = chain[-2]
        if means[nearest] >= threshold:
            open_[chain.pop()] = False
        elif len(chain) > 1 and nearest == chain[-2]:
            del chain[-2:]
            _join(sums, pairs, *sorted((tip, nearest)))
            alive[max(tip, nearest)] = open_[max(tip, nearest)] = False
            groups[groups == max(tip, nearest)] = min(tip, nearest)
            open_[min(tip, nearest)] = True
        else:
            chain.append(nearest)
    return groups


def _join(sums: npt.NDArray[np.float64], pairs: npt.NDArray[np.float64], kept: int, gone: int) -> None:
    for matrix in (sums, pairs):
        matrix[kept] += matrix[gone]
        matrix[:, kept] = matrix[kept]
        matrix[gone] = matrix[:, gone] = 0
        matrix[kept, kept] = 0
