"""Which samples are worth a look: the surest mistakes first, every class and kind in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions

SAME_KIND = 12  # cards per class and kind
RIGHT_SHARE = 0.3  # of all cards that is kept for right answers


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many samples of a class fall into each of the four kinds."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


def count_outcomes(confusion: Counts, index: int) -> Outcomes:
    """Return the four counts of one class from the (classes, classes) counts of label and prediction."""
    found = int(confusion[index, index])
    labelled, predicted = int(confusion[index].sum()), int(confusion[:, index].sum())
    return Outcomes(found, predicted - found, labelled - found, int(confusion.sum()) - labelled - predicted + found)


def choose_cards(predictions: Predictions, *, limit: int, same_kind: int = SAME_KIND) -> tuple[int, ...]:
    """Return at most `limit` samples to show, the most telling first.

    Mistakes come first: for each class in turn the surest sample that was missed (a false negative of it) and the
    surest that was taken for it (a false positive), until `same_kind` of each are chosen. What is left, and
    never less than `RIGHT_SHARE` of the cards where there are so many, goes to right answers: for each class in
    turn the surest and the closest call. A right answer is a true positive of its class and a true negative of
    all others.
    """
    truth, predicted = predictions.truth, predictions.predicted
    confidence = np.asarray(predictions.probabilities.max(axis=1) if len(predictions) else [], np.float64)
    wrong, classes = truth != predicted, range(len(predictions.classes))
    mistakes = _in_turn(
        [
            queue
            for index in classes
            for queue in (
                _surest(wrong & (truth == index), confidence)[:same_kind],
                _surest(wrong & (predicted == index), confidence)[:same_kind],
            )
        ]
    )
    right = _in_turn(
        [
            queue
            for index in classes
            for surest in (_surest(~wrong & (truth == index), confidence),)
            for queue in (surest[: (same_kind + 1) // 2], surest[::-1][: same_kind // 2])
        ]
    )
    kept_for_right = min(len(right), round(limit * RIGHT_SHARE))
    shown = mistakes[: limit - kept_for_right]
    return tuple(shown + right[: limit - len(shown)])


def _surest(chosen: np.ndarray, confidence: Floats) -> list[int]:
    """Return the chosen samples, the most confident first, equals in row order."""
    rows = np.flatnonzero(chosen)
    return [int(row) for row in rows[np.argsort(-confidence[rows], kind="stable")]]


def _in_turn(queues: Sequence[Sequence[int]]) -> list[int]:
    """Take from each queue in turn; what came before is not taken again."""

    def taken() -> Iterator[int]:
        for round_ in zip_longest(*queues):
            yield from (row for row in round_ if row is not None)

    return list(dict.fromkeys(taken()))
