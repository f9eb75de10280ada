"""`rushes export`: a run as a bundle."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, verb_app
from rushes.cli.versions import find_run
from rushes.errors import UsageError, require_extra

if TYPE_CHECKING:
    from rushes.bundles.bundle import Bundle
    from rushes.bundles.shot_bundle import ShotBundle
    from rushes.progress import Progress
    from rushes.project import Project

app = verb_app()


@app.command(epilog="Example: rushes export 2026-11-20-120000-features --to bundles/scale")
def export(
    run: Annotated[Path | None, typer.Argument(help="A run's folder or name; otherwise the newest run.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder of the bundle; otherwise bundles/<run>.")] = None,
    no_neighbours: Annotated[
        bool,
        typer.Option("--no-neighbours", help="Leave out the training pictures by which answers are explained."),
    ] = False,
    browser: Annotated[
        bool,
        typer.Option("--browser", help="Write a page that runs the bundle in a browser; RUN may be a bundle's folder."),
    ] = False,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="A graph in 8-bit integers too, kept only where validation finds it good enough."),
    ] = False,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a run as a portable bundle (ONNX, classes, preprocessing, card), checked against the run."""
    with opened(as_json=as_json, debug=debug) as door:
        if browser:
            if int8:
                raise UsageError("--int8: a page runs the graph that the bundle's certificate is of. "
                                 "Leave the option out, or export the bundle with it first")  # fmt: skip
            from rushes.cli.export_browser import export_to_browser

            export_to_browser(door, run, to, project=project, neighbours=not no_neighbours, dry_run=dry_run)
        require_extra("train", "torch", "onnx", "onnxscript", purpose="exporting")
        from rushes.bundles.bundle import Bundle
        from rushes.inference.cull import GOOD_WORDS
        from rushes.learning.runs import is_of_shots
        from rushes.project import find_project

        place = find_project(project)
        folder = find_run(place, run)
        if is_of_shots(folder.parent):
            folder = folder.parent  # one task of a run of shots: a bundle answers all of them
        if int8 and is_of_shots(folder):
            raise UsageError(f"--int8: {folder} is a run of shots, whose graph gains nothing by 8-bit integers. "
                             "Leave the option out")  # fmt: skip
        target = (to or place.bundles_folder / folder.name).absolute()
        if dry_run:
            door.say(f"would export {folder} to {target}")
            door.finish({"run": str(folder), "bundle": str(target), "dry_run": True})
        with door.progress("export") as progress:
            bundle = _export(folder, target, place, progress, neighbours=not no_neighbours, int8=int8)
        door.say(f"bundle: {bundle.folder}")
        runtimes = _show_runtimes(door, bundle)
        if isinstance(bundle, Bundle):
            if bundle.thresholds:
                door.say(f"thresholds: {_words_of(bundle.folder)}")
        else:
            for task, thresholds in bundle.thresholds.items():
                if thresholds:
                    door.say(f"thresholds of {task}: {_words_of(bundle.folder / task)}")
        door.say(f"Next: rushes predict {shlex.quote(str(bundle.folder))} FOOTAGE")
        if isinstance(bundle, Bundle) and any(name.casefold() in GOOD_WORDS for name in bundle.classes):
            door.say(f"or, of a shoot: rushes cull {shlex.quote(str(bundle.folder))} SHOOT --dry-run")
        answers = {"classes": list(bundle.classes)} if isinstance(bundle, Bundle) else {
            "tasks": {task: list(classes) for task, classes in bundle.tasks.items()}}  # fmt: skip
        if int8 and not runtimes["int8"]["holds"]:
            door.fail_item(f"no 8-bit graph was kept: {runtimes['int8']['reason']}")
        door.finish({"bundle": str(bundle.folder), "id": bundle.id} | answers | {"runtimes": runtimes})


def _show_runtimes(door: Door, bundle: Bundle | ShotBundle) -> dict[str, Any]:
    """Print what was found of the runtimes that could be tried, and return all of it for JSON."""
    from rushes.bundles.certificates import read_certificates
    from rushes.bundles.weighed import describe_gains

    found = read_certificates(bundle)
    for name, one in found.items():
        if one.holds:
            gains = f", {describe_gains(one.gains)}" if one.gains else ""
            door.say(f"runtime {name}: certified, probabilities differ by at most {one.largest_difference:.1e}{gains}")
        elif one.version and name != "int8":
            door.say(f"runtime {name}: not certified: {one.reason}")
    return {name: one.to_table() for name, one in found.items()}


def _words_of(folder: Path) -> str:
    """Return in words the thresholds that a bundle carries: those that somebody asked for, and how many others.

    Args:
        folder: the bundle's, or that of a task in a bundle of shots.
    """
    from rushes.bundles.sealed import read_table
    from rushes.bundles.thresholded import SCHEMA, THRESHOLDS_FILE

    found = read_table(folder / THRESHOLDS_FILE, SCHEMA)["thresholds"]
    stated = [
        f"{name} {one['threshold']:.3f} for {one['wish']}" if one["threshold"] is not None else f"{name} none"
        for name, one in found.items()
        if one["stated"]
    ]
    if not stated:
        return "best F1 on validation for every class, as nothing else was asked for (rushes evaluate RUN --want …)"
    others = len(found) - len(stated)
    return ", ".join(stated) + (f"; best F1 for {plural(others, 'other class', 'other classes')}" if others else "")


def _export(
    folder: Path, target: Path, place: Project, progress: Progress, *, neighbours: bool, int8: bool
) -> Bundle | ShotBundle:
    from rushes.learning.runs import is_of_shots

    if is_of_shots(folder):
        from rushes.bundles.shot_export import Places, export_shot_run

        places = Places(place.root, place.scans_folder, place.cache_folder)
        return export_shot_run(folder, target, places=places, progress=progress)
    from rushes.bundles.onnx import export_run
    from rushes.learning.known_samples import LIMIT

    return export_run(
        folder,
        target,
        project_root=place.root,
        cache_folder=place.cache_folder,
        neighbours=LIMIT if neighbours else 0,
        int8=int8,
        progress=progress,
    )
