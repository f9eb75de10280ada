"""What a boundary gains, against looking at every division of a few shots into scenes."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.structure.scenes import FEW, SHORT, SHORT_SECONDS, Ties, boundary_gains


@settings(max_examples=40)
@given(st.integers(2, 8), st.integers(0, 12), st.integers(0, 10_000))
def test_gains_are_those_of_every_division_tried(count: int, tie_count: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    ends = np.sort(draw.integers(0, count, (tie_count, 2)), axis=1)
    ends = ends[ends[:, 0] < ends[:, 1]]
    ties = Ties(ends[:, 0], ends[:, 1], 2 * draw.random(len(ends)))
    worth, edges = draw.normal(0.8, 0.8, count), np.cumsum([0.0, *draw.random(count) * 20])

    def value(cuts: tuple[int, ...]) -> float:
        scenes = list(pairwise((0, *cuts, count)))
        lost = sum(
            1.0 * weight for (a, b), weight in zip(ends, ties.weight, strict=True) if any(a < c <= b for c in cuts)
        )
        costs = [SHORT * max(0.0, 1 - (edges[b] - edges[a]) / SHORT_SECONDS) for a, b in scenes]
        costs += [FEW[b - a - 1] for a, b in scenes if b - a <= len(FEW)]
        return float(sum(worth[list(cuts)]) - lost - sum(costs))

    values = {cuts: value(cuts) for number in range(count) for cuts in combinations(range(1, count), number)}
    wanted = [
        max(v for cuts, v in values.items() if shot in cuts) - max(v for cuts, v in values.items() if shot not in cuts)
        for shot in range(1, count)
    ]
    assert boundary_gains(ties, worth, edges[:-1], edges[1:]) == pytest.approx(wanted, abs=1e-9)
