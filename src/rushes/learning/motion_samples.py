"""What models of the measured motion are fitted to, and one that was tried, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.learning.monitors import Scores, trial_record
from rushes.learning.recipe import Recipe
from rushes.progress import Progress, silent

if TYPE_CHECKING:
    from rushes.models.motion import MotionModel, Standard

Floats = npt.NDArray[np.float32]

_LEAST_SPREAD = 1e-6
_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class MotionSamples:
    """The measured motion of shots, and what class each is of.

    Attributes:
        aggregates: (shots, aggregates), finite.
        series: (shots, pairs, columns).
        series_mask: (shots, pairs) bool, which pairs count; what stands in the others does not matter.
        truth: (shots,) index of each one's class.
        times: (shots,) how often each counts, 1 or more.
    """

    aggregates: Floats
    series: Floats
    series_mask: npt.NDArray[np.bool_]
    truth: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: npt.NDArray[np.int64] | slice) -> MotionSamples:
        """Return some of the shots, their series no longer than the longest of these is."""
        mask = self.series_mask[rows]
        longest = int(np.flatnonzero(mask.any(axis=0)).max(initial=0)) + 1
        return MotionSamples(
            self.aggregates[rows],
            self.series[rows][:, :longest],
            mask[:, :longest],
            self.truth[rows],
            self.times[rows],
        )

    def beside(self, others: MotionSamples) -> MotionSamples:
        """Return these shots and then others, the shorter series of the two padded."""
        longest = max(self.series.shape[1], others.series.shape[1])
        padded = [_pad(self, longest), _pad(others, longest)]
        return MotionSamples(*(np.concatenate([getattr(one, part.name) for one in padded]) for part in fields(self)))


def _pad(samples: MotionSamples, length: int) -> MotionSamples:
    short = length - samples.series.shape[1]
    return MotionSamples(
        samples.aggregates,
        np.pad(samples.series, ((0, 0), (0, short), (0, 0))),
        np.pad(samples.series_mask, ((0, 0), (0, short))),
        samples.truth,
        samples.times,
    )


@dataclass(frozen=True, slots=True, eq=False)
class MotionLesson:
    """What every kind of model of the motion is fitted to.

    Attributes:
        train: the shots that are kept; every class has one.
        validation: is never added to.
        class_weights: (classes,) weight of each class in the loss.
        recipe: its candidates and its seed.
        augment_motion: returns further shots, such as mirrored or reversed ones with the classes that they then have,
            to be added to train; None adds none.
        shipped: a model that is fitted already and may be taken as it is; None where there is none for these classes.
    """

    train: MotionSamples
    validation: MotionSamples
    class_weights: Floats
    recipe: Recipe
    threads: int = 1
    progress: Progress = silent
    augment_motion: Callable[[MotionSamples], MotionSamples] | None = None
    shipped: MotionModel | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MotionTrial:
    """One model of the motion that was tried.

    Attributes:
        model: fitted, in evaluation mode, on the CPU.
        setting: its kind, and what it was tried with.
        train_loss: mean negative log probability on train, in nats.
        converged: whether the fit had settled when it ended.
    """

    model: MotionModel
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


def measure_standard(numbers: Floats) -> Standard:
    """Return the scale of numbers (rows, numbers): each one's mean and spread; what never changes says nothing.

    Computed in double precision: a long film's aggregates differ by many orders of magnitude.
    """
    import torch

    from rushes.models.motion import Standard

    standard = Standard(numbers.shape[1])
    if len(numbers):
        spread = numbers.std(axis=0, dtype=np.float64)
        spread[spread < _LEAST_SPREAD] = np.inf
        standard.centre = torch.from_numpy(numbers.mean(axis=0, dtype=np.float64).astype(np.float32))
        standard.spread = torch.from_numpy(spread.astype(np.float32))
    return standard.eval()


def answer_motion(model: MotionModel, samples: MotionSamples) -> Floats:
    """Return (shots, classes) probabilities, each row summing to 1; works in blocks."""
    import torch

    answers = []
    with torch.inference_mode():
        for start in range(0, len(samples), _BLOCK):
            part = samples.take(slice(start, start + _BLOCK))
            logits = model(*(torch.from_numpy(each) for each in (part.aggregates, part.series, part.series_mask)))
            answers.append(torch.softmax(logits.double(), dim=1).float().numpy())
    return np.concatenate(answers)
