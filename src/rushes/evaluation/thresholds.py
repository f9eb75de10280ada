"""Thresholds: from which probability on a class counts as found, chosen on validation, and what that costs.

A model's answer is its most probable class. A threshold asks another question of one class alone, "is it this?", and
lets a person trade what is missed against what is taken wrongly. It is chosen on validation, never on test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.evaluation.draws import GroupDraws, interval_of
from rushes.evaluation.interval import FEW_GROUPS, Interval
from rushes.evaluation.promises import AFTER_A_CHOICE, CONFIDENCE, lower_bound, samples_needed
from rushes.evaluation.scores import Score
from rushes.evaluation.steps import Bools, Steps, as_stored, fulfils, list_steps, measure_taken, thin_steps
from rushes.evaluation.threshold_costs import NAMES, Costs, Effect, cost_of_each
from rushes.learning.calibration import UNCALIBRATED, Calibration, calibrated
from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions
from rushes.wish import BEST_F1, Wish

SCHEMA = "thresholds/1"
_MOST_RANGES = 12  # classes up to which thresholds are chosen again in every draw though nobody asked for them


@dataclass(frozen=True, slots=True)
class Choice:
    """A threshold that fulfils a wish, or why none does and the one that comes nearest."""

    threshold: float | None
    reason: str = ""
    nearest: float | None = None


@dataclass(frozen=True, slots=True)
class ClassThreshold:
    """The threshold of one class, or why it has none.

    Attributes:
        stated: somebody asked for it; otherwise it is the default, best F1.
        choice: on validation.
        spread: where the threshold comes out when it is chosen again in each draw of groups.
        promised: what the bounded measure can be relied on, from so few samples, in 95 of 100 cases.
        validation, test: what it costs; None without a threshold.
    """

    class_name: str
    wish: Wish
    stated: bool
    choice: Choice
    spread: Interval
    promised: Score
    validation: Costs | None = None
    test: Costs | None = None
    notes: tuple[str, ...] = ()

    @property
    def threshold(self) -> float | None:
        return self.choice.threshold

    def line(self) -> str:
        """Return what it comes to on test and what to beware of, on one line; "" where nobody bounded anything."""
        price = f"on test {self.test.chosen.in_words()}." if self.test and self.wish.bound is not None else ""
        return " ".join(one for one in (price, *self.notes) if one)

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "threshold": self.threshold,
            "reason": self.choice.reason,
            "nearest": self.choice.nearest,
            "wish": str(self.wish),
            "stated": self.stated,
            "low": self.spread.low,
            "high": self.spread.high,
            "promised": self.promised.value,
            "validation": self.validation.to_table() if self.validation else None,
            "test": self.test.to_table() if self.test else None,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of all classes, in their order, and the probabilities they are of.

    Attributes:
        validation, test: with probabilities as they are compared with thresholds: calibrated, where there is a
            calibration.
    """

    per_class: tuple[ClassThreshold, ...]
    validation: Predictions
    test: Predictions
    calibration: Calibration = UNCALIBRATED

    def to_table(self) -> dict[str, dict[str, Any]]:
        """Return class -> its threshold as plain values for JSON."""
        return {one.class_name: one.to_table() for one in self.per_class}

    @property
    def stated(self) -> tuple[ClassThreshold, ...]:
        """Those that somebody asked for."""
        return tuple(one for one in self.per_class if one.stated)

    def notes(self) -> list[str]:
        """Return one line of each threshold that was asked for, its price and what to beware of, and one of all."""
        lines = [f"Threshold of {one.class_name}, {one.wish}: {line}" for one in self.stated if (line := one.line())]
        return [*lines, self.note_on_groups] if self.note_on_groups else lines

    @property
    def note_on_groups(self) -> str:
        """That validation has too few groups for what was asked for; "" where nothing was, or they are many."""
        groups = {one.validation.groups for one in self.stated if one.validation and one.wish.bound is not None}
        if not groups or max(groups) >= FEW_GROUPS:
            return ""
        if max(groups) == 1:
            return "Validation is one group: how thresholds do on others cannot be seen from it."
        return f"Validation has {max(groups)} groups only: on others thresholds may do something else."


def choose_threshold(steps: Steps, wish: Wish, *, class_name: str) -> Choice:
    """Return the threshold that fulfils a wish and does best besides; of equals the strictest.

    `recall`: the one with the fewest false alarms, which is the highest. `precision` and `fpr`: the one that finds
    most. Precision may fall and rise again as the threshold falls; the laxest place at which it holds counts. A
    threshold that finds nothing fulfils no wish.
    """
    if not steps.positives:
        return Choice(None, f"no validation sample is labelled '{class_name}', so no threshold can be chosen for it")
    if not steps.negatives and wish.measure == "fpr":
        return Choice(None, f"every validation sample is labelled '{class_name}', so that there is no false alarm "
                            "to count")  # fmt: skip
    index = int(_choose(steps.tp, steps.fp, wish))
    if index >= 0:
        return Choice(float(steps.thresholds[index]))
    measured = measure_taken(steps.tp, steps.fp, steps.positives, steps.negatives)
    if wish.measure == "precision":
        nearest = int(np.nanargmax(measured["precision"]))
        reached = f"the best precision is {measured['precision'][nearest]:.3f}"
    else:
        nearest = int(np.argmax(steps.tp > 0))
        reached = f"the lowest FPR that finds any is {measured['fpr'][nearest]:.3f}"
    at = float(steps.thresholds[nearest])
    place = f"at {format_threshold(at)}, where recall is {measured['recall'][nearest]:.3f}"
    return Choice(None, f"no threshold reaches {wish} on validation: {reached}, {place}", at)


def choose_thresholds(
    validation: Predictions,
    test: Predictions,
    wishes: Mapping[str, Wish],
    *,
    calibration: Calibration = UNCALIBRATED,
    seed: int = 0,
) -> Thresholds:
    """Choose a threshold for every class on validation, and say what each costs on validation and on test.

    Args:
        wishes: class -> what is wanted; all other classes get the best F1.
        calibration: of the probabilities that thresholds are held against; fitted on validation, never on test.
        seed: of the draws of groups.

    Raises:
        ValueError: the parts are not of the same classes, or a wish is for none of them.
    """
    unknown = [name for name in wishes if name not in test.classes]
    if validation.classes != test.classes or unknown:
        raise ValueError(f"thresholds are of the classes {test.classes}, got {validation.classes} and wishes {unknown}")
    scored, judged = calibrated(validation, calibration), calibrated(test, calibration)
    asked = [wishes.get(name, BEST_F1) for name in test.classes]
    steps = [list_steps(scored.truth == index, scored.probabilities[:, index]) for index in range(len(test.classes))]
    choices = [
        choose_threshold(one, wish, class_name=name) for name, one, wish in zip(test.classes, steps, asked, strict=True)
    ]
    found = [choice.threshold for choice in choices]
    on_validation = cost_of_each(scored, validation, found, asked, seed=seed)
    on_test = cost_of_each(judged, test, found, asked, seed=seed)
    per_class = []
    for index, (name, wish, choice) in enumerate(zip(test.classes, asked, choices, strict=True)):
        spread = Interval(None, None, choice.reason or "it was chosen once only: nobody asked for it")
        if choice.threshold is not None and (name in wishes or len(test.classes) <= _MOST_RANGES):
            spread = _spread(scored, index, steps[index], wish, seed=seed)
        costs = on_validation[index]
        promised = _promise(costs.chosen, wish) if costs else Score(None, choice.reason)
        chosen = ClassThreshold(name, wish, name in wishes, choice, spread, promised, costs, on_test[index])
        per_class.append(replace(chosen, notes=tuple(_notes(chosen, steps[index]))))
    return Thresholds(tuple(per_class), scored, judged, calibration)


def format_threshold(threshold: float) -> str:
    """Return a threshold with three digits that count, seen from 0 or 1, whichever is nearer: `0.0123`, `0.99877`."""
    nearer = min(threshold, 1 - threshold)
    if nearer <= 0:
        return f"{threshold:g}"
    return f"{threshold:.{min(max(2, 2 - int(np.floor(np.log10(nearer)))), 9)}f}"


def _choose(tp: npt.NDArray[np.number], fp: npt.NDArray[np.number], wish: Wish) -> Counts:
    """Return the index of the step to choose, -1 where no step fulfils the wish.

    Args:
        tp, fp: (..., steps), the last step taking all samples.
    """
    measured = measure_taken(tp, fp, tp[..., -1:], fp[..., -1:])
    allowed = fulfils(measured, wish) & (tp > 0)
    goodness = {"recall": -np.asarray(fp, np.float64), "f1": measured["f1"]}.get(wish.measure, np.asarray(tp))
    best = np.where(allowed, goodness, -np.inf).argmax(axis=-1)
    return np.where(allowed.any(axis=-1), best, -1)


def _spread(part: Predictions, index: int, steps: Steps, wish: Wish, *, seed: int) -> Interval:
    """Return where the threshold comes out when it is chosen again in each draw of groups."""
    names, rows = np.unique(np.asarray(part.groups).astype(str), return_inverse=True)
    positive = part.truth == index
    holding = len(np.unique(rows[positive]))
    if holding < 2:
        return interval_of(None, holding)
    draws = GroupDraws(len(names), seed=seed)
    thresholds = thin_steps(steps)
    # The place of a sample is the first, strictest, threshold that takes it.
    places = np.searchsorted(-thresholds, -as_stored(part.probabilities[:, index]), side="left")
    shape = (draws.block_count, len(thresholds))

    def drawn(mask: Bools) -> Floats:
        cells = draws.block_of[rows[mask]] * shape[1] + places[mask]
        return draws.of(np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).cumsum(axis=1))

    chosen = _choose(drawn(positive), drawn(~positive), wish)
    return interval_of(np.where(chosen >= 0, thresholds[chosen], np.nan), holding)


def _counted(effect: Effect, wish: Wish) -> tuple[int, int]:
    """Return the two counts whose ratio a wish bounds."""
    return {
        "recall": (effect.tp, effect.tp + effect.fn),
        "precision": (effect.tp, effect.tp + effect.fp),
        "fpr": (effect.fp, effect.fp + effect.tn),
    }[wish.measure]


def _promise(effect: Effect, wish: Wish) -> Score:
    """Return the bound on the true recall or precision from below, or FPR from above, that the counts allow.

    A threshold that is chosen by the samples of one side lies at one of them, so that the bound on recall and on FPR is
    exact in spite of the choice. Precision was looked at everywhere and the place taken where it held, so that its
    bound is taken stricter.
    """
    if wish.bound is None:
        return Score(None, "best F1 promises nothing")
    part, whole = _counted(effect, wish)
    if wish.measure == "fpr":
        return Score(1 - lower_bound(whole - part, whole))
    return Score(lower_bound(part, whole, confidence=_confidence(wish)))


def _confidence(wish: Wish) -> float:
    return AFTER_A_CHOICE if wish.measure == "precision" else CONFIDENCE


def _notes(chosen: ClassThreshold, steps: Steps) -> list[str]:
    """Return what to beware of with a threshold, in sentences."""
    wish, on_validation, reason = chosen.wish, chosen.validation, chosen.choice.reason
    if on_validation is None:
        return [f"{reason[:1].upper()}{reason[1:]}."]
    if wish.bound is None:
        return []
    notes = _note_on_promise(chosen, on_validation) + _note_on_dips(chosen, steps)
    reached = getattr(chosen.test.chosen, wish.measure).value if chosen.test else None
    if reached is not None and not wish.holds(reached):
        notes.append(f"On test it does not hold: {NAMES[wish.measure]} is {reached:.3f} there.")
    return notes


def _note_on_promise(chosen: ClassThreshold, on_validation: Costs) -> list[str]:
    """Return that the samples are too few to promise what was asked for, where they are."""
    wish, promised = chosen.wish, chosen.promised.value
    if promised is None or wish.bound is None or wish.holds(promised):
        return []
    part, whole = _counted(on_validation.chosen, wish)
    side = "below" if wish.measure == "fpr" else "above"
    note = (
        f"It holds on validation ({part:,} of {whole:,}), but no {NAMES[wish.measure]} {side} {promised:.2f} can be "
        "promised from that with 95 % confidence, and less where samples of one group resemble each other."
    )
    bound = 1 - wish.bound if wish.measure == "fpr" else wish.bound
    needed = samples_needed(bound, confidence=_confidence(wish))
    if needed is None:
        return [f"{note} No number of samples can promise all."]
    kind = {"recall": f"labelled samples of {chosen.class_name}", "precision": "labelled samples that are taken",
            "fpr": f"labelled samples that are not {chosen.class_name}"}[wish.measure]  # fmt: skip
    takes = f"To promise {wish.bound:g} takes at least {needed:,} {kind}."
    return [f"{note} {takes}" if whole < needed else note]


def _note_on_dips(chosen: ClassThreshold, steps: Steps) -> list[str]:
    """Return that precision falls short at stricter thresholds than the chosen one, where it does."""
    if chosen.wish.measure != "precision" or chosen.wish.bound is None or chosen.threshold is None:
        return []
    stricter = steps.thresholds > chosen.threshold
    precision = measure_taken(steps.tp, steps.fp, steps.positives, steps.negatives)["precision"][stricter]
    if not len(precision) or precision.min() >= chosen.wish.bound:
        return []
    return [
        f"At stricter thresholds precision falls to {precision.min():.3f} before it rises again: stricter is not "
        "always surer here."
    ]
