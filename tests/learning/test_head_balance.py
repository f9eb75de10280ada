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
