"""The mean over all classes of several tasks, so that scale and movement can be told in one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushes.evaluation.estimate import Estimate
from rushes.evaluation.intervals import bootstrap
from rushes.evaluation.judge import estimate_table
from rushes.evaluation.scores import Score, majority_tallies, prior_tallies, tally_groups
from rushes.learning.measures import Measures, Tallies, measure
from rushes.learning.predictions import Predictions

_COUNTED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True, slots=True)
class ClassMean:
    """Scores of a class, averaged over the classes of all tasks: each class counts once, however rare it is.

    Attributes:
        classes: `<task>/<class>` of each that counts.
        f1, recall: the means, with intervals from draws of groups in which all tasks move together.
        majority_f1, majority_recall: of always answering the commonest class of training in each task.
        prior_f1, prior_recall: of guessing by the shares of the classes in training.
    """

    classes: tuple[str, ...]
    f1: Estimate
    recall: Estimate
    majority_f1: float | None
    majority_recall: float | None
    prior_f1: float | None
    prior_recall: float | None

    @property
    def name(self) -> str:
        """What the mean is called: `nine-class mean`."""
        count = len(self.classes)
        return f"{_COUNTED[count] if count < len(_COUNTED) else count}-class mean"

    def to_table(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "classes": list(self.classes),
            "f1": estimate_table(self.f1),
            "recall": estimate_table(self.recall),
            "baselines": {
                "majority": {"f1": self.majority_f1, "recall": self.majority_recall},
                "prior": {"f1": self.prior_f1, "recall": self.prior_recall},
            },
        }


def judge_class_mean(
    predictions: Mapping[str, Predictions], *, train_counts: Mapping[str, Mapping[str, int]], seed: int = 0
) -> ClassMean:
    """Average over the classes of all tasks.

    A class without an F1 (neither labelled nor answered) is left out of that mean, one without a labelled sample out
    of the mean of recall, as within one task.

    Args:
        predictions: task -> answers of one part. The tasks may be of other samples, but a group is the same group.
        train_counts: task -> class -> samples in training.
        seed: of the bootstrap.

    Raises:
        ValueError: there is no task.
    """
    if not predictions:
        raise ValueError("a mean over classes takes one task at least")
    joined = _join(list(predictions.values()))
    overall = measure(Tallies(*(counts.sum(axis=0) for counts in (joined.found, joined.labelled, joined.predicted))))
    intervals = bootstrap(joined, seed=seed)
    labelled = {task: np.bincount(one.truth, minlength=len(one.classes)) for task, one in predictions.items()}
    asked = [(one.classes, labelled[task], train_counts.get(task, {})) for task, one in predictions.items()]
    majority = measure(_side_by_side([majority_tallies(*one) for one in asked]))
    prior = measure(_side_by_side([prior_tallies(*one) for one in asked]))
    return ClassMean(
        classes=tuple(
            f"{task}/{name}"
            for task, one in predictions.items()
            for name, count, said in zip(
                one.classes, labelled[task], np.bincount(one.predicted, minlength=len(one.classes)), strict=True
            )
            if count or said
        ),
        f1=Estimate(_score(overall, "f1_macro"), intervals.f1_macro),
        recall=Estimate(_score(overall, "balanced_accuracy"), intervals.balanced_accuracy),
        majority_f1=_value(majority, "f1_macro"),
        majority_recall=_value(majority, "balanced_accuracy"),
        prior_f1=_value(prior, "f1_macro"),
        prior_recall=_value(prior, "balanced_accuracy"),
    )


def _join(parts: Sequence[Predictions]) -> Tallies:
    """Return the counts of all tasks side by side, (groups, all classes); a task has 0 of a group that it lacks."""
    counted = [tally_groups(one) for one in parts]
    groups = sorted({group for names, _ in counted for group in names})
    row_of = {group: row for row, group in enumerate(groups)}
    spread = []
    for names, tallies in counted:
        rows = [row_of[name] for name in names]
        wide = np.zeros((3, len(groups), tallies.labelled.shape[1]), np.int64)
        wide[:, rows] = (tallies.found, tallies.labelled, tallies.predicted)
        spread.append(Tallies(*wide))
    return _side_by_side(spread)


def _side_by_side(parts: Sequence[Tallies]) -> Tallies:
    return Tallies(
        np.concatenate([one.found for one in parts], axis=-1),
        np.concatenate([one.labelled for one in parts], axis=-1),
        np.concatenate([one.predicted for one in parts], axis=-1),
    )


def _score(measures: Measures, name: str) -> Score:
    value = _value(measures, name)
    return Score(value) if value is not None else Score(None, "there are no samples")


def _value(measures: Measures, name: str) -> float | None:
    value = float(getattr(measures, name))
    return None if np.isnan(value) else value
