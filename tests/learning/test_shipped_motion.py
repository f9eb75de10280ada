from __future__ import annotations

import numpy as np
import pytest
import torch

from rushes.footage.movement import FEATURES, MOVEMENTS, are_movements
from rushes.footage.movement_model import movement_model
from rushes.learning.shipped_motion import shipped_motion
from rushes.models.motion import build_motion


def made_up(count: int) -> np.ndarray:
    dice = np.random.default_rng(3)
    model = movement_model()
    return (model.means + model.scales * dice.normal(0, 1.5, (count, len(FEATURES)))).astype(np.float32)


def test_the_module_answers_as_the_model_that_comes_with_rushes() -> None:
    features = made_up(64)
    nothing = torch.zeros(64, 1, 1)
    logits = shipped_motion(MOVEMENTS)(torch.from_numpy(features), nothing, nothing[:, :, 0] > 0)
    wanted = movement_model().scores(features)
    assert torch.softmax(logits, dim=1).numpy() == pytest.approx(wanted, abs=1e-4)
    assert len(set(wanted.argmax(axis=1).tolist())) > 1


def test_its_answers_stand_in_the_order_of_the_task() -> None:
    features = torch.from_numpy(made_up(8))
    mask = torch.zeros(8, 1) > 0
    usual = shipped_motion(MOVEMENTS)(features, features[:, :1, None], mask)
    turned = shipped_motion(("Pull", "Push", "Motion", "Static"))(features, features[:, :1, None], mask)
    assert torch.equal(usual.flip(1), turned)


def test_another_module_of_its_shape_takes_its_numbers() -> None:
    module = shipped_motion(MOVEMENTS)
    other = build_motion(
        "shipped", 4, aggregates=len(FEATURES), columns=1, rounds=module.rounds, depth=module.depth, width=1
    )
    other.load_state_dict(module.state_dict())


def test_it_answers_the_four_movements_alone() -> None:
    assert are_movements(("push", "PULL", "static", "Motion"))
    assert not are_movements(("push", "pull", "static"))
