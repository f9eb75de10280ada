"""Which samples are worth a look: the surest mistakes first, every class and kind in turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions

SAME_KIND = 12  # cards per class and kind
RIGHT_SHARE = 0.3  # of all cards that is kept for right answers
CLOSE_SHARE = 0.1  # of all cards that is kept for the closest calls


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

    First the surest sample of each cell of the confusion matrix that holds any: mistakes, the commonest first, then
    the diagonal. Then mistakes: for each class in turn the surest sample that was missed (a false negative of it) and
    the surest that was taken for it (a false positive), until `same_kind` of each are chosen; and right answers: for
    each class in turn the surest and the closest call. A right answer is a true positive of its class and a true
    negative of all others. Never less than `RIGHT_SHARE` of the cards goes to right answers, where there are so many,
    and `CLOSE_SHARE` of them to what the model was least sure of, right or wrong. Where there is room for all, all are.
    """
    truth, predicted = predictions.truth, predictions.predicted
    confidence = np.asarray(predictions.probabilities.max(axis=1) if len(predictions) else [], np.float64)
    margin = margins_of(predictions)
    wrong, classes = truth != predicted, range(len(predictions.classes))
    first_wrong, first_right = _one_of_each_cell(predictions, confidence)
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
            for chosen in (~wrong & (truth == index),)
            for queue in (
                _surest(chosen, confidence)[: (same_kind + 1) // 2],
                _surest(chosen, -margin)[: same_kind // 2],
            )
        ]
    )
    closest = _surest(np.ones(len(truth), bool), -margin)[: round(limit * CLOSE_SHARE)]
    right = list(dict.fromkeys([*first_right, *right]))
    kept = len(closest) + min(len(right), round(limit * RIGHT_SHARE))
    shown = list(dict.fromkeys([*first_wrong, *mistakes]))[: max(limit - kept, 0)]
    # The first of every cell come before all others, so that no lack of room for pictures can cost them their card.
    kept_first = set(shown).intersection(first_wrong)
    firsts = [*(row for row in first_wrong if row in kept_first), *first_right]
    others = range(len(truth)) if len(truth) <= limit else ()
    return tuple(dict.fromkeys([*firsts, *shown, *closest, *right, *others]))[:limit]


def margins_of(predictions: Predictions) -> Floats:
    """Return (samples,) by how much the likeliest class leads the next one: 0 is a coin toss, 1 certainty."""
    if not len(predictions):
        return np.empty(0)
    two = np.sort(predictions.probabilities, axis=1)[:, -2:].astype(np.float64)
    return two[:, -1] - (two[:, 0] if two.shape[1] > 1 else 0.0)


@dataclass(frozen=True, slots=True)
class Unshown:
    """A cell of the confusion matrix of which no sample has a card.

    Attributes:
        truth, answer: indices of the class that its samples are labelled, and of the one they were taken for.
        count: samples in it.
        rows: some of them, the surest first.
    """

    truth: int
    answer: int
    count: int
    rows: tuple[int, ...]


def find_unshown(predictions: Predictions, shown: Collection[int], *, most: int = 3) -> tuple[Unshown, ...]:
    """Return the cells that hold samples none of which is shown, row by row of the matrix, with `most` samples each."""
    size = len(predictions.classes)
    cells = predictions.truth * size + predictions.predicted
    missing = set(cells.tolist()) - {int(cells[row]) for row in shown}
    confidence = np.asarray(predictions.probabilities.max(axis=1) if len(predictions) else [], np.float64)
    found = []
    for cell in sorted(missing):
        rows = _surest(cells == cell, confidence)
        found.append(Unshown(cell // size, cell % size, len(rows), tuple(rows[:most])))
    return tuple(found)


def _one_of_each_cell(predictions: Predictions, confidence: Floats) -> tuple[list[int], list[int]]:
    """Return the surest sample of each cell that holds any: of mistakes, largest cell first, and of the diagonal."""
    size = len(predictions.classes)
    cells = predictions.truth * size + predictions.predicted
    order = np.lexsort((np.arange(len(cells)), -confidence))
    held, first, counts = np.unique(cells[order], return_index=True, return_counts=True)
    largest = np.argsort(-counts, kind="stable")
    chosen = [(int(held[place]), int(order[first[place]])) for place in largest]
    wrong = [row for cell, row in chosen if cell // size != cell % size]
    return wrong, [row for cell, row in chosen if cell // size == cell % size]


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
