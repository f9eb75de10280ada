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
BLOCKS = 1000  # into which more groups than that are thrown
_WIDE = 256  # sums per group above which equal groups are not looked for
_NO_WIDTH = 1e-12  # what sums in another order differ by
_CELLS_AT_ONCE = 8_000_000  # draws held in memory at a time


class GroupDraws:
    """How often each group is drawn, in each of many draws of as many groups as there are.

    Where there are more than `BLOCKS` groups, they are thrown at random into so many blocks of equal numbers, which are
    drawn in their place (the method of random groups; Wolter, Introduction to Variance Estimation, 2007, chapter 2).

    Attributes:
        block_of: (groups,) which block each group is in; each is its own where they are few.
        block_count: how many blocks there are.
        times: (resamples, blocks) how often each block is drawn.
    """

    def __init__(self, group_count: int, *, seed: int, resamples: int = RESAMPLES) -> None:
        """Draw.

        Args:
            seed: the same seed and number of groups give the same draws.

        Raises:
            ValueError: there are no groups.
        """
        if group_count < 1:
            raise ValueError("there are no groups to draw from")
        random = np.random.default_rng(seed)
        self.block_count = min(group_count, BLOCKS)
        self.block_of: Counts = np.arange(group_count)
        if group_count > BLOCKS:
            self.block_of = (random.permutation(group_count) * BLOCKS // group_count).astype(np.int64)
        chances = np.full(self.block_count, 1 / self.block_count)
        self.times: Floats = random.multinomial(self.block_count, chances, size=resamples).astype(np.float64)

    def of(self, sums: npt.NDArray[np.number]) -> Floats:
        """Return what sums over blocks, (blocks, sums), come to in each draw: (resamples, sums)."""
        drawn: Floats = self.times @ np.asarray(sums, np.float64)
        return drawn


def draw_sums(sums: npt.NDArray[np.number], *, seed: int, resamples: int = RESAMPLES) -> Floats:
    """Return what sums over groups come to in each of `resamples` draws of as many groups as there are.

    Groups with equal sums are interchangeable: how often each kind is drawn is multinomial, so that a hundred thousand
    photographs, each its own group, cost no more than their few kinds. Wide sums are drawn by `GroupDraws`.

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
    if sums.shape[1] > _WIDE:
        draws = GroupDraws(len(sums), seed=seed, resamples=resamples)
        over_blocks = np.zeros((draws.block_count, sums.shape[1]))
        np.add.at(over_blocks, draws.block_of, sums)
        return draws.of(over_blocks)
    kinds, how_many = np.unique(np.asarray(sums, np.float64), axis=0, return_counts=True)
    random, chances = np.random.default_rng(seed), how_many / how_many.sum()
    step = max(1, _CELLS_AT_ONCE // len(kinds))
    drawn = np.empty((resamples, kinds.shape[1]))
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        draws_of_kinds: Counts = random.multinomial(int(how_many.sum()), chances, size=stop - start)
        drawn[start:stop] = draws_of_kinds.astype(np.float64) @ kinds
    return drawn


def interval_of(values: Floats | None, group_count: int, *, is_difference: bool = False) -> Interval:
    """Return the percentile interval of (resamples,) values, NaN aside, or why there is none.

    Where every draw gives the same number, there is none: what these groups have not shown (a miss, a mistake), draws
    of them cannot show either, and a width of zero would look like certainty.

    Args:
        values: of the score in each draw; None where nothing could be drawn.
        group_count: how many groups feed the score.
        is_difference: the values are what one has over another on the same samples, of which none is a finding.
    """
    if values is None or group_count < 2:
        found = "no group feeds" if group_count == 0 else "one group alone feeds"
        return Interval(None, None, f"{found} this number; how it varies between groups takes at least two")
    defined = values[~np.isnan(values)]
    if not len(defined):
        return Interval(None, None, "it is undefined in every draw")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    if high - low < _NO_WIDTH and not is_difference:
        return Interval(None, None, "every draw of these groups gives this number, which does not make it certain")
    return Interval(float(low), float(high), group_count=group_count)
