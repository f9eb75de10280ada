"""`rushes recipes`: what can be trained by name, the project's recipes and those that come with rushes."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import opened, table_of
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, verb_app
from rushes.errors import RecipeError, UsageError

if TYPE_CHECKING:
    from rushes.learning.recipe_files import ListedRecipe
    from rushes.project import Project

app = verb_app()

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A recipe's name, or its file.")]


@app.callback(invoke_without_command=True, epilog="Example: rushes recipes")
def recipes(
    context: typer.Context, project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False
) -> None:
    """List what can be trained by name. A recipe of the project hides one of its name that comes with rushes."""
    if context.invoked_subcommand is not None:
        if project is not None or as_json or debug:
            verb = context.invoked_subcommand
            raise typer.BadParameter(f"the options stand before '{verb}'. Put them behind it: rushes recipes {verb} …")
        return
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.learning.recipe_files import list_recipes

        listed = list_recipes(_folders(_place(project)))
        rows = [
            [one.name, _kind(one), "rushes" if one.shipped else "project", one.about or "(its first line does not say)"]
            for one in listed
        ]
        door.show(table_of(None, ["recipe", "kind", "of", "what it is for"], rows))
        for one in listed:
            if one.fault:
                door.warn(f"{one.name} cannot be followed: {one.fault}")
        door.say("\nNext: rushes train NAME, or rushes recipes copy NAME to change it")
        door.finish({"recipes": [_as_table(one) for one in listed]})


@app.command(epilog="Example: rushes recipes show features-dinov2")
def show(
    name: NameArgument, project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Print a recipe as it is written."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.learning.recipe_files import find_recipe

        path = find_recipe(name, _folders(_place(project)))
        text = _read(path)
        door.say(text.rstrip("\n"))
        door.finish({"name": path.stem, "path": str(path), "text": text})


@app.command(epilog="Example: rushes recipes copy cnn-mcu --as my-cnn")
def copy(
    name: NameArgument,
    to: Annotated[str | None, typer.Option("--as", help="Name of the copy; otherwise the recipe's.")] = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Put a recipe into the project's recipes/, to be changed there. Nothing that is there is written over."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.learning.recipe_files import find_recipe
        from rushes.project import find_project
        from rushes.storage.files import write_text

        place = find_project(project)
        source = find_recipe(name, _folders(place))
        target = _target(place, source.stem if to is None else to)
        text = _read(source)
        if not dry_run:
            write_text(target, text)
        door.say(f"{'would write' if dry_run else 'wrote'} {target}")
        if not dry_run:
            door.say(f"Next: rushes train {target.stem}")
        door.finish({"name": target.stem, "path": str(target), "copied_from": str(source), "dry_run": dry_run})


def _place(project: Path | None) -> Project | None:
    """Return the project, or None where the working folder is in none: what comes with rushes is there all the same."""
    from rushes.project import PROJECT_FILE, find_project

    here = Path.cwd()
    if project is None and not any((folder / PROJECT_FILE).is_file() for folder in (here, *here.parents)):
        return None
    return find_project(project)


def _folders(place: Project | None) -> list[Path]:
    from rushes.learning.recipe_files import SHIPPED

    return [SHIPPED] if place is None else [place.recipes_folder, SHIPPED]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error


def _target(place: Project, name: str) -> Path:
    """Return the file of a copy.

    Raises:
        UsageError: it would lie outside recipes/, or the project has a recipe of that name.
    """
    inside = PurePath(f"{name.removesuffix('.toml')}.toml")
    if inside.is_absolute() or ".." in inside.parts or inside.name == ".toml":
        raise UsageError(f"--as {name}: give a name, such as my-cnn; copies are put into {place.recipes_folder}")
    target = place.recipes_folder / inside
    of_that_name = [file for file in place.recipes_folder.rglob("*.toml") if file.stem == target.stem]
    if target.exists() or of_that_name:
        there = of_that_name[0] if of_that_name else target
        raise UsageError(f"{there} is there already and stays as it is. Give the copy a name of its own: --as NAME")
    return target


def _kind(one: ListedRecipe) -> str:
    if one.fault:
        return "faulty"
    return f"{one.kind}, {one.search} search" if one.search else one.kind


def _as_table(one: ListedRecipe) -> dict[str, Any]:
    return {
        "name": one.name,
        "path": str(one.path),
        "shipped": one.shipped,
        "about": one.about,
        "kind": one.kind,
        "search": one.search,
        "fault": one.fault,
    }
