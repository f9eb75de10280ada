"""Costs: what a threshold does to one part of a split, beside the model's own answers and a blind pick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushes.evaluation.draws import BLOCKS, WIDE, draw_sums, interval_of
from rushes.evaluation.judge import Estimate, estimate_table
from rushes.evaluation.scores import Score
from rushes.evaluation.steps import MEASURES, as_stored, fulfils, measure_taken
from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions
from rushes.wish import Wish

NAMES = {"recall": "recall", "precision": "precision", "fpr": "FPR", "f1": "F1"}


@dataclass(frozen=True, slots=True)
class Effect:
    """What taking some samples for a class comes to, each measure with its interval over groups."""

    tp: int
    fp: int
    fn: int
    tn: int
    recall: Estimate
    precision: Estimate
    fpr: Estimate
    f1: Estimate

    def to_table(self) -> dict[str, Any]:
        counts = {"tp": self.tp, "fp": self.fp, "fn": self.fn, "tn": self.tn}
        return counts | {name: estimate_table(getattr(self, name)) for name in MEASURES}


@dataclass(frozen=True, slots=True)
class Costs:
    """What a threshold does to one part of a split.

    Attributes:
        groups: how many the part has.
        chosen: at the threshold.
        answers: where the model's own answers are taken instead, its most probable class.
        blind: measure -> what taking as many samples blindly is expected to reach.
        holds: share of draws of groups in which the wish holds with this threshold.
    """

    samples: int
    groups: int
    chosen: Effect
    answers: Effect
    blind: Mapping[str, Score]
    holds: Score

    def to_table(self) -> dict[str, Any]:
        return {
            "samples": self.samples,
            "groups": self.groups,
            **self.chosen.to_table(),
            "answers": self.answers.to_table(),
            "blind": {name: score.value for name, score in self.blind.items()},
            "holds": self.holds.value,
        }


def cost_of_each(
    scored: Predictions, answered: Predictions, thresholds: Sequence[float | None], wishes: Sequence[Wish], *, seed: int
) -> list[Costs | None]:
    """Return the costs of each class on one part; None of a class without a threshold.

    Args:
        scored: with the probabilities that are compared with thresholds.
        answered: with those that the model's own answers are read from.
    """
    names, rows = np.unique(np.asarray(answered.groups).astype(str), return_inverse=True)
    if not len(names):
        return [None] * len(thresholds)
    predicted = answered.predicted
    sums = []
    for index, threshold in enumerate(thresholds):
        positive = answered.truth == index
        at = np.inf if threshold is None else threshold
        taken, own = as_stored(scored.probabilities[:, index]) >= at, predicted == index
        masks = (positive, ~positive, taken & positive, taken & ~positive, own & positive, own & ~positive)
        sums.append(np.stack([np.bincount(rows[mask], minlength=len(names)) for mask in masks], axis=1))
    return [
        None if threshold is None else _costs(one, drawn, wish, samples=len(answered))
        for threshold, wish, one, drawn in zip(thresholds, wishes, sums, _draw_classes(sums, seed=seed), strict=True)
    ]


def _draw_classes(sums: list[Counts], *, seed: int) -> list[Floats] | list[None]:
    """Return what the (groups, 6) counts of each class come to in each draw; None each from one group.

    Few groups, or many classes, are drawn once for all classes. Many groups are drawn for each class by itself, for
    the counts of one class alone make them of few kinds.
    """
    group_count, width = sums[0].shape
    if group_count < 2:
        return [None] * len(sums)
    if group_count > BLOCKS and len(sums) * width <= WIDE:
        return [draw_sums(one, seed=seed) for one in sums]
    return np.split(draw_sums(np.concatenate(sums, axis=1), seed=seed), len(sums), axis=1)


def _costs(sums: Counts, drawn: Floats | None, wish: Wish, *, samples: int) -> Costs:
    """Return the costs from (groups, 6) counts: positives, negatives, tp, fp, and tp, fp of the model's answers."""
    positives, negatives, tp, fp = (int(value) for value in sums.sum(axis=0)[:4])
    share, taken = positives / samples, (tp + fp) / samples
    f1 = Score(2 * share * taken / (share + taken)) if share + taken else Score(None, "nothing is of it or taken")
    blind = {
        "recall": Score(taken) if positives else Score(None, "no sample is of the class"),
        "precision": Score(share) if tp + fp else Score(None, "no sample is taken"),
        "fpr": Score(taken) if negatives else Score(None, "every sample is of the class"),
        "f1": f1,
    }
    return Costs(
        samples=samples,
        groups=len(sums),
        chosen=_effect(sums[:, :4], None if drawn is None else drawn[:, :4]),
        answers=_effect(sums[:, [0, 1, 4, 5]], None if drawn is None else drawn[:, [0, 1, 4, 5]]),
        blind=blind,
        holds=_share_holding(drawn, wish),
    )


def _effect(sums: Counts, drawn: Floats | None) -> Effect:
    """Return the effect from (groups, 4) counts of positives, negatives, tp, fp and their sums in each draw."""
    positives, negatives, tp, fp = sums.sum(axis=0)
    values = measure_taken(tp, fp, positives, negatives)
    resampled = None if drawn is None else measure_taken(drawn[:, 2], drawn[:, 3], drawn[:, 0], drawn[:, 1])
    taken = sums[:, 2] + sums[:, 3]
    feeding = {"recall": sums[:, 0], "precision": taken, "fpr": sums[:, 1], "f1": sums[:, 0] + taken}
    undefined = {
        "recall": "no sample is of the class",
        "precision": "no sample is taken",
        "fpr": "every sample is of the class",
        "f1": "no sample is of the class, and none is taken",
    }
    estimates = {
        name: Estimate(
            Score(None, undefined[name]) if np.isnan(values[name]) else Score(float(values[name])),
            interval_of(None if resampled is None else resampled[name], int((feeding[name] > 0).sum())),
        )
        for name in MEASURES
    }
    return Effect(int(tp), int(fp), int(positives - tp), int(negatives - fp), **estimates)


def _share_holding(drawn: Floats | None, wish: Wish) -> Score:
    if wish.bound is None:
        return Score(None, "best F1 bounds nothing")
    if drawn is None:
        return Score(None, "one group alone cannot be drawn from")
    measured = measure_taken(drawn[:, 2], drawn[:, 3], drawn[:, 0], drawn[:, 1])
    defined = ~np.isnan(measured[wish.measure])
    if not defined.any():
        return Score(None, f"{NAMES[wish.measure]} is undefined in every draw")
    return Score(float(fulfils(measured, wish)[defined].mean()))
