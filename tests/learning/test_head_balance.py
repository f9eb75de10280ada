from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rushes.errors import RecipeError
from rushes.learning.head_balance import balance_of_first_head, check_head_balance, plan_head_balance
from rushes.learning.recipe import HEADS, BalanceRecipe

CLASSES = ("common", "rare")
TRUTH = np.array([0, 1, 0, 0, 0, 1, 0, 0], np.int64)


def test_without_a_balance_every_sample_counts_once() -> None:
    for head in HEADS:
        plan = plan_head_balance(TRUTH, CLASSES, BalanceRecipe(loss="plain"), head=head, seed=0)
        assert plan.kept.tolist() == list(range(8))
        assert plan.times.tolist() == [1] * 8
        assert plan.class_weights == {"common": 1.0, "rare": 1.0}


def test_weights_follow_from_what_is_kept() -> None:
    plan = plan_head_balance(TRUTH, CLASSES, BalanceRecipe(), head="linear", seed=0)
    counts = {name: int((TRUTH[plan.kept] == index).sum()) for index, name in enumerate(CLASSES)}
    assert plan.class_weights["common"] * counts["common"] == pytest.approx(plan.class_weights["rare"] * counts["rare"])


@pytest.mark.parametrize("head", ["linear", "knn"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"sampling": "resample"},
            r"balance\.sampling is 'resample', anew.*, and a (linear|knn) head has no epochs",
        ),
        ({"loss": "focal"}, r"balance\.loss is 'focal'.*a (linear|knn) head has no epochs.*model\.head = 'mlp'"),
    ],
)
def test_what_needs_epochs_is_refused_where_a_head_has_none(head: str, change: dict[str, str], message: str) -> None:
    balance = replace(BalanceRecipe(), **change)
    with pytest.raises(RecipeError, match=message):
        check_head_balance(head, balance)
    with pytest.raises(RecipeError, match=message):
        plan_head_balance(TRUTH, CLASSES, balance, head=head, seed=0)
    check_head_balance("mlp", balance)


def test_the_head_that_a_fine_tuning_starts_from_leaves_to_its_epochs_what_needs_them() -> None:
    found = balance_of_first_head(BalanceRecipe(loss="focal", sampling="resample", remove=0.2))
    assert found == BalanceRecipe(loss="weights", sampling="all", remove=0.2)
    kept = BalanceRecipe(loss="plain", sampling="undersample")
    assert balance_of_first_head(kept) == kept


@pytest.mark.parametrize("head", HEADS)
def test_samples_that_are_removed_or_not_drawn_are_not_fitted_and_weights_follow(head: str) -> None:
    removed = plan_head_balance(TRUTH, CLASSES, BalanceRecipe(remove=0.5), head=head, seed=0)
    assert np.bincount(TRUTH[removed.kept]).tolist() == [3, 2]
    assert removed.class_weights == {"common": pytest.approx(5 / 6), "rare": pytest.approx(5 / 4)}
    drawn = plan_head_balance(TRUTH, CLASSES, BalanceRecipe(sampling="undersample"), head=head, seed=0)
    assert np.bincount(TRUTH[drawn.kept]).tolist() == [2, 2]
    assert drawn.times.tolist() == [1] * 4
    assert drawn.class_weights == {"common": 1.0, "rare": 1.0}


def test_a_head_without_epochs_counts_what_is_repeated_and_one_with_epochs_repeats_it_itself() -> None:
    balance = BalanceRecipe(sampling="oversample")
    for head in ("linear", "knn"):
        plan = plan_head_balance(TRUTH, CLASSES, balance, head=head, seed=0)
        assert plan.kept.tolist() == list(range(8))
        assert np.bincount(TRUTH, weights=plan.times).tolist() == [6, 6]
        assert plan.class_weights == {"common": 1.0, "rare": 1.0}
    plan = plan_head_balance(TRUTH, CLASSES, balance, head="mlp", seed=0)
    assert plan.times.tolist() == [1] * 8
    assert plan.class_weights == {"common": 1.0, "rare": 1.0}
