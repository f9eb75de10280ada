"""The few scores by which a training is watched while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.learning.measures import Tallies, measure


class GivenUpError(Exception):
    """Raised by who watches a training, to end it for good: nothing of it is to be taken up."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How well validation is answered.

    Attributes:
        loss: mean negative log probability of the true class, in nats.
        f1_macro: mean F1 of the classes that are labelled or predicted.
        balanced_accuracy: mean recall of the classes that are labelled.
        accuracy: share of the samples that are right; None where it was not counted.
        recalls: per class, in their order, the share of its samples that is found; None of a class without samples.
    """

    loss: float
    f1_macro: float
    balanced_accuracy: float
    accuracy: float | None = None
    recalls: tuple[float | None, ...] = ()

    def rank(self, monitor: str) -> tuple[float, float]:
        """Return a key that is larger where the monitor is better; of equals the one with less loss is better."""
        values = {"loss": -self.loss, "f1_macro": self.f1_macro, "balanced_accuracy": self.balanced_accuracy}
        return values[monitor], -self.loss


def score(probabilities: npt.NDArray[np.floating], truth: npt.NDArray[np.int64]) -> Scores:
    """Return the scores of answers to labelled samples.

    Args:
        probabilities: (samples, classes), each row summing to 1.
        truth: (samples,) index of the labelled class.

    Raises:
        ValueError: there are no samples.
    """
    if len(truth) == 0:
        raise ValueError("no samples to score")
    class_count = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    labelled_count = np.bincount(truth, minlength=class_count)
    predicted_count = np.bincount(predicted, minlength=class_count)
    right_count = np.bincount(truth[predicted == truth], minlength=class_count)
    measures = measure(Tallies(right_count, labelled_count, predicted_count))
    of_truth = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    loss = -np.log(np.maximum(of_truth, 1e-12)).mean()
    return Scores(
        float(loss),
        float(measures.f1_macro),
        float(measures.balanced_accuracy),
        float(measures.accuracy),
        tuple(None if np.isnan(recall) else float(recall) for recall in measures.recall),
    )


def trial_record(
    setting: Mapping[str, Any], *, train_loss: float, validation: Scores, seconds: float, chosen: bool
) -> dict[str, Any]:
    """Return the line of a run's history on one model that was tried beside others."""
    return {
        **setting,
        "train_loss": train_loss,
        "validation_loss": validation.loss,
        "f1_macro": validation.f1_macro,
        "balanced_accuracy": validation.balanced_accuracy,
        "seconds": seconds,
        "chosen": chosen,
    }


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return probabilities for logits, row by row."""
    shifted = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)
