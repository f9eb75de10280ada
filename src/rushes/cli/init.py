"""`rushes init`: a project folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from rushes.cli.door import opened
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, verb_app
from rushes.errors import UsageError, did_you_mean

app = verb_app()


@app.command(epilog="Example: rushes init flowers --task flower=daisy,dandelion,roses,sunflowers,tulips")
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder to make the project in.")] = Path(),
    template: Annotated[str, typer.Option(help="Whose words to start from: rarity, mcu, cull, eras or shots.")] = "mcu",
    task: Annotated[
        list[str] | None, typer.Option(help="A task of your own, NAME=CLASS,CLASS,…; may be given several times.")
    ] = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Make a project folder with a commented rushes.toml and a recipe. Nothing that is there is written over."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.cli.templates import TEMPLATES, plan_project
        from rushes.project import PROJECT_FILE, parse_project, read_project
        from rushes.storage.files import write_text

        if template not in TEMPLATES:
            raise UsageError(f"--template {template}: {did_you_mean(template, list(TEMPLATES))}")
        tasks = dict(_parse_task(words) for words in task or [])
        planned = plan_project(name=folder.resolve().name, template=template, tasks=tasks)
        _check(planned[PROJECT_FILE], folder, parse_project)
        kept = [name for name in planned if (folder / name).exists()]
        written = [name for name in planned if name not in kept]
        if not dry_run:
            for name in written:
                write_text(folder / name, planned[name])
            open_catalog(read_project(folder).catalog_place).close()
        for name in written:
            door.say(f"{'would write' if dry_run else 'wrote'} {folder / name}")
        for name in kept:
            door.say(f"kept  {folder / name} (it is there already)")
        if not dry_run:
            there = shlex.quote(str(folder))
            door.say(
                f"\nNext: cd {there}, write your shots into shots.csv, then: rushes train shots"
                if "shots.csv" in planned
                else f"\nNext: cd {there} && rushes ingest FOOTAGE"
            )
        door.finish({"folder": str(folder.resolve()), "written": written, "kept": kept, "dry_run": dry_run})


def _parse_task(words: str) -> tuple[str, list[str]]:
    name, equals, classes = words.partition("=")
    listed = [word.strip() for word in classes.split(",") if word.strip()]
    if not equals or not name.strip() or not listed:
        raise UsageError(f"--task {words}: write it as NAME=CLASS,CLASS, for example select=reject,select")
    return name.strip(), listed


def _check(text: str, folder: Path, parse: object) -> None:
    """Raise ProjectError now, before anything is written, where the words given do not make a project."""
    import tomllib

    assert callable(parse)
    parse(tomllib.loads(text), root=folder.resolve())
