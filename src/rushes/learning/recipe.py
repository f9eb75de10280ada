"""TOML -> Recipe: everything that decides a training."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from rushes.errors import RecipeError, did_you_mean
from rushes.models.cnn import DESIGNS
from rushes.project import check_keys, settings_from_table

KINDS = ("cnn", "features", "finetune")
HEADS = ("linear",)
BALANCES = ("none", "weights")
SPLIT_KINDS = ("grouped", "mixed")
MONITORS = ("loss", "f1_macro", "balanced_accuracy")
COLORS = ("rgb", "gray")
FITS = ("squeeze", "crop", "pad")


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """Which network.

    Attributes:
        kind: `cnn` from scratch, `features` a frozen backbone with a head on cached features, `finetune` the
            same backbone with its last stage trained.
        design: of a cnn: one of `rushes.models.cnn.DESIGNS`.
        units: of a cnn: channels of its five convolutions; () takes the design's.
        dense: of a cnn: width of the dense layer; 0 takes the design's.
        dropout: share of the dense layer's inputs dropped in training.
        backbone: any name that timm knows.
        weights: a local file of weights, a relative path starting at the project folder; "" asks the hub's cache
            and the hub.
        backbone_args: further arguments of `timm.create_model`, such as pad_type = "same".
        head: of `features`: the classifier on top.
        stages: of `finetune`: how many of the backbone's last stages are trained.
    """

    kind: str = "features"
    design: str = "cnn-6x6"
    units: tuple[int, ...] = ()
    dense: int = 0
    dropout: float = 0.0
    backbone: str = "mobilenetv2_100"
    weights: str = ""
    backbone_args: Mapping[str, Any] = field(default_factory=dict)
    head: str = "linear"
    stages: int = 1


@dataclass(frozen=True, slots=True)
class InputRecipe:
    """What the network is shown.

    Attributes:
        size: (width, height) pixels; () takes the design's or the backbone's own.
        color: "" takes the design's own; a backbone is shown rgb.
        fit: how a picture of another shape is fitted.
        mean, std: per channel, on a scale of 0 to 1; () takes what timm states for the backbone, 0.5 for a cnn.
    """

    size: tuple[int, ...] = ()
    color: str = ""
    fit: str = "squeeze"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """How it learns.

    Attributes:
        learning_rate: the highest; it rises over the first steps, then falls along half a cosine.
        backbone_rate: of `finetune`: the backbone's learning rate, as a share of `learning_rate`.
        patience: epochs without a better `monitor` on validation before it stops; the best epoch's weights
            are kept.
        regularisation: of a linear head: candidates for C, the inverse strength of the penalty; the one with the
            least loss on validation is taken.
    """

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    backbone_rate: float = 0.1
    weight_decay: float = 1e-4
    patience: int = 6
    monitor: str = "f1_macro"
    seed: int = 0
    regularisation: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0)


@dataclass(frozen=True, slots=True)
class AugmentRecipe:
    """What training pictures may undergo.

    Attributes:
        flip: mirror left and right, half of the time.
        shift: largest shift, as a share of the side.
        exposure: largest change of brightness and contrast, as a share.
    """

    flip: bool = True
    shift: float = 0.05
    exposure: float = 0.15


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a training; every default stands here or above, nowhere else."""

    name: str
    task: str = ""  # "" takes the project's only task
    split: str = "grouped"
    balance: str = "weights"
    model: ModelRecipe = field(default_factory=ModelRecipe)
    input: InputRecipe = field(default_factory=InputRecipe)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    augment: AugmentRecipe = field(default_factory=AugmentRecipe)

    def to_table(self) -> dict[str, Any]:
        """Return the resolved recipe as plain values, ready for JSON."""
        return {"schema": "recipe/1", **asdict(self)}


_SECTIONS: dict[str, type] = {
    "model": ModelRecipe,
    "input": InputRecipe,
    "training": TrainingRecipe,
    "augment": AugmentRecipe,
}


def read_recipe(path: Path, *, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe file; `changes` are `section.key=value` words that override it.

    Raises:
        RecipeError: the file is missing or is not TOML, a key is unknown, a value is not allowed.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        beside = sorted(str(other) for other in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        raise RecipeError(f"there is no recipe {path}. {did_you_mean(str(path), beside)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise RecipeError(f"{path} is not valid TOML: {error}") from error
    table.setdefault("name", path.stem)
    for change in changes:
        _apply_change(table, change)
    return parse_recipe(table, where=str(path))


def parse_recipe(table: Mapping[str, Any], *, where: str) -> Recipe:
    """Turn the table of a recipe into a Recipe, every key and value checked.

    Raises:
        RecipeError: what `read_recipe` says.
    """
    if table.get("schema", "recipe/1") != "recipe/1":
        raise RecipeError(f"{where}: schema is '{table['schema']}', this rushes reads 'recipe/1'")
    top = {key: value for key, value in table.items() if key != "schema"}
    check_keys(top, [item.name for item in fields(Recipe)], where=where, error=RecipeError)
    for section, kind in _SECTIONS.items():
        body = top.get(section, {})
        if not isinstance(body, Mapping):
            raise RecipeError(f"{where}: [{section}] must be a table, found {body!r}")
        top[section] = settings_from_table(kind, body, where=f"{where}: [{section}]", error=RecipeError)
    recipe = settings_from_table(Recipe, top, where=where, error=RecipeError)
    _check_values(recipe, where=where)
    return recipe


def _check_values(recipe: Recipe, *, where: str) -> None:
    chosen = {
        "split": (recipe.split, SPLIT_KINDS),
        "balance": (recipe.balance, BALANCES),
        "model.kind": (recipe.model.kind, KINDS),
        "model.design": (recipe.model.design, tuple(DESIGNS)),
        "model.head": (recipe.model.head, HEADS),
        "input.color": (recipe.input.color or "rgb", COLORS),
        "input.fit": (recipe.input.fit, FITS),
        "training.monitor": (recipe.training.monitor, MONITORS),
    }
    for key, (value, allowed) in chosen.items():
        if value not in allowed:
            raise RecipeError(f"{where}: {key} is '{value}'. {did_you_mean(value, allowed)}")
    counts = {
        "training.epochs": recipe.training.epochs,
        "training.batch_size": recipe.training.batch_size,
        "training.patience": recipe.training.patience,
        "model.stages": recipe.model.stages,
    }
    for key, count in counts.items():
        if count < 1:
            raise RecipeError(f"{where}: {key} is {count}; it must be 1 or more")
    _check_training(recipe.training, where=where)
    _check_model(recipe.model, where=where)
    _check_input(recipe.input, where=where)
    for key, share in (("shift", recipe.augment.shift), ("exposure", recipe.augment.exposure)):
        if not 0 <= share < 1:
            raise RecipeError(f"{where}: augment.{key} is {share}; it must be from 0 to below 1")


def _check_training(training: TrainingRecipe, *, where: str) -> None:
    for key, rate in (("learning_rate", training.learning_rate), ("backbone_rate", training.backbone_rate)):
        if not 0 < rate < float("inf"):
            raise RecipeError(f"{where}: training.{key} is {rate}; it must be above 0")
    if not 0 <= training.weight_decay < float("inf"):
        raise RecipeError(f"{where}: training.weight_decay is {training.weight_decay}; it must be 0 or more")
    if training.seed < 0:
        raise RecipeError(f"{where}: training.seed is {training.seed}; it must be 0 or more")
    if not _are_numbers(training.regularisation) or min(training.regularisation, default=0.0) <= 0:
        raise RecipeError(
            f"{where}: training.regularisation is {list(training.regularisation)}; it needs numbers above 0"
        )


def _check_model(model: ModelRecipe, *, where: str) -> None:
    if not 0 <= model.dropout < 1:
        raise RecipeError(f"{where}: model.dropout is {model.dropout}; it must be from 0 to below 1")
    if model.dense < 0:
        raise RecipeError(f"{where}: model.dense is {model.dense}; it must be above 0, or 0 for the design's own")
    count = len(DESIGNS[model.design].units)
    if model.units and (len(model.units) != count or not _are_counts(model.units)):
        raise RecipeError(f"{where}: model.units is {list(model.units)}; it must be {count} whole numbers above 0")


def _check_input(shown: InputRecipe, *, where: str) -> None:
    if shown.size and (len(shown.size) != 2 or not _are_counts(shown.size)):
        raise RecipeError(f"{where}: input.size is {list(shown.size)}; it must be [width, height] in pixels")
    for key, values in (("mean", shown.mean), ("std", shown.std)):
        if values and (len(values) not in (1, 3) or not _are_numbers(values)):
            raise RecipeError(f"{where}: input.{key} is {list(values)}; it must be one number per channel: three, or "
                              "one for gray")  # fmt: skip
    if shown.std and min(shown.std) <= 0:
        raise RecipeError(f"{where}: input.std is {list(shown.std)}; its numbers must be above 0")


def _are_counts(values: Sequence[object]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and value > 0 for value in values)


def _are_numbers(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _apply_change(table: dict[str, Any], change: str) -> None:
    """Set `section.key=value` in a recipe's table; the value is TOML, or text where it is none."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set {change}: write it as section.key=value, for example training.epochs=10")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    *sections, last = key.strip().split(".")
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {change}: '{section}' is no section of a recipe")
    table[last] = value
