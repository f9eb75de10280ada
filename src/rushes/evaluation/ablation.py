"""What the measures of photographs are worth to a model: the same head without them, with them alone, without each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.evaluation.baselines import blind_scores
from rushes.evaluation.draws import GroupDraws, draw_sums, interval_of
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import Interval
from rushes.evaluation.intervals import bootstrap_difference
from rushes.evaluation.judge import estimate_table
from rushes.evaluation.paired_probabilities import bootstrap_probabilities
from rushes.evaluation.ranking import draw_rankings
from rushes.evaluation.scores import Score, average_precision, score, tally_groups
from rushes.evaluation.steps import as_stored, list_steps
from rushes.evaluation.thresholds import choose_threshold
from rushes.learning.ablation import KeptAblation
from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions
from rushes.wish import Wish

WHOLE = "both"
GIVEN: Mapping[str, str] = {
    WHOLE: "the picture and its measures",
    "backbone": "the picture alone",
    "measures": "the measures alone",
}
_STEPS = 128  # thresholds that a draw looks at for each of some hundred permuted tables
_SEED = 0


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What a head finds of a class from the threshold on that its own validation chose for a wish.

    Attributes:
        threshold: None where validation fulfils the wish nowhere.
        recall, precision: on test.
        gained: of recall and of precision: what the run's own head has over this one; None of the run's own.
    """

    class_name: str
    wish: Wish
    threshold: float | None
    recall: Estimate
    precision: Estimate
    gained: Mapping[str, Estimate] | None


@dataclass(frozen=True, slots=True)
class Ablated:
    """One head, and what the run's own has over it on the same test samples.

    Attributes:
        name: what it is given, a key of `GIVEN`.
        average_precision: mean over the classes that are there, and `f1_macro`.
        gained: by the same words; None of the run's own head.
        at_thresholds: of the classes for which a threshold was asked for.
    """

    name: str
    average_precision: Score
    f1_macro: Score
    gained: Mapping[str, Estimate] | None
    at_thresholds: tuple[AtThreshold, ...]


@dataclass(frozen=True, slots=True)
class Dealt:
    """What average precision loses where one measure is dealt out anew among the samples of each group."""

    name: str
    drop: Estimate


@dataclass(frozen=True, slots=True)
class AblationJudgement:
    """What the measures are worth.

    Attributes:
        heads: the run's own head, then the others.
        dealt: of each measure, the largest drop first.
        blind: name of a blind answer -> its mean average precision and macro-F1.
        samples, groups: of test.
        alone: test samples whose group has no other, among which nothing can be dealt out.
    """

    heads: tuple[Ablated, ...]
    dealt: tuple[Dealt, ...]
    blind: Mapping[str, Mapping[str, float]]
    samples: int
    groups: int
    alone: int

    @property
    def sentence(self) -> str:
        """Whether the measures add to the picture, in words that claim no more than the interval does."""
        gained = self._gained_over("backbone")
        if gained is None or gained.value is None:
            return "What the measures are worth cannot be said: average precision is undefined on these samples."
        without = next(one for one in self.heads if one.name == "backbone")
        whole = self.heads[0].average_precision.value
        before = without.average_precision.value
        assert whole is not None
        assert before is not None
        interval = gained.interval
        said = f"With the measures, average precision is {whole:.3f}; with the picture alone it is {before:.3f}"
        if interval.low is None or interval.high is None:
            return f"{said}. Whether that is chance cannot be said: {interval.reason}."
        ends = f"({gained.value:+.3f}, {interval.low:+.3f} to {interval.high:+.3f})".replace("-", "\u2212")
        if interval.low > 0:
            return f"{said}: the measures help {ends}."
        if interval.high < 0:
            return f"{said}: the measures harm {ends}. Train without them."
        return f"{said}: that may be chance {ends}."

    def _gained_over(self, name: str) -> Estimate | None:
        for one in self.heads:
            if one.name == name and one.gained is not None:
                return one.gained["average_precision"]
        return None

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "sentence": self.sentence,
            "samples": self.samples,
            "groups": self.groups,
            "heads": {one.name: _head_table(one) for one in self.heads},
            "permuted": {one.name: estimate_table(one.drop) for one in self.dealt},
            "blind": {name: dict(scores) for name, scores in self.blind.items()},
        }


def judge_ablation(
    kept: KeptAblation,
    *,
    test: Predictions,
    validation: Predictions | None,
    wishes: Mapping[str, Wish],
    train_counts: Mapping[str, int],
) -> AblationJudgement:
    """Return what the measures are worth on test, each head with the settings and thresholds of its own validation.

    Args:
        test, validation: what the run's own head answered, uncalibrated; a calibration changes no ranking that counts
            here, and heads are compared as they come.
        wishes: class -> what is wanted of its threshold.

    Raises:
        ValueError: the ablation is not of these samples.
    """
    parts: dict[str, Mapping[str, Predictions]] = {WHOLE: {"test": test}}
    if validation is not None:
        parts[WHOLE] = {"test": test, "validation": validation}
    parts |= kept.answers
    for name, answers in parts.items():
        if answers["test"].frames != test.frames or answers["test"].classes != test.classes:
            raise ValueError(f"what '{name}' answers is not of the run's own test samples")
    heads = [_judge_head(name, parts[name], parts[WHOLE], wishes) for name in GIVEN if name in parts]
    blind = blind_scores(test.classes, np.bincount(test.truth, minlength=len(test.classes)), train_counts)
    sizes = np.unique(np.asarray(test.groups).astype(str), return_counts=True)[1]
    return AblationJudgement(
        heads=tuple(heads),
        dealt=tuple(_judge_dealt(kept, test)),
        blind={
            name: {"average_precision": scores["average_precision_macro"], "f1_macro": scores["f1_macro"]}
            for name, (_, scores) in blind.items()
            if {"average_precision_macro", "f1_macro"} <= set(scores)
        },
        samples=len(test),
        groups=len(sizes),
        alone=int((sizes == 1).sum()),
    )


def _judge_head(
    name: str, answers: Mapping[str, Predictions], whole: Mapping[str, Predictions], wishes: Mapping[str, Wish]
) -> Ablated:
    test, own = answers["test"], whole["test"]
    found, gained = _scores(test), None
    if name != WHOLE and len(test):
        intervals = {
            "average_precision": bootstrap_probabilities(test, own, seed=_SEED)["average_precision_macro"],
            "f1_macro": bootstrap_difference(tally_groups(test)[1], tally_groups(own)[1], seed=_SEED).f1_macro,
        }
        before, after = found, _scores(own)
        gained = {word: Estimate(_difference(after[word], before[word]), intervals[word]) for word in before}
    at_thresholds = [
        _judge_threshold(one, wish, answers, whole if name != WHOLE else None)
        for one, wish in wishes.items()
        if one in test.classes and "validation" in answers and "validation" in whole
    ]
    return Ablated(name, found["average_precision"], found["f1_macro"], gained, tuple(at_thresholds))


def _scores(predictions: Predictions) -> dict[str, Score]:
    each = [
        average_precision(predictions.truth == index, predictions.probabilities[:, index]).value
        for index in range(len(predictions.classes))
    ]
    known = [value for value in each if value is not None]
    mean = Score(float(np.mean(known))) if known else Score(None, "no class has a sample")
    return {"average_precision": mean, "f1_macro": score(predictions).f1_macro}


def _difference(after: Score, before: Score) -> Score:
    if after.value is None or before.value is None:
        return Score(None, after.reason or before.reason)
    return Score(after.value - before.value)


def _judge_threshold(
    class_name: str, wish: Wish, answers: Mapping[str, Predictions], whole: Mapping[str, Predictions] | None
) -> AtThreshold:
    threshold, sums = _sums_at_threshold(class_name, wish, answers)
    group_count = len(sums)
    recall, precision = _recall_and_precision(sums.sum(axis=0, keepdims=True))
    drawn = _recall_and_precision(draw_sums(sums, seed=_SEED)) if group_count else (None, None)

    def estimate(value: Floats, of_draws: Floats | None, *, is_difference: bool = False) -> Estimate:
        found = float(value[0])
        known = Score(found) if np.isfinite(found) else Score(None, "no threshold, or no sample to count")
        interval = (
            interval_of(of_draws, group_count, is_difference=is_difference)
            if known.value is not None
            else Interval(None, None, known.reason)
        )
        return Estimate(known, interval)

    gained = None
    if whole is not None and group_count:
        _, own = _sums_at_threshold(class_name, wish, whole)
        after = _recall_and_precision(own.sum(axis=0, keepdims=True))
        both = draw_sums(np.concatenate([sums, own], axis=1), seed=_SEED)
        one, other = (_recall_and_precision(part) for part in np.split(both, 2, axis=1))
        gained = {
            word: estimate(after[at] - before, other[at] - one[at], is_difference=True)
            for at, (word, before) in enumerate((("recall", recall), ("precision", precision)))
        }
    return AtThreshold(class_name, wish, threshold, estimate(recall, drawn[0]), estimate(precision, drawn[1]), gained)


def _sums_at_threshold(
    class_name: str, wish: Wish, answers: Mapping[str, Predictions]
) -> tuple[float | None, npt.NDArray[np.float64]]:
    """Return the threshold, and (groups, 3) of test: samples of the class that are taken, others that are, and all of
    the class; what is not a number where there is no threshold."""
    test, watched = answers["test"], answers["validation"]
    index = test.classes.index(class_name)
    steps = list_steps(watched.truth == index, watched.probabilities[:, index])
    threshold = choose_threshold(steps, wish, class_name=class_name).threshold
    positive = test.truth == index
    taken = as_stored(test.probabilities[:, index]) >= (np.inf if threshold is None else threshold)
    names, group_of = np.unique(np.asarray(test.groups).astype(str), return_inverse=True)
    counted = [np.bincount(group_of[rows], minlength=len(names)) for rows in (positive & taken, ~positive & taken)]
    sums = np.stack([*counted, np.bincount(group_of[positive], minlength=len(names))], axis=1).astype(np.float64)
    if threshold is None:
        sums[:, :2] = np.nan
    return threshold, sums


def _recall_and_precision(sums: Floats) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums[:, 0] / sums[:, 2], sums[:, 0] / (sums[:, 0] + sums[:, 1])


def _judge_dealt(kept: KeptAblation, test: Predictions) -> list[Dealt]:
    names, group_of = np.unique(np.asarray(test.groups).astype(str), return_inverse=True)
    draws = GroupDraws(len(names), seed=_SEED) if len(names) > 1 else None
    whole = _mean_precision(test.truth, test.probabilities, group_of, draws)
    found = []
    for place, name in enumerate(kept.measures):
        tables = [_mean_precision(test.truth, table, group_of, draws) for table in kept.permuted[place]]
        values = [value for value, _ in tables if value is not None]
        if whole[0] is None or not values:
            reason = "average precision is undefined"
            found.append(Dealt(name, Estimate(Score(None, reason), Interval(None, None, reason))))
            continue
        drop = whole[0] - float(np.mean(values))
        drawn = (
            None if whole[1] is None else whole[1] - np.mean([each for _, each in tables if each is not None], axis=0)
        )
        found.append(Dealt(name, Estimate(Score(drop), interval_of(drawn, len(names), is_difference=True))))
    return sorted(found, key=lambda one: -(one.drop.value if one.drop.value is not None else -np.inf))


def _mean_precision(
    truth: Counts, probabilities: npt.NDArray[np.float32], group_of: Counts, draws: GroupDraws | None
) -> tuple[float | None, Floats | None]:
    """Return mean average precision over the classes that are there, and (resamples,) the same in draws of groups."""
    values, drawn = [], []
    for index in range(probabilities.shape[1]):
        positive = truth == index
        exact = average_precision(positive, probabilities[:, index])
        if exact.value is None:
            continue
        values.append(exact.value)
        if draws is not None:
            ranked = draw_rankings(positive, probabilities[:, index], draws.block_of[group_of], draws, steps=_STEPS)
            drawn.append(ranked.average_precision)
    return (float(np.mean(values)) if values else None), (np.mean(drawn, axis=0) if drawn else None)


def _head_table(head: Ablated) -> dict[str, Any]:
    return {
        "average_precision": head.average_precision.value,
        "f1_macro": head.f1_macro.value,
        "gained": {word: estimate_table(one) for word, one in head.gained.items()} if head.gained else None,
        "thresholds": {
            one.class_name: {
                "wish": str(one.wish),
                "threshold": one.threshold,
                "recall": estimate_table(one.recall),
                "precision": estimate_table(one.precision),
                "gained": {word: estimate_table(found) for word, found in one.gained.items()} if one.gained else None,
            }
            for one in head.at_thresholds
        },
    }
