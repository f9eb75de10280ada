"""How far probabilities can be taken at their word: Brier score, log loss, and the expected calibration error.

All are means over samples or over bins of samples, so that `sums_of_groups` holds all that a draw of groups needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.learning.measures import Counts, Floats

BINS = 15  # of equal width, as Guo and others, On Calibration of Modern Neural Networks, ICML 2017
LEAST_PROBABILITY = float(np.finfo(np.float32).eps)  # below which a probability counts as this in the log loss


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilitySums:
    """Sums of which Brier score, log loss and calibration error are made; the last axes are named, others may precede.

    Attributes:
        samples: (...).
        squared: (..., classes) squared distance of each class's probability from 1 where it is the label, else from 0.
        log_losses: (...) minus the logarithm of the label's probability.
        in_bin, confidence, right: (..., bins) samples by the probability of their answer; the sum of these
            probabilities; how many answers are right.
    """

    samples: Floats
    squared: Floats
    log_losses: Floats
    in_bin: Floats
    confidence: Floats
    right: Floats

    def flat(self) -> Floats:
        """Return the sums as one last axis, as `draw_sums` takes them; `unflatten` undoes it."""
        columns = (self.samples[..., None], self.squared, self.log_losses[..., None], self.in_bin, self.confidence,
                   self.right)  # fmt: skip
        return np.concatenate(columns, axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityScores:
    """Scores made of the sums, NaN where there are no samples.

    Attributes:
        brier: (...) mean squared distance over all classes, from 0 to 2; of two classes the half, from 0 to 1, as
            scikit-learn has it.
        brier_of: (..., classes) of each class against the rest, from 0 to 1.
        log_loss: (...).
        ece: (...) how far the share of right answers is from their mean probability, averaged over bins by how many
            samples they hold, from 0 to 1.
    """

    brier: Floats
    brier_of: Floats
    log_loss: Floats
    ece: Floats


def sums_of_groups(
    truth: Counts, probabilities: npt.NDArray[np.floating], group_of: Counts, group_count: int, *, bins: int = BINS
) -> ProbabilitySums:
    """Return the sums of each group, (groups, ...).

    Args:
        truth: (samples,) index of the label.
        probabilities: (samples, classes), each row summing to 1.
        group_of: (samples,) index of the group.
        bins: of equal width, by the probability of the answer; a bin holds its lower end, the last one both.
    """
    values = np.asarray(probabilities, np.float64)
    rows, class_count = np.arange(len(values)), values.shape[1]
    distance = values.copy()
    distance[rows, truth] -= 1
    confidence, answer = values.max(axis=1), values.argmax(axis=1)
    bin_of = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    cell = group_of * bins + bin_of

    def over_groups(weights: Floats | None = None) -> Floats:
        return np.bincount(group_of, weights, minlength=group_count).astype(np.float64)

    def over_bins(weights: Floats | None = None) -> Floats:
        return np.bincount(cell, weights, minlength=group_count * bins).reshape(group_count, bins).astype(np.float64)

    squared = [over_groups(np.square(distance[:, index])) for index in range(class_count)]
    return ProbabilitySums(
        samples=over_groups(),
        squared=np.stack(squared, axis=1) if squared else np.zeros((group_count, 0)),
        log_losses=over_groups(-np.log(np.maximum(values[rows, truth], LEAST_PROBABILITY))),
        in_bin=over_bins(),
        confidence=over_bins(confidence),
        right=over_bins((answer == truth).astype(np.float64)),
    )


def total(sums: ProbabilitySums) -> ProbabilitySums:
    """Return the sums over all groups."""
    return ProbabilitySums(
        *(part.sum(axis=0) for part in (sums.samples, sums.squared, sums.log_losses, sums.in_bin, sums.confidence,
                                        sums.right))
    )  # fmt: skip


def unflatten(values: Floats, class_count: int) -> ProbabilitySums:
    """Return the sums that `flat` laid side by side."""
    bins = (values.shape[-1] - class_count - 2) // 3
    ends = np.cumsum([1, class_count, 1, bins, bins])
    samples, squared, log_losses, in_bin, confidence, right = np.split(values, ends, axis=-1)
    return ProbabilitySums(samples[..., 0], squared, log_losses[..., 0], in_bin, confidence, right)


def scores_of_sums(sums: ProbabilitySums) -> ProbabilityScores:
    """Return the scores that sums amount to, for any leading axes at once."""
    with np.errstate(invalid="ignore", divide="ignore"):
        per_class = sums.squared / sums.samples[..., None]
        brier = per_class.sum(axis=-1)
        return ProbabilityScores(
            brier=brier / 2 if per_class.shape[-1] == 2 else brier,
            brier_of=per_class,
            log_loss=sums.log_losses / sums.samples,
            ece=np.abs(sums.right - sums.confidence).sum(axis=-1) / sums.samples,
        )
