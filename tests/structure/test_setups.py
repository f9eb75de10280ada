"""Groups by linkage, against the slow way of finding them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.structure.linkage import group_by_linkage

THRESHOLD = 0.5


def slowly(distances: np.ndarray, weights: np.ndarray) -> list[set[int]]:
    """Return the groups that joining the nearest two gives, until no two are near enough."""
    groups = [{item} for item in range(len(distances))]
    while True:
        means = []
        for one, other in combinations(range(len(groups)), 2):
            at = np.ix_(sorted(groups[one]), sorted(groups[other]))
            if weights[at].sum() > 0:
                means.append(((distances[at] * weights[at]).sum() / weights[at].sum(), one, other))
        if not means or min(means)[0] >= THRESHOLD:
            return sorted(groups, key=min)
        _, one, other = min(means)
        groups[one] |= groups.pop(other)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 14), st.integers(0, 10_000), st.sampled_from([0.0, 0.3, 0.7]))
def test_chains_of_neighbours_find_what_joining_the_nearest_finds(count: int, seed: int, unknown: float) -> None:
    draw = np.random.default_rng(seed)
    distances, weights = draw.random((count, count)), draw.integers(1, 4, (count, count)).astype(float)
    weights[draw.random((count, count)) < unknown] = 0
    upper = np.triu(np.ones((count, count), bool), 1)
    distances, weights = (np.where(upper, matrix, 0) for matrix in (distances, weights))
    distances, weights = distances + distances.T, weights + weights.T
    groups = group_by_linkage(distances.astype(np.float32), weights.astype(np.float32), THRESHOLD)
    found = [set(np.nonzero(groups == group)[0].tolist()) for group in np.unique(groups)]
    assert found == slowly(distances, weights)
