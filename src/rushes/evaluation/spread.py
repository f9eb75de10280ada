"""How far groups lie apart: the spread of their accuracies, beside the spread that chance alone would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rushes.evaluation.markup import counted, number
from rushes.evaluation.scores import GroupScores

_NORMAL_95 = 1.644854  # one-sided
_FEWEST_FOR_QUARTILES = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """How the accuracies of groups lie; every group counts alike.

    Attributes:
        groups: how many.
        lowest, lower_quartile, median, upper_quartile, highest: accuracies.
        deviation: standard deviation between the groups.
        by_chance: the standard deviation that groups of these sizes would have if all were as hard as each other, and
            each sample right or wrong by itself.
        chi_square: the squared deviations from the accuracy of all samples, each in units of its chance; as large as
            the number of groups less one, on average, if chance is all there is.
    """

    groups: int
    lowest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    highest: float
    deviation: float
    by_chance: float
    chi_square: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether fewer than one draw in twenty by chance alone would lie so far apart.

        By the chi-square of the deviations, its 95 % point after Wilson and Hilferty, 1931.
        """
        freedom = self.groups - 1
        part = 2 / (9 * freedom)
        most: float = freedom * (1 - part + _NORMAL_95 * part**0.5) ** 3
        return self.chi_square > most

    @property
    def sentence(self) -> str:
        """What it says, for a reader."""
        if self.groups < _FEWEST_FOR_QUARTILES:
            lie = f"The {counted(self.groups, 'group')} lie between {number(self.lowest)} and {number(self.highest)}"
        else:
            lie = (
                f"Half of the {counted(self.groups, 'group')} lie between {number(self.lower_quartile)} and "
                f"{number(self.upper_quartile)}, the median at {number(self.median)}, the worst at "
                f"{number(self.lowest)}, the best at {number(self.highest)}"
            )
        said = (
            f"{lie}. They deviate by {number(self.deviation)}; groups of these sizes that were all as hard as each "
            f"other would by {number(self.by_chance)}"
        )
        if self.is_beyond_chance:
            return f"{said}: how well it works hangs on the group, so expect a new one anywhere in this range."
        return f"{said}: no more than chance would explain."

    def to_table(self) -> dict[str, Any]:
        """Return the spread as plain values for JSON."""
        return asdict(self)


def spread_of(groups: Sequence[GroupScores]) -> Spread | None:
    """Return the spread of groups; None of fewer than two."""
    if len(groups) < 2:
        return None
    accuracies = np.array([one.accuracy.value for one in groups], np.float64)
    sizes = np.array([one.samples for one in groups], np.float64)
    whole = float((accuracies * sizes).sum() / sizes.sum())
    chances = np.maximum(whole * (1 - whole) / sizes, np.finfo(np.float64).tiny)
    low, first, middle, third, high = (float(at) for at in np.quantile(accuracies, [0, 0.25, 0.5, 0.75, 1]))
    return Spread(
        groups=len(groups),
        lowest=low,
        lower_quartile=first,
        median=middle,
        upper_quartile=third,
        highest=high,
        deviation=float(accuracies.std(ddof=1)),
        by_chance=float(np.sqrt(np.mean(whole * (1 - whole) / sizes))),
        chi_square=float((np.square(accuracies - whole) / chances).sum()),
    )
