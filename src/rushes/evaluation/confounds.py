"""What a plain measure of a picture tells of its class: how bright, sharp or large it is, and nothing of what it shows.

A class that brightness alone tells from the rest can be learnt without a look at what is in the picture. That is right
where the class is about light, and a trap where it is not: such a model fails on the first film that is lit otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.evaluation.draws import BLOCKS, draw_sums, interval_of
from rushes.evaluation.interval import Interval
from rushes.evaluation.scores import Score
from rushes.learning.measures import Floats

STRONG = 0.75  # of an AUC, from which a measure alone tells a class well enough to be learnt in its place
_BINS = 64  # of a measure in the draws; its quantiles are the edges
_INTERVALS = 24  # of the strongest tells; drawing takes time, and the weaker ones are in nobody's way
_CLASSES = 50  # the commonest, of which it is asked
_FEW = 5  # samples of a class below which an AUC says nothing


@dataclass(frozen=True, slots=True)
class Tell:
    """How well one measure alone tells one class from the rest.

    Attributes:
        measure: `brightness`, `contrast`, …
        auc: how often a picture of the class has the higher value of the two, when held against one of the rest; ties
            count half. 0.5 tells nothing, below it the class has the lower values.
        interval: of `auc`, over groups.
        within: the same, only pictures of one group held against each other; undefined where no group holds both.
    """

    measure: str
    class_name: str
    auc: Score
    interval: Interval
    within: Score

    @property
    def strength(self) -> float | None:
        """Return the AUC with the better of the two directions, 0.5 to 1."""
        return None if self.auc.value is None else max(self.auc.value, 1 - self.auc.value)

    @property
    def is_higher(self) -> bool:
        """Whether the class has the higher values."""
        return self.auc.value is not None and self.auc.value >= 0.5

    @property
    def directed(self) -> Interval:
        """Return the interval of `strength`, in the direction that was found."""
        low, high = self.interval.low, self.interval.high
        if low is None or high is None or self.is_higher:
            return self.interval
        return Interval(1 - high, 1 - low, group_count=self.interval.group_count)

    @property
    def is_strong(self) -> bool:
        """Whether it is to beware of: strong, and its interval, where it has one, clear of 0.5."""
        low = self.directed.low
        return self.strength is not None and round(self.strength, 2) >= STRONG and (low is None or low > 0.5)

    def to_table(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "class": self.class_name,
            "auc": self.auc.value,
            "reason": self.auc.reason,
            "low": self.interval.low,
            "high": self.interval.high,
            "level": self.interval.level,
            "groups": self.interval.group_count,
            "within_groups": self.within.value,
            "strong": self.is_strong,
        }


def find_tells(
    values: Mapping[str, npt.NDArray[np.floating]],
    truth: npt.NDArray[np.int64],
    groups: Sequence[str],
    classes: Sequence[str],
    *,
    seed: int = 0,
) -> tuple[Tell, ...]:
    """Return how well each measure tells each class from the rest, the strongest first, those undefined last.

    The strongest of many is stronger than it would come out on other films: its interval is that of one tell alone.
    With two classes the second is the mirror of the first and is left out; of many the commonest are looked at.

    Args:
        values: measure -> (samples,) finite.
        truth: (samples,) index of the class.
        groups: (samples,).
    """
    _, group_of = np.unique(np.array(groups, dtype=str), return_inverse=True)
    counts = np.bincount(truth, minlength=len(classes))
    asked = sorted([index for index in np.argsort(-counts, kind="stable").tolist() if counts[index]][:_CLASSES])
    if len(asked) == 2:
        asked = asked[:1]
    found = []
    for measure, column in values.items():
        over_all, within = _ranks(column, np.zeros_like(group_of)), _ranks(column, group_of)
        found += [_point(measure, index, truth == index, over_all, within, group_of) for index in asked]
    found.sort(key=lambda one: -1.0 if one.auc.value is None else -abs(one.auc.value - 0.5))
    found = [one for one in found if one.auc.value is not None] + [one for one in found if one.auc.value is None]
    return tuple(
        Tell(
            point.measure,
            classes[point.index],
            point.auc,
            _interval(values[point.measure], truth == point.index, group_of, seed=seed)
            if place < _INTERVALS and point.auc.value is not None
            else Interval(None, None, point.auc.reason or f"only the {_INTERVALS} strongest are drawn again"),
            point.within,
        )
        for place, point in enumerate(found)
    )


@dataclass(frozen=True, slots=True)
class _Point:
    measure: str
    index: int
    auc: Score
    within: Score


def _point(
    measure: str,
    index: int,
    positive: npt.NDArray[np.bool_],
    over_all: Floats,
    within: Floats,
    group_of: npt.NDArray[np.int64],
) -> _Point:
    """Return the AUC of a class over all pairs, and over the pairs within a group, from the ranks of both."""
    few = min(int(positive.sum()), int((~positive).sum()))
    if few < _FEW:
        which = "the class" if int(positive.sum()) == few else "the rest"
        reason = f"{which} has {few} readable picture{'' if few == 1 else 's'}; {_FEW} are the least that say anything"
        return _Point(measure, index, Score(None, reason), Score(None, reason))
    inside = _auc_of_ranks(within, positive, group_of)
    return _Point(
        measure,
        index,
        Score(_auc_of_ranks(over_all, positive, np.zeros_like(group_of))),
        Score(inside, "" if inside is not None else "no group holds both the class and others"),
    )


def _ranks(values: npt.NDArray[np.floating], group_of: npt.NDArray[np.int64]) -> Floats:
    """Return (samples,) the rank of each value in its group, from 1; equal values share the mean of theirs."""
    order = np.lexsort((values, group_of))
    ordered, groups = values[order], group_of[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]) | (groups[1:] != groups[:-1])
    first = np.flatnonzero(is_new)
    length = np.diff(first, append=len(order))
    run = np.cumsum(is_new) - 1
    ranks = np.empty(len(order))
    ranks[order] = first[run] + (length[run] + 1) / 2 - np.searchsorted(groups, groups)
    return ranks


def _auc_of_ranks(ranks: Floats, positive: npt.NDArray[np.bool_], group_of: npt.NDArray[np.int64]) -> float | None:
    """Return in which share of the pairs of a group the one of the class is higher; None without such a pair."""
    sizes = np.bincount(group_of)
    of_class = np.bincount(group_of[positive], minlength=len(sizes))
    wins = (
        np.bincount(group_of[positive], weights=ranks[positive], minlength=len(sizes)) - of_class * (of_class + 1) / 2
    )
    pairs = int((of_class * (sizes - of_class)).sum())
    return float(wins.sum()) / pairs if pairs else None


def _interval(
    values: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_], group_of: npt.NDArray[np.int64], *, seed: int
) -> Interval:
    """Return the interval over groups; from values thrown into bins, so that a draw is a sum over groups."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, values, side="right")
    width = len(edges) + 1
    group_count = int(group_of.max()) + 1
    sums = np.zeros((group_count, 2 * width))
    np.add.at(sums, (group_of, bins + width * ~positive), 1)
    holding = min(int((sums[:, :width].sum(axis=1) > 0).sum()), int((sums[:, width:].sum(axis=1) > 0).sum()))
    if holding < 2:
        return interval_of(None, holding)
    if group_count > BLOCKS:  # draws of blocks, as `draw_sums` makes them of wide sums
        order = np.random.default_rng(seed).permutation(group_count)
        sums = np.add.reduceat(sums[order], np.arange(BLOCKS) * group_count // BLOCKS, axis=0)
    return interval_of(_auc_of_bins(draw_sums(sums, seed=seed), width), holding)


def _auc_of_bins(drawn: Floats, width: int) -> Floats:
    """Return (draws,) the AUC of counts per bin, NaN where a draw lacks the class or the rest."""
    of_class, rest = drawn[:, :width], drawn[:, width:]
    below = np.cumsum(rest, axis=1) - rest / 2
    pairs = of_class.sum(axis=1) * rest.sum(axis=1)
    wins = (of_class * below).sum(axis=1)
    auc: Floats = np.divide(wins, pairs, out=np.full(len(drawn), np.nan), where=pairs > 0)
    return auc
