"""What is done about classes of unequal numbers: which samples an epoch shows, and what each class weighs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from rushes.learning.recipe import BalanceRecipe


def plan_class_weights(counts: Mapping[str, int], balance: BalanceRecipe) -> dict[str, float]:
    """Return class -> weight in the loss: 1 each, or such that every class weighs the same in all.

    Args:
        counts: class -> number of samples that an epoch shows, all above 0.
    """
    if balance.loss == "plain":
        return dict.fromkeys(counts, 1.0)
    total = sum(counts.values())
    return {name: total / (len(counts) * count) for name, count in counts.items()}


def plan_kept(truth: npt.NDArray[np.int64], balance: BalanceRecipe, *, seed: int) -> npt.NDArray[np.int64]:
    """Return the places of the training samples that are kept for the whole training, in order.

    Args:
        truth: (samples,) index of each sample's class.
    """
    return np.arange(len(truth))


def plan_epoch(
    truth: npt.NDArray[np.int64], balance: BalanceRecipe, dice: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return the places of the samples that one epoch shows, in the order in which it does; some may come twice.

    Args:
        truth: (samples,) index of each kept sample's class.
    """
    return dice.permutation(len(truth))
