"""TOML -> Recipe: found by name, read, brought to today's schema, checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePath
from typing import Any

from rushes.errors import RecipeError, did_you_mean
from rushes.learning.recipe import (
    SCHEMA,
    AugmentRecipe,
    BalanceRecipe,
    HeadRecipe,
    InputRecipe,
    ModelRecipe,
    Recipe,
    ShotsRecipe,
    SyntheticRecipe,
    TrainingRecipe,
)
from rushes.learning.recipe_checks import check_recipe
from rushes.project import check_keys, settings_from_table

SEARCH = "search"  # a table that a recipe's file may hold beside the recipe: what `rushes tune` tries

_SECTIONS: dict[str, type] = {
    "model": ModelRecipe,
    "input": InputRecipe,
    "training": TrainingRecipe,
    "balance": BalanceRecipe,
    "augment": AugmentRecipe,
    "shots": ShotsRecipe,
    "synthetic": SyntheticRecipe,
}
_HEADS = "heads"  # a table of tables: one for each task of a recipe of shots
_SCHEMA = re.compile(r"recipe/(\d+)")
SHIPPED = Path(__file__).parent / "recipes"  # the recipes that come with rushes, in folders by what they are for


@dataclass(frozen=True, slots=True)
class ListedRecipe:
    """A recipe that a name means.

    Attributes:
        name: of its file, without the ending.
        shipped: whether it came with rushes; otherwise it is the project's.
        about: its first comment line: what it is for.
        kind: of training; "" where the recipe cannot be read.
        search: how its `[search]` tries settings; "" without one.
        fault: why it cannot be read; "" where it can.
    """

    name: str
    path: Path
    shipped: bool
    about: str
    kind: str
    search: str
    fault: str


def find_recipe(word: str | Path, folders: Sequence[Path]) -> Path:
    """Return the recipe file that a path or a name means.

    Args:
        word: a file; or the name of one anywhere in the folders, with or without `.toml`, and with as many of the
            folders above it as tell it apart: `cnn`, `old/cnn`, `recipes/old/cnn.toml`.
        folders: the first that knows the name decides; usually the project's recipes, then `SHIPPED`.

    Raises:
        RecipeError: there is none (the nearest name is given), or a folder holds several of that name.
    """
    found = look_up_recipe(word, folders)
    if found is not None:
        return found
    known = sorted({file.stem for folder in folders for file in _recipe_files(folder)})
    near = did_you_mean(Path(word).name.removesuffix(".toml"), known)
    raise RecipeError(f"there is no recipe '{word}'. {near} 'rushes recipes' lists them all")


def look_up_recipe(word: str | Path, folders: Sequence[Path]) -> Path | None:
    """Return what `find_recipe` does, or None where there is no such recipe.

    Raises:
        RecipeError: a folder holds several of that name.
    """
    path = Path(word)
    if path.is_file():
        return path
    wanted = _words_of(path)
    for folder in folders:
        found = [file for file in _recipe_files(folder) if _words_of(file)[-len(wanted) :] == wanted]
        if len(found) > 1:
            named = " and ".join(file.relative_to(folder.parent).as_posix() for file in found)
            raise RecipeError(f"there are several recipes '{word}': {named}. Name one of them with its folder")
        if found:
            return found[0]
    return None


def list_recipes(folders: Sequence[Path]) -> list[ListedRecipe]:
    """Return the recipes that names mean, by folder and name; a name that an earlier folder holds hides later ones."""
    listed: list[ListedRecipe] = []
    hidden: set[str] = set()
    for folder in folders:
        files = _recipe_files(folder)
        listed += [_listed(file, shipped=folder == SHIPPED) for file in files if file.stem not in hidden]
        hidden |= {file.stem for file in files}
    return listed


def describe_recipe(text: str) -> str:
    """Return what a recipe's text says it is for: its first comment; "" where it begins with none."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return first.strip().lstrip("#").strip() if first.lstrip().startswith("#") else ""


def _recipe_files(folder: Path) -> list[Path]:
    """Return the recipes anywhere in a folder, those of one folder together."""
    return sorted(folder.rglob("*.toml"), key=lambda file: (file.parent, file.name))


def _words_of(path: PurePath) -> tuple[str, ...]:
    """Return the folders and the name of a path, without its ending."""
    return (*path.parts[:-1], path.name.removesuffix(".toml")) if path.name else ()


def _listed(path: Path, *, shipped: bool) -> ListedRecipe:
    about, kind, search, fault = "", "", "", ""
    try:
        about = describe_recipe(path.read_text(encoding="utf-8"))
        table = read_recipe_table(path)
        kind = parse_recipe(table, where=str(path)).model.kind
        tried = table.get(SEARCH)
        search = str(tried.get("method", "grid")) if isinstance(tried, Mapping) else ""
    except (RecipeError, OSError, UnicodeDecodeError) as error:
        fault = str(error)
    return ListedRecipe(path.stem, path, shipped, about, kind, search, fault)


def read_recipe(path: Path, *, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe file; `changes` are `section.key=value` words that override it.

    Raises:
        RecipeError: the file is missing or is not TOML, a key is unknown, a value is not allowed.
    """
    try:
        return parse_recipe(read_recipe_table(path, changes=changes), where=str(path))
    except RecipeError:
        for count, change in enumerate(changes):
            _blame(path, changes[:count], change)
        raise


def _blame(path: Path, before: Sequence[str], change: str) -> None:
    """Raise RecipeError in the name of a change where the recipe can be followed without it, and not with it."""
    try:
        parse_recipe(read_recipe_table(path, changes=before), where=str(path))
    except RecipeError:
        return
    parse_recipe(read_recipe_table(path, changes=[*before, change]), where=f"--set {change}")


def read_recipe_table(path: Path, *, changes: Sequence[str] = ()) -> dict[str, Any]:
    """Read a recipe file as a table of today's schema, its `search` included; values are not checked yet.

    Raises:
        RecipeError: the file is missing or is not TOML, is of a schema that is not known, or a change is none.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        beside = sorted(str(other) for other in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        raise RecipeError(f"there is no recipe {path}. {did_you_mean(str(path), beside)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise RecipeError(f"{path} is not valid TOML: {error}") from error
    table = upgrade_recipe(table, where=str(path))
    table.setdefault("name", path.stem)
    for change in changes:
        _check_key(change)
        apply_change(table, change)
    return table


def parse_recipe(table: Mapping[str, Any], *, where: str) -> Recipe:
    """Turn the table of a recipe into a Recipe, every key and value checked.

    Raises:
        RecipeError: what `read_recipe` says.
    """
    top = {key: value for key, value in upgrade_recipe(table, where=where).items() if key not in ("schema", SEARCH)}
    check_keys(top, [item.name for item in fields(Recipe)], where=where, error=RecipeError)
    for section, kind in _SECTIONS.items():
        body = top.get(section, {})
        if not isinstance(body, Mapping):
            hint = ' Since recipe/2 it is written [balance] loss = "weights"' if section == "balance" else ""
            raise RecipeError(f"{where}: [{section}] must be a table, found {body!r}.{hint}")
        top[section] = settings_from_table(kind, body, where=f"{where}: [{section}]", error=RecipeError)
    heads = _parse_heads(top.get(_HEADS, {}), where=where)
    recipe = replace(
        settings_from_table(
            Recipe, {key: value for key, value in top.items() if key != _HEADS}, where=where, error=RecipeError
        ),
        heads=heads,
    )
    check_recipe(recipe, where=where)
    return recipe


def _parse_heads(body: Any, *, where: str) -> dict[str, HeadRecipe]:
    if not isinstance(body, Mapping) or not all(isinstance(head, Mapping) for head in body.values()):
        raise RecipeError(f"{where}: [{_HEADS}] must hold a table for each task, such as [heads.scale]; found {body!r}")
    return {
        task: settings_from_table(HeadRecipe, head, where=f"{where}: [{_HEADS}.{task}]", error=RecipeError)
        for task, head in body.items()
    }


def upgrade_recipe(table: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return a recipe's table as today's schema says it; one that names no schema is of today's.

    Raises:
        RecipeError: the schema is not one that this rushes knows.
    """
    schema = str(table.get("schema", SCHEMA))
    found, newest = _SCHEMA.fullmatch(schema), int(SCHEMA.removeprefix("recipe/"))
    if found is None or not 1 <= int(found[1]) <= newest:
        newer = found is not None and int(found[1]) > newest
        advice = "Update rushes" if newer else f'Write schema = "{SCHEMA}"'
        raise RecipeError(f"{where}: schema is '{schema}', this rushes reads '{SCHEMA}' and older. {advice}")
    upgraded = dict(table)
    for version in range(int(found[1]), newest):
        upgraded = _UPGRADES[version](upgraded)
    return upgraded


def _check_key(change: str) -> None:
    """Raise RecipeError where a change is of a key that no recipe has; the nearest is named by its whole path."""
    key, equals, _ = (word.strip() for word in change.partition("="))
    free = {f"{section}.{item.name}" for section, kind in _SECTIONS.items() for item in fields(kind)
            if item.default_factory is dict}  # fmt: skip
    known = [*(item.name for item in fields(Recipe)), "schema", SEARCH] + [
        f"{section}.{item.name}" for section, kind in _SECTIONS.items() for item in fields(kind)
    ]
    words = key.split(".")
    if words[0] == _HEADS and len(words) == 3:  # [heads.<task>] has keys of its own
        known += [f"{_HEADS}.{words[1]}.{item.name}" for item in fields(HeadRecipe)]
    if not equals or not key or key in known or words[0] == SEARCH or ".".join(words[:2]) in free:
        return
    alike = [one for one in known if "." in one and one.rpartition(".")[2] == words[-1]]
    advice = f"Did you mean {' or '.join(map(repr, alike))}?" if alike else did_you_mean(key, known)
    raise RecipeError(f"--set {change}: unknown key '{key}'. {advice}")


def apply_change(table: dict[str, Any], change: str) -> None:
    """Set `section.key=value` in a recipe's table; the value is TOML, or text where it is none.

    Raises:
        RecipeError: the words are no such change.
    """
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


def _from_first(table: dict[str, Any]) -> dict[str, Any]:
    """recipe/1 knew two balances, by a word at the top; all other keys are as they were."""
    upgraded = table | {"schema": "recipe/2"}
    word = table.get("balance", "weights")
    if isinstance(word, str):
        upgraded["balance"] = {"loss": "plain" if word == "none" else word}
    return upgraded


_UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_first}
