"""Scores that counts alone decide, NaN where undefined; watched in training, and judged by afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tallies:
    """Three counts per class, which all threshold-free scores but average precision are made of.

    Attributes:
        found: (..., classes) samples labelled and predicted as the class.
        labelled: (..., classes) samples labelled as the class.
        predicted: (..., classes) samples predicted as the class.
    """

    found: npt.NDArray[np.number]
    labelled: npt.NDArray[np.number]
    predicted: npt.NDArray[np.number]


@dataclass(frozen=True, slots=True)
class Measures:
    """Scores as arrays, NaN where undefined.

    Attributes:
        precision, recall, f1: (..., classes).
        accuracy, balanced_accuracy, f1_macro: (...).
        precision_macro, precision_weighted, f1_weighted: (...); weighted by how many samples are labelled so. A class
            that was never predicted has no precision, and is left out of both means.
    """

    precision: Floats
    recall: Floats
    f1: Floats
    accuracy: Floats
    balanced_accuracy: Floats
    f1_macro: Floats
    precision_macro: Floats
    precision_weighted: Floats
    f1_weighted: Floats


def count_confusion(truth: Counts, predicted: Counts, class_count: int) -> Counts:
    """Return the (classes, classes) counts of label (row) and prediction (column)."""
    cells = np.bincount(truth * class_count + predicted, minlength=class_count * class_count)
    return cells.reshape(class_count, class_count).astype(np.int64)


def measure(tallies: Tallies) -> Measures:
    """Turn counts into scores, for any number of leading axes at once; 0 / 0 is NaN.

    The means over classes skip the classes for which a score is undefined, as scikit-learn's do by default.
    """
    found, labelled, predicted = (
        np.asarray(counts, np.float64) for counts in (tallies.found, tallies.labelled, tallies.predicted)
    )
    precision, recall = _ratio(found, predicted), _ratio(found, labelled)
    f1 = _ratio(2 * found, labelled + predicted)
    return Measures(
        precision=precision,
        recall=recall,
        f1=f1,
        accuracy=_ratio(found.sum(axis=-1), labelled.sum(axis=-1)),
        balanced_accuracy=_mean_of_defined(recall),
        f1_macro=_mean_of_defined(f1),
        precision_macro=_mean_of_defined(precision),
        precision_weighted=_mean_of_defined(precision, labelled),
        f1_weighted=_mean_of_defined(f1, labelled),
    )


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0)
    return ratio


def _mean_of_defined(values: Floats, weights: Floats | None = None) -> Floats:
    """Return the mean over the last axis of what is not NaN; NaN where nothing is left.

    Args:
        weights: of each value, as many; None weighs all alike.
    """
    defined = ~np.isnan(values)
    weighed = defined.astype(np.float64) if weights is None else np.where(defined, weights, 0.0)
    return _ratio((np.where(defined, values, 0.0) * weighed).sum(axis=-1), weighed.sum(axis=-1))
