"""`rushes manifest explore`: a manifest looked at before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.engines import engine_of
from rushes.cli.options import (
    DebugOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    TaskOption,
    ThreadsOption,
    WorkersOption,
)
from rushes.cli.versions import newest_manifest_of
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.datasets.split import Split
    from rushes.evaluation.explore import Exploration
    from rushes.learning.recipe import Recipe
    from rushes.project import Project

_LOST_SHOWN = 20


def explore(
    manifest: Annotated[Path | None, typer.Argument(help="Manifest; otherwise the newest of the task.")] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="Show what the balance of this recipe makes of the classes; a file or a name.")
    ] = None,
    no_pictures: Annotated[
        bool, typer.Option("--no-pictures", help="Read no picture: sizes, exposure and sharpness are left out.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Page to write; otherwise one beside the project's manifests."),
    ] = None,
    task: TaskOption = None,
    threads: ThreadsOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Look at the data first: classes by group, imbalance, sizes, light and sharpness, and what these alone tell.

    Writes a page. Ends with 1 where a picture is missing or cannot be decoded; the others are measured.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.datasets.picture_facts import read_picture_facts
        from rushes.datasets.preview import order_classes, task_of_manifest
        from rushes.evaluation.explore import explore as look
        from rushes.evaluation.explore import is_measurable
        from rushes.evaluation.explore_page import read_exploration_page
        from rushes.labels.manifest import read_manifest
        from rushes.project import find_project
        from rushes.storage.files import write_text

        place = find_project(project)
        path = manifest or newest_manifest_of(place, place.task(task))
        target = _target(out, path, place)
        wanted = task_of_manifest(place, path, task)
        asked = _recipe_of(place, recipe) if recipe is not None else None
        rows = read_manifest(path)
        classes = order_classes([row.class_name for row in rows], wanted)
        split_path, split = _newest_split(place, wanted.name) if wanted else (None, None)
        facts = None
        if not no_pictures and is_measurable(rows):
            with engine_of(place, engine, workers, threads=threads) as pool, door.progress("measure") as progress:
                facts = read_picture_facts(
                    rows,
                    project_root=place.root,
                    cache_folder=place.cache_folder,
                    threads=threads,
                    engine=pool,
                    progress=progress,
                )
        found = look(
            rows,
            classes,
            facts=facts,
            split=split,
            split_name=split_path.name if split_path else "",
            recipe=asked,
        )
        with door.progress("page") as progress:
            page = read_exploration_page(
                found, manifest=path.name, task=wanted.name if wanted else "", root=place.root, progress=progress
            )
        write_text(target, page)
        _say(door, found, path, split_path)
        door.say(f"page written: {target}")
        head = {"path": str(target), "manifest": str(path), "task": wanted.name if wanted else None}
        door.finish(head | found.to_table())


def _say(door: Door, found: Exploration, manifest: Path, split: Path | None) -> None:
    from rushes.evaluation.explore import CLASSES
    from rushes.evaluation.explore_words import list_findings
    from rushes.storage.pictures import without_query

    shown = found.commonest(CLASSES) if len(found.counts) > CLASSES else found.classes
    lines = [
        [one.name, one.samples, f"{one.samples / found.total:.1%}", one.groups]
        for one in found.counts
        if one.name in shown
    ]
    door.show(table_of(None, ("class", "samples", "share", "groups"), lines))
    door.say(f"{plural(found.total, 'sample')} in {manifest}{f', split {split.name}' if split else ', no split yet'}")
    for sentence in list_findings(found):
        door.say(sentence)
    for row, reason in found.lost[:_LOST_SHOWN]:
        door.fail_item(f"{without_query(row.img_ref)}: {reason}")
    if len(found.lost) > _LOST_SHOWN:
        door.fail_item(f"… and {plural(len(found.lost) - _LOST_SHOWN, 'more picture')} that cannot be read")


def _newest_split(place: Project, task: str) -> tuple[Path | None, Split | None]:
    """Return the newest grouped split of a task, or the newest of another kind where there is none."""
    from rushes.datasets.split import newest_split, read_split

    for kind in ("grouped", "stated", "mixed"):
        path = newest_split(place.splits_folder, task, kind)
        if path is not None:
            return path, read_split(path)
    return None, None


def _recipe_of(place: Project, recipe: Path) -> Recipe:
    from rushes.learning.recipe_files import SHIPPED, find_recipe, read_recipe

    return read_recipe(find_recipe(recipe, (place.recipes_folder, SHIPPED)))


def _target(out: Path | None, manifest: Path, place: Project) -> Path:
    """Return the file to write.

    Raises:
        UsageError: its name does not end in .html, a folder has this name, or it would stand among the frames.
    """
    if out is None:
        return place.manifests_folder / f"{manifest.stem}-explore.html"
    if out.suffix.lower() != ".html":
        raise UsageError(f"--out {out}: '{out.suffix}' is no page. Give a file that ends in .html")
    if out.is_dir():
        raise UsageError(f"--out {out}: a folder has this name. Give a file, for example {out / 'explore.html'}")
    if (place.root / "frames").resolve() in out.resolve().parents:
        raise UsageError(f"--out {out}: frames/ holds the frames themselves. Name another place")
    return out
