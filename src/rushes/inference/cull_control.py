"""From which score on a photograph is picked, and what can be said of how many good ones that keeps.

A threshold is chosen on validation shoots, which the model did not learn from. Chosen so that it just keeps the share
that was asked for there, it falls short on about every second new shoot. So shoots are left out: the threshold is
chosen on the others, and what it keeps of those left out is counted. What is aimed for on validation is raised until
the shoots that were left out reach what was asked for, all together. They were looked at for that, so that what they
reach is a little too good to be said of others, and single new shoots vary around it. Test shoots, where the bundle
carries their answers, are only ever looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.errors import UsageError
from rushes.evaluation.draws import draw_sums, interval_of
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import FEW_GROUPS
from rushes.evaluation.judge import estimate_table
from rushes.evaluation.promises import lower_bound, samples_needed
from rushes.evaluation.scores import Score
from rushes.evaluation.steps import Steps, as_stored, list_steps
from rushes.evaluation.thresholds import choose_threshold
from rushes.learning.predictions import Predictions
from rushes.wish import Wish

MOST_LEFT_OUT = 20  # parts that shoots are left out in, where there are more of them than that
SEED = 0

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Control:
    """What a photographer asks of a cull.

    Attributes:
        kind: `recall`: keep at least this share of the good ones; `threshold`: pick from this score on; `top`: pick so
            many.
    """

    kind: Literal["recall", "threshold", "top"]
    value: float

    def __str__(self) -> str:
        if self.kind == "top":
            return f"top {int(self.value)}"
        return f"recall >= {self.value:g}" if self.kind == "recall" else f"threshold {self.value:g}"


DEFAULT = Control("recall", 0.99)


@dataclass(frozen=True, slots=True)
class ShootRecall:
    """How a threshold does on one shoot whose good ones are known.

    Attributes:
        photographs, keepers: how many there are, and how many of them are good.
        picked, kept: how many are picked, and how many of the good ones.
        threshold: that was applied: chosen on other shoots, where it was left out.
    """

    shoot: str
    photographs: int
    keepers: int
    picked: int
    kept: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Found:
    """How thresholds do on shoots whose good ones are known.

    Attributes:
        recall: share of the good ones that are kept.
        keep_rate: share of all photographs that are picked.
        precision: share of the picked that are good.
        shoots: one by one, the one with the lowest recall first.
    """

    recall: Estimate
    keep_rate: Estimate
    precision: Estimate
    shoots: tuple[ShootRecall, ...]

    def to_table(self) -> dict[str, Any]:
        scores = {name: estimate_table(getattr(self, name)) for name in ("recall", "keep_rate", "precision")}
        return scores | {"shoots": [asdict(shoot) for shoot in self.shoots]}


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be said of a threshold.

    Attributes:
        threshold: score from which on a photograph is picked.
        aimed: recall on validation that it was chosen for; None where it was not chosen.
        validation: on the shoots it was chosen on, or would have been.
        unseen: on validation shoots, each with a threshold that was chosen on the others. What is aimed for was raised
            until they reach what was asked for together. None where nothing was chosen, or there is one shoot only.
        test: on test shoots; None where the bundle has none.
        at_least: recall that the counts on validation can promise with 95 % confidence, as if photographs were
            independent.
        notes: what to beware of, in sentences.
    """

    threshold: float
    aimed: float | None
    validation: Found | None
    unseen: Found | None
    test: Found | None
    at_least: Score
    notes: tuple[str, ...] = ()

    @property
    def expected(self) -> Found | None:
        """What a new shoot can be held against: unseen shoots where there are any, else validation."""
        return self.unseen or self.validation

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "threshold": self.threshold,
            "aimed": self.aimed,
            "validation": self.validation.to_table() if self.validation else None,
            "unseen": self.unseen.to_table() if self.unseen else None,
            "test": self.test.to_table() if self.test else None,
            "at_least": self.at_least.value,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Scores of photographs whose good ones are known, (photographs,)."""

    good: Bools
    scores: Floats
    shoots: npt.NDArray[np.int64]
    names: tuple[str, ...]


def choose_control(
    control: Control,
    answers: Mapping[str, Predictions],
    *,
    class_name: str,
    scores: npt.NDArray[np.floating] | None = None,
) -> Promise:
    """Return the threshold that a control comes to, and what can be said of it.

    Args:
        answers: `validation` and `test` -> what the bundle answered there, calibrated; either may lack.
        class_name: the class of good photographs.
        scores: of the photographs that are culled; needed for `top` alone.

    Raises:
        UsageError: a recall is asked for, and there is no validation to choose by.
    """
    validation = _part(answers.get("validation"), class_name)
    test = _part(answers.get("test"), class_name)
    aimed, unseen = None, None
    if control.kind == "recall":
        validation = _required(validation, control.value)
        aimed, unseen = _aim(validation, control.value)
        threshold = _threshold_for(_steps_of(validation), aimed, asked=control.value)
    else:
        threshold = control.value if control.kind == "threshold" else _threshold_of_top(scores, int(control.value))
    tested = None if test is None else _found(test, np.full(len(test.names), threshold))
    found = None if validation is None else _found(validation, np.full(len(validation.names), threshold))
    at_least = Score(None, "no shoot with known good ones is at hand")
    if found is not None and validation is not None and validation.good.any():
        at_least = Score(lower_bound(sum(one.kept for one in found.shoots), int(validation.good.sum())))
    return Promise(
        threshold=threshold,
        aimed=aimed,
        validation=found,
        unseen=unseen,
        test=tested,
        at_least=at_least,
        notes=tuple(_beware(control, validation, at_least, unseen, tested)),
    )


def expected_misses(
    scores: npt.NDArray[np.floating], rejected: Bools, threshold: float, promise: Promise
) -> tuple[float, float, float]:
    """Return how many good photographs are expected among the rejected ones: likely, at least, at most.

    The likely number is what calibrated scores add up to among the rejected. The ends follow from the recall's interval
    and the good ones that are expected among the picked; where there is none, from the likely number alone (the 2.5 %
    and 97.5 % points of as many independent throws).

    Args:
        scores: (photographs,) calibrated.
        rejected: (photographs,) which are rejected: not only those below the threshold, where a burst is thinned, and
            not all of them, where a bracket is kept whole.
    """
    values = as_stored(np.asarray(scores))
    below, most = values < threshold, float(rejected.sum())
    lost = values[rejected]
    likely, spread = float(lost.sum()), 1.96 * float(np.sqrt((lost * (1 - lost)).sum()))
    low, high = likely - spread, likely + spread
    found = promise.expected
    interval = found.recall.interval if found else None
    kept = float(values[~below].sum())
    if kept > 0 and interval is not None and interval.low is not None and interval.high is not None:
        # The recall is of the threshold alone; what bursts and brackets move is counted by the scores.
        moved = likely - float(values[below].sum())
        low = min(low, kept * (1 / interval.high - 1) + moved) if interval.high > 0 else low
        high = max(high, kept * (1 / interval.low - 1) + moved) if interval.low > 0 else most
    return likely, max(0.0, min(low, likely)), min(max(high, likely), most)


def _part(answers: Predictions | None, class_name: str) -> _Part | None:
    if answers is None or not len(answers):
        return None
    index = answers.classes.index(class_name)
    names, rows = np.unique(np.asarray(answers.groups).astype(str), return_inverse=True)
    return _Part(
        answers.truth == index, as_stored(answers.probabilities[:, index]), np.asarray(rows, np.int64),
        tuple(names.tolist()),
    )  # fmt: skip


def _required(part: _Part | None, recall: float) -> _Part:
    if part is None:
        raise UsageError(
            f"--recall {recall:g}: the bundle carries no answers on validation shoots, from which a threshold could be "
            "chosen. Export its run again, with a recent rushes; or state --threshold or --top"
        )
    if not part.good.any():
        raise UsageError(f"--recall {recall:g}: no photograph of the validation shoots is a good one, so that no "
                         "threshold can be chosen. State --threshold or --top")  # fmt: skip
    return part


def _steps_of(part: _Part, rows: Bools | None = None) -> Steps:
    return list_steps(part.good, part.scores) if rows is None else list_steps(part.good[rows], part.scores[rows])


def _threshold_for(steps: Steps, recall: float, *, asked: float) -> float:
    choice = choose_threshold(steps, Wish("recall", recall), class_name="")
    if choice.threshold is None:
        raise UsageError(f"--recall {asked:g}: {choice.reason}. State --threshold or --top")
    return choice.threshold


def _aim(part: _Part, asked: float) -> tuple[float, Found | None]:
    """Return the least recall to aim for on validation at which shoots that are left out reach what is asked for.

    Where none does, all good ones of validation are aimed for. With it stands what left-out shoots come to; where
    shoots cannot be left out, nothing does, and what is asked for is aimed for.
    """
    keepers = int(part.good.sum())
    folds = _folds(part)
    if folds is None:
        return asked, None
    steps = {int(fold): _steps_of(part, folds[part.shoots] != fold) for fold in np.unique(folds)}
    least = int(np.ceil(asked * keepers - 1e-9))
    found = None
    for kept in range(least, keepers + 1):
        aimed = asked if kept == least else kept / keepers
        thresholds = np.zeros(len(part.names))
        for fold, others in steps.items():
            thresholds[folds == fold] = _threshold_for(others, aimed, asked=asked)
        found = _found(part, thresholds)
        if (found.recall.value or 0.0) >= asked:
            return aimed, found
    return 1.0, found


def _folds(part: _Part) -> npt.NDArray[np.int64] | None:
    """Return the fold of each shoot; None where leaving one out would leave no good photograph to choose by."""
    if len(np.unique(part.shoots[part.good])) < 2:
        return None
    folds = np.arange(len(part.names))
    if len(folds) > MOST_LEFT_OUT:
        folds = np.random.default_rng(SEED).permutation(len(folds)) % MOST_LEFT_OUT
    holding = [part.good[folds[part.shoots] != fold].any() for fold in np.unique(folds)]
    return folds.astype(np.int64) if all(holding) else None


def _threshold_of_top(scores: npt.NDArray[np.floating] | None, count: int) -> float:
    """Return the score of the last of so many photographs; all of its equals are picked with it."""
    if scores is None or not len(scores):
        return 1.0
    falling = np.sort(as_stored(np.asarray(scores)))[::-1]
    return float(falling[min(count, len(falling)) - 1])


def _found(part: _Part, thresholds: Floats) -> Found:
    """Return what a threshold for each shoot finds in it."""
    picked = part.scores >= thresholds[part.shoots]
    masks = (np.ones(len(picked), np.bool_), part.good, picked, picked & part.good)
    sums = np.stack([np.bincount(part.shoots[mask], minlength=len(part.names)) for mask in masks], axis=1)
    totals = sums.sum(axis=0)
    drawn = draw_sums(sums, seed=SEED) if len(sums) > 1 else None

    def share(name: str, part_of: int, whole: int) -> Estimate:
        feeding = int((sums[:, whole] > 0).sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            values = None if drawn is None else drawn[:, part_of] / drawn[:, whole]
        score = Score(float(totals[part_of] / totals[whole])) if totals[whole] else Score(None, f"no {name}")
        return Estimate(score, interval_of(values, feeding))

    rows = [
        ShootRecall(name, int(every), int(good), int(picks), int(kept), float(threshold))
        for name, (every, good, picks, kept), threshold in zip(part.names, sums.tolist(), thresholds, strict=True)
    ]
    shoots = sorted(rows, key=lambda row: (row.kept / row.keepers if row.keepers else 2.0, -row.keepers))
    return Found(
        share("good photographs", 3, 1), share("photographs", 2, 0), share("picked photographs", 3, 2), tuple(shoots)
    )


def _beware(
    control: Control, part: _Part | None, at_least: Score, unseen: Found | None, tested: Found | None
) -> list[str]:
    if part is None:
        return ["The bundle carries no answers on shoots that it did not learn from: nothing can be said of recall."]
    notes = []
    shoots, keepers = len(part.names), int(part.good.sum())
    if control.kind == "recall" and at_least.value is not None and at_least.value < control.value:
        needed = samples_needed(control.value)
        takes = (
            f" To promise {control.value:g} takes at least {needed:,} of them." if needed and needed > keepers else ""
        )
        notes.append(
            f"If its {keepers:,} good photographs were independent of each other, validation could promise a recall of "
            f"{at_least.value:.3f} with 95 % confidence, and no more; those of one shoot are alike, so that it is "
            f"less.{takes}"
        )
    if shoots < FEW_GROUPS:
        alone = "is one shoot" if shoots == 1 else f"are {shoots} shoots"
        notes.append(f"What is known of recall rests on few shoots: validation {alone}. Yours may be unlike them.")
    if control.kind == "recall" and unseen is None:
        notes.append(
            "The threshold could not be tried on a validation shoot that it was not chosen by: good photographs stand "
            "in one of them alone."
        )
    reached = tested.recall.value if tested is not None else None
    if control.kind == "recall" and reached is not None and reached < control.value:
        notes.append(f"On test shoots, which nothing was chosen by, recall is {reached:.3f}, not {control.value:g}.")
    if control.kind == "recall" and unseen is not None and unseen.recall.value is not None:
        worst = unseen.shoots[0]
        if unseen.recall.value < control.value:
            notes.append(
                f"On shoots that were left out when the threshold was chosen recall is {unseen.recall.value:.3f}, not "
                f"{control.value:g}; the worst is {worst.shoot} with {worst.kept} of {worst.keepers}."
            )
    return notes
