"""Slices: parts of the judged samples, such as those of one camera, scored on their own and held against the rest.

A part that holds more of a hard class is less accurate without being treated worse. So the accuracy of a slice is held
against what the rest of the samples would reach with the slice's shares of the classes: for each class the recall of
the rest, weighed by how often the class is labelled in the slice (direct standardisation). Only that difference is
tested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rushes.evaluation.attributes import Attribute, Rows, slices_of_column
from rushes.evaluation.draws import draw_sums, interval_of
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import FEW_GROUPS, Interval
from rushes.evaluation.intervals import bootstrap
from rushes.evaluation.judge import estimate_table
from rushes.evaluation.scores import Baseline, Score, majority_baseline, prior_baseline
from rushes.evaluation.significance import chance_of_lower, groups_by_weight, stand_out
from rushes.learning.measures import Counts, Floats, Tallies, count_confusion, measure
from rushes.learning.predictions import Predictions


@dataclass(frozen=True, slots=True)
class SliceClass:
    """One class in one slice.

    Attributes:
        labelled, answered, found: samples.
        recall: of those labelled so, the share that is answered so.
        false_positive_rate: of those labelled otherwise, the share that is answered so.
        expected_answered: samples that would be answered so, were each label answered as in the rest.
    """

    class_name: str
    labelled: int
    answered: int
    found: int
    recall: Score
    false_positive_rate: Score
    expected_answered: Score

    def to_table(self) -> dict[str, Any]:
        """Return the class as plain values for JSON."""
        return {
            "labelled": self.labelled,
            "answered": self.answered,
            "found": self.found,
            "recall": self.recall.value,
            "false_positive_rate": self.false_positive_rate.value,
            "expected_answered": self.expected_answered.value,
        }


@dataclass(frozen=True, slots=True)
class Contrast:
    """A slice against all other judged samples.

    Attributes:
        difference: the accuracy of the slice less that of the rest.
        expected: accuracy that the rest would reach with the slice's shares of the classes.
        adjusted: the accuracy of the slice less `expected`; over the classes that both hold.
        chance: one-sided p of an `adjusted` as low by chance; None where it cannot be tested.
        reason: why it cannot be tested; "" where it can.
        worse: whether it is significantly worse, all slices that were looked at allowed for.
    """

    difference: Estimate
    expected: Score
    adjusted: Estimate
    chance: float | None
    reason: str
    worse: bool = False

    def to_table(self) -> dict[str, Any]:
        """Return the contrast as plain values for JSON."""
        return {
            "difference": estimate_table(self.difference),
            "expected_accuracy": self.expected.value,
            "adjusted_difference": estimate_table(self.adjusted),
            "p": self.chance,
            "worse": self.worse,
        } | ({"untested": self.reason} if self.reason else {})


@dataclass(frozen=True, slots=True)
class SliceJudgement:
    """How well the samples of one slice are classified, and what no look at them would reach.

    Attributes:
        group_count: groups that hold samples of the slice.
        f1_macro: over the classes that are labelled or predicted in the slice.
        majority, prior: of these samples, answered by the shares of training.
        per_class: in the order of the classes.
        contrast: against the samples that are not in the slice.
    """

    name: str
    samples: int
    group_count: int
    accuracy: Estimate
    f1_macro: Estimate
    majority: Baseline
    prior: Baseline
    per_class: tuple[SliceClass, ...]
    contrast: Contrast

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
            **self.contrast.to_table(),
            "classes": {one.class_name: one.to_table() for one in self.per_class},
        }


def judge_columns(
    predictions: Predictions,
    columns: Mapping[str, Sequence[Attribute]],
    *,
    train_counts: Mapping[str, int],
    seed: int = 0,
) -> dict[str, tuple[SliceJudgement, ...]]:
    """Return column -> the judgement of its slices; which are worse allows for the slices of all columns.

    Args:
        columns: name -> (samples,) what is known of each. One that makes no slice is left out.
        train_counts, seed: as for `judge`.
    """
    judged = {
        name: judge_slices(predictions, slices_of_column(values), train_counts=train_counts, seed=seed)
        for name, values in columns.items()
    }
    return _flagged({name: found for name, found in judged.items() if found})


def judge_slices(
    predictions: Predictions, slices: Mapping[str, Rows], *, train_counts: Mapping[str, int], seed: int = 0
) -> tuple[SliceJudgement, ...]:
    """Judge each slice on its own, in the order given; those without samples are left out, and none is flagged.

    Args:
        slices: name -> (samples,) whether a sample is in it.
        train_counts, seed: as for `judge`.
    """
    samples = _samples_of(predictions)
    return tuple(
        _judge_slice(name, samples, rows, train_counts=train_counts, seed=seed)
        for name, rows in slices.items()
        if rows.any()
    )


def sort_slices(slices: Sequence[SliceJudgement]) -> list[SliceJudgement]:
    """Return the flagged ones first, then by how far each is below what is expected of it, the lowest first."""

    def rank(one: SliceJudgement) -> tuple[bool, float, int, str]:
        adjusted = one.contrast.adjusted.value
        return not one.contrast.worse, 2.0 if adjusted is None else adjusted, -one.samples, one.name

    return sorted(slices, key=rank)


def _flagged(judged: Mapping[str, Sequence[SliceJudgement]]) -> dict[str, tuple[SliceJudgement, ...]]:
    stands = iter(stand_out([one.contrast.chance for found in judged.values() for one in found]))
    return {
        name: tuple(replace(one, contrast=replace(one.contrast, worse=next(stands))) for one in found)
        for name, found in judged.items()
    }


@dataclass(frozen=True, slots=True)
class _Samples:
    """What of the predictions every slice is counted from, made once.

    Attributes:
        places: (samples,) the place of each sample's group among all groups.
        group_count: of all samples.
    """

    classes: tuple[str, ...]
    truth: Counts
    predicted: Counts
    places: Counts
    group_count: int

    def tally(self, rows: Rows) -> Tallies:
        """Return the counts of some samples for *all* groups, (groups, classes): 0 where a group has none."""
        shape = (self.group_count, len(self.classes))

        def counted(chosen: Rows, columns: Counts) -> Counts:
            cells = self.places[chosen] * shape[1] + columns[chosen]
            return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int64)

        right = rows & (self.truth == self.predicted)
        return Tallies(counted(right, self.truth), counted(rows, self.truth), counted(rows, self.predicted))

    def confusion(self, rows: Rows) -> Counts:
        """Return (classes, classes) of some samples; the row is the label."""
        return count_confusion(self.truth[rows], self.predicted[rows], len(self.classes))


def _samples_of(predictions: Predictions) -> _Samples:
    names, places = np.unique(np.asarray(predictions.groups).astype(str), return_inverse=True)
    return _Samples(predictions.classes, predictions.truth, predictions.predicted, places.astype(np.int64), len(names))


def _judge_slice(
    name: str, samples: _Samples, rows: Rows, *, train_counts: Mapping[str, int], seed: int
) -> SliceJudgement:
    inside, outside = samples.tally(rows), samples.tally(~rows)
    held = inside.labelled.sum(axis=1) > 0
    of_groups = Tallies(inside.found[held], inside.labelled[held], inside.predicted[held])
    total = Tallies(*(part.sum(axis=0) for part in (inside.found, inside.labelled, inside.predicted)))
    labelled = np.asarray(total.labelled, np.int64)
    measures, intervals = measure(total), bootstrap(of_groups, seed=seed)
    return SliceJudgement(
        name=name,
        samples=int(rows.sum()),
        group_count=int(held.sum()),
        accuracy=Estimate(Score(float(measures.accuracy)), intervals.accuracy),
        f1_macro=Estimate(Score(float(measures.f1_macro)), intervals.f1_macro),
        majority=majority_baseline(samples.classes, labelled, train_counts),
        prior=prior_baseline(samples.classes, labelled, train_counts),
        per_class=_per_class(samples, rows),
        contrast=_contrast(inside, outside, seed=seed),
    )


def _per_class(samples: _Samples, rows: Rows) -> tuple[SliceClass, ...]:
    inside, outside = samples.confusion(rows), samples.confusion(~rows)
    labelled, answered, found = inside.sum(axis=1), inside.sum(axis=0), np.diagonal(inside)
    known = outside.sum(axis=1)
    unmatched = [name for name, here, there in zip(samples.classes, labelled, known, strict=True) if here and not there]
    expected = (labelled[:, None] * outside / np.maximum(known, 1)[:, None]).sum(axis=0)
    nowhere = f"no sample outside the slice is labelled '{unmatched[0]}'" if unmatched else ""
    return tuple(
        SliceClass(
            class_name=name,
            labelled=int(labelled[index]),
            answered=int(answered[index]),
            found=int(found[index]),
            recall=_ratio(found[index], labelled[index], f"no sample is labelled '{name}'"),
            false_positive_rate=_ratio(
                answered[index] - found[index], labelled.sum() - labelled[index], f"all samples are labelled '{name}'"
            ),
            expected_answered=Score(None, nowhere) if nowhere else Score(float(expected[index])),
        )
        for index, name in enumerate(samples.classes)
    )


def _contrast(inside: Tallies, outside: Tallies, *, seed: int) -> Contrast:
    """Hold a slice against all other samples, in draws that take the same groups for both.

    Args:
        inside, outside: (groups, classes) of the slice and of the rest, the same groups row by row.
    """
    sizes = [part.labelled.sum(axis=1).astype(np.float64) for part in (inside, outside)]
    groups = [int((size > 0).sum()) for size in sizes]
    if not all(groups):
        return _no_contrast("all samples are in it, so there is no rest to hold it against")
    sums = (inside.found, inside.labelled, outside.found, outside.labelled)
    difference, expected, adjusted = _differences(*(np.asarray(part.sum(axis=0), np.float64) for part in sums))
    fewest, where = min((groups[0], "it rests"), (groups[1], "the rest of the samples rests"))
    drawn_difference = drawn_adjusted = None
    if fewest > 1:
        draws = np.split(draw_sums(np.concatenate(sums, axis=1), seed=seed), 4, axis=1)
        drawn_difference, _, drawn_adjusted = _differences(*draws)
    unmatched = "no class of it is labelled in the rest of the samples" if np.isnan(adjusted) else ""
    chance, reason = None, unmatched
    if not reason and fewest < FEW_GROUPS:
        reason = f"{where} on {fewest} group{'' if fewest == 1 else 's'}; to call it worse takes {FEW_GROUPS}"
    if not reason and drawn_adjusted is not None:
        worth = min(groups_by_weight(size) for size in sizes)
        chance = chance_of_lower(float(adjusted), drawn_adjusted, freedom=worth - 1)
    return Contrast(
        difference=Estimate(Score(float(difference)), interval_of(drawn_difference, fewest)),
        expected=Score(None, unmatched) if unmatched else Score(float(expected)),
        adjusted=Estimate(Score(None, unmatched), Interval(None, None, unmatched))
        if unmatched
        else Estimate(Score(float(adjusted)), interval_of(drawn_adjusted, fewest)),
        chance=chance,
        reason=reason,
    )


def _differences(found: Floats, labelled: Floats, rest_found: Floats, rest: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the plain difference, what is expected of the slice, and the adjusted difference, NaN where undefined.

    Args: (..., classes) counts of the slice and of the rest.

    Returns:
        each (...). `expected` is over the classes that both hold, as the adjusted difference is.
    """
    both = (labelled > 0) & (rest > 0)
    recalls = np.divide(rest_found, rest, out=np.zeros_like(rest), where=both)
    held = np.where(both, labelled, 0.0).sum(axis=-1)
    expected = _share((labelled * recalls).sum(axis=-1), held)
    reached = _share(np.where(both, found, 0.0).sum(axis=-1), held)
    plain = _share(found.sum(axis=-1), labelled.sum(axis=-1)) - _share(rest_found.sum(axis=-1), rest.sum(axis=-1))
    return plain, expected, reached - expected


def _share(part: Any, whole: Any) -> Floats:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    share: Floats = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return share


def _no_contrast(reason: str) -> Contrast:
    nothing = Estimate(Score(None, reason), Interval(None, None, reason))
    return Contrast(nothing, Score(None, reason), nothing, None, reason)


def _ratio(part: int, whole: int, reason: str) -> Score:
    return Score(int(part) / int(whole)) if whole else Score(None, reason)
