from __future__ import annotations

from typing import Any

import pytest

from rushes.errors import RecipeError
from rushes.learning.architecture import plan_architecture
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.models.backbones import Backbone
from rushes.models.designs import Design


def recipe(**table: Any) -> Recipe:
    return parse_recipe({"name": "r", **table}, where="r.toml")


def test_a_cnn_is_its_design_with_what_the_recipe_changes() -> None:
    design, shown = plan_architecture(recipe(model={"kind": "cnn", "units": [1, 2, 3, 4, 5], "dense": 9}))
    assert isinstance(design, Design)
    assert (design.units, design.dense, design.kernels) == ((1, 2, 3, 4, 5), 9, (3, 6, 5, 4, 3))
    assert (shown.width, shown.height, shown.color, shown.mean) == (128, 128, "gray", (0.5,))


def test_a_cnn_in_colour_has_three_channels() -> None:
    design, shown = plan_architecture(recipe(model={"kind": "cnn"}, input={"color": "rgb", "size": [160, 120]}))
    assert isinstance(design, Design)
    assert (design.channels, shown.channels, shown.mean) == (3, 3, (0.5, 0.5, 0.5))
    assert (design.width, design.height) == (160, 120)


def test_an_input_too_small_for_a_cnn_is_answered_with_the_smallest() -> None:
    with pytest.raises(RecipeError, match=r"at least \[116, 116\]"):
        plan_architecture(recipe(model={"kind": "cnn"}, input={"size": [64, 64]}))


def test_a_backbone_is_shown_what_timm_states_unless_the_recipe_says_otherwise() -> None:
    model = {"kind": "features", "backbone": "mobilenetv2_100", "backbone_args": {"pad_type": "same"}}
    backbone, shown = plan_architecture(recipe(model=model))
    assert backbone == Backbone("mobilenetv2_100", {"pad_type": "same"})
    assert (shown.width, shown.mean) == (224, (0.485, 0.456, 0.406))
    _, shown = plan_architecture(recipe(model=model, input={"mean": [0.5] * 3, "std": [0.5] * 3, "size": [96, 64]}))
    assert (shown.width, shown.height, shown.mean, shown.std) == (96, 64, (0.5,) * 3, (0.5,) * 3)


def test_a_backbone_of_fixed_size_is_built_for_the_size_that_is_asked() -> None:
    backbone, _ = plan_architecture(recipe(model={"backbone": "test_vit"}, input={"size": [96, 64]}))
    assert isinstance(backbone, Backbone)
    assert backbone.arguments == {"img_size": [64, 96]}


@pytest.mark.parametrize("kind", ["cnn", "features"])
def test_bars_are_cut_off_where_the_recipe_says_so(kind: str) -> None:
    _, shown = plan_architecture(recipe(model={"kind": kind}, input={"letterbox": "remove"}))
    assert shown.letterbox == "remove"
    _, shown = plan_architecture(recipe(model={"kind": kind}))
    assert shown.letterbox == "keep"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"model": {"backbone": "test_vit"}, "input": {"color": "gray"}}, "trained to see rgb"),
        ({"model": {"backbone": "test_vit"}, "input": {"mean": [0.5]}}, "3 channel"),
        ({"model": {"kind": "cnn"}, "input": {"std": [0.5, 0.5, 0.5]}}, "1 channel"),
        ({"model": {"backbone": "test_vitt"}}, "Did you mean 'test_vit'"),
    ],
)
def test_what_does_not_fit_is_said_before_a_picture_is_read(table: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        plan_architecture(recipe(**table))


def test_every_design_is_built_as_the_recipe_changes_it() -> None:
    changed = {"kind": "cnn", "design": "sepconv", "units": [2, 3, 4, 5, 6], "batch_norm": False, "dropout": 0.1}
    design, shown = plan_architecture(recipe(model=changed))
    assert isinstance(design, Design)
    assert (design.units, design.batch_norm, design.dropout, design.dense) == ((2, 3, 4, 5, 6), False, 0.1, 0)
    assert (shown.width, shown.height, shown.color) == (256, 256, "rgb")
    design, shown = plan_architecture(recipe(model={"kind": "cnn", "design": "rarity", "dense": 64}))
    assert isinstance(design, Design)
    assert (design.dense, design.dropout, shown.width, shown.height) == (64, 0.5, 256, 144)
    with pytest.raises(RecipeError, match=r"at least \[64, 64\]"):
        plan_architecture(recipe(model={"kind": "cnn", "design": "sepconv"}, input={"size": [256, 63]}))
