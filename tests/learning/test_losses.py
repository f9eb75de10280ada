"""The loss, on cases worked by hand and against torch's own cross-entropy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from rushes.learning.losses import loss_sum, shot_loss_sum
from rushes.learning.recipe import BalanceRecipe, HeadRecipe, Recipe, TrainingRecipe

EQUAL = torch.ones(2)


def recipe(*, smoothing: float = 0.0, **balance: Any) -> Recipe:
    return Recipe("r", balance=BalanceRecipe(**balance), training=TrainingRecipe(label_smoothing=smoothing))


def logits_of(shares: list[list[float]]) -> torch.Tensor:
    return torch.tensor(shares).log()


def test_focal_loss_of_a_case_worked_by_hand() -> None:
    logits, truth = logits_of([[0.8, 0.2], [0.4, 0.6]]), torch.tensor([0, 0])
    expected = 0.2**2 * -math.log(0.8) * 3 + 0.6**2 * -math.log(0.4) * 3
    found = loss_sum(logits, truth, torch.tensor([3.0, 1.0]), recipe(loss="focal", gamma=2.0))
    assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("balance", [{"loss": "focal", "gamma": 0.0}, {"loss": "weights"}, {"loss": "plain"}])
def test_without_focus_it_is_the_cross_entropy(balance: dict[str, Any], smoothing: float) -> None:
    dice = np.random.default_rng(0)
    logits = torch.from_numpy(dice.normal(0, 3, (40, 5)).astype(np.float32))
    truth = torch.from_numpy(dice.integers(0, 5, 40))
    weights = torch.from_numpy(dice.uniform(0.1, 4, 5).astype(np.float32))
    expected = functional.cross_entropy(logits, truth, weights, reduction="sum", label_smoothing=smoothing)
    found = loss_sum(logits, truth, weights, recipe(smoothing=smoothing, **balance))
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_label_smoothing_of_a_case_worked_by_hand() -> None:
    found = loss_sum(logits_of([[0.8, 0.2]]), torch.tensor([0]), EQUAL, recipe(smoothing=0.2))
    assert found.item() == pytest.approx(0.9 * -math.log(0.8) + 0.1 * -math.log(0.2), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_an_answer_that_is_quite_sure_keeps_loss_and_slope_numbers(gamma: float) -> None:
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)
    loss = loss_sum(logits, torch.tensor([0, 0]), EQUAL, recipe(loss="focal", gamma=gamma))
    loss.backward()
    assert math.isfinite(loss.item())
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_half_precision_is_computed_in_full() -> None:
    logits = torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16)
    assert loss_sum(logits, torch.tensor([0]), EQUAL, recipe()).dtype == torch.float32


def test_ordinal_loss_of_a_case_worked_by_hand() -> None:
    logits, truth = logits_of([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), torch.tensor([0, 1])
    # Cumulative shares of the answers: 0.5, 0.8, 1 and 0.1, 0.3, 1; of the labels: 1, 1, 1 and 0, 1, 1.
    moved = 2 * (0.5**2 + 0.2**2) + 3 * (0.1**2 + 0.7**2)
    entropy = 2 * -math.log(0.5) + 3 * -math.log(0.2)
    weights = torch.tensor([2.0, 3.0, 1.0])
    found = shot_loss_sum(logits, truth, weights, recipe(), HeadRecipe(loss="ordinal"))
    assert found.item() == pytest.approx(moved + entropy, rel=1e-5)


def test_a_nominal_head_counts_as_ever() -> None:
    logits, truth = logits_of([[0.5, 0.3, 0.2]]), torch.tensor([2])
    found = shot_loss_sum(logits, truth, torch.ones(3), recipe(), HeadRecipe())
    assert found.item() == loss_sum(logits, truth, torch.ones(3), recipe()).item()


def test_with_order_a_mistake_costs_more_the_farther_it_is_off() -> None:
    truth = torch.tensor([0])
    near, far = logits_of([[0.2, 0.7, 0.1]]), logits_of([[0.2, 0.1, 0.7]])
    of_order, of_names = HeadRecipe(loss="ordinal"), HeadRecipe()
    costs = [shot_loss_sum(logits, truth, torch.ones(3), recipe(), of_order).item() for logits in (near, far)]
    assert costs[0] < costs[1]
    plain = [shot_loss_sum(logits, truth, torch.ones(3), recipe(), of_names).item() for logits in (near, far)]
    assert plain[0] == pytest.approx(plain[1])
