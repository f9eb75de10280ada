from __future__ import annotations

from typing import Any

import pytest
import torch

from rushes.datasets.preprocessing import Preprocessing
from rushes.learning.rates import optimiser_groups, plan_rates
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
