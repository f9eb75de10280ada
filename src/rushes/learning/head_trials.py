"""What a head is fitted to, and one head that was tried, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.learning.monitors import Scores, trial_record
from rushes.learning.recipe import Recipe
from rushes.progress import Progress, silent

if TYPE_CHECKING:
    from rushes.models.heads import Head

Floats = npt.NDArray[np.float32]

_LEAST_SPREAD = 1e-6
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class HeadLesson:
    """What every kind of head is fitted to.

    Attributes:
        features: (samples, features) of the train samples that are kept; every class has one.
        truth: (samples,) index of each one's class.
        times: (samples,) how often each counts, 1 or more.
        validation: features and truth of validation.
        class_weights: (classes,) weight of each class in the loss.
        measure_count: how many of the features, the last ones, are measures and not the backbone's.
        recipe: its candidates and seed, the shape of a hidden layer, and what an epoch shows where there are epochs.
    """

    features: Floats
    truth: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    validation: tuple[Floats, npt.NDArray[np.int64]]
    class_weights: Floats
    recipe: Recipe
    threads: int
    progress: Progress = silent
    measure_count: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One head that was tried.

    Attributes:
        head: fitted, in evaluation mode, on the CPU.
        setting: what it was tried with, by the names that a run's history uses, such as `regularisation`.
        train_loss: mean negative log probability on train, in nats.
        converged: whether the fit had settled when it ended.
    """

    head: Head
    setting: Mapping[str, Any]
    train_loss: float
    validation: Scores
    seconds: float
    converged: bool = True

    def to_record(self, *, chosen: bool) -> dict[str, Any]:
        """Return the line of a run's history."""
        return trial_record(
            self.setting,
            train_loss=self.train_loss,
            validation=self.validation,
            seconds=self.seconds,
            chosen=chosen,
        )


def standardise(features: Floats, *, measure_count: int = 0) -> tuple[Floats, Floats, Floats]:
    """Return features with a mean of 0 and a spread of 1 each, what was subtracted, and what divided them.

    Measures are spread wider, so that together they count as much as the features. A penalty or a cosine over a
    thousand features would hardly let a score of measures speak: one that is as strong on each as on a feature shrinks
    them alike, though each measure says what no feature does.

    Args:
        features: (samples, features); one that never changes says nothing: it is divided by infinity, here and in
            every picture to come.
        measure_count: how many of them, the last ones, are measures.
    """
    centre = features.mean(axis=0)
    spread = features.std(axis=0)
    spread[spread < _LEAST_SPREAD] = np.inf
    spread[len(spread) - measure_count :] /= measures_weight(len(spread), measure_count)
    even = features - centre
    even /= spread
    return even, centre, spread


def measures_weight(width: int, measure_count: int) -> np.float32:
    """Return how many times as wide as a feature each measure is spread.

    Args:
        width: of the features and the measures behind them.
    """
    others = width - measure_count
    return np.float32(np.sqrt(others / measure_count) if measure_count and others else 1.0)


def answer_features(head: Head, features: Floats) -> Floats:
    """Return (samples, classes) probabilities for (samples, features), each row summing to 1.

    Works in blocks, so that a head that compares with a hundred thousand stored samples needs little memory.
    """
    import torch

    from rushes.models.heads import KnnHead

    width = head.shape.samples if isinstance(head, KnnHead) else head.in_features
    rows = max(1, _BLOCK_BYTES // (4 * width))
    answers = []
    with torch.inference_mode():
        for start in range(0, len(features), rows):
            answers.append(torch.softmax(head(torch.from_numpy(features[start : start + rows])), dim=1))
    return torch.cat(answers).numpy() if answers else np.empty((0, head.out_features), np.float32)
