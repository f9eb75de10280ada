"""What the recipe's balance means for a head on features: which train samples count, how often, and what they weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rushes.errors import RecipeError
from rushes.learning.balance import plan_class_weights, plan_epoch, plan_kept
from rushes.learning.recipe import BalanceRecipe

# What a head cannot do that is fitted at once, and what does nearly the same.
_AT_ONCE = {"linear": "is fitted at once", "knn": "learns nothing: it stores its samples"}
_ANEW = ("resample", "level")  # draw other samples every epoch


@dataclass(frozen=True, slots=True)
class HeadBalance:
    """Which train samples a head is fitted to.

    Attributes:
        kept: (kept,) places of the samples, in order.
        times: (kept,) how often each counts.
        class_weights: class -> weight in the loss, or of each vote.
    """

    kept: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    class_weights: Mapping[str, float]


def check_head_balance(head: str, balance: BalanceRecipe) -> None:
    """Raise RecipeError where a balance needs epochs and the head has none."""
    if head not in _AT_ONCE:
        return
    reason = f"a {head} head has no epochs, it {_AT_ONCE[head]}"
    if balance.sampling in _ANEW:
        raise RecipeError(
            f"balance.sampling is '{balance.sampling}', anew every epoch, and {reason}. Take 'undersample', which "
            "draws once, or model.head = 'mlp'"
        )
    if balance.loss == "focal":
        raise RecipeError(f"balance.loss is 'focal', which follows how hard each sample is while it is learnt, and "
                          f"{reason}. Take 'weights' or 'effective-number', or model.head = 'mlp'")  # fmt: skip


def balance_of_first_head(balance: BalanceRecipe) -> BalanceRecipe:
    """Return the balance for the linear head that a fine-tuning starts from: what needs epochs is left to these."""
    return replace(
        balance,
        loss="weights" if balance.loss == "focal" else balance.loss,
        sampling="all" if balance.sampling in _ANEW else balance.sampling,
    )


def plan_head_balance(
    truth: npt.NDArray[np.int64], classes: Sequence[str], balance: BalanceRecipe, *, head: str, seed: int
) -> HeadBalance:
    """Return which samples a head is fitted to; class weights follow from what an epoch of these shows.

    A head without epochs counts a sample that `oversample` repeats several times; an mlp repeats it by itself, anew
    every epoch.

    Args:
        truth: (samples,) index of each train sample's class; every class has one.

    Raises:
        RecipeError: as `check_head_balance`.
    """
    check_head_balance(head, balance)
    kept = plan_kept(truth, balance, seed=seed)
    shown = plan_epoch(truth[kept], balance, np.random.default_rng(seed))
    at_once = head in _AT_ONCE
    times = np.bincount(shown, minlength=len(kept)) if at_once else np.ones(len(kept), np.int64)
    counts = np.bincount(truth[kept][shown], minlength=len(classes))
    weights = plan_class_weights(dict(zip(classes, counts.tolist(), strict=True)), balance)
    return HeadBalance(kept[times > 0], times[times > 0], weights)
