"""`rushes labels export`: labels with where they come from, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rushes.cli.door import opened, plural
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption
from rushes.errors import UsageError


def export(
    file: Annotated[Path, typer.Argument(help="A .csv, .xlsx, .jsonl, or .json (for Label Studio).")],
    all_statements: Annotated[
        bool, typer.Option("--all-statements", help="Every statement and what became of it, not only what stands.")
    ] = False,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Frames without a label too, to be filled in.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write the labels of a task with their origin, time, sheet and row, and what they overruled.

    Importing the file gives the same labels. No cell of it can run as a formula.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.frame_refs import frame_refs
        from rushes.labels.export import plan_export
        from rushes.labels.export_files import check_new_export, write_export
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        check_new_export(file, overwrite=overwrite)
        with open_catalog(place.catalog_place) as catalog:
            planned = plan_export(
                frame_refs(catalog.frames(), catalog.sources()),
                catalog.labels(task=wanted.name),
                place.trust_of(wanted),
                subjects=catalog.subjects(),
                all_statements=all_statements,
                unlabelled=unlabelled,
            )
        if not planned:
            raise UsageError(
                f"no frame has a label of task '{wanted.name}'. Import some: rushes labels import SHEET; or write the "
                "frames to label: --unlabelled"
            )
        labelled = sum(one.resolved is not None for one in planned)
        statements = sum(len(one.statements) for one in planned)
        if not dry_run:
            write_export(file, planned, task_name=wanted.name, all_statements=all_statements)
        more = f", {plural(statements, 'statement')}" if all_statements else ""
        door.say(f"{plural(len(planned), 'frame')}, {labelled:,} of them labelled{more}")
        door.say(f"{'would be written' if dry_run else 'written'}: {file}")
        door.finish(
            {
                "path": None if dry_run else str(file),
                "task": wanted.name,
                "frames": len(planned),
                "labelled": labelled,
                "statements": statements if all_statements else None,
            }
        )
