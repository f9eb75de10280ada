"""Slices: part of the judged samples, such as those that show one subject, scored on their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.evaluation.estimate import Estimate
from rushes.evaluation.intervals import bootstrap
from rushes.evaluation.judge import FEW_SAMPLES, estimate_table
from rushes.evaluation.scores import Baseline, majority_baseline, prior_baseline, score, tally_groups
from rushes.labels.subjects import Subjects, unite_subjects
from rushes.learning.predictions import Predictions, take_rows

OTHER = "other"

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SliceJudgement:
    """How well the samples of one slice are classified, and what no look at them would reach.

    Attributes:
        group_count: groups that hold samples of the slice.
        f1_macro: over the classes that are labelled or predicted in the slice.
        majority, prior: of these samples, answered by the shares of training.
    """

    name: str
    samples: int
    group_count: int
    accuracy: Estimate
    f1_macro: Estimate
    majority: Baseline
    prior: Baseline

    def to_table(self) -> dict[str, Any]:
        """Return the judgement as plain values for JSON."""
        return {
            "slice": self.name,
            "samples": self.samples,
            "groups": self.group_count,
            "f1_macro": estimate_table(self.f1_macro),
            "accuracy": estimate_table(self.accuracy),
            "baselines": {
                one.name: {"f1_macro": one.f1_macro.value, "accuracy": one.accuracy.value}
                for one in (self.majority, self.prior)
            },
        }


def slices_of_subjects(subjects: Sequence[Subjects], *, fewest: int = FEW_SAMPLES) -> dict[str, Rows]:
    """Return subject -> (samples,) which of them show it; the commonest first, then by name.

    A sample of several subjects is in the slice of each. Subjects of fewer than `fewest` samples are pooled as
    `other`, the last slice. Case does not tell subjects apart; the spelling is that of the first sample.

    Args:
        subjects: (samples,) the words of each.
    """
    rows_of: dict[str, list[int]] = {}
    spelt: dict[str, str] = {}
    for row, words in enumerate(subjects):
        for word in unite_subjects([words]):
            spelt.setdefault(word.casefold(), word)
            rows_of.setdefault(word.casefold(), []).append(row)
    order = sorted(rows_of, key=lambda folded: (-len(rows_of[folded]), folded))
    common = [folded for folded in order if len(rows_of[folded]) >= fewest and folded != OTHER]
    pooled = {row for folded in order if folded not in common for row in rows_of[folded]}
    found = {spelt[folded]: _mask(rows_of[folded], len(subjects)) for folded in common}
    return found | ({OTHER: _mask(sorted(pooled), len(subjects))} if pooled else {})


def judge_slices(
    predictions: Predictions, slices: Mapping[str, Rows], *, train_counts: Mapping[str, int], seed: int = 0
) -> tuple[SliceJudgement, ...]:
    """Judge each slice on its own, in the order given; those without samples are left out.

    Args:
        slices: name -> (samples,) whether a sample is in it.
        train_counts, seed: as for `judge`.
    """
    return tuple(
        _judge_slice(name, take_rows(predictions, np.flatnonzero(rows)), train_counts=train_counts, seed=seed)
        for name, rows in slices.items()
        if rows.any()
    )


def _judge_slice(
    name: str, predictions: Predictions, *, train_counts: Mapping[str, int], seed: int
) -> SliceJudgement:  # fmt: skip
    scores, labelled = score(predictions), np.bincount(predictions.truth, minlength=len(predictions.classes))
    groups, tallies = tally_groups(predictions)
    intervals = bootstrap(tallies, seed=seed)
    return SliceJudgement(
        name=name,
        samples=len(predictions),
        group_count=len(groups),
        accuracy=Estimate(scores.accuracy, intervals.accuracy),
        f1_macro=Estimate(scores.f1_macro, intervals.f1_macro),
        majority=majority_baseline(predictions.classes, labelled, train_counts),
        prior=prior_baseline(predictions.classes, labelled, train_counts),
    )


def _mask(rows: Sequence[int], count: int) -> Rows:
    mask = np.zeros(count, np.bool_)
    mask[list(rows)] = True
    return mask
