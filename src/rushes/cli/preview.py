"""`rushes manifest preview`: a contact sheet of a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import opened, plural, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, TaskOption
from rushes.cli.versions import newest_manifest_of
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.project import Project

_FORMATS = (".html", ".png")


def preview(
    manifest: Annotated[Path | None, typer.Argument(help="Manifest; otherwise the newest of the task.")] = None,
    per_class: Annotated[int, typer.Option("--per-class", min=1, help="Samples of each class, at most.")] = 4,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Show this class only; may be given again for more.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the choice; the same seed shows the same samples.")] = 0,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="File to write, .html or .png; otherwise a page beside the project's manifests."),
    ] = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Draw some samples of each class: the frame, the frame standardised, and its histogram with a normal fit.

    Ends with 1 where a picture is missing or cannot be decoded; the others are shown.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.datasets.preview import LostSample, read_preview, task_of_manifest
        from rushes.datasets.preview_page import format_preview_page
        from rushes.datasets.preview_sheet import draw_preview
        from rushes.project import find_project
        from rushes.storage.files import whole_file, write_text

        place = find_project(project)
        path = manifest or newest_manifest_of(place, place.task(task))
        wanted = task_of_manifest(place, path, task)
        target = _target(to, path, place)
        with door.progress("preview") as progress:
            found = read_preview(
                path,
                root=place.root,
                task=wanted,
                per_class=per_class,
                classes=classes or (),
                seed=seed,
                progress=progress,
            )
        if target.suffix.lower() == ".png":
            with whole_file(target) as temporary:
                draw_preview(found).save(temporary, "PNG")
        else:
            write_text(target, format_preview_page(found))
        for sample in found.lost:
            door.fail_item(f"{sample} (class {sample.row.class_name})")
        lines = [
            [view.name, view.count, sum(not isinstance(sample, LostSample) for sample in view.samples)]
            for view in found.classes
        ]
        door.show(table_of(None, ("class", "samples", "shown"), lines))
        door.say(f"{plural(found.sample_count, 'sample')} in {path}")
        door.say(f"preview written: {target}")
        door.finish({"path": str(target)} | found.to_table() | {"manifest": str(path)})


def _target(to: Path | None, manifest: Path, place: Project) -> Path:
    """Return the file to write.

    Raises:
        UsageError: its name has no known extension, a folder has this name, or it would stand among the frames.
    """
    if to is None:
        return place.manifests_folder / f"{manifest.stem}-preview.html"
    if to.suffix.lower() not in _FORMATS:
        raise UsageError(f"--to {to}: '{to.suffix}' is no format of a preview. Allowed: {', '.join(_FORMATS)}")
    if to.is_dir():
        raise UsageError(f"--to {to}: a folder has this name. Give a file, for example {to / 'preview.html'}")
    if (place.root / "frames").resolve() in to.resolve().parents:
        raise UsageError(f"--to {to}: frames/ holds the frames themselves. Name another place")
    return to
