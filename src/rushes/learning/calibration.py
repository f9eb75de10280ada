"""Calibration: what turns a model's probabilities into ones that come true as often as they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from rushes.errors import is_installed
from rushes.learning.measures import Floats
from rushes.learning.predictions import Predictions

CALIBRATION_FILE = "calibration.json"
SCHEMA = "calibration/1"
Kind = Literal["none", "temperature", "isotonic"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FEWEST_SAMPLES = 20  # of validation, below which nothing is fitted
ISOTONIC_SAMPLES = 200  # a curve has many parameters where a temperature has one
ISOTONIC_PER_CLASS = 40
ISOTONIC_GROUPS = 5
MOST_FOLDS = 10
COLDEST, HOTTEST = 0.05, 20.0
_BOUNDS = (1 / HOTTEST, 1 / COLDEST)
_NEAR = 1e-5  # how near a 1/T has to be come where it is only asked what it does to samples left out
_LEAST = float(np.finfo(np.float32).eps)  # below which a probability counts as this in a log loss, as on test
_TILT = 0.01  # how much of the given probability a curve keeps, so that it is nowhere level
_FLOOR = 1e-12  # a probability of zero is taken for this much, so that no sample alone decides a temperature


@dataclass(frozen=True, slots=True)
class Calibration:
    """A function from probabilities to probabilities.

    Attributes:
        temperature: what log-probabilities are divided by; above 1 it makes answers less sure, below 1 surer. It
            never changes which class is the most probable.
        scores, shares: of `isotonic`, for two classes: where the second class was given a probability of `scores[i]`,
            it was right in `shares[i]` of cases; both rising all the way, straight lines between, from a score of 0
            to one of 1 and through one half at one half: no answer is moved, and no two samples change places.
    """

    kind: Kind = "none"
    temperature: float = 1.0
    scores: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a calibration is one of {', '.join(KINDS)}, not {self.kind!r}")
        if not (np.isfinite(self.temperature) and COLDEST <= self.temperature <= HOTTEST):
            raise ValueError(f"a temperature is between {COLDEST} and {HOTTEST}, got {self.temperature}")
        if self.kind == "isotonic":
            _check_curve(self.scores, self.shares)

    def fits(self, class_count: int) -> bool:
        """Return whether it can be applied to the probabilities of so many classes."""
        return self.kind != "isotonic" or class_count == 2

    def apply(self, probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the calibrated probabilities.

        Args:
            probabilities: (samples, classes), each row summing to 1.

        Returns:
            (samples, classes) float32, each row summing to 1; rows with NaN stay so.

        Raises:
            ValueError: an isotonic curve is of two classes, these are not.
        """
        if not self.fits(probabilities.shape[1]):
            raise ValueError(f"an isotonic calibration is of two classes, got {probabilities.shape[1]}")
        if self.kind == "temperature":
            return _keep_answers(probabilities, _softened(_logarithms(probabilities), 1 / self.temperature))
        if self.kind == "isotonic":
            second = np.interp(probabilities[:, 1], self.scores, self.shares)
            return _keep_answers(probabilities, np.stack([1 - second, second], axis=1))
        return np.asarray(probabilities, np.float32)

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON, without what it was fitted on."""
        table: dict[str, Any] = {"schema": SCHEMA, "kind": self.kind}
        if self.kind == "temperature":
            table["temperature"] = self.temperature
        if self.kind == "isotonic":
            table |= {"scores": list(self.scores), "shares": list(self.shares)}
        return table

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Calibration:
        """Return what `to_table` wrote; other keys are passed over.

        Raises:
            ValueError: it is of another schema, or states what cannot be.
        """
        if table.get("schema") != SCHEMA:
            raise ValueError(f"its schema is {table.get('schema')!r}, this rushes reads '{SCHEMA}'")
        kind = table.get("kind")
        try:
            if kind == "temperature":
                return cls("temperature", temperature=float(table["temperature"]))
            if kind == "isotonic":
                return cls(
                    "isotonic",
                    scores=tuple(float(value) for value in table["scores"]),
                    shares=tuple(float(value) for value in table["shares"]),
                )
        except KeyError as error:
            raise ValueError(f"it is of kind '{kind}' and states no {error}") from error
        except (TypeError, ValueError) as error:
            raise ValueError(f"it is of kind '{kind}', and its numbers cannot be used ({error})") from error
        if kind != "none":
            raise ValueError(f"its kind is {kind!r}; known are {', '.join(KINDS)}")
        return cls()


UNCALIBRATED = Calibration()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibration, and why it is this one.

    Attributes:
        reason: a sentence that says why it was kept, or why there is none.
        samples, group_count: of validation, which it was fitted on.
        folds: into which the groups were put to choose the kind; 0 where nothing was chosen between.
        losses: kind -> its log loss on samples of groups that it was not fitted on, nats per sample.
    """

    calibration: Calibration
    reason: str
    samples: int = 0
    group_count: int = 0
    folds: int = 0
    losses: Mapping[Kind, float] | None = None

    def to_table(self) -> dict[str, Any]:
        """Return the calibration and what it rests on as plain values for JSON."""
        return self.calibration.to_table() | {
            "reason": self.reason,
            "fitted": {
                "part": "validation",
                "samples": self.samples,
                "groups": self.group_count,
                "folds": self.folds,
                "log_loss": dict(self.losses) if self.losses else None,
            },
        }


def calibrated(predictions: Predictions, calibration: Calibration) -> Predictions:
    """Return the same predictions with calibrated probabilities."""
    return replace(predictions, probabilities=calibration.apply(predictions.probabilities))


def fit_calibration(predictions: Predictions) -> Fitted:
    """Return the calibration that is shown to help on groups that it was not fitted on, or none.

    Each kind is fitted with some of the groups left out and its log loss taken on these. A temperature is kept where
    the loss falls by more than one standard error over groups; a curve only where it beats the temperature by as
    much. What is kept is then fitted on all samples.

    Args:
        predictions: of validation; never of test, on which the result is judged.
    """
    groups = np.unique(np.asarray(predictions.groups, dtype=str), return_inverse=True)[1].astype(np.int64).reshape(-1)
    group_count = int(groups.max()) + 1 if len(groups) else 0
    reason = _reason_for_none(predictions, group_count)
    if reason:
        return Fitted(Calibration(), reason, len(predictions), group_count)
    kinds: list[Kind] = ["none", "temperature"]
    curve, without_curve = _may_be_isotonic(predictions, group_count)
    if curve:
        kinds.append("isotonic")
    folds = plan_folds(groups)
    temperature = fit_temperature(predictions.probabilities, predictions.truth)
    losses = _losses_outside(predictions, kinds, folds, beta=1 / temperature)
    kept: Kind = "none"
    for kind in kinds[1:]:
        gain, error = gain_over_groups(losses[kept] - losses[kind], groups)
        if gain > error:
            kept = kind
    calibration = Calibration()
    if kept == "temperature":
        calibration = Calibration("temperature", temperature=temperature)
    elif kept == "isotonic":
        calibration = fit_isotonic(predictions.probabilities, predictions.truth)
    return Fitted(
        calibration=calibration,
        reason=_reason(kept, losses, folds) + without_curve,
        samples=len(predictions),
        group_count=group_count,
        folds=int(folds.max()) + 1,
        losses={kind: float(each.mean()) for kind, each in losses.items()},
    )


def fit_temperature(probabilities: npt.NDArray[np.floating], truth: npt.NDArray[np.integer]) -> float:
    """Return the temperature of least log loss, between `COLDEST` and `HOTTEST`.

    The loss is convex in 1/T (Guo et al., On Calibration of Modern Neural Networks, 2017, section 4.2), so that its
    slope has one zero, which Newton's steps find inside a bracket that every step narrows.

    Args:
        probabilities: (samples, classes), each row summing to 1; zeros are taken for 1e-12.
        truth: (samples,) index of the labelled class.

    Raises:
        ValueError: there are no samples, or a probability is no number.
    """
    if not len(truth) or not np.isfinite(probabilities).all():
        raise ValueError("a temperature is fitted on one sample or more, with probabilities that are numbers")
    logits = _logarithms(probabilities)
    return _temperature_of(_find_beta(logits, _of_label(logits, truth)))


def plan_folds(groups: npt.NDArray[np.integer], *, most: int = MOST_FOLDS) -> npt.NDArray[np.int64]:
    """Return the fold of each sample: whole groups, the largest first into the fold that holds fewest samples.

    Args:
        groups: (samples,) the number of each sample's group, from 0 without gaps.
    """
    sizes = np.bincount(groups)
    filled = np.zeros(min(most, len(sizes)), np.int64)
    fold_of = np.empty(len(sizes), np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    folds: npt.NDArray[np.int64] = fold_of[groups]
    return folds


def gain_over_groups(gains: Floats, groups: npt.NDArray[np.integer]) -> tuple[float, float]:
    """Return the mean of per-sample gains and its standard error, where samples of one group belong together.

    The error is that of a ratio of sums over groups, linearised (Cochran, Sampling Techniques, 1977, section 2.11).

    Args:
        gains: (samples,).
        groups: (samples,) number of the group, two groups or more.
    """
    sizes, sums = np.bincount(groups), np.bincount(groups, weights=gains)
    mean = float(sums.sum() / sizes.sum())
    count = len(sizes)
    spread = float((((sums - mean * sizes) ** 2).sum() * count / (count - 1)) ** 0.5)
    return mean, spread / float(sizes.sum())


def _reason_for_none(predictions: Predictions, group_count: int) -> str:
    """Return why no calibration can be fitted at all; "" where one can."""
    if not len(predictions):
        return "Not calibrated: validation has no samples."
    if not np.isfinite(predictions.probabilities).all():
        return "Not calibrated: validation holds probabilities that are no numbers."
    if len(predictions.classes) < 2:
        return "Not calibrated: with one class there is nothing to be unsure of."
    if len(predictions) < FEWEST_SAMPLES:
        return (
            f"Not calibrated: validation has {len(predictions)} sample{'' if len(predictions) == 1 else 's'}; it "
            f"takes {FEWEST_SAMPLES} or more."
        )
    if group_count < 2:
        return (
            "Not calibrated: all samples of validation are of one group, so that nothing shows whether what fits it "
            "fits others. Label more groups."
        )
    if (predictions.predicted == predictions.truth).all():
        return (
            "Not calibrated: every answer on validation is right, which says nothing of how often sure answers are "
            "wrong."
        )
    return ""


def _may_be_isotonic(predictions: Predictions, group_count: int) -> tuple[bool, str]:
    """Return whether a curve may be tried, and what to say where that lacks nothing but a library."""
    if len(predictions.classes) != 2 or group_count < ISOTONIC_GROUPS or len(predictions) < ISOTONIC_SAMPLES:
        return False, ""
    if np.bincount(predictions.truth, minlength=2).min() < ISOTONIC_PER_CLASS:
        return False, ""
    if not is_installed("sklearn"):
        return False, " An isotonic curve was not tried: it takes scikit-learn (pip install 'rushes[train]')."
    return True, ""


def _losses_outside(
    predictions: Predictions, kinds: Sequence[Kind], folds: npt.NDArray[np.int64], *, beta: float
) -> dict[Kind, Floats]:
    """Return kind -> (samples,) log loss of each sample by the calibration that was fitted without its fold.

    Args:
        beta: 1/T of all samples, near which those of the folds lie.
    """
    probabilities, truth = predictions.probabilities, predictions.truth
    logits = _logarithms(probabilities)
    of_label = _of_label(logits, truth)
    chance: dict[Kind, Floats] = {kind: np.empty(len(truth)) for kind in kinds}
    chance["none"] = _of_label(probabilities.astype(np.float64), truth)
    for fold in range(int(folds.max()) + 1):
        inside, outside = folds == fold, folds != fold
        of_fold = _find_beta(logits[outside], of_label[outside], start=beta, tolerance=_NEAR)
        chance["temperature"][inside] = _of_label(_softened(logits[inside], of_fold), truth[inside])
        if "isotonic" in kinds:
            curve = fit_isotonic(probabilities[outside], truth[outside])
            chance["isotonic"][inside] = _of_label(curve.apply(probabilities[inside]), truth[inside])
    return {kind: -np.log(np.maximum(values, _LEAST)) for kind, values in chance.items()}


def fit_isotonic(probabilities: npt.NDArray[np.floating], truth: npt.NDArray[np.integer]) -> Calibration:
    """Return the rising curve of least squares from the second class's probability to the share that it is right.

    It is fitted on either side of one half by itself and kept to that side, so that no answer moves. The stairs that
    least squares gives become straight lines from the middle of one to that of the next, with a little of the given
    probability mixed in, so that samples keep their order. Shares are kept about 1 / (samples + 2) away from 0 and 1:
    nothing was ever seen often enough to be certain.

    Args:
        probabilities: (samples, 2).
        truth: (samples,) 0 or 1.
    """
    margin = 1 / (len(truth) + 2)
    second = np.asarray(probabilities[:, 1], np.float64)
    scores, shares = [], []
    for side, low, high in ((second < 0.5, margin, 0.5), (second > 0.5, 0.5, 1 - margin)):
        middles, levels = _stairs(second[side], truth[side], low, high)
        scores += [*middles, *([0.5] if high == 0.5 else [])]
        shares += [*levels, *([0.5] if high == 0.5 else [])]
    ends = {0.0: shares[0], **dict(zip(scores, shares, strict=True))}
    ends.setdefault(1.0, shares[-1])
    return Calibration(
        "isotonic",
        scores=tuple(ends),
        shares=tuple(0.5 if score == 0.5 else share + _TILT * (score - share) for score, share in ends.items()),
    )


def _stairs(scores: Floats, truth: npt.NDArray[np.integer], low: float, high: float) -> tuple[list[float], list[float]]:
    """Return the mean score and the level of each stair of the isotonic fit, its levels kept between two bounds."""
    if not len(scores):
        return [], []
    from sklearn.isotonic import IsotonicRegression

    fitted = np.clip(IsotonicRegression().fit(scores, truth).predict(scores), low, high)
    levels, stair_of = np.unique(fitted, return_inverse=True)
    middles = np.bincount(stair_of, scores) / np.bincount(stair_of)
    return middles.tolist(), levels.tolist()


def _reason(kept: Kind, losses: Mapping[Kind, Floats], folds: npt.NDArray[np.int64]) -> str:
    before = float(losses["none"].mean())
    left_out = f"on groups of validation that were left out in turn ({int(folds.max()) + 1} folds)"
    if kept == "none":
        best = min(float(each.mean()) for kind, each in losses.items() if kind != "none")
        return (
            f"Not calibrated: {left_out} nothing lowers the log loss by more than chance between groups may do "
            f"({before:.3f} without, {best:.3f} at best)."
        )
    after = float(losses[kept].mean())
    what = "One temperature for all classes" if kept == "temperature" else "An isotonic curve"
    return f"{what}: {left_out} the log loss falls from {before:.3f} to {after:.3f}."


def _find_beta(logits: Floats, of_label: Floats, *, start: float = 1.0, tolerance: float = 1e-9) -> float:
    """Return the 1/T at which the loss has no slope, or the bound beyond which it would lie."""
    low, high = _BOUNDS
    beta, tried = start, set[float]()
    for _ in range(200):
        tried.add(beta)
        slope, curvature = _slope(logits, of_label, beta)
        if (slope >= 0 and beta == _BOUNDS[0]) or (slope <= 0 and beta == _BOUNDS[1]):
            break
        low, high = (beta, high) if slope < 0 else (low, beta)
        stepped = beta - slope / curvature if curvature > 0 else beta
        if not low < stepped < high:  # an end of the bracket that was not tried yet is tried, otherwise its middle
            end = high if slope < 0 else low
            stepped = (low + high) / 2 if end in tried else end
        if abs(stepped - beta) <= tolerance * beta:
            return stepped
        beta = stepped
    return beta


def _temperature_of(beta: float) -> float:
    return float(np.clip(1 / beta, COLDEST, HOTTEST))


def _of_label(values: npt.NDArray[np.floating], truth: npt.NDArray[np.integer]) -> Floats:
    """Return (samples,) the value of each sample's label."""
    taken: Floats = values[np.arange(len(truth)), truth].astype(np.float64)
    return taken


def _slope(logits: Floats, of_label: Floats, beta: float) -> tuple[float, float]:
    """Return the first and second derivative by 1/T of the mean log loss."""
    soft = _softened(logits, beta)
    mean = np.einsum("ij,ij->i", soft, logits)
    variance = np.einsum("ij,ij,ij->i", soft, logits, logits) - mean**2
    return float((mean - of_label).mean()), float(variance.mean())


def _logarithms(probabilities: npt.NDArray[np.floating]) -> Floats:
    """Return logits that would give these probabilities: the largest of each row is zero."""
    logits: Floats = np.log(np.maximum(np.asarray(probabilities, np.float64), _FLOOR))
    return logits - logits.max(axis=1, keepdims=True) if logits.size else logits


def _softened(logits: Floats, beta: float) -> Floats:
    raised = np.exp(logits * beta)  # the largest logit of a row is 0, so that nothing overflows
    soft: Floats = raised / raised.sum(axis=1, keepdims=True)
    return soft


def _keep_answers(before: npt.NDArray[np.floating], after: Floats) -> npt.NDArray[np.float32]:
    """Return `after` as float32, the class that was first in `before` still first where rounding made equals."""
    rounded = after.astype(np.float32)
    if not rounded.size:
        return rounded
    answers = before.argmax(axis=1)
    moved = np.flatnonzero(rounded.argmax(axis=1) != answers)
    rounded[moved, answers[moved]] = np.nextafter(rounded[moved].max(axis=1), np.float32(1))
    return rounded


def _check_curve(scores: Sequence[float], shares: Sequence[float]) -> None:
    curve = np.array([scores, shares], np.float64) if len(scores) == len(shares) else np.empty((2, 0))
    if not curve.shape[1] or not np.isfinite(curve).all() or curve.min() < 0 or curve.max() > 1:
        raise ValueError("an isotonic curve has as many scores as shares, one or more, all within [0, 1]")
    if (np.diff(curve) <= 0).any():
        raise ValueError("the scores of an isotonic curve rise, and so do its shares")
    if curve[0, 0] != 0 or curve[0, -1] != 1 or abs(np.interp(0.5, *curve) - 0.5) > _NEAR:
        raise ValueError("an isotonic curve leads from a score of 0 to one of 1, and through one half at one half")
