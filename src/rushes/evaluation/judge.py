"""Predictions -> Judgement: scores, their intervals, their baselines, and what to beware of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import RunError
from rushes.evaluation.baselines import Blind, blind_scores
from rushes.evaluation.draws import RESAMPLES
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import FEW_GROUPS, LEVEL
from rushes.evaluation.intervals import bootstrap
from rushes.evaluation.probability_intervals import estimate_probabilities
from rushes.evaluation.scores import Baseline, GroupScores, Score, score, score_groups, tally_groups
from rushes.evaluation.spread import spread_of
from rushes.learning.measures import Counts
from rushes.learning.predictions import Predictions

FEW_SAMPLES = 10
_SUM_TOLERANCE = 0.01  # by which probabilities may miss 1: half precision does by less
PER_CLASS = ("precision", "recall", "f1", "average_precision", "roc_auc", "brier")


@dataclass(frozen=True, slots=True)
class ClassJudgement:
    """One class: how well it is found, and what no skill at all would reach.

    Attributes:
        share: of the judged samples that are labelled so: the precision of answering it always, and the
            average precision of a random order.
        always_f1: the F1 of answering this class every time: the best that is had without a look at the picture.
    """

    class_name: str
    labelled: int
    predicted: int
    found: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: Estimate
    roc_auc: Estimate
    brier: Estimate
    share: Score
    always_f1: Score


@dataclass(frozen=True, slots=True)
class Judgement:
    """What predictions on labelled samples say about a model.

    Attributes:
        confusion: (classes, classes) samples; the row is the label, the column the prediction.
        groups: names, sorted.
        more: the other scores over all classes, by their metric word,.
        blind: name of a baseline (`majority`, `prior`) -> metric word -> what it scores on the same samples.
        notes: what a reader must know before trusting the numbers, in sentences.
    """

    classes: tuple[str, ...]
    samples: int
    groups: tuple[str, ...]
    f1_macro: Estimate
    balanced_accuracy: Estimate
    accuracy: Estimate
    more: Mapping[str, Estimate]
    per_class: tuple[ClassJudgement, ...]
    per_group: tuple[GroupScores, ...]
    confusion: Counts
    majority: Baseline
    prior: Baseline
    blind: Mapping[str, Blind]
    notes: tuple[str, ...]
    seed: int

    def estimates(self) -> dict[str, Estimate]:
        """Return metric word of the glossary (`f1_macro`, `recall/<class>`) -> its estimate, all that there are."""
        found = {
            "f1_macro": self.f1_macro,
            "balanced_accuracy": self.balanced_accuracy,
            "accuracy": self.accuracy,
            **self.more,
        }
        for one in self.per_class:
            found |= {f"{word}/{one.class_name}": getattr(one, word) for word in PER_CLASS}
        return found

    def to_table(self) -> dict[str, Any]:
        """Return the judgement as plain values for JSON; what is undefined is null beside its reason.

        `metrics` maps the metric words to value, low, high, the level of the interval (null where the ends are a range
        over few groups), the groups that it rests on, and what the two baselines score.
        """
        metrics = {
            word: estimate_table(found) | {name: scores.get(word) for name, scores in self.blind.items()}
            for word, found in self.estimates().items()
        }
        return {
            "schema": "judgement/1",
            "samples": self.samples,
            "groups": list(self.groups),
            "classes": list(self.classes),
            "metrics": metrics,
            "counts": {
                one.class_name: {"labelled": one.labelled, "predicted": one.predicted, "found": one.found}
                for one in self.per_class
            },
            "confusion": self.confusion.tolist(),
            "baselines": {baseline.name: _baseline_table(baseline) for baseline in (self.majority, self.prior)},
            "per_group": [_group_table(one) for one in self.per_group],
            "spread": spread.to_table() if (spread := spread_of(self.per_group)) is not None else None,
            "intervals": {
                "method": "percentile bootstrap over groups",
                "level": LEVEL if len(self.groups) >= FEW_GROUPS else None,
                "quantiles": [round((1 - LEVEL) / 2, 6), round((1 + LEVEL) / 2, 6)],
                "resamples": RESAMPLES,
                "seed": self.seed,
            },
            "notes": list(self.notes),
        }


def judge(predictions: Predictions, *, train_counts: Mapping[str, int], seed: int = 0) -> Judgement:
    """Judge a model by its predictions on labelled samples.

    Args:
        train_counts: samples per class in training, which the baselines answer by; where it is empty, those of
            the judged samples are taken.
        seed: of the bootstrap.

    Raises:
        RunError: the probabilities are no numbers, or no probabilities, so that nothing can be read from them.
    """
    _check_probabilities(predictions.probabilities)
    scores, labelled = score(predictions), np.bincount(predictions.truth, minlength=len(predictions.classes))
    groups, tallies = tally_groups(predictions)
    intervals, apart = bootstrap(tallies, seed=seed), estimate_probabilities(predictions, scores, seed=seed)
    baselines = blind_scores(predictions.classes, labelled, train_counts)
    total = len(predictions)
    per_class = tuple(
        ClassJudgement(
            class_name=one.class_name,
            labelled=one.labelled,
            predicted=one.predicted,
            found=one.found,
            precision=Estimate(one.precision, intervals.precision[index]),
            recall=Estimate(one.recall, intervals.recall[index]),
            f1=Estimate(one.f1, intervals.f1[index]),
            average_precision=apart.rankings.average_precision[index],
            roc_auc=apart.rankings.roc_auc[index],
            brier=apart.brier_of[index],
            share=Score(one.labelled / total) if total else Score(None, "there are no samples"),
            always_f1=Score(2 * one.labelled / (one.labelled + total))
            if one.labelled
            else Score(None, f"no sample is labelled '{one.class_name}'"),
        )
        for index, one in enumerate(scores.per_class)
    )
    return Judgement(
        classes=predictions.classes,
        samples=total,
        groups=groups,
        f1_macro=Estimate(scores.f1_macro, intervals.f1_macro),
        balanced_accuracy=Estimate(scores.balanced_accuracy, intervals.balanced_accuracy),
        accuracy=Estimate(scores.accuracy, intervals.accuracy),
        more={
            "f1_weighted": Estimate(scores.f1_weighted, intervals.f1_weighted),
            "precision_macro": Estimate(scores.precision_macro, intervals.precision_macro),
            "precision_weighted": Estimate(scores.precision_weighted, intervals.precision_weighted),
            "recall_macro": Estimate(scores.balanced_accuracy, intervals.balanced_accuracy),
            "recall_weighted": Estimate(scores.accuracy, intervals.accuracy),
            "average_precision_macro": apart.rankings.average_precision_macro,
            "roc_auc_macro": apart.rankings.roc_auc_macro,
            "brier": apart.brier,
            "log_loss": apart.log_loss,
            "ece": apart.ece,
        },
        per_class=per_class,
        per_group=score_groups(predictions),
        confusion=scores.confusion,
        majority=baselines["majority"][0],
        prior=baselines["prior"][0],
        blind={name: found for name, (_, found) in baselines.items()},
        notes=tuple(_notes(per_class, groups=groups, groups_per_class=(tallies.labelled > 0).sum(axis=0))),
        seed=seed,
    )


def _check_probabilities(probabilities: npt.NDArray[np.float32]) -> None:
    if not np.isfinite(probabilities).all():
        raise RunError(
            "the predictions hold probabilities that are no numbers (NaN or infinite): the training diverged. "
            "Train again with a lower training.learning_rate"
        )
    strange = (probabilities < 0).any(axis=1) | (np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE)
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        shown = ", ".join(f"{value:.3g}" for value in probabilities[row, :5])
        raise RunError(
            f"the predictions are no probabilities: row {row + 1} holds {shown}{', …' * (probabilities.shape[1] > 5)}, "
            "where numbers from 0 to 1 that sum to 1 are needed. Train again, or export them through a softmax"
        )


def note_on_groups(groups: Sequence[str]) -> str:
    """Return what to beware of where the groups that were judged are too few for an interval; "" where they are not."""
    if len(groups) == 1:
        return (
            f"All samples are from one group, '{groups[0]}', so no interval is given: how far the scores would move on "
            "other groups cannot be seen from one. Label more groups."
        )
    if 1 < len(groups) < FEW_GROUPS:
        return (
            f"The scores rest on {len(groups)} groups only; a 95 % interval takes {FEW_GROUPS} or more. What stands "
            "beside them is a range over these groups; on others the scores may fall outside it. Label more groups."
        )
    return ""


def _notes(
    per_class: tuple[ClassJudgement, ...], *, groups: tuple[str, ...], groups_per_class: Counts
) -> list[str]:  # fmt: skip
    notes = [note for note in (note_on_groups(groups),) if note]
    thin = [
        f"{one.class_name} ({count})"
        for one, count in zip(per_class, groups_per_class, strict=True)
        if 1 < count < FEW_GROUPS
    ]
    if thin and len(groups) >= FEW_GROUPS:
        notes.append(
            f"Fewer than {FEW_GROUPS} groups hold samples of these classes: {', '.join(thin)}. How well they are found "
            "has a range over these groups in place of a 95 % interval, and the intervals of the means over classes "
            "may be too narrow."
        )
    absent = [one.class_name for one in per_class if not one.labelled]
    if absent and groups:
        notes.append(
            f"No sample is labelled {_listed(absent)}: recall and average precision are undefined there, and the means "
            "over classes leave it out where nothing was predicted so either."
        )
    never = [one.class_name for one in per_class if one.labelled and not one.predicted]
    if never:
        notes.append(f"The model never answered {_listed(never)}, although samples of it were there.")
    small = [f"{one.class_name} ({one.labelled})" for one in per_class if 0 < one.labelled < FEW_SAMPLES]
    if small:
        notes.append(
            f"Fewer than {FEW_SAMPLES} samples: {', '.join(small)}. One sample more or less moves these scores."
        )
    lone = [
        one.class_name for one, count in zip(per_class, groups_per_class, strict=True) if count == 1 and len(groups) > 1
    ]
    if lone:
        notes.append(f"All samples of {_listed(lone)} come from one group, so there is no interval for finding it.")
    return notes


def _listed(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _score_table(score: Score) -> dict[str, Any]:
    return {"value": score.value} | ({"reason": score.reason} if score.reason else {})


def estimate_table(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as plain values for JSON; what is undefined is null beside its reason."""
    interval = estimate.interval
    table = _score_table(estimate.score) | {
        "low": interval.low,
        "high": interval.high,
        "level": interval.level,
        "groups": interval.group_count,
    }
    return table | ({"interval_reason": interval.reason} if interval.reason else {})


def _baseline_table(baseline: Baseline) -> dict[str, Any]:
    return {
        "class": baseline.class_name,
        "f1_macro": baseline.f1_macro.value,
        "balanced_accuracy": baseline.balanced_accuracy.value,
        "accuracy": baseline.accuracy.value,
    }


def _group_table(one: GroupScores) -> dict[str, Any]:
    return {
        "group": one.group,
        "samples": one.samples,
        "accuracy": one.accuracy.value,
        "f1_macro": one.f1_macro.value,
        "commonest_class": one.commonest_class,
        "commonest_share": one.commonest_share,
        "worst": list(one.worst) if one.worst else None,
    }
