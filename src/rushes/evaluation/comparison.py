"""Two runs beside each other: what differs in what they were made of, and in what they answer on the same samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from rushes.evaluation.scores import Score, tally_groups
from rushes.learning.predictions import Predictions, take_rows
from rushes.learning.runs import Run

PARTS = ("test", "validation")
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
        f1_macro, balanced_accuracy, accuracy: what the other gains over the one, each with its paired interval.
        recalls: the same per class, in the order of the classes.
        both, only_one, only_other, neither: samples that are answered right by whom.
    """

    part: str
    pairing: Pairing
    one: Judgement
    other: Judgement
    f1_macro: Estimate
    balanced_accuracy: Estimate
    accuracy: Estimate
    recalls: tuple[Estimate, ...]
    both: int
    only_one: int
    only_other: int
    neither: int

    @property
    def sentence(self) -> str:
        """Which is better, as far as these samples can tell."""
        return pronounce_difference(self)


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
    return PartComparison(
        part=part,
        pairing=pairing,
        one=one,
        other=other,
        f1_macro=_gain(one.f1_macro, other.f1_macro, intervals.f1_macro),
        balanced_accuracy=_gain(one.balanced_accuracy, other.balanced_accuracy, intervals.balanced_accuracy),
        accuracy=_gain(one.accuracy, other.accuracy, intervals.accuracy),
        recalls=tuple(
            _gain(a.recall, b.recall, interval)
            for a, b, interval in zip(one.per_class, other.per_class, intervals.recall, strict=True)
        ),
        both=_count(right & other_right),
        only_one=_count(right & ~other_right),
        only_other=_count(~right & other_right),
        neither=_count(~right & ~other_right),
    )


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
    if not found.only_one and not found.only_other:
        return f"{where} A and B are right on the same ones: no difference."
    if gain is None:
        return f"{where} macro-F1 is undefined: {found.f1_macro.score.reason}."
    scores = f"macro-F1 {found.one.f1_macro.value:.3f} of A, {found.other.f1_macro.value:.3f} of B ({gain:+.3f}"
    if interval.low is None or interval.high is None:
        return f"{where} {scores}); whether that is more than chance cannot be told: {interval.reason}."
    name = "95 % interval" if interval.level is not None else f"range over {interval.group_count} groups"
    said = f"{scores}, {name} {interval.low:+.3f} to {interval.high:+.3f})"
    if interval.low <= 0 <= interval.high:
        return f"{where} there is no difference beyond the noise: {said}."
    winner = "B" if interval.low > 0 else "A"
    if interval.level is None:
        return (
            f"{where} {winner} is ahead, on groups too few to be sure of others: {said}. "
            f"It takes {FEW_GROUPS} groups or more."
        )
    return f"{where} {winner} is better: {said}."


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
    gains |= {f"recall/{name}": gain for name, gain in zip(part.one.classes, part.recalls, strict=True)}
    return {
        "sentence": part.sentence,
        "samples": {
            "shared": len(part.pairing.one),
            "a": part.pairing.counts[0],
            "b": part.pairing.counts[1],
            "relabelled": part.pairing.relabelled,
        },
        "difference": {name: estimate_table(gain) for name, gain in gains.items()},
        "right": {"both": part.both, "only_a": part.only_one, "only_b": part.only_other, "neither": part.neither},
        "a": part.one.to_table(),
        "b": part.other.to_table(),
    }
