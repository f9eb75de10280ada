"""A recipe's network and its input, as values: decided before a picture is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from rushes.datasets.preprocessing import Color, Fit, Letterbox, Preprocessing
from rushes.errors import RecipeError
from rushes.learning.recipe import InputRecipe, Recipe
from rushes.models.backbones import Backbone, input_of
from rushes.models.designs import DESIGNS, Design


def plan_architecture(recipe: Recipe) -> tuple[Design | Backbone, Preprocessing]:
    """Return the network that a recipe asks for and what it is shown.

    Raises:
        RecipeError: the input is too small for the design, the colour or the normalisation does not fit, or timm
            does not know the backbone.
    """
    return _plan_cnn(recipe) if recipe.model.kind == "cnn" else _plan_backbone(recipe)


def _plan_cnn(recipe: Recipe) -> tuple[Design, Preprocessing]:
    model, shown = recipe.model, recipe.input
    design = DESIGNS[model.design]
    width, height = shown.size or (design.width, design.height)
    design = replace(
        design,
        units=model.units or design.units,
        kernels=model.kernels or design.kernels,
        dense=model.dense or design.dense,
        dropout=design.dropout if model.dropout is None else model.dropout,
        batch_norm=design.batch_norm if model.batch_norm is None else model.batch_norm,
        width=width,
        height=height,
        color=cast(Color, shown.color or design.color),
    )
    mean, std = _normalisation(shown, default=((0.5,) * design.channels, (0.5,) * design.channels))
    fit, letterbox = cast(Fit, shown.fit), cast(Letterbox, shown.letterbox)
    return design, Preprocessing(width, height, design.color, fit, mean=mean, std=std, letterbox=letterbox)


def _plan_backbone(recipe: Recipe) -> tuple[Backbone, Preprocessing]:
    model, shown = recipe.model, recipe.input
    if shown.color == "gray":
        raise RecipeError("input.color is 'gray', but a backbone was trained to see rgb. Leave input.color out, or "
                          "take model.kind = 'cnn'")  # fmt: skip
    arguments: dict[str, Any] = dict(model.backbone_args)
    usual = input_of(Backbone(model.backbone, arguments))
    width, height = shown.size or (usual.width, usual.height)
    if usual.fixed and (width, height) != (usual.width, usual.height):
        arguments.setdefault("img_size", [height, width])
    mean, std = _normalisation(shown, default=(usual.mean, usual.std))
    fit, letterbox = cast(Fit, shown.fit), cast(Letterbox, shown.letterbox)
    preprocessing = Preprocessing(width, height, fit=fit, mean=mean, std=std, letterbox=letterbox)
    return Backbone(model.backbone, arguments), preprocessing


def _normalisation(
    shown: InputRecipe, *, default: tuple[tuple[float, ...], tuple[float, ...]]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    mean, std = shown.mean or default[0], shown.std or default[1]
    channels = len(default[0])
    for key, values in (("mean", mean), ("std", std)):
        if len(values) != channels:
            raise RecipeError(f"input.{key} has {len(values)} numbers, but the network is shown {channels} channel(s); "
                              "give one number for each")  # fmt: skip
    return tuple(float(value) for value in mean), tuple(float(value) for value in std)
