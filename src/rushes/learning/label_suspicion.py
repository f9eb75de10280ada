"""How much a model's held-out answers speak against a label, by numpy alone: the measure of `rushes labels errors`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.learning.label_errors import LEAST_OF_A_CLASS, find_no_skill
from rushes.learning.predictions import Predictions

_LEAST = 1e-6  # of a usual confidence and of a sum, so that nothing is divided by nought

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What single labels are held against.

    Attributes:
        known: (known classes,) indices of the classes of which enough samples are labelled.
        usual: (known classes,) the probability that the model gives on average to a class where it is the label.
        refused: why nothing is said of labels at all; "" where something is.
    """

    known: npt.NDArray[np.int64]
    usual: Floats
    refused: str = ""

    def of(self, probabilities: npt.NDArray[np.floating], label: int) -> float | None:
        """Return in [0, 1] how suspicious one label is; None where nothing can be said of it. It ranks: no probability.

        It is 1 less the label's own probability, each class counted from what the model usually gives to it (the
        self-confidence of Northcutt, Jiang and Chuang 2021, adjusted as in Kuan and Mueller 2022).

        Args:
            probabilities: (classes,) of one sample, by a model that was not told its label.
            label: index of the class.
        """
        at = np.flatnonzero(self.known == label)
        if self.refused or not len(at):
            return None
        row = probabilities[self.known].astype(np.float64)
        if (mass := row.sum()) < _LEAST:
            return None
        shifted = row / mass - self.usual + self.usual.max()
        return float(np.clip(1 - shifted[at[0]] / shifted.sum(), 0, 1))


def measure_suspicion(
    classes: Sequence[str],
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int64],
    *,
    groups: Sequence[str],
) -> Suspicion:
    """Return what labels are held against; of a model that does not tell the classes apart nothing is said.

    Args:
        probabilities: (samples, classes), by a model that was not told these labels.
        labels: (samples,) index of the class that each is labelled.
        groups: (samples,) the group of each.
    """
    finite = np.isfinite(probabilities).all(axis=1)
    counts = np.bincount(labels[finite], minlength=len(classes))
    known = np.flatnonzero(counts >= LEAST_OF_A_CLASS)
    if len(known) < 2:
        why = f"fewer than two classes have {LEAST_OF_A_CLASS} labels to judge"
        return Suspicion(known, np.zeros(len(known)), why)
    place = np.full(len(classes), -1)
    place[known] = np.arange(len(known))
    mass = np.where(finite, probabilities[:, known].sum(axis=1), 0)
    rows = np.flatnonzero(np.isin(labels, known) & (mass >= _LEAST))
    judged = (probabilities[rows][:, known] / mass[rows, None]).astype(np.float64)
    truth = place[labels[rows]]
    own = judged[np.arange(len(rows)), truth]
    usual = np.bincount(truth, weights=own, minlength=len(known)) / np.maximum(np.bincount(truth), 1)
    blank = ("",) * len(rows)
    of_rows = tuple(groups[row] for row in rows.tolist())
    names = tuple(classes[index] for index in known.tolist())
    table = Predictions(names, truth, judged.astype(np.float32), blank, of_rows, blank, blank, blank, blank)
    return Suspicion(known, np.maximum(usual, _LEAST), find_no_skill(table))
