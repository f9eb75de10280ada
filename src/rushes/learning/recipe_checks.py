"""Whether the values of a recipe are allowed, decided before anything is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from rushes.errors import RecipeError, did_you_mean
from rushes.learning import recipe as words
from rushes.learning.recipe import AugmentRecipe, BalanceRecipe, InputRecipe, ModelRecipe, Recipe, TrainingRecipe
from rushes.learning.shots_checks import check_shots
from rushes.models.designs import DESIGNS
from rushes.project import check_keys

_AUGMENT_KEYS = tuple(item.name for item in fields(AugmentRecipe) if item.name != "classes")
_SWITCHES = ("flip", "flip_vertical")
_SHARES = ("shift", "zoom", "exposure", "color", "grain")
_CHANCES = ("blur", "erase")
_LARGEST_TURN = 180


def check_recipe(recipe: Recipe, *, where: str) -> None:
    """Raise RecipeError where a value is not allowed; the message says what is.

    Args:
        where: the file, or what stands for it, that the message names.
    """
    if any(letter in "/\\" or not letter.isprintable() for letter in recipe.name) or recipe.name in (".", ".."):
        raise RecipeError(f"{where}: name is {recipe.name!r}; files are named after it, so that it must be no path")
    chosen = {
        "split": (recipe.split, words.SPLIT_KINDS),
        "model.kind": (recipe.model.kind, words.KINDS),
        "model.design": (recipe.model.design, tuple(DESIGNS)),
        "model.head": (recipe.model.head, words.HEADS),
        "model.trained": (recipe.model.trained, words.TRAINED),
        "input.color": (recipe.input.color or "rgb", words.COLORS),
        "input.fit": (recipe.input.fit, words.FITS),
        "input.letterbox": (recipe.input.letterbox, words.LETTERBOXES),
        "training.monitor": (recipe.training.monitor, words.MONITORS),
        "training.precision": (recipe.training.precision, words.PRECISIONS),
        "training.compile": (recipe.training.compile, words.COMPILES),
        "training.schedule": (recipe.training.schedule, words.SCHEDULES),
        "balance.loss": (recipe.balance.loss, words.LOSSES),
        "balance.sampling": (recipe.balance.sampling, words.SAMPLINGS),
        "augment.preset": (recipe.augment.preset, words.PRESETS),
    }
    for key, (value, allowed) in chosen.items():
        if value not in allowed:
            raise RecipeError(f"{where}: {key} is '{value}'. {did_you_mean(value, allowed)}")
    _check_training(recipe.training, where=where)
    _check_model(recipe.model, where=where)
    _check_input(recipe.input, where=where)
    _check_measured(recipe, where=where)
    _check_balance(recipe.balance, where=where)
    _check_augment(recipe.augment, where=where)
    check_shots(recipe, where=where)


def check_classes(recipe: Recipe, classes: Sequence[str], *, where: str) -> None:
    """Raise RecipeError where a recipe names classes that are none of a task's; all of them at once.

    Args:
        where: as in `check_recipe`.
    """
    named = {"balance.class_weights": recipe.balance.class_weights, "augment.classes": recipe.augment.classes}
    faults = [
        f"{where}: {key} names '{name}', which is no class of the task. {did_you_mean(name, classes)}"
        for key, names in named.items()
        for name in names
        if name not in classes
    ]
    if faults:
        raise RecipeError("\n".join(faults))


def _check_training(training: TrainingRecipe, *, where: str) -> None:
    counts = {"epochs": training.epochs, "patience": training.patience, "plateau_epochs": training.plateau_epochs}
    for key, count in counts.items():
        if count < 1:
            raise RecipeError(f"{where}: training.{key} is {count}; it must be 1 or more")
    for key, count in (("batch_size", training.batch_size), ("seed", training.seed)):
        if count < 0:
            raise RecipeError(f"{where}: training.{key} is {count}; it must be 0 or more")
    for key, rate in (("learning_rate", training.learning_rate), ("backbone_rate", training.backbone_rate)):
        if not 0 < rate < float("inf"):
            raise RecipeError(f"{where}: training.{key} is {rate}; it must be above 0")
    if not 0 < training.plateau_factor < 1:
        raise RecipeError(f"{where}: training.plateau_factor is {training.plateau_factor}; it must be between 0 and 1")
    if not 0 < training.stage_decay <= 1:
        raise RecipeError(f"{where}: training.stage_decay is {training.stage_decay}; it must be above 0, and 1 at most")
    if not 0 <= training.weight_decay < float("inf"):
        raise RecipeError(f"{where}: training.weight_decay is {training.weight_decay}; it must be 0 or more")
    _check_share("training.label_smoothing", training.label_smoothing, where=where)
    if not _are_numbers(training.regularisation) or min(training.regularisation, default=0.0) <= 0:
        raise RecipeError(
            f"{where}: training.regularisation is {list(training.regularisation)}; it needs numbers above 0"
        )
    if not training.neighbours or not _are_counts(training.neighbours):
        raise RecipeError(
            f"{where}: training.neighbours is {list(training.neighbours)}; it needs whole numbers above 0"
        )


def _check_model(model: ModelRecipe, *, where: str) -> None:
    if model.dropout is not None:
        _check_number("model.dropout", model.dropout, where=where)
        _check_share("model.dropout", model.dropout, where=where)
    if model.batch_norm is not None and not isinstance(model.batch_norm, bool):
        raise RecipeError(f"{where}: model.batch_norm is {model.batch_norm!r}; it must be true or false")
    if model.dense < 0:
        raise RecipeError(f"{where}: model.dense is {model.dense}; it must be above 0, or 0 for the design's own")
    for key, count in (("stages", model.stages), ("hidden", model.hidden)):
        if count < 1:
            raise RecipeError(f"{where}: model.{key} is {count}; it must be 1 or more")
    design = DESIGNS[model.design]
    if model.kind == "cnn" and model.dense and not design.dense:
        having = ", ".join(name for name, other in DESIGNS.items() if other.dense)
        raise RecipeError(f"{where}: model.dense is {model.dense}, but {model.design} has no dense layer. Leave it "
                          f"out, or take a design that has one: {having}")  # fmt: skip
    count = len(design.units)
    for key, values in (("units", model.units), ("kernels", model.kernels)):
        if values and (len(values) != count or not _are_counts(values)):
            raise RecipeError(f"{where}: model.{key} is {list(values)}; it must be {count} whole numbers above 0")


def _check_input(shown: InputRecipe, *, where: str) -> None:
    if shown.size and (len(shown.size) != 2 or not _are_counts(shown.size)):
        raise RecipeError(f"{where}: input.size is {list(shown.size)}; it must be [width, height] in pixels")
    for key, values in (("mean", shown.mean), ("std", shown.std)):
        if values and (len(values) not in (1, 3) or not _are_numbers(values)):
            raise RecipeError(f"{where}: input.{key} is {list(values)}; it must be one number per channel: three, or "
                              "one for gray")  # fmt: skip
    if shown.std and min(shown.std) <= 0:
        raise RecipeError(f"{where}: input.std is {list(shown.std)}; its numbers must be above 0")


def _check_measured(recipe: Recipe, *, where: str) -> None:
    """Raise RecipeError where measures are asked for that there are not, or of a kind that cannot take them."""
    asked, kind = recipe.input.features, recipe.model.kind
    for name in asked:
        if name not in words.MEASURED:
            raise RecipeError(f"{where}: input.features names '{name}'. {did_you_mean(str(name), words.MEASURED)}")
    if len(set(asked)) < len(asked):
        raise RecipeError(f"{where}: input.features is {list(asked)}; name each once")
    if asked and kind != "features":
        raise RecipeError(f"{where}: input.features is {list(asked)}, but model.kind is '{kind}', whose head learns "
                          "from pictures alone. Take model.kind = 'features', with any model.head, or leave "
                          "input.features out")  # fmt: skip
    if recipe.input.faces and not asked:
        raise RecipeError(f"{where}: input.faces is '{recipe.input.faces}', but nothing measures faces. Add "
                          "input.features = ['quality'], or leave input.faces out")  # fmt: skip


def _check_balance(balance: BalanceRecipe, *, where: str) -> None:
    _check_share("balance.remove", balance.remove, where=where)
    _check_share("balance.beta", balance.beta, where=where)
    if not 0 <= balance.gamma < float("inf"):
        raise RecipeError(f"{where}: balance.gamma is {balance.gamma}; it must be 0 or more")
    for name, weight in balance.class_weights.items():
        _check_number(f"balance.class_weights.{name}", weight, where=where)
        if not 0 < weight < float("inf"):
            raise RecipeError(f"{where}: balance.class_weights.{name} is {weight}; it must be above 0")


def _check_augment(augment: AugmentRecipe, *, where: str) -> None:
    values = {name: getattr(augment, name) for name in _AUGMENT_KEYS if name != "preset"}
    _check_changes(values, prefix="augment.", where=where)
    for name, changes in augment.classes.items():
        place = f"augment.classes.{name}"
        if not isinstance(changes, Mapping):
            raise RecipeError(f"{where}: {place} is {changes!r}; it must be a table")
        check_keys(changes, _AUGMENT_KEYS, where=f"{where}: [{place}]", error=RecipeError)
        if changes.get("preset", "light") not in words.PRESETS:
            raise RecipeError(f"{where}: {place}.preset is '{changes['preset']}'. "
                              f"{did_you_mean(str(changes['preset']), words.PRESETS)}")  # fmt: skip
        _check_changes(
            {key: value for key, value in changes.items() if key != "preset"}, prefix=f"{place}.", where=where
        )


def _check_changes(values: Mapping[str, Any], *, prefix: str, where: str) -> None:
    for key, value in values.items():
        if value is None:
            continue
        if key in _SWITCHES:
            if not isinstance(value, bool):
                raise RecipeError(f"{where}: {prefix}{key} is {value!r}; it must be true or false")
            continue
        _check_number(prefix + key, value, where=where)
        if key in _SHARES:
            _check_share(prefix + key, value, where=where)
        elif key in _CHANCES:
            _check(0 <= value <= 1, prefix + key, value, "from 0 to 1", where=where)
        else:
            _check(0 <= value <= _LARGEST_TURN, prefix + key, value, f"from 0 to {_LARGEST_TURN} degrees", where=where)


def _check_share(key: str, share: float, *, where: str) -> None:
    _check(0 <= share < 1, key, share, "from 0 to below 1", where=where)


def _check_number(key: str, value: object, *, where: str) -> None:
    _check(_are_numbers([value]), key, value, "a number", where=where)


def _check(allowed: bool, key: str, value: object, wanted: str, *, where: str) -> None:
    if not allowed:
        raise RecipeError(f"{where}: {key} is {value!r}; it must be {wanted}")


def _are_counts(values: Sequence[object]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and value > 0 for value in values)


def _are_numbers(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
