"""What a film is in each task, by the answers about its shots."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushes.inference.prediction import Scores, best_class
from rushes.inference.shot_prediction import ShotPrediction, ShotsPrediction


def pool_shots(shots: tuple[ShotPrediction, ...]) -> dict[str, Scores]:
    """Return task -> the scores of a film: the mean over its shots, each as heavy as it is long.

    Shots that were not answered do not count; a task that no shot was answered in is not there.
    """
    found: dict[str, Scores] = {}
    for task in dict.fromkeys(name for shot in shots for name in shot.scores):
        answered = [shot for shot in shots if task in shot.scores]
        classes = list(answered[0].scores[task])
        table = np.array([[shot.scores[task][name] for name in classes] for shot in answered])
        mean = np.average(table, axis=0, weights=[shot.stop - shot.start for shot in answered])
        found[task] = {name: float(value) for name, value in zip(classes, mean / mean.sum(), strict=True)}
    return found


def verdict_of_shots(found: ShotsPrediction) -> dict[str, Any]:
    """Return what a film is, in its first task and in each, and its shots as the timeline; plain values for JSON.

    Where no shot was answered, such as of a black film, there is no predicted class.
    """
    tasks = {
        task: {"predicted_class": best_class(scores), "confidence": scores[best_class(scores)], "scores": dict(scores)}
        for task, scores in pool_shots(found.shots).items()
    }
    first: dict[str, Any] = next(iter(tasks.values()), {"predicted_class": None, "confidence": None, "scores": {}})
    table = found.to_table()
    shots = table.pop("shots")
    del table["file"]
    return table | {"tasks": tasks, "timeline": shots} | first
