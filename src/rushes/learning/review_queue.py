"""The queue for review: which labels a person should look at again, the likeliest errors first."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

import numpy as np
import numpy.typing as npt

from rushes.learning.predictions import Predictions
from rushes.timecode import timecode_to_show

COLUMNS = ("frame", "name", "class", "labelled", "predicted", "confidence", "margin", "kind", "part", "group",
           "timecode", "stated_by", "reason", "image")  # fmt: skip
# How `labels import` is to read it: nothing else of it states anything.
MEANINGS: Mapping[str, str] = {"frame": "frame", "class": "class:review"}
_NORMAL_95 = 1.959964
_MANY_DOUBTS = 0.05  # share of labels
_FEW_OF_THEM = 0.25

Kind = Literal["doubt", "check"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One sample that a person is asked about.

    Attributes:
        frame: id of the frame.
        labelled: the class that its label states now; `stated_by` is the origin of that label.
        confidence: the model's probability of `predicted`.
        margin: by how much that exceeds its probability of `labelled`; 0 where both are the same.
        kind: `doubt`, where the model says otherwise; `check`, drawn at random from where it agrees.
        why: what `reason` says in place of what the model says.
    """

    frame: str
    name: str
    image: str
    labelled: str
    predicted: str
    confidence: float
    margin: float
    kind: Kind
    part: str
    group: str
    timecode: str
    stated_by: str
    why: str = ""

    @property
    def reason(self) -> str:
        """Why it is asked, as a sentence for a person."""
        if self.why:
            return self.why
        if self.kind == "check":
            return f"a check, drawn at random where label and model agree on {self.labelled}"
        doubted = self.confidence - self.margin
        return f"the model says {self.predicted} ({self.confidence:.2f}); {self.labelled} got {doubted:.2f}"

    def cells(self) -> tuple[str, ...]:
        """Return the row of the sheet, in the order of `COLUMNS`; the class is left to the person."""
        return (self.frame, self.name, "", self.labelled, self.predicted, f"{self.confidence:.4f}",
                f"{self.margin:.4f}", self.kind, self.part, self.group, self.timecode, self.stated_by, self.reason,
                self.image)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """Whom a person is asked about, and out of how many.

    Attributes:
        disagreements, agreements: samples that could have been asked about: where the model says otherwise, and where
            it says the same as the label.
    """

    asked: tuple[Asked, ...]
    disagreements: int
    agreements: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a row of a queue was answered: `said` is the class that the person gave."""

    kind: Kind
    labelled: str
    predicted: str
    said: str


@dataclass(frozen=True, slots=True)
class Noise:
    """What the answers to a queue tell of the labels.

    Attributes:
        doubted, corrected: doubts that were answered, and labels that were wrong among them.
        confirmed_model: of those corrected, how often the model had been right.
        checked, wrong: checks that were answered, and labels that were wrong among them.
    """

    doubted: int
    corrected: int
    confirmed_model: int
    checked: int
    wrong: int


def plan_queue(
    answers: Mapping[str, Predictions],
    *,
    length: int,
    checks: float,
    settled: Collection[str] = (),
    seed: int = 0,
) -> ReviewQueue:
    """Return the samples to ask about: those whose label the model doubts most, and some on which it agrees.

    Where only doubts were shown, labels would only ever move towards the model; the checks show how often it is wrong
    together with the label. They are spread evenly among the doubts, so that a review that ends early has some.

    Args:
        answers: part -> predictions on it by a model that has not learnt these very labels.
        length: how many samples at most.
        checks: the share of them that are checks.
        settled: ids of frames that a person has reviewed; they are not asked about again.
        seed: of the checks.
    """
    known = frozenset(settled)
    every = [
        one for part, predictions in answers.items() for one in _ask_of(part, predictions) if one.frame not in known
    ]
    doubts = sorted((one for one in every if one.kind == "doubt"), key=lambda one: (-one.margin, one.frame))
    agreed = sorted((one for one in every if one.kind == "check"), key=lambda one: one.frame)
    return queue_of(doubts, agreed, length=length, checks=checks, seed=seed)


def queue_of(doubts: Sequence[Asked], agreed: Sequence[Asked], *, length: int, checks: float, seed: int) -> ReviewQueue:
    """Return the first doubts, with checks drawn at random spread evenly among them.

    Args:
        doubts: in the order in which they are asked about.
        agreed: whom checks are drawn from, in an order that is always the same.
        length, checks, seed: as `plan_queue`.
    """
    check_count = min(round(length * checks), len(agreed), length)
    drawn = Random(seed).sample(list(agreed), check_count)
    asked = _interleave(doubts[: length - check_count], drawn)
    return ReviewQueue(tuple(asked), disagreements=len(doubts), agreements=len(agreed))


def margins_of(predictions: Predictions) -> npt.NDArray[np.float64]:
    """Return (samples,) by how much the likeliest class is likelier than the label; 0 where they are the same."""
    rows = np.arange(len(predictions))
    probabilities = predictions.probabilities.astype(np.float64)
    margin: npt.NDArray[np.float64] = probabilities.max(axis=1) - probabilities[rows, predictions.truth]
    return margin


def seems_learnt_by_heart(train: Predictions, validation: Predictions) -> bool:
    """Return whether a network hardly doubts a label that it was told, though it doubts many others.

    Its silence about train then says nothing of these labels.
    """
    if not len(train) or not len(validation):
        return False
    told, held = (float((one.predicted != one.truth).mean()) for one in (train, validation))
    return held > _MANY_DOUBTS and told < held * _FEW_OF_THEM


def measure_noise(answers: Iterable[Answer]) -> Noise:
    """Count what the answers to a queue tell of the labels."""
    counted = {"doubt": [0, 0], "check": [0, 0]}
    confirmed = 0
    for one in answers:
        counted[one.kind][0] += 1
        counted[one.kind][1] += one.said != one.labelled
        confirmed += one.kind == "doubt" and one.said != one.labelled and one.said == one.predicted
    (doubted, corrected), (checked, wrong) = counted["doubt"], counted["check"]
    return Noise(doubted, corrected, confirmed, checked, wrong)


def wilson(found: int, total: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927).

    Raises:
        ValueError: the total is not positive.
    """
    if total < 1:
        raise ValueError(f"a share needs a total of one or more, got {total=}")
    share, square = found / total, _NORMAL_95**2
    centre = (share + square / (2 * total)) / (1 + square / total)
    half = _NORMAL_95 / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return (max(0.0, centre - half) if found else 0.0), (min(1.0, centre + half) if found < total else 1.0)


def _ask_of(part: str, predictions: Predictions) -> Iterable[Asked]:
    margins, chosen = margins_of(predictions), predictions.predicted
    for row, (truth, predicted) in enumerate(zip(predictions.truth, chosen, strict=True)):
        yield Asked(
            frame=predictions.frames[row],
            name=predictions.names[row],
            image=predictions.images[row],
            labelled=predictions.classes[truth],
            predicted=predictions.classes[predicted],
            confidence=float(predictions.probabilities[row, predicted]),
            margin=float(margins[row]),
            kind="check" if truth == predicted else "doubt",
            part=part,
            group=predictions.groups[row],
            timecode=timecode_to_show(predictions.timecodes[row], name=predictions.names[row]),
            stated_by=predictions.origins[row],
        )


def _interleave(doubts: Sequence[Asked], checks: Sequence[Asked]) -> list[Asked]:
    """Return both in their order, the checks at even distances behind the first doubts."""
    total = len(doubts) + len(checks)
    at = {math.ceil((number + 1) * total / len(checks)) - 1 for number in range(len(checks))}
    first, second = iter(doubts), iter(checks)
    return [next(second) if place in at else next(first) for place in range(total)]
