"""How unequal the classes are: in each part of a split, and in training before and after the recipe's balance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushes.learning.balance import Suggestion, count_kept, count_shown, plan_class_weights, suggest_balance
from rushes.learning.recipe import BalanceRecipe


@dataclass(frozen=True, slots=True)
class ClassLoad:
    """What one class is in training.

    Attributes:
        labelled: training samples.
        kept: of them, those that `balance.remove` leaves.
        shown: samples that an epoch shows, repetitions counted.
        weight: of each shown sample in the loss; their mean over an epoch is 1. 0 where none is shown.
        share: of all that the loss adds up over an epoch, 0 to 1.
    """

    name: str
    labelled: int
    kept: int
    shown: int
    weight: float
    share: float

    def to_table(self) -> dict[str, Any]:
        return {
            "class": self.name,
            "labelled": self.labelled,
            "kept": self.kept,
            "shown": self.shown,
            "weight": self.weight,
            "share": self.share,
        }


@dataclass(frozen=True, slots=True)
class Balanced:
    """What a recipe's balance makes of the training classes.

    Attributes:
        recipe: its name.
        labelled_ratio: times as many samples in the largest class as in the smallest that has any, before.
        shown_ratio: the same, of what an epoch shows.
        load_ratio: the same, of what the loss adds up.
        is_focal: the loss also turns to what is hard while it learns, which no number here foresees.
    """

    recipe: str
    loads: tuple[ClassLoad, ...]
    is_focal: bool = False

    @property
    def labelled_ratio(self) -> float | None:
        return ratio_of([load.labelled for load in self.loads])

    @property
    def shown_ratio(self) -> float | None:
        return ratio_of([load.shown for load in self.loads])

    @property
    def load_ratio(self) -> float | None:
        return ratio_of([load.share for load in self.loads])

    def to_table(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe,
            "labelled_ratio": self.labelled_ratio,
            "shown_ratio": self.shown_ratio,
            "load_ratio": self.load_ratio,
            "focal": self.is_focal,
            "classes": [load.to_table() for load in self.loads],
        }


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the class shares of a part are from those of train.

    Attributes:
        part: `validation` or `test`.
        total_variation: the share of its samples that would have to be of another class for the shares to be equal.
        by_chance: what it would be on average had both parts been drawn sample by sample from the same classes.
    """

    part: str
    total_variation: float
    by_chance: float

    def to_table(self) -> dict[str, Any]:
        return {"part": self.part, "total_variation": self.total_variation, "by_chance": self.by_chance}


@dataclass(frozen=True, slots=True)
class Imbalance:
    """How unequal the classes are.

    Attributes:
        counts: part -> class -> samples; one part, `all`, where there is no split.
        distances: of the held-out parts from train; () without a split.
        suggestion: what the numbers of training samples suggest.
        balanced: what the recipe does about it; None where none was given.
    """

    counts: Mapping[str, Mapping[str, int]]
    distances: tuple[Distance, ...]
    suggestion: Suggestion
    balanced: Balanced | None = None

    @property
    def trained(self) -> Mapping[str, int]:
        """The counts of the part that is trained on: `train`, or all where there is no split."""
        return self.counts["train"] if "train" in self.counts else self.counts["all"]

    def to_table(self) -> dict[str, Any]:
        return {
            "counts": {part: dict(found) for part, found in self.counts.items()},
            "ratios": {part: ratio_of(list(found.values())) for part, found in self.counts.items()},
            "distances": [one.to_table() for one in self.distances],
            "suggestion": {"sentence": self.suggestion.sentence, "changes": list(self.suggestion.changes)},
            "balanced": self.balanced.to_table() if self.balanced else None,
        }


def measure_imbalance(
    counts: Mapping[str, Mapping[str, int]],
    *,
    balance: BalanceRecipe | None = None,
    recipe: str = "",
    kind: str = "cnn",
) -> Imbalance:
    """Return how unequal the classes are.

    Args:
        counts: part -> class -> samples, or `all` -> class -> samples.
        balance: what a recipe does; `recipe` is its name and `kind` that of its model.
    """
    trained = counts["train"] if "train" in counts else counts["all"]
    distances = tuple(
        Distance(part, total_variation(trained, counts[part]), expected_variation(trained, counts[part]))
        for part in ("validation", "test")
        if sum(counts.get(part, {}).values()) and sum(trained.values())
    )
    return Imbalance(
        counts=counts,
        distances=distances,
        suggestion=suggest_balance(trained, kind=kind),
        balanced=apply_balance(trained, balance, recipe=recipe) if balance is not None else None,
    )


def apply_balance(counts: Mapping[str, int], balance: BalanceRecipe, *, recipe: str = "") -> Balanced:
    """Return what a balance makes of these numbers of training samples, as the training will count them."""
    kept = count_kept(counts, balance)
    truth = np.repeat(np.arange(len(kept)), list(kept.values()))
    shown = dict(zip(kept, count_shown(truth, balance, len(kept)).tolist(), strict=True))
    present = {name: number for name, number in shown.items() if number}
    weights = plan_class_weights(present, balance) if present else {}
    loads = {name: number * weights[name] for name, number in present.items()}
    total = sum(loads.values())
    return Balanced(
        recipe=recipe,
        loads=tuple(
            ClassLoad(
                name=name,
                labelled=counts[name],
                kept=kept[name],
                shown=shown[name],
                weight=weights.get(name, 0.0),
                share=loads.get(name, 0.0) / total if total else 0.0,
            )
            for name in counts
        ),
        is_focal=balance.loss == "focal",
    )


def ratio_of(numbers: Sequence[float]) -> float | None:
    """Return how many times the largest is of the smallest above 0; None where not two are above 0."""
    present = [number for number in numbers if number > 0]
    return max(present) / min(present) if len(present) > 1 else None


def total_variation(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Return half the sum of the differences between two mixes' shares, 0 to 1; both hold samples."""
    return 0.5 * sum(abs(p - q) for p, q in _shares(one, other))


def expected_variation(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Return the total variation that two draws of these sizes have on average where the classes do not differ.

    Each class's difference is taken for normal around 0, with the variance of two binomial shares; samples of one
    film are alike, so that parts made of whole films differ by more than this.
    """
    sizes = sum(one.values()), sum(other.values())
    pooled = [(one.get(name, 0) + other.get(name, 0)) / sum(sizes) for name in dict(one) | dict(other)]
    spread = sum(math.sqrt(share * (1 - share)) for share in pooled)
    return min(1.0, 0.5 * spread * math.sqrt((1 / sizes[0] + 1 / sizes[1]) * 2 / math.pi))


def _shares(one: Mapping[str, int], other: Mapping[str, int]) -> list[tuple[float, float]]:
    sizes = sum(one.values()), sum(other.values())
    return [(one.get(name, 0) / sizes[0], other.get(name, 0) / sizes[1]) for name in dict(one) | dict(other)]
