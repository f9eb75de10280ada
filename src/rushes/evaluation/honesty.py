"""Honesty: what a model would show, by chance, whose every probability comes true exactly as often as it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.evaluation.draws import RESAMPLES
from rushes.evaluation.interval import LEVEL
from rushes.evaluation.probability_scores import BINS

Leaning = Literal["too sure", "not sure enough"]


@dataclass(frozen=True, slots=True)
class Honesty:
    """What was said and what came true on average, beside what chance does to an honest model that says the same.

    A share of samples that are few is never quite what was said, so that even an honest model has a calibration error.
    Samples are drawn as if independent: where those of a group resemble each other, chance does more than this.

    Attributes:
        said, came_true: the mean probability, and the share of samples where it was so.
        true_low, true_high: where that share would be in 95 of 100 draws of an honest model.
        ece: the mean calibration error of an honest model; `ece_low` and `ece_high` likewise.
    """

    said: float
    came_true: float
    true_low: float
    true_high: float
    ece: float
    ece_low: float
    ece_high: float

    @property
    def leaning(self) -> Leaning | None:
        """To which side it is off on average; None where chance alone may be it."""
        if self.true_low <= self.came_true <= self.true_high:
            return None
        return "too sure" if self.came_true < self.said else "not sure enough"

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "said": self.said,
            "came_true": {"value": self.came_true, "honest_low": self.true_low, "honest_high": self.true_high},
            "ece": {"honest": self.ece, "honest_low": self.ece_low, "honest_high": self.ece_high},
            "draws": RESAMPLES,
        }


def measure_honesty(
    said: npt.NDArray[np.floating], so: npt.NDArray[np.bool_], *, seed: int = 0, bins: int = BINS
) -> Honesty | None:
    """Return what was said beside what came true; None without samples.

    How many of a bin come true is drawn with the bin's mean probability, which spreads a little more than drawing each
    sample with its own would (by a fiftieth of the error at most).

    Args:
        said: (samples,) probabilities.
        so: (samples,) whether it was so.
        seed: of the draws.
    """
    values = np.asarray(said, np.float64)
    if not len(values):
        return None
    bin_of = np.minimum((values * bins).astype(np.int64), bins - 1)
    samples = np.bincount(bin_of, minlength=bins)
    sums = np.bincount(bin_of, values, minlength=bins)
    means = np.divide(sums, samples, out=np.zeros(bins), where=samples > 0).clip(0, 1)
    drawn = np.random.default_rng(seed).binomial(samples, means, size=(RESAMPLES, bins))
    errors = np.abs(drawn - sums).sum(axis=1) / len(values)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    true_low, true_high = np.quantile(drawn.sum(axis=1) / len(values), tails)
    ece_low, ece_high = np.quantile(errors, tails)
    return Honesty(
        said=float(values.mean()),
        came_true=float(so.mean()),
        true_low=float(true_low),
        true_high=float(true_high),
        ece=float(errors.mean()),
        ece_low=float(ece_low),
        ece_high=float(ece_high),
    )
