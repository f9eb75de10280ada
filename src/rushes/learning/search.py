"""What `rushes tune` tries: the `[search]` table of a recipe's file, and the settings that it means."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from rushes.errors import RecipeError, did_you_mean
from rushes.learning.recipe import MONITORS, Recipe
from rushes.learning.recipe_files import SEARCH, parse_recipe
from rushes.project import settings_from_table

METHODS = ("grid", "one-at-a-time", "optuna")
_RANGE_KEYS = ("low", "high", "log")
# What says which question is asked, or is what the repeats differ in.
_FIXED = ("schema", "name", "task", "split", "training.seed")
# Keys below these are named by the user, so that none can be unknown here.
_OPEN = ("model.backbone_args.", "balance.class_weights.", "augment.classes.")

Setting = Mapping[str, Any]  # recipe key -> value; {} is the recipe as it is


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included; whole where both are.

    Attributes:
        log: as many tries from 0.001 to 0.01 as from 0.01 to 0.1.
    """

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def to_table(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "log": self.log}


@dataclass(frozen=True, slots=True)
class Search:
    """What is tried, how, and when it is enough.

    Attributes:
        method: `grid` trains every combination; `one-at-a-time` the recipe, then each value of each key alone;
            `optuna` lets a sampler choose, and ends trainings early that fall behind.
        seeds: trainings of each setting, from the recipe's seed on.
        trials: of optuna: settings at most.
        monitor: which score on validation counts; "" takes the recipe's `training.monitor`.
        target_error: ends the search when 1 - score has come down to it; None never.
        patience: of optuna: settings without a gain beyond the noise before it ends.
        focus: the class whose recall and false-positive rate are shown; "" takes the task's last.
        space: recipe key -> the values to try, or the range to choose from.
    """

    method: str = "grid"
    seeds: int = 3
    trials: int = 40
    monitor: str = ""
    target_error: float | None = None
    patience: int = 10
    focus: str = ""
    space: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> float | None:
        """The score that is enough."""
        return None if self.target_error is None else 1 - self.target_error

    def to_table(self) -> dict[str, Any]:
        """Return the search as plain values, ready for JSON."""
        names = [item.name for item in fields(self) if item.name != "space"]
        space = {
            key: tried.to_table() if isinstance(tried, Range) else list(tried) for key, tried in self.space.items()
        }
        return {name: getattr(self, name) for name in names} | {"space": space}


def parse_search(table: Mapping[str, Any], where: str, *, recipe: Mapping[str, Any] | None = None) -> Search:
    """Turn the `[search]` table of a recipe's file into a Search; keys and values are checked.

    Args:
        where: what messages call the file.
        recipe: the table of the recipe; with it, a space with faulty keys is told of its faulty values too.

    Raises:
        RecipeError: a key is unknown (the nearest is named), a value is not allowed, or the space is empty. All that
            is wrong with the space is said at once.
    """
    place = f"{where}: [search]"
    if not isinstance(table, Mapping):
        raise RecipeError(f"{place} must be a table, found {table!r}")
    search = settings_from_table(Search, table, where=place, error=RecipeError)
    for key, value, allowed in (
        ("method", search.method, METHODS),
        ("monitor", search.monitor or MONITORS[0], MONITORS),
    ):
        if value not in allowed:
            raise RecipeError(f"{place}: {key} is '{value}'. {did_you_mean(value, allowed)}")
    for key, count in (("seeds", search.seeds), ("trials", search.trials), ("patience", search.patience)):
        if count < 1:
            raise RecipeError(f"{place}: {key} is {count}; it must be 1 or more")
    error = search.target_error
    if error is not None and (isinstance(error, bool) or not isinstance(error, int | float) or not 0 <= error < 1):
        raise RecipeError(f"{place}: target_error is {error!r}; it must be from 0 to below 1")
    if error is not None and search.monitor == "loss":
        raise RecipeError(f'{place}: target_error needs a score to be 1 minus; with monitor = "loss" there is none')
    if not search.space:
        raise RecipeError(
            f"{place}: the space is empty, so that there is nothing to try. Write for example\n"
            '[search.space]\n"training.learning_rate" = [0.0003, 0.001, 0.003]'
        )
    return Search(**{item.name: getattr(search, item.name) for item in fields(search)} | {
        "space": _parse_space(search, recipe, where=where)
    })  # fmt: skip


def read_search(table: Mapping[str, Any], *, where: str, method: str = "", **numbers: int | None) -> Search:
    """Return the search of a recipe's whole table, with what the command line says in place of the file's.

    Raises:
        RecipeError: it has none, or what `parse_search` says.
    """
    if SEARCH not in table:
        raise RecipeError(
            f"{where} has no [search] table, which says what to try. Add for example\n"
            '[search]\nmethod = "grid"\n[search.space]\n"training.learning_rate" = [0.0003, 0.001, 0.003]'
        )
    body = table[SEARCH]
    if isinstance(body, Mapping):
        said = {"method": method or None} | numbers
        body = {**body, **{key: value for key, value in said.items() if value is not None}}
    return parse_search(body, where, recipe=table)


def plan_settings(search: Search, table: Mapping[str, Any], *, where: str) -> list[Setting]:
    """Return the settings of a grid or of one-at-a-time in the order in which they are tried, each recipe once.

    One-at-a-time begins with the recipe as it is. A grid holds it only where it is one of the combinations.

    Args:
        table: the recipe's, without its changes.
    """
    if search.method == "grid":
        keys = list(search.space)
        found: Iterator[Setting] = (
            dict(zip(keys, values, strict=True)) for values in itertools.product(*search.space.values())
        )
    else:
        alone = ({key: value} for key, values in search.space.items() for value in values)
        found = itertools.chain([{}], alone)
    settings: dict[str, Setting] = {}
    for setting in found:
        try:
            recipe = json.dumps(recipe_of(table, setting, where=where).to_table(), sort_keys=True, default=list)
        except RecipeError:
            recipe = key_of(setting)  # of this combination alone: it is tried, and fails with the reason
        settings.setdefault(recipe, setting)
    return list(settings.values())


def check_space(search: Search, table: Mapping[str, Any], *, where: str) -> None:
    """Try every value through `parse_recipe`, before anything is trained.

    A value of a grid may be of use in one combination only: it is faulty where every combination with it is.

    Raises:
        RecipeError: the recipe itself is faulty, or values are: all of them at once.
    """
    recipe_of(table, {}, where=where)
    faults = _faults_of_values(search, table, where=where)
    if faults:
        raise RecipeError("\n".join(faults))


def _faults_of_values(search: Search, table: Mapping[str, Any], *, where: str) -> list[str]:
    faults: dict[str, None] = {}
    for key, tried in search.space.items():
        for value in (tried.low, tried.high) if isinstance(tried, Range) else tried:
            others = {other: values for other, values in search.space.items() if other != key}
            combined = itertools.product(*others.values()) if search.method == "grid" else iter(())
            fault = _fault_of(table, {key: value}, where=where)
            if fault and all(
                _fault_of(table, {**dict(zip(others, values, strict=True)), key: value}, where=where)
                for values in combined
            ):
                faults[fault] = None
    return list(faults)


def recipe_of(table: Mapping[str, Any], setting: Setting, *, where: str, repeat: int = 0) -> Recipe:
    """Return the recipe of a setting, checked.

    Args:
        table: of the recipe's file.
        repeat: from 0; added to the recipe's seed.

    Raises:
        RecipeError: the setting cannot be.
    """
    recipe = parse_recipe(changed_table(table, setting, where=where), where=_where(where, setting))
    if not repeat:
        return recipe
    again = changed_table(table, {**setting, "training.seed": recipe.training.seed + repeat}, where=where)
    return parse_recipe(again, where=_where(where, setting))


def changed_table(table: Mapping[str, Any], setting: Setting, *, where: str) -> dict[str, Any]:
    """Return a recipe's table with the values of a setting and without its search.

    Raises:
        RecipeError: a key leads through something that is no table.
    """
    changed: dict[str, Any] = {key: deepcopy(value) for key, value in table.items() if key != SEARCH}
    for key, value in setting.items():
        *sections, last = key.split(".")
        body = changed
        for section in sections:
            body = body.setdefault(section, {})
            if not isinstance(body, dict):
                raise RecipeError(f"{where}: '{key}' leads through '{section}', which is {body!r} and no table")
        body[last] = deepcopy(value)
    return changed


def recipe_keys() -> list[str]:
    """Return the dotted keys that a space may name, in the recipe's order."""
    keys = []
    for item in fields(Recipe):
        if is_dataclass(item.default_factory):
            keys += [f"{item.name}.{below.name}" for below in fields(item.default_factory)]
        else:
            keys.append(item.name)
    return [key for key in keys if key not in _FIXED]


def key_of(setting: Setting) -> str:
    """Return what tells settings apart: the same text for the same values, whatever their order."""
    return json.dumps(setting, sort_keys=True)


def describe_setting(setting: Setting) -> str:
    """Return a setting as a person reads it: `model.design = cnn-4x4, balance.remove = 0.2`."""
    if not setting:
        return "the recipe as it is"
    return ", ".join(f"{key} = {describe_value(value)}" for key, value in setting.items())


def describe_value(value: Any) -> str:
    """Return a value as a person reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.4g}"
    return ("[" + ", ".join(map(describe_value, value)) + "]") if isinstance(value, list) else str(value)


def _parse_space(search: Search, recipe: Mapping[str, Any] | None, *, where: str) -> dict[str, Any]:
    place = f"{where}: [search.space]"
    faults, space = [], {}
    known = recipe_keys()
    for key, tried in _dotted(search.space):
        if key in _FIXED:
            faults.append(f"{place}: '{key}' cannot be searched: " + (
                "every setting is trained from several seeds anyway; say how many with seeds"
                if key == "training.seed" else "it says which recipe and question this is"))  # fmt: skip
        elif key not in known and not key.startswith(_OPEN):
            faults.append(f"{place}: unknown key '{key}'. {did_you_mean(key, known)}")
        else:
            try:
                space[key] = _parse_tried(tried, method=search.method)
            except ValueError as error:
                faults.append(f"{place}: {key} {error}")
    if faults:
        # The rest is looked at too, so that nobody mends the keys only to hear of the values.
        if recipe is not None and not _fault_of(recipe, {}, where=where):
            faults += _faults_of_values(replace(search, space=space), recipe, where=where)
        raise RecipeError("\n".join(faults))
    return space


def _dotted(space: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, what is tried), whether written as `"model.design" = …` or `model.design = …`."""
    for key, value in space.items():
        if isinstance(value, Mapping) and not (value.keys() & {"low", "high"}):
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _parse_tried(tried: Any, *, method: str) -> tuple[Any, ...] | Range:
    """Return the values or the range to try; raise ValueError with the end of a sentence about the key."""
    if isinstance(tried, Mapping):
        return _parse_range(tried, method=method)
    if not isinstance(tried, list | tuple) or not tried:
        raise ValueError(f"is {tried!r}; it must be a list of values to try" + _or_range(method))
    if len({key_of({"": value}) for value in tried}) < len(tried):
        raise ValueError(f"names a value twice: {list(tried)}")
    return tuple(tried)


def _parse_range(tried: Mapping[str, Any], *, method: str) -> Range:
    if method != "optuna":
        raise ValueError(f"is a range, of which '{method}' cannot try every value. List the values to try, or take "
                         'method = "optuna"')  # fmt: skip
    for key in tried:
        if key not in _RANGE_KEYS:
            raise ValueError(f"has the unknown key '{key}'. {did_you_mean(key, _RANGE_KEYS)}")
    low, high, log = tried.get("low"), tried.get("high"), tried.get("log", False)
    numbers = [value for value in (low, high) if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < 2 or not numbers[0] < numbers[1] or not isinstance(log, bool):
        raise ValueError(f"is {dict(tried)}; a range is {{ low = 0.0001, high = 0.01, log = true }}, low below high")
    if log and numbers[0] <= 0:
        raise ValueError(f"has low = {numbers[0]}; with log = true it must be above 0")
    return Range(numbers[0], numbers[1], log)


def _or_range(method: str) -> str:
    return ", or a range { low = …, high = … }" if method == "optuna" else ""


def _fault_of(table: Mapping[str, Any], setting: Setting, *, where: str) -> str:
    try:
        recipe_of(table, setting, where=where)
    except RecipeError as error:
        return str(error)
    return ""


def _where(where: str, setting: Setting) -> str:
    return f"{where} with {describe_setting(setting)}" if setting else where


def focus_of(search: Search, classes: Sequence[str], *, where: str) -> str:
    """Return the class in focus: the one that is named, or the last.

    Raises:
        RecipeError: it is no class of the task.
    """
    if search.focus and search.focus not in classes:
        raise RecipeError(f"{where}: [search]: focus is '{search.focus}', which is no class of the task. "
                          f"{did_you_mean(search.focus, classes)}")  # fmt: skip
    return search.focus or classes[-1]
