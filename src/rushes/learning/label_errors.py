"""Labels that are likely wrong, by confident learning from predictions of models that were not told them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.errors import require_extra
from rushes.learning.predictions import Predictions, take_rows
from rushes.timecode import timecode_to_show

LEAST_OF_A_CLASS = 5  # labelled samples of a class below which its usual confidence is not known
_TOLERANCE = 1e-6  # as cleanlab compares with a threshold
_CERTAIN = 2.326348  # deviations above chance; blind answers reach them in 1 of 100 cases

Method = Literal["self_confidence", "normalized_margin"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelError:
    """One label that is likely wrong.

    Attributes:
        row: of the doubts' predictions.
        labelled: the class that its label states now; `suggested` the likeliest other one.
        score: the quality of the label in [0, 1]; the lower, the likelier it is wrong. It ranks, and is no probability.
        confidence: the model's probability of `suggested`; `doubted` that of `labelled`.
        timecode: "" of a photograph.
        stated_by: origin of the label.
    """

    row: int
    frame: str
    name: str
    image: str
    part: str
    group: str
    timecode: str
    labelled: str
    suggested: str
    score: float
    confidence: float
    doubted: float
    stated_by: str

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "frame": self.frame,
            "name": self.name,
            "part": self.part,
            "group": self.group,
            "labelled": self.labelled,
            "suggested": self.suggested,
            "score": round(self.score, 4),
            "confidence": round(self.confidence, 4),
            "stated_by": self.stated_by,
        }


@dataclass(frozen=True, slots=True)
class LabelDoubts:
    """What confident learning finds in labels (Northcutt, Jiang, Chuang 2021).

    Attributes:
        predictions: on the samples that were judged, over the classes that were.
        parts: (samples,) the part of each.
        scores: (samples,) the quality of every label, as a `LabelError` has it.
        counted: (samples,) index of the class that each is confidently counted as: the likeliest of those that the
            model gives at least as much as it usually gives to samples that are labelled so; -1 where there is none.
        errors: the labels that are likely wrong, the likeliest first.
        notes: what was left out, and why, in sentences.
        reviewed: labels that would be among the errors, but that a person has reviewed.
        refused: why nothing is said of labels at all; "" where something is.
    """

    predictions: Predictions
    parts: tuple[str, ...]
    scores: Floats
    counted: npt.NDArray[np.int64]
    errors: tuple[LabelError, ...]
    notes: tuple[str, ...] = ()
    reviewed: tuple[LabelError, ...] = ()
    refused: str = ""

    @property
    def joint(self) -> npt.NDArray[np.int64]:
        """(classes, classes) how often a sample of a label is counted as a class: the confident joint."""
        count = len(self.predictions.classes)
        joint = np.zeros((count, count), np.int64)
        sure = self.counted >= 0
        np.add.at(joint, (self.predictions.truth[sure], self.counted[sure]), 1)
        return joint


def find_label_errors(
    answers: Mapping[str, Predictions],
    *,
    method: Method = "self_confidence",
    reviewed: Mapping[str, str] | None = None,
) -> LabelDoubts:
    """Return the labels that are likely wrong, over all parts together.

    Classes with fewer than `LEAST_OF_A_CLASS` labels are left out with their samples, and the other probabilities of
    each sample brought to a sum of 1; so are samples whose probabilities are no numbers. Of a model that does not tell
    the classes apart nothing is said: all that it answers would be called wrong labels.

    Args:
        answers: part -> predictions by a model that was not told the labels of that part.
        method: what ranks: the probability of the label, or by how much another exceeds it; both relative to what the
            model usually gives the classes.
        reviewed: frame id -> the class that a person gave it: it is counted as that, and not doubted any more.

    Raises:
        MissingExtraError: cleanlab is not installed.
        ValueError: the parts answer different classes, or there is none.
    """
    require_extra("train", "cleanlab", "sklearn", purpose="the search for wrong labels")
    predictions, parts = _joined(answers)
    kept, classes, notes = _usable(predictions)
    if len(classes) < 2:
        lacking = "one class alone has" if classes else "no class has"
        why = f"{lacking} {LEAST_OF_A_CLASS} labelled samples or more: nothing can be said about wrong labels"
        return _refuse(_over(take_rows(predictions, []), classes or [0]), why, notes)
    judged = _over(take_rows(predictions, kept), classes)
    if why := find_no_skill(judged):
        return _refuse(take_rows(judged, []), why, notes)
    of_parts, said = tuple(parts[row] for row in kept), reviewed or {}
    scores = score_labels(judged, method=method)
    found = rank_label_errors(judged, of_parts, scores)
    return LabelDoubts(
        judged,
        of_parts,
        scores,
        _count_reviews(judged, _count_confidently(judged), said),
        tuple(one for one in found if one.frame not in said),
        tuple(notes),
        tuple(one for one in found if one.frame in said),
    )


def _refuse(none: Predictions, why: str, notes: Sequence[str]) -> LabelDoubts:
    return LabelDoubts(none, (), np.empty(0), np.empty(0, np.int64), (), tuple(notes), refused=why)


def find_no_skill(predictions: Predictions) -> str:
    """Return why a model's answers say nothing of labels: it does not tell the classes apart; "" where it does.

    What is tested is the mean probability of the labelled class, each class counting alike. Answers that know nothing
    of the labels, such as the shares of training, give 1 / classes, however the labels are distributed. The excess
    is held against its deviation when labels are dealt out at random (Hoeffding 1951, exact) and, of two groups or
    more, against how it varies between groups, whichever is larger.

    Args:
        predictions: finite; every class is labelled at least once.
    """
    probabilities, truth = predictions.probabilities.astype(np.float64), predictions.truth
    class_count = probabilities.shape[1]
    labelled = np.bincount(truth, minlength=class_count)
    weighted = (probabilities - probabilities.mean(axis=0)) / (class_count * labelled)  # of each sample, were it so
    shares = weighted[np.arange(len(truth)), truth]
    excess = float(shares.sum())
    deviation = max(_deviation_by_chance(weighted, labelled), _deviation_between(shares, predictions.groups))
    if excess > _TOLERANCE and excess >= _CERTAIN * deviation:
        return ""
    return (
        "the model does not tell the classes apart, so that what it doubts says nothing of labels: it gives the "
        f"labelled class {excess + 1 / class_count:.2f} on average over classes, and blind answers give "
        f"{1 / class_count:.2f}"
    )


def _deviation_by_chance(weighted: Floats, labelled: npt.NDArray[np.int64]) -> float:
    """Return the standard deviation of the excess over all ways to deal the labels out."""
    count = len(weighted)
    centred = weighted - (weighted @ labelled / count)[:, None]  # its columns have a mean of 0 already
    return float(np.sqrt((np.square(centred) @ labelled).sum() / max(count - 1, 1)))


def _deviation_between(shares: Floats, groups: Sequence[str]) -> float:
    """Return the standard deviation of the excess between groups; 0 where there is one."""
    names = {name: index for index, name in enumerate(dict.fromkeys(groups))}
    group = np.array([names[name] for name in groups], np.int64)
    if len(names) < 2:
        return 0.0
    apart = np.bincount(group, weights=shares - shares.mean())
    return float(np.sqrt(np.square(apart).sum() * len(names) / (len(names) - 1)))


def _count_reviews(
    predictions: Predictions, counted: npt.NDArray[np.int64], reviewed: Mapping[str, str]
) -> npt.NDArray[np.int64]:
    """Return what each sample is counted as, a person's word standing above the model's."""
    position = {name: index for index, name in enumerate(predictions.classes)}
    said = [reviewed.get(frame) for frame in predictions.frames]
    return np.array(
        [one if name is None else position.get(name, -1) for name, one in zip(said, counted.tolist(), strict=True)],
        np.int64,
    )


def score_labels(predictions: Predictions, *, method: Method) -> Floats:
    """Return (samples,) the quality of each label in [0, 1], relative to what the model usually gives the classes.

    Args:
        predictions: finite; every class is labelled at least once.
    """
    from cleanlab.rank import get_label_quality_scores  # type: ignore[import-untyped]

    probabilities = predictions.probabilities.astype(np.float64)
    scores = get_label_quality_scores(predictions.truth, probabilities, method=method, adjust_pred_probs=True)
    return np.asarray(scores, np.float64)


def rank_label_errors(predictions: Predictions, parts: Sequence[str], scores: Floats) -> tuple[LabelError, ...]:
    """Return the labels that are likely wrong, the likeliest first.

    As many are found of each class as the confident joint says that it has (cleanlab's `prune_by_noise_rate`).

    Args:
        predictions: finite; every class is labelled at least once.
        parts, scores: (samples,) the part of each and the quality of its label.
    """
    from cleanlab.filter import find_label_issues  # type: ignore[import-untyped]

    probabilities = predictions.probabilities.astype(np.float64)
    found = find_label_issues(predictions.truth, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    rows = sorted(np.flatnonzero(found).tolist(), key=lambda row: (scores[row], predictions.frames[row]))
    others = probabilities.copy()
    others[np.arange(len(others)), predictions.truth] = -1
    likeliest = others.argmax(axis=1)
    return tuple(_error_of(predictions, row, int(likeliest[row]), parts[row], float(scores[row])) for row in rows)


def rank_disagreements(doubts: LabelDoubts) -> tuple[LabelError, ...]:
    """Return the other labels than which the model finds a class likelier, those of the least quality first.

    Most of them are right; they fill a queue that is longer than the list of errors.
    """
    predictions, known = doubts.predictions, {one.row for one in (*doubts.errors, *doubts.reviewed)}
    chosen = predictions.predicted
    rows = [row for row in np.flatnonzero(chosen != predictions.truth).tolist() if row not in known]
    rows.sort(key=lambda row: (doubts.scores[row], predictions.frames[row]))
    return tuple(
        _error_of(predictions, row, int(chosen[row]), doubts.parts[row], float(doubts.scores[row])) for row in rows
    )


def _error_of(predictions: Predictions, row: int, suggested: int, part: str, score: float) -> LabelError:
    return LabelError(
        row=row,
        frame=predictions.frames[row],
        name=predictions.names[row],
        image=predictions.images[row],
        part=part,
        group=predictions.groups[row],
        timecode=timecode_to_show(predictions.timecodes[row], name=predictions.names[row]),
        labelled=predictions.classes[predictions.truth[row]],
        suggested=predictions.classes[suggested],
        score=score,
        confidence=float(predictions.probabilities[row, suggested]),
        doubted=float(predictions.probabilities[row, predictions.truth[row]]),
        stated_by=predictions.origins[row],
    )


def _joined(answers: Mapping[str, Predictions]) -> tuple[Predictions, list[str]]:
    """Return the predictions of all parts as one table, and the part of each row."""
    tables = list(answers.values())
    if not tables or any(one.classes != tables[0].classes for one in tables):
        raise ValueError("wrong labels are looked for in one part or more, all of the same classes")

    def column(name: str) -> tuple[str, ...]:
        return tuple(value for one in tables for value in getattr(one, name))

    joined = Predictions(
        classes=tables[0].classes,
        truth=np.concatenate([one.truth for one in tables]),
        probabilities=np.concatenate([one.probabilities for one in tables]),
        frames=column("frames"),
        groups=column("groups"),
        images=column("images"),
        names=column("names"),
        timecodes=column("timecodes"),
        origins=column("origins"),
    )
    return joined, [part for part, one in answers.items() for _ in range(len(one))]


def _usable(predictions: Predictions) -> tuple[npt.NDArray[np.int64], list[int], list[str]]:
    """Return the rows and classes that can be judged, and what was left out in sentences."""
    notes = []
    finite = np.isfinite(predictions.probabilities).all(axis=1)
    if lost := int((~finite).sum()):
        notes.append(f"{lost:,} sample{'' if lost == 1 else 's'} left out: their probabilities are no numbers")
    counts = np.bincount(predictions.truth[finite], minlength=len(predictions.classes))
    classes = [index for index, count in enumerate(counts.tolist()) if count >= LEAST_OF_A_CLASS]
    few = [f"'{name}' ({count})" for name, count in zip(predictions.classes, counts.tolist(), strict=True)
           if count < LEAST_OF_A_CLASS]  # fmt: skip
    if few:
        notes.append(
            f"classes with fewer than {LEAST_OF_A_CLASS} labels to judge are left out, with their samples: "
            f"{', '.join(few)}"
        )
    kept = finite & np.isin(predictions.truth, classes)
    if classes:
        mass = predictions.probabilities[:, classes].sum(axis=1)
        empty = kept & (mass < _TOLERANCE)
        kept &= ~empty
        if elsewhere := int(empty.sum()):
            notes.append(f"{elsewhere:,} left out: the model sees only classes that are left out in them")
    return np.flatnonzero(kept), classes, notes


def _over(predictions: Predictions, classes: Sequence[int]) -> Predictions:
    """Return predictions over some of their classes, each row summing to 1."""
    position = np.full(len(predictions.classes), -1)
    position[list(classes)] = np.arange(len(classes))
    probabilities = predictions.probabilities[:, list(classes)].astype(np.float64)
    return replace(
        predictions,
        classes=tuple(predictions.classes[index] for index in classes),
        truth=position[predictions.truth],
        probabilities=(probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), _TOLERANCE)).astype(
            np.float32
        ),
    )


def _count_confidently(predictions: Predictions) -> npt.NDArray[np.int64]:
    """Return (samples,) the class that each is counted as in the confident joint, or -1 (Northcutt 2021, equation 1).

    cleanlab returns the joint only as a whole; its sums over groups are what an interval is drawn from.
    """
    probabilities, truth = predictions.probabilities.astype(np.float64), predictions.truth
    own = probabilities[np.arange(len(truth)), truth]
    counts = np.bincount(truth, minlength=len(predictions.classes))
    thresholds = np.bincount(truth, weights=own, minlength=len(counts)) / np.maximum(counts, 1)
    above = probabilities >= thresholds - _TOLERANCE
    several = above.sum(axis=1) > 1
    guess = np.where(several, probabilities.argmax(axis=1), above.argmax(axis=1))
    return np.where(above.any(axis=1), guess, -1).astype(np.int64)
