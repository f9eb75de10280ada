from __future__ import annotations

from typing import Any

import pytest
import torch

from rushes.datasets.preprocessing import Preprocessing
from rushes.learning.rates import optimiser_groups, plan_rates, plateau_share, rate_share
from rushes.learning.recipe import Recipe, TrainingRecipe
from rushes.learning.recipe_files import parse_recipe
from rushes.models.backbones import Backbone, free_last_stages, stage_of_parameters
from rushes.models.network import build_network


def recipe(kind: str = "finetune", **training: Any) -> Recipe:
    return parse_recipe({"name": "r", "model": {"kind": kind}, "training": training}, where="r.toml")


def test_each_stage_learns_slower_than_the_one_after_it_and_the_head_fastest() -> None:
    names = ["body.stem.weight", "body.first.weight", "body.last.weight", "head.weight"]
    stages = {"stem.weight": 2, "first.weight": 1, "last.weight": 0}
    settings = TrainingRecipe(backbone_rate=0.2, stage_decay=0.5)
    # Worked by hand: 0.2 · 0.5², 0.2 · 0.5, 0.2.
    assert plan_rates(names, stages, settings, "finetune") == pytest.approx(
        {"body.stem.weight": 0.05, "body.first.weight": 0.1, "body.last.weight": 0.2, "head.weight": 1.0}
    )


def test_a_network_from_scratch_learns_at_one_rate() -> None:
    settings = TrainingRecipe(backbone_rate=0.2, stage_decay=0.5)
    assert plan_rates(["body.0.weight", "head.bias"], {}, settings, "cnn") == {"body.0.weight": 1.0, "head.bias": 1.0}


def test_an_optimiser_is_given_every_parameter_that_is_trained_once() -> None:
    network = build_network(Backbone("test_resnet"), ["a", "b"], Preprocessing(64, 64))
    free_last_stages(network.body, 2)
    groups = optimiser_groups(network, recipe(backbone_rate=0.1, stage_decay=0.5))
    assert [group["share"] for group in groups] == pytest.approx([0.05, 0.1, 1.0])
    given = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(given) == len(set(given))
    assert set(given) == {id(parameter) for parameter in network.parameters() if parameter.requires_grad}
    torch.optim.AdamW(groups, lr=1e-3)


def test_without_decay_a_backbone_needs_no_stages() -> None:
    network = build_network(Backbone("test_resnet"), ["a", "b"], Preprocessing(64, 64))
    network.body = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 4))
    assert [group["share"] for group in optimiser_groups(network, recipe())] == [0.1, 1.0]


def test_a_frozen_backbone_leaves_the_head_alone_to_be_trained() -> None:
    network = build_network(Backbone("test_vit"), ["a", "b"], Preprocessing(160, 160))
    free_last_stages(network.body, 0)
    groups = optimiser_groups(network, recipe(stage_decay=0.5))
    assert [(group["share"], len(group["params"])) for group in groups] == [(1.0, 2)]
    assert set(stage_of_parameters(network.body)) == {name for name, _ in network.body.named_parameters()}


def record(f1_macro: float, loss: float = 1.0) -> dict[str, Any]:
    return {"validation_loss": loss, "f1_macro": f1_macro, "balanced_accuracy": f1_macro}


def test_a_rate_falls_each_time_that_nothing_got_better_for_a_while() -> None:
    settings = TrainingRecipe(schedule="plateau", plateau_epochs=2, plateau_factor=0.1)
    scores = [0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.7, 0.7]
    shares = [plateau_share([record(score) for score in scores[:count]], settings) for count in range(len(scores) + 1)]
    # Better at epochs 1, 2 and 7; two stale ones are over after epochs 4 and 6.
    assert shares == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01])


def test_of_equal_scores_the_one_with_less_loss_is_no_plateau() -> None:
    settings = TrainingRecipe(schedule="plateau", plateau_epochs=1)
    assert plateau_share([record(0.5, 1.0), record(0.5, 0.9)], settings) == 1


def test_a_cosine_knows_no_plateau() -> None:
    assert plateau_share([record(0.5)] * 9, TrainingRecipe()) == 1


def test_a_rate_rises_and_then_falls_or_stays() -> None:
    cosine = [rate_share(step, 100, "cosine") for step in range(100)]
    assert cosine[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert cosine[5:] == sorted(cosine[5:], reverse=True)
    assert cosine[-1] < 0.03
    assert [rate_share(step, 100, "plateau") for step in range(100)] == pytest.approx([0.2, 0.4, 0.6, 0.8, *[1.0] * 96])
