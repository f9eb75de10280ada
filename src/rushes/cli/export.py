"""`rushes export`: a run as a bundle."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from rushes.cli.door import opened
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, verb_app
from rushes.cli.versions import find_run
from rushes.errors import require_extra

app = verb_app()


@app.command(epilog="Example: rushes export 2026-11-20-120000-features --to bundles/scale")
def export(
    run: Annotated[Path | None, typer.Argument(help="A run's folder or name; otherwise the newest run.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder of the bundle; otherwise bundles/<run>.")] = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a run as a portable bundle (ONNX, classes, preprocessing, card), checked against the run."""
    with opened(as_json=as_json, debug=debug) as door:
        require_extra("train", "torch", "onnx", "onnxscript", purpose="exporting")
        from rushes.bundles.onnx import export_run
        from rushes.project import find_project

        place = find_project(project)
        folder = find_run(place, run)
        target = (to or place.bundles_folder / folder.name).absolute()
        if dry_run:
            door.say(f"would export {folder} to {target}")
            door.finish({"run": str(folder), "bundle": str(target), "dry_run": True})
        with door.progress("export") as progress:
            bundle = export_run(folder, target, project_root=place.root, progress=progress)
        door.say(f"bundle: {bundle.folder}")
        door.say(f"Next: rushes predict {shlex.quote(str(bundle.folder))} FOOTAGE")
        door.finish({"bundle": str(bundle.folder), "id": bundle.id, "classes": list(bundle.classes)})
