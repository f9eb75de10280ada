"""Predictions -> the scores that hang on probabilities and not on answers alone, each with its interval over groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rushes.evaluation.draws import RESAMPLES, GroupDraws, draw_sums, interval_of
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import Interval
from rushes.evaluation.probability_scores import ProbabilityScores, scores_of_sums, sums_of_groups, total, unflatten
from rushes.evaluation.ranking import draw_rankings, steps_for
from rushes.evaluation.scores import Score, Scores
from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions

_NOTHING = "there are no samples"
_LOST = "a class is in one group alone; draws without it say nothing of it"


@dataclass(frozen=True, slots=True)
class RankingEstimates:
    """How well samples are put in order for each class, in the order of the classes, and on average."""

    average_precision: tuple[Estimate, ...]
    roc_auc: tuple[Estimate, ...]
    average_precision_macro: Estimate
    roc_auc_macro: Estimate


@dataclass(frozen=True, slots=True)
class ProbabilityEstimates:
    """Scores of probabilities.

    Attributes:
        brier_of: of each class against the rest, in the order of the classes.
    """

    rankings: RankingEstimates
    brier: Estimate
    log_loss: Estimate
    ece: Estimate
    brier_of: tuple[Estimate, ...]


def estimate_probabilities(
    predictions: Predictions, scores: Scores, *, seed: int, resamples: int = RESAMPLES
) -> ProbabilityEstimates:
    """Return the scores of a model's probabilities on labelled samples.

    Args:
        scores: of the same predictions.
        seed: of the draws of groups.
    """
    group_names, group_of = np.unique(np.asarray(predictions.groups).astype(str), return_inverse=True)
    sums = sums_of_groups(predictions.truth, predictions.probabilities, group_of, len(group_names))
    once = scores_of_sums(total(sums))
    drawn = None
    if len(group_names) > 1:
        flat = draw_sums(sums.flat(), seed=seed, resamples=resamples)
        drawn = scores_of_sums(unflatten(flat, len(predictions.classes)))

    def overall(word: str) -> Estimate:
        value = float(getattr(once, word))
        values = None if drawn is None else getattr(drawn, word)
        if word == "ece" and values is not None:
            # Drawing groups adds noise to every bin, and distance from the diagonal knows no minus: without this, the
            # draws would lie above the error of the samples themselves.
            values = np.maximum(values - (np.nanmean(values) - value), 0.0)
        interval = interval_of(values, len(group_names))
        return Estimate(Score(None, _NOTHING) if np.isnan(value) else Score(value), interval)

    return ProbabilityEstimates(
        rankings=_rank(predictions, scores, group_of, len(group_names), seed=seed, resamples=resamples),
        brier=overall("brier"),
        log_loss=overall("log_loss"),
        ece=overall("ece"),
        brier_of=tuple(_brier_of(once, drawn, index, len(group_names)) for index in range(len(predictions.classes))),
    )


def _brier_of(once: ProbabilityScores, drawn: ProbabilityScores | None, index: int, group_count: int) -> Estimate:
    value = float(once.brier_of[index])
    interval = interval_of(None if drawn is None else drawn.brier_of[:, index], group_count)
    return Estimate(Score(None, _NOTHING) if np.isnan(value) else Score(value), interval)


def _rank(
    predictions: Predictions, scores: Scores, group_of: Counts, group_count: int, *, seed: int, resamples: int
) -> RankingEstimates:
    draws = GroupDraws(group_count, seed=seed, resamples=resamples) if group_count > 1 else None
    block_of = None if draws is None else draws.block_of[group_of]
    steps = steps_for(len(predictions.classes))
    precisions: list[Estimate] = []
    areas: list[Estimate] = []
    drawn_precisions: list[Floats] = []
    drawn_areas: list[Floats] = []
    for index, one in enumerate(scores.per_class):
        positive, values = predictions.truth == index, predictions.probabilities[:, index]
        having, lacking = (len(np.unique(group_of[rows])) for rows in (positive, ~positive))
        drawn = None
        if draws is not None and block_of is not None and positive.any():
            drawn = draw_rankings(
                positive,
                values,
                block_of,
                draws,
                steps=steps,
                scores=(one.average_precision, one.roc_auc),
            )
            drawn_precisions.append(drawn.average_precision)
            if lacking:
                drawn_areas.append(drawn.roc_auc)
        precision = interval_of(None if drawn is None else drawn.average_precision, having)
        area = interval_of(None if drawn is None else drawn.roc_auc, min(having, lacking))
        precisions.append(Estimate(one.average_precision, precision))
        areas.append(Estimate(one.roc_auc, area))
    return RankingEstimates(
        tuple(precisions),
        tuple(areas),
        _mean(scores.average_precision_macro, precisions, drawn_precisions, group_count),
        _mean(scores.roc_auc_macro, areas, drawn_areas, group_count),
    )


def _mean(score: Score, each: list[Estimate], drawn: list[Floats], group_count: int) -> Estimate:
    """Return the mean over the classes for which a score is defined; a draw that lost one of them does not count."""
    alone = any(one.value is not None and one.interval.low is None for one in each)
    if alone and group_count > 1:
        return Estimate(score, Interval(None, None, _LOST))
    return Estimate(score, interval_of(np.mean(drawn, axis=0) if drawn else None, group_count))
