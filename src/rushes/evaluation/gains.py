"""What a model gained over an earlier one, on the same samples and the labels of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rushes.evaluation.draws import RESAMPLES, draw_sums, interval_of
from rushes.evaluation.interval import Interval
from rushes.evaluation.intervals import bootstrap
from rushes.evaluation.scores import tally_groups
from rushes.learning.findings import Findings
from rushes.learning.measures import Floats, Tallies, measure
from rushes.learning.predictions import Predictions, read_predictions, take_rows
from rushes.learning.rounds import mean_and_spread, measure_of, middle_of

_FEWEST_DRAWS = 100


@dataclass(frozen=True, slots=True)
class Gain:
    """Two scores on the same samples, and the interval of their difference.

    Attributes:
        before, after: None where undefined.
        interval: of the difference; both models are scored on the same drawn groups.
        samples: how many both answered.
    """

    before: float | None
    after: float | None
    interval: Interval
    samples: int

    @property
    def value(self) -> float | None:
        """The difference of the scores; None where one is undefined."""
        return None if self.before is None or self.after is None else self.after - self.before

    def to_table(self) -> dict[str, Any]:
        """Return the gain as plain values for JSON."""
        interval = self.interval
        table = {
            "value": self.value,
            "before": self.before,
            "after": self.after,
            "low": interval.low,
            "high": interval.high,
            "level": interval.level,
            "groups": interval.group_count,
            "samples": self.samples,
        }
        return table | ({"interval_reason": interval.reason} if interval.reason else {})


@dataclass(frozen=True, slots=True)
class RoundScore:
    """A round's score on the labels of today.

    Attributes:
        score: mean over its runs; `spread` their standard deviation, None of one run.
        interval: of the middle run, over groups.
    """

    score: float
    spread: float | None
    interval: Interval


def relabel(
    predictions: Predictions, class_of: Mapping[str, str], origin_of: Mapping[str, str] | None = None
) -> Predictions:
    """Return the predictions with other labels; samples without one, or with a class unknown to them, are left out.

    Args:
        class_of: frame id -> class.
        origin_of: frame id -> who stated that; without it, the origins stay those of the labels that were before.
    """
    position = {name: index for index, name in enumerate(predictions.classes)}
    kept = [row for row, frame in enumerate(predictions.frames) if class_of.get(frame) in position]
    truth = np.array([position[class_of[predictions.frames[row]]] for row in kept], np.int64)
    taken = take_rows(predictions, kept)
    origins = taken.origins
    if origin_of is not None:
        origins = tuple(origin_of.get(frame, "") for frame in taken.frames)
    return replace(taken, truth=truth, origins=origins)


def only(predictions: Predictions, frames: Sequence[str]) -> Predictions:
    """Return the predictions on these frames, in their order.

    Raises:
        KeyError: one of them was not predicted.
    """
    place = {frame: row for row, frame in enumerate(predictions.frames)}
    return take_rows(predictions, [place[frame] for frame in frames])


def frames_of_all(predictions: Sequence[Predictions]) -> list[str]:
    """Return the frames that all of them answer, in the order of the first."""
    if not predictions:
        return []
    common = set(predictions[0].frames).intersection(*(one.frames for one in predictions[1:]))
    return [frame for frame in predictions[0].frames if frame in common]


def score_of(predictions: Predictions, name: str) -> float | None:
    """Return a score by its name, such as `f1_macro`; None where it is undefined."""
    _, tallies = tally_groups(predictions)
    summed = Tallies(*(counts.sum(axis=0) for counts in (tallies.found, tallies.labelled, tallies.predicted)))
    value = float(getattr(measure(summed), name))
    return None if np.isnan(value) else value


def gain_of_model(before: Predictions, after: Predictions, class_of: Mapping[str, str], *, name: str) -> Gain:
    """Return what a later model gained over an earlier one: both on the samples that both answer and their labels now.

    Args:
        class_of: frame id -> class, as labelled today.
        name: of the score, such as `f1_macro`.
    """
    relabelled = [relabel(one, class_of) for one in (before, after)]
    frames = frames_of_all(relabelled)
    return compare(*(only(one, frames) for one in relabelled), name=name)


def effect_of_labels(predictions: Predictions, class_of: Mapping[str, str], *, name: str) -> Gain:
    """Return how far a model's score moves when its samples get the labels of today; the model stays as it is."""
    now = relabel(predictions, class_of)
    return compare(only(predictions, now.frames), now, name=name)


def gain_of_best(findings: Findings, runs_folder: Path, *, monitor: str) -> Gain | None:
    """Return what the best setting of a search gained over the recipe as it is, on the groups of validation.

    The seeds tell how far two trainings differ; this tells how far the choice of the footage that they were compared
    on does. The middle run of each stands for it. The best was chosen on these very groups, so that it flatters.

    Args:
        runs_folder: of the search.
        monitor: what the search compared by; a loss is shown as macro-F1.

    Returns:
        None where either was not tried, or its predictions are gone.
    """
    baseline, best = findings.baseline, findings.best
    if baseline is None or best is None or baseline is best:
        return None
    answers = []
    for one in (baseline, best):
        scores = {trial.run: trial.score for trial in one.trials if trial.run and trial.score is not None}
        path = runs_folder / middle_of(scores) / "predictions" / "validation.parquet" if scores else None
        if path is None or not path.is_file():
            return None
        answers.append(read_predictions(path))
    frames = frames_of_all(answers)
    return compare(*(only(one, frames) for one in answers), name=measure_of(monitor))


def describe_gain(gain: Gain | None) -> str:
    """Return what other footage may make of a gain as a sentence; "" where nothing can be said."""
    if gain is None:
        return ""
    low, high, groups = gain.interval.low, gain.interval.high, gain.interval.group_count
    if low is None or high is None:
        return f"What other footage would make of the gain is not known: {gain.interval.reason}."
    end = "so that on other footage there may be none" if low <= 0 <= high else "so that few groups do not make it"
    return (
        f"Drawn anew, the {groups} groups of validation put the gain of the middle run between {low:+.3f} and "
        f"{high:+.3f} (95 %), {end}."
    )


def score_rounds(
    answers: Mapping[int, Mapping[str, Predictions]], class_of: Mapping[str, str], *, name: str
) -> dict[int, RoundScore]:
    """Return every round's score on the labels of today: what then moves is no label, but the model.

    All are scored on the frames that all of them answered. Where an earlier round answered none that the later ones
    did, it and those before it are left out: their scores would be of other frames.

    Args:
        answers: number of a round -> name of a run -> its predictions.
        class_of: frame id -> class, as labelled today.
        name: of the score, such as `f1_macro`.
    """
    relabelled = {
        number: {run: relabel(one, class_of) for run, one in runs.items()} for number, runs in answers.items()
    }
    frames: list[str] = []
    comparable: list[int] = []
    for number in sorted(relabelled, reverse=True):
        together = frames_of_all([one for known in (*comparable, number) for one in relabelled[known].values()])
        if comparable and not together:
            break
        frames, comparable = together, [*comparable, number]
    scored: dict[int, RoundScore] = {}
    for number in sorted(comparable):
        judged = {run: only(one, frames) for run, one in relabelled[number].items()}
        values = {run: value for run, one in judged.items() if (value := score_of(one, name)) is not None}
        if values:
            _, tallies = tally_groups(judged[middle_of(values)])
            interval: Interval = getattr(bootstrap(tallies, seed=0), name)
            scored[number] = RoundScore(*mean_and_spread(list(values.values())), interval)
    return scored


def compare(before: Predictions, after: Predictions, *, name: str, seed: int = 0, resamples: int = RESAMPLES) -> Gain:
    """Return the difference of two scores, with a percentile bootstrap over groups in which both are drawn alike.

    Args:
        before, after: of the same frames in the same order; their labels may differ.

    Raises:
        ValueError: the frames differ.
    """
    if before.frames != after.frames:
        raise ValueError("scores are compared on the same frames in the same order")
    return Gain(
        before=score_of(before, name),
        after=score_of(after, name),
        interval=_interval(before, after, name=name, seed=seed, resamples=resamples),
        samples=len(after),
    )


def _interval(before: Predictions, after: Predictions, *, name: str, seed: int, resamples: int) -> Interval:
    groups, first = tally_groups(before)
    _, second = tally_groups(after)
    if len(groups) < 2:
        found = "there are no samples" if not groups else "one group alone feeds this number"
        return Interval(None, None, f"{found}; how it varies between groups takes at least two")
    drawn = _draw((first, second), seed=seed, resamples=resamples)
    moved: Floats = getattr(measure(drawn[1]), name) - getattr(measure(drawn[0]), name)
    present = [tallies.labelled.sum(axis=0) > 0 for tallies in (first, second)]
    whole = np.logical_and.reduce(
        [(counts.labelled[:, there] > 0).all(axis=1) for counts, there in zip(drawn, present, strict=True)]
    )
    values = moved[whole & ~np.isnan(moved)]
    if len(values) < _FEWEST_DRAWS:
        return Interval(None, None, "too few groups hold each class: hardly a draw of groups holds them all")
    return interval_of(values, len(groups), is_difference=True)


def _draw(pair: Sequence[Tallies], *, seed: int, resamples: int) -> list[Tallies]:
    """Return the counts of every resample, (resamples, classes) each; all are counted on the same drawn groups."""
    counts = np.concatenate([part for one in pair for part in (one.found, one.labelled, one.predicted)], axis=1)
    drawn = draw_sums(counts, seed=seed, resamples=resamples)
    parts = np.split(drawn, 3 * len(pair), axis=1)
    return [Tallies(*parts[start : start + 3]) for start in range(0, len(parts), 3)]
