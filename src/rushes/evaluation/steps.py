"""Steps: all thresholds of one class that take different samples, and what each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.learning.measures import Counts, Floats
from rushes.wish import Wish

Bools = npt.NDArray[np.bool_]

MEASURES = ("recall", "precision", "fpr", "f1")
MOST_STEPS = 200  # that are kept where all of them would be too many


@dataclass(frozen=True, slots=True)
class Steps:
    """What every threshold takes of one class, from the strictest to the laxest.

    Attributes:
        thresholds: (steps,) falling, each midway between two neighbouring scores, the last midway between the lowest
            and 0. A sample is taken when its probability is at or above it, both as float64.
        tp, fp: (steps,) samples of the class, and others, that are taken; neither ever falls.
        positives, negatives: samples of the class, and others.
    """

    thresholds: Floats
    tp: Counts
    fp: Counts
    positives: int
    negatives: int


def list_steps(positive: Bools, probabilities: npt.NDArray[np.floating]) -> Steps:
    """Return all thresholds that take different samples.

    Probabilities are compared as float32, as they are stored, and thresholds lie midway between two of them in
    float64: no conversion between the two moves a sample across.

    Args:
        positive: (samples,) whether a sample is of the class.
        probabilities: (samples,) of the class, finite.
    """
    order = np.argsort(-as_stored(probabilities), kind="stable")
    falling, hits = as_stored(probabilities)[order], positive[order]
    last_of_equals = np.append(np.diff(falling) != 0, True) if len(falling) else np.zeros(0, np.bool_)
    scores = falling[last_of_equals]
    tp = np.cumsum(hits, dtype=np.int64)[last_of_equals]
    return Steps(
        thresholds=(scores + np.append(scores[1:], 0.0)) / 2 if len(scores) else scores,
        tp=tp,
        fp=np.flatnonzero(last_of_equals) + 1 - tp,
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
    )


def thin_steps(steps: Steps, *, keep: float | None = None, most: int = MOST_STEPS) -> Floats:
    """Return at most `most` thresholds, falling, that show how counts move: half evenly by what is found, half by how
    many are taken, close together where few are.

    Args:
        keep: a threshold that must be among them.
    """
    count = len(steps.thresholds)
    if count <= most:
        kept = steps.thresholds
    else:
        half = (most - 3) // 2
        taken = steps.tp + steps.fp
        by_taken = np.searchsorted(taken, np.geomspace(max(int(taken[0]), 1), int(taken[-1]), half))
        by_found = np.searchsorted(steps.tp, np.linspace(1, max(steps.positives, 1), half))
        places = np.concatenate([[0, count - 1], by_taken, by_found]).clip(0, count - 1)
        kept = steps.thresholds[np.unique(places)]
    if keep is not None:
        kept = np.append(kept, keep)
    return np.unique(kept)[::-1]


def count_taken(
    positive: Bools, probabilities: npt.NDArray[np.floating], thresholds: npt.NDArray[np.floating]
) -> tuple[Counts, Counts]:
    """Return how many samples of a class, and how many others, each threshold takes, both (thresholds,)."""
    scores = as_stored(probabilities)
    counts = []
    for some in (scores[positive], scores[~positive]):
        counts.append((len(some) - np.searchsorted(np.sort(some), thresholds, side="left")).astype(np.int64))
    return counts[0], counts[1]


def as_stored(probabilities: npt.NDArray[np.floating]) -> Floats:
    """Return probabilities as they are compared with thresholds: rounded to float32, as float64."""
    return probabilities.astype(np.float32).astype(np.float64)


def measure_taken(
    tp: npt.NDArray[np.number], fp: npt.NDArray[np.number], positives: Any, negatives: Any
) -> dict[str, Floats]:
    """Return measure -> values, NaN where undefined, for counts of any shape."""
    return {
        "recall": _ratio(tp, positives),
        "precision": _ratio(tp, tp + fp),
        "fpr": _ratio(fp, negatives),
        "f1": _ratio(2 * tp, tp + fp + positives),
    }


def _ratio(part: Any, whole: Any) -> Floats:
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    ratio: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return ratio


def fulfils(measured: Mapping[str, Floats], wish: Wish) -> Bools:
    """Return where a wish holds; nowhere where its measure is undefined. Best F1 bounds nothing."""
    values = measured[wish.measure]
    if wish.bound is None:
        return ~np.isnan(values)
    return values <= wish.bound if wish.measure == "fpr" else values >= wish.bound
