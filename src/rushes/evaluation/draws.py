"""Groups drawn again and again: what sums over groups come to in each draw, and the interval of what is made of them.

Every score of a report is a function of sums over groups (how many were found, how many lie in a bin, how large the
squared errors are), so that a draw of groups is a product of two matrices, whatever the score.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushes.evaluation.interval import LEVEL, Interval
from rushes.learning.measures import Counts, Floats

RESAMPLES = 1000
BLOCKS = 1000  # into which more groups than that are thrown where their sums are wide
WIDE = 256  # sums per group above which equal groups are not looked for
_CELLS_AT_ONCE = 8_000_000  # draws held in memory at a time


def draw_sums(sums: npt.NDArray[np.number], *, seed: int, resamples: int = RESAMPLES) -> Floats:
    """Return what sums over groups come to in each of `resamples` draws of as many groups as there are.

    Groups with equal sums are interchangeable: how often each kind is drawn is multinomial, so that a hundred thousand
    photographs, each its own group, cost no more than their few kinds. Where the sums are wide and the groups more than
    `BLOCKS`, they are first thrown at random into so many blocks, which are drawn in their place (the method of random
    groups; Wolter, Introduction to Variance Estimation, 2007, chapter 2).

    Args:
        sums: (groups, sums); to hold two models against each other, put their sums side by side, so that each draw
            takes the same groups for both.
        seed: the same seed and sums give the same draws.

    Returns:
        (resamples, sums) float64.

    Raises:
        ValueError: there are no groups.
    """
    if not len(sums):
        raise ValueError("there are no groups to draw from")
    random = np.random.default_rng(seed)
    kinds, how_many = _kinds(np.asarray(sums, np.float64), random)
    chances = how_many / how_many.sum()
    step = max(1, _CELLS_AT_ONCE // len(kinds))
    drawn = np.empty((resamples, kinds.shape[1]))
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        draws: Counts = random.multinomial(int(how_many.sum()), chances, size=stop - start)
        drawn[start:stop] = draws.astype(np.float64) @ kinds
    return drawn


def interval_of(values: Floats | None, group_count: int) -> Interval:
    """Return the percentile interval of (resamples,) values, NaN aside, or why there is none.

    Args:
        values: of the score in each draw; None where nothing could be drawn.
        group_count: how many groups feed the score.
    """
    if values is None or group_count < 2:
        found = "no group feeds" if group_count == 0 else "one group alone feeds"
        return Interval(None, None, f"{found} this number; how it varies between groups takes at least two")
    defined = values[~np.isnan(values)]
    if not len(defined):
        return Interval(None, None, "it is undefined in every draw")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high), group_count=group_count)


def _kinds(sums: Floats, random: np.random.Generator) -> tuple[Floats, Counts]:
    """Return the different rows and how often each is there."""
    if sums.shape[1] <= WIDE:
        kinds, how_many = np.unique(sums, axis=0, return_counts=True)
        return kinds, how_many.astype(np.int64)
    if len(sums) > BLOCKS:
        order = random.permutation(len(sums))
        starts = np.arange(BLOCKS) * len(sums) // BLOCKS
        sums = np.add.reduceat(sums[order], starts, axis=0)
    return sums, np.ones(len(sums), np.int64)
