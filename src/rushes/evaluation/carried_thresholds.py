"""Thresholds that travel with a model, chosen elsewhere: what each does on the samples that are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rushes.evaluation.threshold_costs import NAMES, Costs, cost_of_each
from rushes.learning.predictions import Predictions
from rushes.wish import BEST_F1, Wish


@dataclass(frozen=True, slots=True)
class CarriedThreshold:
    """The threshold of one class, as it came.

    Attributes:
        threshold: None where none came for the class.
        wish: what it was chosen for; None where that is not said.
        costs: what it does on the samples that are judged; None without a threshold.
    """

    class_name: str
    threshold: float | None
    wish: Wish | None
    costs: Costs | None

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON, where a `ClassThreshold` has the same."""
        return {
            "threshold": self.threshold,
            "wish": str(self.wish) if self.wish else None,
            "validation": None,
            "test": self.costs.to_table() if self.costs else None,
            "notes": [note] if (note := self.note()) else [],
        }

    def note(self) -> str:
        """Return that the wish does not hold on these samples, where it does not."""
        if self.wish is None or self.wish.bound is None or self.costs is None:
            return ""
        reached = getattr(self.costs.chosen, self.wish.measure).value
        if reached is None or self.wish.holds(reached):
            return ""
        return f"On these samples it does not hold: {NAMES[self.wish.measure]} is {reached:.3f} here."


@dataclass(frozen=True, slots=True)
class CarriedThresholds:
    """The thresholds that came with a model, of all classes in their order; nothing is chosen here.

    Attributes:
        part: of the split that is judged, or `all`.
        watched: what training knew of the samples, as `Judged.watched` has it.
        test: the samples that are judged, with probabilities as they are held against thresholds.
    """

    per_class: tuple[CarriedThreshold, ...]
    part: str
    watched: str
    test: Predictions

    @property
    def is_empty(self) -> bool:
        """Whether no class has one."""
        return all(one.threshold is None for one in self.per_class)

    @property
    def where_chosen(self) -> str:
        """Where they were chosen, and what that makes of their costs here, in sentences."""
        chosen = "Those here came with the model, chosen on the validation of its run; nothing is chosen here."
        here = {
            "chosen": "These samples are that validation, so what they do here flatters.",
            "trained": "Training has seen some or all of these samples, so what they do here flatters.",
            "unknown": "Nobody knows whether training has seen these samples; where it has, what they do flatters.",
        }.get(self.watched, "What they do on these samples, which had no part in the choice, is what to expect.")
        return f"{chosen} {here}"

    def to_table(self) -> dict[str, dict[str, Any]] | None:
        """Return class -> its threshold as plain values for JSON; None where there are none."""
        return None if self.is_empty else {one.class_name: one.to_table() for one in self.per_class}

    def notes(self) -> list[str]:
        """Return what to beware of, in sentences."""
        return [f"Threshold of {one.class_name}, {one.wish}: {note}" for one in self.per_class if (note := one.note())]


def carry_thresholds(
    predictions: Predictions,
    thresholds: Mapping[str, float],
    *,
    wishes: Mapping[str, Wish] | None = None,
    part: str,
    watched: str,
    seed: int = 0,
) -> CarriedThresholds:
    """Return what thresholds that were chosen elsewhere do on samples.

    Args:
        predictions: with the probabilities that thresholds are held against.
        thresholds: class -> its threshold; classes that are not in it have none.
        wishes: class -> what its threshold was chosen for, where that is known.
        part, watched: as `CarriedThresholds` has them.
        seed: of the draws of groups.
    """
    known, classes = wishes or {}, predictions.classes
    costs = cost_of_each(
        predictions,
        predictions,
        [thresholds.get(name) for name in classes],
        [known.get(name, BEST_F1) for name in classes],
        seed=seed,
    )
    per_class = tuple(
        CarriedThreshold(name, thresholds.get(name), known.get(name), cost)
        for name, cost in zip(classes, costs, strict=True)
    )
    return CarriedThresholds(per_class, part, watched, predictions)
