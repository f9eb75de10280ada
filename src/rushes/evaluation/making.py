"""What to type to train a run again, told from its recipe and from the recipe of that name as it is today."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rushes.errors import RecipeError
from rushes.evaluation.markup import toml_key, toml_value
from rushes.learning.recipe_files import SHIPPED, look_up_recipe, parse_recipe, read_recipe

_FORMED = ("schema", "name")  # told by the recipe's file itself


def command_to_train(recipe: Mapping[str, Any], *, project_root: Path) -> str:
    """Return the line that trains a run again: its recipe by name, with `--set` for each value that differs from it.

    Where no recipe of that name says the same, the line is a remark on where the recipe stands.

    Args:
        recipe: resolved, as `run.json` holds it.
        project_root: whose recipes are looked through before those that come with rushes.
    """
    name = str(recipe.get("name") or "RECIPE")
    changes = find_changes(recipe, (project_root / "recipes", SHIPPED))
    if changes is None:
        words = shlex.join(["rushes", "train", name])
        return f"{words}   # no recipe says the same today: the one it was trained by is in run.json"
    return shlex.join(["rushes", "train", name, *(word for change in changes for word in ("--set", change))])


def find_changes(recipe: Mapping[str, Any], folders: Sequence[Path]) -> tuple[str, ...] | None:
    """Return the `section.key=value` words by which the recipe of the same name becomes this one.

    Args:
        folders: of recipes; the first that knows the name decides.

    Returns:
        None where there is no such recipe, or where it cannot be changed into this one by such words.
    """
    try:
        path = look_up_recipe(str(recipe.get("name") or ""), folders)
        if path is None:
            return None
        wanted = parse_recipe(recipe, where="run.json").to_table()
        changes = tuple(_changes(wanted, read_recipe(path).to_table()))
        same = read_recipe(path, changes=changes).to_table()
    except (RecipeError, OSError):
        return None
    return changes if _plain(same) == _plain(wanted) else None


def _changes(wanted: Mapping[str, Any], stated: Mapping[str, Any], at: str = "") -> list[str]:
    """Return a word for each value that is wanted and is not stated; a table that is to lose a key stands whole."""
    words: list[str] = []
    for key, value in wanted.items():
        there = stated.get(key)
        if (not at and key in _FORMED) or _plain(value) == _plain(there):
            continue
        if isinstance(value, Mapping) and isinstance(there, Mapping) and value and there.keys() <= value.keys():
            words += _changes(value, there, f"{at}{key}.")
        elif value is not None:
            words.append(f"{at}{toml_key(key)}={toml_value(value)}")
    return words


def _plain(value: Any) -> Any:
    """Return a value with lists for tuples, so that what was read from JSON equals what was not."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
