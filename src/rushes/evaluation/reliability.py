"""Reliability: what was said with which probability beside how often it was so, before and after a calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.evaluation.draws import GroupDraws, interval_of
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.honesty import Honesty, measure_honesty
from rushes.evaluation.interval import Interval
from rushes.evaluation.judge import FEW_SAMPLES, estimate_table
from rushes.evaluation.probability_scores import (
    BINS,
    ProbabilityScores,
    scores_of_sums,
    sums_of_groups,
    total,
    unflatten,
)
from rushes.evaluation.scores import Score
from rushes.learning.calibration import Calibration, Fitted, calibrated
from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions

MEASURES = ("ece", "brier", "log_loss")
EACH_DRAWN = 20  # samples of a bin where so few are drawn that bins of equal width would be empty
_NOTHING = "there are no samples"


@dataclass(frozen=True, slots=True)
class Bin:
    """Samples whose probability lies between two bounds.

    Attributes:
        said: the mean of their probabilities.
        came_true: the share of them where it was so, with its interval over groups; undefined below `FEW_SAMPLES`.
        group_count: groups that hold such samples.
    """

    low: float
    high: float
    samples: int
    group_count: int
    said: float | None
    came_true: Estimate

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "samples": self.samples,
            "said": self.said,
            "came_true": estimate_table(self.came_true),
        }


@dataclass(frozen=True, slots=True)
class Side:
    """Scores and reliability of probabilities as the model gave them, or as calibrated.

    Attributes:
        scores: of `MEASURES`.
        answers: bins of the probability of each sample's answer.
        second: bins of the probability of the second class, where there are two; else empty.
        drawn, drawn_second: the same for a diagram: of equal numbers where samples are few, empty where too few.
        honesty, honesty_second: what an honest model would show; None without samples.
    """

    scores: Mapping[str, Estimate]
    answers: tuple[Bin, ...]
    second: tuple[Bin, ...] = ()
    drawn: tuple[Bin, ...] = ()
    drawn_second: tuple[Bin, ...] = ()
    honesty: Honesty | None = None
    honesty_second: Honesty | None = None


@dataclass(frozen=True, slots=True)
class CalibrationJudgement:
    """What a calibration does on samples that it was not fitted on.

    Attributes:
        change: of `MEASURES`, what the score gains from before to after; all are better where lower.
        moved: how many answers are others after it.
        blind: of `MEASURES`, what is scored by giving every sample the shares of training.
    """

    fitted: Fitted
    classes: tuple[str, ...]
    samples: int
    group_count: int
    before: Side
    after: Side
    change: Mapping[str, Estimate]
    moved: int
    blind: Mapping[str, float]

    @property
    def helped(self) -> bool | None:
        """Whether the log loss falls, by an interval that holds no rise; None where that cannot be told."""
        interval = self.change["log_loss"].interval
        if interval.low is None or interval.high is None or interval.low <= 0 <= interval.high:
            return None
        return interval.high < 0

    def scores_table(self) -> dict[str, Any]:
        """Return the scores alone as plain values for JSON, measure by measure."""
        return {
            "samples": self.samples,
            "groups": self.group_count,
            "sentence": sentence_of(self),
            "answers_moved": self.moved,
            "honesty": {"before": _honesty_table(self.before), "after": _honesty_table(self.after)},
            **{
                name: {
                    "before": estimate_table(self.before.scores[name]),
                    "after": estimate_table(self.after.scores[name]),
                    "change": estimate_table(self.change[name]),
                    "prior": self.blind.get(name),
                }
                for name in MEASURES
            },
        }

    def to_table(self) -> dict[str, Any]:
        """Return all of it as plain values for JSON."""
        return self.fitted.to_table() | {
            "test": self.scores_table()
            | {
                "bins": {"before": [one.to_table() for one in self.before.answers],
                         "after": [one.to_table() for one in self.after.answers]},
                "bins_of_second_class": {"before": [one.to_table() for one in self.before.second],
                                         "after": [one.to_table() for one in self.after.second]},
            }
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far probabilities can be taken at their word as they are given; nothing is fitted, and nothing compared.

    Attributes:
        calibration: what was applied to them before they came here; `none` where they are the model's own.
        watched: what training knew of the samples, as `Judged.watched` has it.
        blind: of `MEASURES`, what is scored by giving every sample the shares of training.
    """

    calibration: Calibration
    watched: str
    classes: tuple[str, ...]
    samples: int
    group_count: int
    given: Side
    blind: Mapping[str, float]

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON, where a `CalibrationJudgement` has what is after a calibration."""
        return self.calibration.to_table() | {
            "applied": self.calibration.kind != "none",
            "test": {
                "samples": self.samples,
                "groups": self.group_count,
                "sentence": sentence_of_given(self),
                "honesty": {"after": _honesty_table(self.given)},
                **{
                    name: {"after": estimate_table(self.given.scores[name]), "prior": self.blind.get(name)}
                    for name in MEASURES
                },
                "bins": {"after": [one.to_table() for one in self.given.answers]},
                "bins_of_second_class": {"after": [one.to_table() for one in self.given.second]},
            },
        }


def judge_reliability(
    calibration: Calibration, given: Predictions, *, watched: str, blind: Mapping[str, float], seed: int = 0
) -> Reliability:
    """Judge probabilities as they are given; the arguments are as `Reliability` has them.

    Args:
        given: with the probabilities as they are answered, after the calibration.
        seed: of the draws of groups.
    """
    grouping = _grouped(given, seed)
    once, drawn = _scores(given, grouping)
    return Reliability(
        calibration=calibration,
        watched=watched,
        classes=given.classes,
        samples=len(given),
        group_count=grouping.group_count,
        given=_side(given, grouping, _estimates(once, drawn, grouping.group_count), seed),
        blind={name: blind[name] for name in MEASURES if name in blind},
    )


def sentence_of_given(judged: Reliability) -> str:
    """Return how far the probabilities are from what comes true, in words."""
    error = judged.given.scores["ece"]
    if error.value is None:
        return "There are no samples to see it on."
    interval = error.interval
    ends = "" if interval.low is None or interval.high is None else f" ({interval.low:.3f} to {interval.high:.3f})"
    whose = "calibrated already" if judged.calibration.kind != "none" else "the model's own"
    said = f"ECE on these samples is {error.value:.3f}{ends}; the probabilities are {whose}."
    return f"{said} {_beyond_chance(judged.given)}".strip()


def judge_calibration(
    fitted: Fitted, test: Predictions, *, blind: Mapping[str, float], seed: int = 0
) -> CalibrationJudgement:
    """Judge a calibration on samples that it was not fitted on.

    Args:
        test: with the probabilities as the model gave them.
        blind: metric -> what the shares of training score on the same samples.
        seed: of the draws of groups, which are the same for before and after.
    """
    grouping = _grouped(test, seed)
    changed = calibrated(test, fitted.calibration)
    before, drawn_before = _scores(test, grouping)
    after, drawn_after = _scores(changed, grouping)

    return CalibrationJudgement(
        fitted=fitted,
        classes=test.classes,
        samples=len(test),
        group_count=grouping.group_count,
        before=_side(test, grouping, _estimates(before, drawn_before, grouping.group_count), seed),
        after=_side(changed, grouping, _estimates(after, drawn_after, grouping.group_count), seed),
        change={
            name: _change(
                float(getattr(after, name) - getattr(before, name)),
                None
                if drawn_before is None or drawn_after is None
                else getattr(drawn_after, name) - getattr(drawn_before, name),
                grouping.group_count,
            )
            for name in MEASURES
        },
        moved=int((changed.predicted != test.predicted).sum()),
        blind={name: blind[name] for name in MEASURES if name in blind},
    )


def sentence_of(judged: CalibrationJudgement) -> str:
    """Return whether the calibration helps on test, in words."""
    before, after = judged.before.scores["ece"].value, judged.after.scores["ece"].value
    if before is None or after is None:
        return "There are no test samples to see a calibration on."
    if judged.fitted.calibration.kind == "none":
        own = f"ECE on test is {before:.3f}; the probabilities are the model's own."
        return " ".join(one for one in (own, _beyond_chance(judged.before), judged.fitted.reason) if one)
    moves = f"{_move('ECE on test', 'ece', judged)}, {_move('the log loss', 'log_loss', judged)}"
    verdict = {
        True: "Calibration helps",
        False: "Calibration does harm here",
        None: "Whether calibration helps cannot be told from these groups",
    }[judged.helped]
    return f"{verdict}: {moves}. {_beyond_chance(judged.after)}".strip()


def _beyond_chance(side: Side) -> str:
    """Return whether the calibration error is more than an honest model would show by chance, in words."""
    honesty, error = side.honesty, side.scores["ece"].value
    if honesty is None or error is None:
        return ""
    ends = f"{honesty.ece_low:.3f} to {honesty.ece_high:.3f}"
    if error <= honesty.ece_high:
        return f"A perfectly calibrated model that is as sure would show {ends} by chance: no error is shown."
    lean = f", and on average it is {honesty.leaning}" if honesty.leaning else ""
    return f"That is more than the {ends} that a perfectly calibrated model would show by chance{lean}."


def _honesty_table(side: Side) -> dict[str, Any] | None:
    return side.honesty.to_table() if side.honesty else None


def _move(word: str, name: str, judged: CalibrationJudgement) -> str:
    before, after = (side.scores[name].value or 0.0 for side in (judged.before, judged.after))
    change = judged.change[name].interval
    way = "stays at" if f"{before:.3f}" == f"{after:.3f}" else "falls" if after < before else "rises"
    moved = f"{word} stays at {before:.3f}" if way == "stays at" else f"{word} {way} from {before:.3f} to {after:.3f}"
    if change.low is None or change.high is None:
        return moved
    return f"{moved} (change between {_signed(change.low)} and {_signed(change.high)})"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\u2212")


@dataclass(frozen=True, slots=True)
class _Grouping:
    """The group of each sample, and how often each is drawn; no draws where there are fewer than two."""

    group_of: Counts
    group_count: int
    draws: GroupDraws | None

    @property
    def block_of(self) -> Counts:
        return self.group_of if self.draws is None else self.draws.block_of[self.group_of]

    @property
    def block_count(self) -> int:
        return self.group_count if self.draws is None else self.draws.block_count


def _grouped(predictions: Predictions, seed: int) -> _Grouping:
    names, group_of = np.unique(np.asarray(predictions.groups, dtype=str), return_inverse=True)
    draws = GroupDraws(len(names), seed=seed) if len(names) > 1 else None
    return _Grouping(group_of.astype(np.int64).reshape(-1), len(names), draws)


def _scores(predictions: Predictions, grouping: _Grouping) -> tuple[ProbabilityScores, ProbabilityScores | None]:
    """Return the scores, and those of every draw."""
    sums = sums_of_groups(predictions.truth, predictions.probabilities, grouping.block_of, grouping.block_count)
    drawn = None
    if grouping.draws is not None:
        drawn = scores_of_sums(unflatten(grouping.draws.of(sums.flat()), len(predictions.classes)))
    return scores_of_sums(total(sums)), drawn


def _side(predictions: Predictions, grouping: _Grouping, scores: Mapping[str, Estimate], seed: int) -> Side:
    right = predictions.predicted == predictions.truth
    confidence = predictions.probabilities.max(axis=1) if len(predictions) else np.zeros(0)
    answers = bin_samples(confidence, right, grouping)
    side = Side(
        scores,
        answers,
        drawn=_bins_to_draw(confidence, right, grouping, answers),
        honesty=measure_honesty(confidence, right, seed=seed),
    )
    if len(predictions.classes) != 2:
        return side
    said, so = predictions.probabilities[:, 1], predictions.truth == 1
    second = bin_samples(said, so, grouping)
    return replace(
        side,
        second=second,
        drawn_second=_bins_to_draw(said, so, grouping, second),
        honesty_second=measure_honesty(said, so, seed=seed),
    )


def bin_samples(said: npt.NDArray[np.floating], so: npt.NDArray[np.bool_], grouping: _Grouping) -> tuple[Bin, ...]:
    """Return the samples in bins of equal width by what was said of them; those without samples are left out.

    Args:
        said: (samples,) probabilities.
        so: (samples,) whether it was so.
    """
    values = np.asarray(said, np.float64)
    bin_of = np.minimum((values * BINS).astype(np.int64), BINS - 1)
    return _binned(values, so, grouping, bin_of, [(index / BINS, (index + 1) / BINS) for index in range(BINS)])


def _bins_to_draw(
    said: npt.NDArray[np.floating], so: npt.NDArray[np.bool_], grouping: _Grouping, equal_widths: tuple[Bin, ...]
) -> tuple[Bin, ...]:
    """Return the bins of a diagram: those of equal width, or of equal numbers where few samples would leave these thin.

    Samples of one probability stay together. Too few for two bins give none.
    """
    bins = len(said) // EACH_DRAWN
    if bins >= BINS:
        return equal_widths
    if bins < 2:
        return ()
    values = np.asarray(said, np.float64)
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="higher"))
    bin_of = np.searchsorted(edges, values, side="right")
    filled, bin_of = np.unique(bin_of, return_inverse=True)
    bin_of = bin_of.astype(np.int64).reshape(-1)
    bounds = [(float(values[bin_of == one].min()), float(values[bin_of == one].max())) for one in range(len(filled))]
    return _binned(values, so, grouping, bin_of, bounds)


def _binned(
    values: Floats,
    so: npt.NDArray[np.bool_],
    grouping: _Grouping,
    bin_of: Counts,
    bounds: Sequence[tuple[float, float]],
) -> tuple[Bin, ...]:
    """Return the bins that hold samples.

    Args:
        bin_of: (samples,) index into `bounds`, the lower and upper end of each bin.
    """
    bins = len(bounds)

    def over_blocks(weights: Floats | None) -> Floats:
        cells = grouping.block_of * bins + bin_of
        counted = np.bincount(cells, weights, minlength=grouping.block_count * bins)
        return counted.reshape(grouping.block_count, bins).astype(np.float64)

    samples, true, saying = over_blocks(None), over_blocks(so.astype(np.float64)), over_blocks(values)
    shares = None
    if grouping.draws is not None:
        drawn_true, drawn_samples = grouping.draws.of(true), grouping.draws.of(samples)
        shares = np.divide(drawn_true, drawn_samples, out=np.full(drawn_true.shape, np.nan), where=drawn_samples > 0.5)
    found = []
    for index in np.flatnonzero(samples.sum(axis=0)).tolist():
        count = int(samples[:, index].sum())
        feeding = len(np.unique(grouping.group_of[bin_of == index]))
        share = None if shares is None else shares[:, index]
        found.append(
            Bin(
                low=bounds[index][0],
                high=bounds[index][1],
                samples=count,
                group_count=feeding,
                said=float(saying[:, index].sum()) / count,
                came_true=_came_true(float(true[:, index].sum()) / count, share, count, feeding),
            )
        )
    return tuple(found)


def _came_true(share: float, drawn: Floats | None, samples: int, group_count: int) -> Estimate:
    if samples < FEW_SAMPLES:
        reason = f"fewer than {FEW_SAMPLES} samples"
        return Estimate(Score(None, reason), Interval(None, None, reason))
    return Estimate(Score(share), interval_of(drawn, group_count))


def _estimates(once: ProbabilityScores, drawn: ProbabilityScores | None, group_count: int) -> dict[str, Estimate]:
    return {
        name: _estimate(float(getattr(once, name)), None if drawn is None else getattr(drawn, name), group_count)
        for name in MEASURES
    }


def _change(value: float, drawn: Floats | None, group_count: int) -> Estimate:
    score = Score(None, _NOTHING) if np.isnan(value) else Score(value)
    return Estimate(score, interval_of(drawn, group_count, is_difference=True))


def _estimate(value: float, drawn: Floats | None, group_count: int) -> Estimate:
    score = Score(None, _NOTHING) if np.isnan(value) else Score(value)
    return Estimate(score, interval_of(drawn, group_count))
