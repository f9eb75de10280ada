"""How many labels are wrong, as confident learning estimates it, with intervals over groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.evaluation.draws import draw_sums, interval_of
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.judge import estimate_table
from rushes.evaluation.scores import Score
from rushes.learning.label_errors import LabelDoubts
from rushes.learning.review_queue import Noise, wilson

_SEED = 0
_MOST_CELLS = 20


@dataclass(frozen=True, slots=True)
class ClassNoise:
    """One class: how many of its labels are wrong.

    Attributes:
        labelled: how many samples are labelled so.
        found: how many of these are likely wrong.
        wrong: the estimated share.
    """

    class_name: str
    labelled: int
    found: int
    wrong: Estimate


@dataclass(frozen=True, slots=True)
class Confused:
    """An estimate of how many samples of one class are labelled another."""

    labelled: str
    true: str
    count: float


@dataclass(frozen=True, slots=True)
class LabelNoise:
    """How many labels are wrong, by an estimate that is too high where the model is weak.

    What it confidently takes for another class may be a wrong label or a blind spot of its own.

    Attributes:
        samples: how many labels were judged.
        found: how many of them are doubted.
        wrong: the share of them that is wrong.
        confused: the pairs of classes, the most frequent first.
    """

    samples: int
    found: int
    wrong: Estimate
    per_class: tuple[ClassNoise, ...]
    confused: tuple[Confused, ...]

    def to_table(self) -> dict[str, Any]:
        """Return the estimate as plain values, ready for JSON."""
        return {
            "samples": self.samples,
            "wrong": estimate_table(self.wrong),
            "per_class": {
                one.class_name: {"labelled": one.labelled, "found": one.found, "wrong": estimate_table(one.wrong)}
                for one in self.per_class
            },
            "confused": [
                {"labelled": one.labelled, "true": one.true, "count": round(one.count, 2)} for one in self.confused
            ],
        }


def estimate_noise(doubts: LabelDoubts) -> LabelNoise:
    """Return the estimated share of wrong labels, of all and of each class.

    Of the samples of a label that are confidently counted at all, the share that is counted as another class; over all
    classes, weighted by how many labels each has (the calibrated confident joint). In the draws of groups the
    thresholds stay those of all samples.
    """
    if not len(doubts.predictions):
        nothing = interval_of(None, 0)
        reason = doubts.refused or "no label could be judged"
        return LabelNoise(0, 0, Estimate(Score(None, reason), nothing), (), ())
    predictions, joint = doubts.predictions, doubts.joint
    count, names = len(predictions.classes), predictions.classes
    labelled = np.bincount(predictions.truth, minlength=count)
    found = np.bincount([predictions.truth[one.row] for one in doubts.errors], minlength=count)
    sums, group_count = _sums_of_groups(doubts)
    drawn = draw_sums(sums, seed=_SEED) if group_count > 1 else None
    with np.errstate(invalid="ignore", divide="ignore"):
        shares, share = _shares(sums.sum(axis=0)[None])
        drawn_shares, drawn_share = _shares(drawn) if drawn is not None else (None, None)
    groups_of = [
        len({predictions.groups[row] for row in np.flatnonzero(predictions.truth == index)}) for index in range(count)
    ]
    per_class = tuple(
        ClassNoise(
            names[index],
            int(labelled[index]),
            int(found[index]),
            Estimate(
                _score(float(shares[0, index]), f"no label of {names[index]} is answered confidently"),
                interval_of(None if drawn_shares is None else drawn_shares[:, index], groups_of[index]),
            ),
        )
        for index in range(count)
    )
    whole = _score(float(share[0]), "no label is answered confidently")
    wrong = Estimate(whole, interval_of(drawn_share, group_count))
    scale = labelled / np.maximum(joint.sum(axis=1), 1)
    confused = [
        Confused(names[label], names[true], float(joint[label, true] * scale[label]))
        for label, true in zip(*np.nonzero(joint), strict=True)
        if label != true
    ]
    confused.sort(key=lambda one: (-one.count, one.labelled, one.true))
    return LabelNoise(len(predictions), len(doubts.errors), wrong, per_class, tuple(confused[:_MOST_CELLS]))


def _sums_of_groups(doubts: LabelDoubts) -> tuple[npt.NDArray[np.float64], int]:
    """Return (groups, 3 × classes): of each class how many are counted as it, counted at all, and labelled it."""
    predictions, count = doubts.predictions, len(doubts.predictions.classes)
    names = {name: index for index, name in enumerate(dict.fromkeys(predictions.groups))}
    group = np.array([names[name] for name in predictions.groups], np.int64)
    sums = np.zeros((max(len(names), 1), 3, count))
    for kind, chosen in enumerate((doubts.counted == predictions.truth, doubts.counted >= 0, doubts.counted >= -1)):
        np.add.at(sums[:, kind], (group[chosen], predictions.truth[chosen]), 1)
    return sums.reshape(len(sums), -1), len(names)


def _shares(sums: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return (draws, classes) the share of wrong labels of each class, and (draws,) of all."""
    right, sure, labelled = np.moveaxis(sums.reshape(len(sums), 3, -1), 1, 0)
    shares = 1 - right / sure
    known = np.isfinite(shares)
    return shares, np.where(known, shares * labelled, 0).sum(axis=1) / np.where(known, labelled, 0).sum(axis=1)


def _score(value: float, reason: str) -> Score:
    return Score(None, reason) if np.isnan(value) else Score(value)


def pronounce_noise(noise: LabelNoise) -> str:
    """Put the estimate into words, what is known before what is reckoned.

    `the model doubts 48 of 300 labels. By its reckoning at most about 28.0 % are wrong, its own blind spots included
    (in 95 of 100 draws of its 12 groups 19.3–36.3 %, …)`. What is confidently taken for another class may be either.
    """
    value, interval = noise.wrong.value, noise.wrong.interval
    if value is None:
        return f"how many labels are wrong cannot be estimated: {noise.wrong.score.reason}"
    doubted = f"the model doubts {noise.found:,} of {noise.samples:,} labels"
    between = f"; {interval.reason}"
    if interval.low is not None and interval.high is not None:
        between = (
            f" (in 95 of 100 draws of its {interval.group_count:,} groups {interval.low * 100:.1f}–"
            f"{interval.high * 100:.1f} %, which says nothing of how far the model errs)"
        )
    most = f", most often {noise.confused[0].true} labelled {noise.confused[0].labelled}" if noise.confused else ""
    return (
        f"{doubted}. By its reckoning at most about {value * 100:.1f} % are wrong, its own blind spots "
        f"included{between}{most}"
    )


def pronounce_review(review: Noise) -> str:
    """Put into words what people found who reviewed queues; "" where nobody has."""
    words = []
    if review.doubted:
        words.append(
            f"of {review.doubted:,} doubts that were reviewed, {_wrong_of(review.corrected, review.doubted)}, "
            f"{review.confirmed_model:,} as was suggested"
        )
    if review.checked:
        words.append(
            f"of {review.checked:,} checks, drawn at random where label and model agree, "
            f"{_wrong_of(review.wrong, review.checked)}"
        )
    return "; ".join(words)


def _wrong_of(wrong: int, total: int) -> str:
    low, high = wilson(wrong, total)
    return (
        f"{wrong:,} {'was' if wrong == 1 else 'were'} wrong ({wrong / total * 100:.0f} %, 95 % interval "
        f"{low * 100:.0f}–{high * 100:.0f} %, each label counted by itself)"
    )
