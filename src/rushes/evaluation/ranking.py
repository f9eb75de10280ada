"""How far average precision and the area under the ROC curve move between groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.evaluation.draws import GroupDraws
from rushes.evaluation.scores import Score, average_precision, roc_auc
from rushes.learning.measures import Counts, Floats

_MOST_STEPS = 1024  # thresholds that a draw looks at, per class
_STEPS_OF_ALL = 20_480  # of all classes together, where they are many
_FEWEST_STEPS = 64

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RankingDraws:
    """Ranking scores of one class in each draw of groups, NaN where undefined.

    Attributes:
        average_precision, roc_auc: (resamples,).
    """

    average_precision: Floats
    roc_auc: Floats


def steps_for(class_count: int) -> int:
    """Return at how many thresholds of each class a draw looks: fewer where the classes are many."""
    return max(_FEWEST_STEPS, min(_MOST_STEPS, _STEPS_OF_ALL // max(1, class_count)))


def draw_rankings(
    positive: Rows,
    probabilities: npt.NDArray[np.floating],
    block_of: Counts,
    draws: GroupDraws,
    *,
    steps: int,
    scores: tuple[Score, Score] | None = None,
) -> RankingDraws:
    """Return the ranking scores of one class in each draw.

    Both scores hang on nothing but how many samples of either side stand above, at and between the probabilities of
    the positive ones, and these are sums over groups. Where the positive ones have more than `steps` different
    probabilities, so many of them are looked at, evenly spread, and what lies between two counts as a tie. What that
    costs the samples themselves is made good in every draw.

    Args:
        block_of: (samples,) the block of `draws` that each sample's group is in.
        scores: average precision and ROC AUC of the samples; None computes them.
    """
    levels = np.unique(probabilities[positive])
    if len(levels) > steps:
        levels = levels[np.linspace(0, len(levels) - 1, steps).round().astype(np.int64)]
    place = np.searchsorted(levels, probabilities)
    at = np.zeros(len(probabilities), np.bool_)
    inside = place < len(levels)
    at[inside] = levels[place[inside]] == probabilities[inside]
    bins = 2 * place + at  # even: between two levels; odd: at one
    size = 2 * len(levels) + 1

    def over_blocks(rows: Rows) -> Floats:
        cells = np.bincount(block_of[rows] * size + bins[rows], minlength=draws.block_count * size)
        counts = cells.reshape(draws.block_count, size)[:, ::-1]  # the highest probability first
        return counts.astype(np.float64)

    found, others = over_blocks(positive), over_blocks(~positive)
    drawn = _scores_of_bins(draws.of(found), draws.of(others))
    binned = _scores_of_bins(found.sum(axis=0, keepdims=True), others.sum(axis=0, keepdims=True))
    exact = scores or (average_precision(positive, probabilities), roc_auc(positive, probabilities))
    moved = [
        values if score.value is None else np.clip(values + (score.value - whole), 0.0, 1.0)
        for values, score, whole in zip(drawn, exact, binned, strict=True)
    ]
    return RankingDraws(*moved)


def _scores_of_bins(found: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Return average precision and ROC AUC, (draws,), of samples in bins, (draws, bins), the highest bin first."""
    found_so_far, others_so_far = np.cumsum(found, axis=1), np.cumsum(others, axis=1)
    all_found, all_others = found_so_far[:, -1], others_so_far[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        taken = found_so_far + others_so_far
        precision = np.where(found > 0, found_so_far / taken, 0.0)
        below = all_others[:, None] - others_so_far + others / 2
        return (found * precision).sum(axis=1) / all_found, (found * below).sum(axis=1) / (all_found * all_others)
