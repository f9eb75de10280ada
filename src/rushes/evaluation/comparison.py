"""Two runs beside each other: what differs in what they were made of, and in what they answer on the same samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.errors import RunError
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.evaluate import flat_recipe, read_part
from rushes.evaluation.interval import FEW_GROUPS, Interval
from rushes.evaluation.intervals import bootstrap_difference
from rushes.evaluation.judge import Judgement, estimate_table, judge
from rushes.evaluation.leaderboard import describe_model, images_per_second
from rushes.evaluation.markup import counted
from rushes.evaluation.paired_probabilities import bootstrap_probabilities
from rushes.evaluation.paired_tests import FEWEST_GROUPS, PairedTest, mcnemar, mcnemar_over_groups
from rushes.evaluation.scores import Score, tally_groups
from rushes.learning.predictions import Predictions, take_rows
from rushes.learning.runs import Run

PARTS = ("test", "validation")
_UNSAID = Interval(None, None, "of two runs the interval is that of the difference")
_RECIPE_KEYS_PASSED_OVER = ("schema",)


@dataclass(frozen=True, slots=True)
class Pairing:
    """The samples of one part that two runs both answered, with the same label, row by row.

    Attributes:
        one, other: the answers, in the same order of samples and of classes.
        counts: samples of the part in each run, `one` and `other`.
        relabelled: how many are in both, and left out because their label changed between the two.
    """

    one: Predictions
    other: Predictions
    counts: tuple[int, int]
    relabelled: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the part had to be left out on either side."""
        return self.counts == (len(self.one), len(self.one)) and not self.relabelled


@dataclass(frozen=True, slots=True)
class PartComparison:
    """What two runs answer on the same samples of one part.

    Attributes:
        part: `test` or `validation`.
        one, other: their judgements, both on the shared samples alone.
        macros: macro-F1 of the one and of the other over the classes that are labelled in the shared samples, so that
            both are means over the same classes; a judgement's own counts a class too that is only answered.
        f1_macro, balanced_accuracy, accuracy: what the other gains over the one, each with its paired interval.
        precisions, recalls, f1s: the same per class, in the order of the classes.
        more: metric word (`brier`, `roc_auc_macro`, `average_precision/<class>`) -> what the other has over the one in
            the scores that hang on probabilities; of `brier`, `log_loss` and `ece` less is better.
        test: McNemar's test, which takes the samples as independent of each other.
        grouped_test: the same where each group is one observation, as the intervals take them.
        both, only_one, only_other, neither: samples that are answered right by whom.
    """

    part: str
    pairing: Pairing
    one: Judgement
    other: Judgement
    macros: tuple[Score, Score]
    f1_macro: Estimate
    balanced_accuracy: Estimate
    accuracy: Estimate
    precisions: tuple[Estimate, ...]
    recalls: tuple[Estimate, ...]
    f1s: tuple[Estimate, ...]
    more: Mapping[str, Estimate]
    test: PairedTest
    grouped_test: PairedTest
    both: int
    only_one: int
    only_other: int
    neither: int

    @property
    def answers_alike(self) -> bool:
        """Whether both give the same answer to every sample."""
        return bool((self.pairing.one.predicted == self.pairing.other.predicted).all())

    @property
    def averaged(self) -> tuple[str, ...]:
        """The classes that macro-F1 is averaged over: those that are labelled in the shared samples."""
        return tuple(found.class_name for found in self.one.per_class if found.labelled)

    @property
    def sentence(self) -> str:
        """Which is better, as far as these samples can tell."""
        return pronounce_difference(self)

    @property
    def tests_sentence(self) -> str:
        """What McNemar's test says of the samples and of the groups, and which of the two counts."""
        return pronounce_tests(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other.

    Attributes:
        recipe: dotted key -> the value of the one and of the other, only where they differ; None where it is missing.
        parts: what they answer on the same samples; a part of which nothing is shared is left out.
        notes: what to beware of, in sentences.
    """

    one: Run
    other: Run
    recipe: Mapping[str, tuple[Any, Any]]
    parts: tuple[PartComparison, ...]
    notes: tuple[str, ...]

    def to_table(self) -> dict[str, Any]:
        """Return the comparison as plain values for JSON."""
        return {
            "schema": "comparison/1",
            "a": _run_table(self.one),
            "b": _run_table(self.other),
            "recipe": {key: {"a": pair[0], "b": pair[1]} for key, pair in self.recipe.items()},
            "data": {
                "same_manifest": self.one.manifest.get("sha256") == self.other.manifest.get("sha256"),
                "same_split": self.one.split.get("sha256") == self.other.split.get("sha256"),
            },
            "parts": {part.part: _part_table(part) for part in self.parts},
            "notes": list(self.notes),
        }


def compare_runs(one: Run, other: Run, *, seed: int = 0) -> Comparison:
    """Hold two runs against each other, on the samples that both were kept from in training.

    Raises:
        RunError: they answer different questions, their predictions cannot be read, or they share no sample of test
            nor of validation.
    """
    if one.task != other.task or set(one.classes) != set(other.classes):
        answers = [f"{run.name} answers {run.task} ({', '.join(run.classes)})" for run in (one, other)]
        raise RunError(f"{answers[0]}, {answers[1]}: they cannot be compared. Name two runs of the same task")
    parts, notes = [], list(_notes_on_data(one, other))
    for part in PARTS:
        if not _has(one, part) or not _has(other, part):
            notes.append(f"{part}: at least one of the runs has no samples in it")
            continue
        pairing = pair_predictions(read_part(one, part), read_part(other, part))
        if not len(pairing.one):
            notes.append(f"{part}: no sample is in this part of both runs with the same label")
            continue
        parts.append(compare_part(part, pairing, seed=seed))
    if not parts:
        raise RunError(
            f"{one.name} and {other.name} share no sample of test nor of validation with the same label, so there is "
            "nothing that both can be judged on. Train one of them again on the split of the other"
        )
    return Comparison(one, other, differing_keys(one.recipe, other.recipe), tuple(parts), tuple(notes))


def pair_predictions(one: Predictions, other: Predictions) -> Pairing:
    """Return the samples that are in both with the same label, in the order of the one."""
    order = [other.classes.index(name) for name in one.classes]
    place = {index: position for position, index in enumerate(order)}
    there = {frame: row for row, frame in enumerate(other.frames)}
    shared = [(row, there[frame]) for row, frame in enumerate(one.frames) if frame in there]
    same = [(a, b) for a, b in shared if one.truth[a] == place[int(other.truth[b])]]
    rows, others = [a for a, _ in same], [b for _, b in same]
    taken = take_rows(one, rows)
    answers = other.probabilities[others][:, order] if others else np.empty((0, len(order)), np.float32)
    beside = Predictions(
        taken.classes, taken.truth, np.asarray(answers, np.float32), taken.frames, taken.groups, taken.images,
        taken.names, taken.timecodes, taken.origins,
    )  # fmt: skip
    return Pairing(taken, beside, (len(one), len(other)), relabelled=len(shared) - len(same))


def compare_part(part: str, pairing: Pairing, *, seed: int = 0) -> PartComparison:
    """Judge both on the shared samples, and what the other gains, with intervals from draws of whole groups."""
    one, other = (judge(answers, train_counts={}, seed=seed) for answers in (pairing.one, pairing.other))
    intervals = bootstrap_difference(tally_groups(pairing.one)[1], tally_groups(pairing.other)[1], seed=seed)
    right, other_right = (answers.predicted == answers.truth for answers in (pairing.one, pairing.other))
    only_one, only_other = _count(right & ~other_right), _count(~right & other_right)
    macros = _macro_of_labelled(one), _macro_of_labelled(other)

    def gains(name: Literal["precision", "recall", "f1"]) -> tuple[Estimate, ...]:
        return tuple(
            _gain(getattr(a, name), getattr(b, name), interval)
            for a, b, interval in zip(one.per_class, other.per_class, getattr(intervals, name), strict=True)
        )

    return PartComparison(
        part=part,
        pairing=pairing,
        one=one,
        other=other,
        macros=macros,
        f1_macro=_gain(Estimate(macros[0], _UNSAID), Estimate(macros[1], _UNSAID), intervals.f1_macro),
        balanced_accuracy=_gain(one.balanced_accuracy, other.balanced_accuracy, intervals.balanced_accuracy),
        accuracy=_gain(one.accuracy, other.accuracy, intervals.accuracy),
        precisions=gains("precision"),
        recalls=gains("recall"),
        f1s=gains("f1"),
        more=_gains_of_probabilities(pairing, one, other, seed=seed),
        test=mcnemar(only_one, only_other),
        grouped_test=mcnemar_over_groups(right, other_right, pairing.one.groups),
        both=_count(right & other_right),
        only_one=only_one,
        only_other=only_other,
        neither=_count(~right & ~other_right),
    )


def _macro_of_labelled(found: Judgement) -> Score:
    """Return the mean F1 of the classes that are labelled in what was judged."""
    values = [one.f1.value for one in found.per_class if one.labelled and one.f1.value is not None]
    return Score(float(np.mean(values))) if values else Score(None, "there are no samples")


def _gains_of_probabilities(
    pairing: Pairing, one: Judgement, other: Judgement, *, seed: int
) -> dict[str, Estimate]:  # fmt: skip
    before, after = one.estimates(), other.estimates()
    intervals = bootstrap_probabilities(pairing.one, pairing.other, seed=seed)
    return {word: _gain(before[word], after[word], interval) for word, interval in intervals.items()}


def differing_keys(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return dotted key -> the two values, of the keys of two recipes that differ; None where a key is missing."""
    first, second = flat_recipe(one), flat_recipe(other)
    return {
        key: (first.get(key), second.get(key))
        for key in dict.fromkeys([*first, *second])
        if key not in _RECIPE_KEYS_PASSED_OVER and first.get(key) != second.get(key)
    }


def pronounce_difference(found: PartComparison) -> str:
    """Say in a sentence whether A or B is better on a part, or that it cannot be told, and why."""
    gain, interval = found.f1_macro.value, found.f1_macro.interval
    where = (
        f"On {counted(len(found.pairing.one), found.part + ' sample')} from {counted(len(found.one.groups), 'group')}"
    )
    if found.answers_alike:
        return f"{where} A and B give the same answers: no difference."
    if gain is None:
        return f"{where} macro-F1 is undefined: {found.f1_macro.score.reason}."
    scores = f"{found.macros[0].value:.3f} of A, {found.macros[1].value:.3f} of B{_over_which(found)}"
    if interval.low is None or interval.high is None:
        return (
            f"{where} macro-F1 is {scores} ({_points(gain, signed=True)} points); whether that is more than chance "
            f"cannot be told: {interval.reason}."
        )
    if gain >= 0:
        winner, loser, low, high = "B", "A", interval.low, interval.high
    else:
        winner, loser, low, high = "A", "B", -interval.high, -interval.low
    name = "95 % interval" if interval.level is not None else f"range over {interval.group_count} groups"
    much = f"{_points(abs(gain))} ± {_points((high - low) / 2)} points of macro-F1"
    by = f"by {much}"
    said = f"({name} {_points(low, signed=True)} to {_points(high, signed=True)}; {scores})"
    if low <= 0 <= high:
        ahead = f"{winner} scored {much} more" if gain else f"A and B scored the same, {much} apart"
        return f"{where} {ahead}, which is within the noise {said}."
    if interval.level is None:
        return (
            f"{where} {winner} is ahead of {loser} {by} {said}, on groups too few to be sure of others. "
            f"It takes {FEW_GROUPS} groups or more."
        )
    return f"{where} {winner} is better than {loser} {by} {said}."


def _over_which(found: PartComparison) -> str:
    """Return which classes macro-F1 is over, where these are not all."""
    averaged, every = len(found.averaged), len(found.one.classes)
    return "" if averaged == every else f"; over the {averaged} of {every} classes that are labelled here"


def pronounce_tests(found: PartComparison) -> str:
    """Say what McNemar's test finds of the samples and of the groups, and which of the two to go by."""
    if found.test.p_value is None:
        return f"McNemar's test is undefined: {found.test.reason}."
    alone = (
        f"McNemar's test gives p = {p_words(found.test.p_value)} ({found.test.method}; only A is right on "
        f"{found.only_one:,}, only B on {found.only_other:,})"
    )
    group_count = len(found.one.groups)
    if group_count == len(found.pairing.one):
        return f"{alone}. Each sample is a group of its own, so it may be taken as it stands."
    caution = f"{alone}, as if the samples were independent, which frames of one group are not"
    grouped = found.grouped_test
    if grouped.p_value is None:
        return f"{caution}. Over groups it is undefined: {grouped.reason}."
    few = (
        f" With fewer than {FEWEST_GROUPS} groups that test can never reach 0.05."
        if group_count < FEWEST_GROUPS
        else ""
    )
    return (
        f"{caution}. With each of the {group_count:,} groups as one observation it is p = {p_words(grouped.p_value)}: "
        f"go by that one and by the interval.{few}"
    )


def p_words(value: float) -> str:
    """Return a p-value for a reader: two digits that count, never 0."""
    if value < 0.0001:
        return "less than 0.0001"
    return f"{value:.4f}" if value < 0.001 else f"{value:.3f}" if value < 0.095 else f"{value:.2f}"


def _points(share: float, *, signed: bool = False) -> str:
    """Return a share as points of a hundred: `2.1`."""
    rounded = round(share * 100, 1) + 0.0  # no -0.0
    return f"{rounded:+.1f}" if signed else f"{rounded:.1f}"


def _has(run: Run, part: str) -> bool:
    return run.predictions_file(part).is_file()


def _notes_on_data(one: Run, other: Run) -> list[str]:
    notes = []
    if one.split.get("sha256") != other.split.get("sha256"):
        notes.append(
            "The splits differ: compared are the samples that stand in the same part of both, which neither was "
            "trained on. They may be an easier or harder choice than either part as a whole."
        )
    if one.split.get("kind") != other.split.get("kind"):
        watched = "A" if one.split.get("kind") == "mixed" else "B"
        notes.append(
            f"{watched} was trained on a mixed split: it may have watched the groups that it is judged on, and the "
            f"other has not. What {watched} is ahead by is not skill on groups that nobody has seen."
        )
    if one.manifest.get("sha256") != other.manifest.get("sha256"):
        notes.append("The manifests differ: the runs were not trained on the same labelled samples.")
    notes.append(
        "This is how the seed alone moves a run: nothing else differs between the recipes."
        if set(differing_keys(one.recipe, other.recipe)) - {"name"} == {"training.seed"}
        else "Two runs are compared, not two recipes: with another seed each would come out elsewhere. Before choosing "
        "a recipe, train each with several seeds."
    )
    return notes


def _gain(one: Estimate, other: Estimate, interval: Interval) -> Estimate:
    """Return what the other has over the one; undefined where either is."""
    if one.value is None or other.value is None:
        return Estimate(Score(None, one.score.reason or other.score.reason), interval)
    return Estimate(Score(other.value - one.value), interval)


def _count(rows: npt.NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(rows))


def _run_table(run: Run) -> dict[str, Any]:
    return {
        "run": str(run.folder),
        "name": run.name,
        "model": describe_model(run),
        "manifest": dict(run.manifest),
        "split": dict(run.split),
        "elapsed_seconds": run.elapsed_seconds,
        "images_per_second": images_per_second(run),
        "parameters": run.parameters,
        "trained_parameters": run.trained_parameters,
        "epochs": run.epochs,
        "warnings": list(run.warnings),
    }


def _part_table(part: PartComparison) -> dict[str, Any]:
    gains = {"f1_macro": part.f1_macro, "balanced_accuracy": part.balanced_accuracy, "accuracy": part.accuracy}
    for metric, per_class in (("precision", part.precisions), ("recall", part.recalls), ("f1", part.f1s)):
        gains |= {f"{metric}/{name}": gain for name, gain in zip(part.one.classes, per_class, strict=True)}
    gains |= part.more
    return {
        "sentence": part.sentence,
        "samples": {
            "shared": len(part.pairing.one),
            "a": part.pairing.counts[0],
            "b": part.pairing.counts[1],
            "relabelled": part.pairing.relabelled,
        },
        "f1_macro": {
            "a": part.macros[0].value,
            "b": part.macros[1].value,
            "classes": list(part.averaged),
        },
        "difference": {name: estimate_table(gain) for name, gain in gains.items()},
        "right": {"both": part.both, "only_a": part.only_one, "only_b": part.only_other, "neither": part.neither},
        "mcnemar": part.test.to_table(),
        "mcnemar_over_groups": part.grouped_test.to_table(),
        "tests_sentence": part.tests_sentence,
        "a": part.one.to_table(),
        "b": part.other.to_table(),
    }
