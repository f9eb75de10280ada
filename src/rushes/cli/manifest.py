"""`rushes manifest`: the versioned list of labelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rushes.cli.door import opened, plural, table_of
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption, verbs_app
from rushes.cli.preview import preview

app = verbs_app("The immutable, versioned list of labelled samples.")
app.command(epilog="Example: rushes manifest preview --task mcu --per-class 6 --to sheet.png")(preview)


@app.command(epilog="Example: rushes manifest build --task mcu")
def build(
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a new version of a task's manifest where labels or frames have changed since the newest."""
    with opened(as_json=as_json, debug=debug) as door:
        from collections import Counter
        from datetime import UTC, datetime

        from rushes.datasets.refresh import refresh_manifest
        from rushes.labels.manifest import diff_manifests, read_manifest
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        fresh = refresh_manifest(place, wanted, now=datetime.now(UTC), write=not dry_run)
        rows, path = fresh.rows, fresh.path
        changes = diff_manifests(read_manifest(fresh.before) if fresh.before else [], rows)
        counted = Counter(row.class_name for row in rows)
        counts = {name: counted[name] for name in wanted.classes}
        door.show(table_of(None, ("class", "samples"), list(counts.items())))
        door.say(
            f"{plural(len(rows), 'sample')} in {plural(len({row.group for row in rows}), 'group')}: "
            f"{len(changes.new)} new, {len(changes.relabelled)} relabelled, {len(changes.removed)} removed"
        )
        verb = "would be written" if dry_run else "written" if fresh.written else "unchanged"
        door.say(f"manifest {verb}{f': {path}' if path else ''}")
        door.finish(
            {
                "path": str(path) if path else None,
                "written": fresh.written,
                "samples": len(rows),
                "classes": counts,
                "new": len(changes.new),
                "relabelled": len(changes.relabelled),
                "removed": len(changes.removed),
            }
        )


@app.command(epilog="Example: rushes manifest diff manifests/mcu-manifest-A.jl manifests/mcu-manifest-B.jl")
def diff(
    old: Annotated[Path, typer.Argument(help="The earlier manifest.")],
    new: Annotated[Path, typer.Argument(help="The later manifest.")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say which samples are the same, new, relabelled and removed from one manifest to another."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.labels.manifest import diff_manifests, read_manifest

        changes = diff_manifests(read_manifest(old), read_manifest(new))
        for row in changes.new:
            door.say(f"new        {row.img_ref}  {row.class_name}")
        for was, now in changes.relabelled:
            door.say(f"relabelled {now.img_ref}  {was.class_name} -> {now.class_name}")
        for row in changes.removed:
            door.say(f"removed    {row.img_ref}  {row.class_name}")
        door.say(f"{len(changes.same)} same, {len(changes.new)} new, {len(changes.relabelled)} relabelled, "
                 f"{len(changes.removed)} removed")  # fmt: skip
        door.finish(
            {
                "same": len(changes.same),
                "new": [row.img_ref for row in changes.new],
                "relabelled": [
                    {"img-ref": now.img_ref, "was": was.class_name, "now": now.class_name}
                    for was, now in changes.relabelled
                ],
                "removed": [row.img_ref for row in changes.removed],
            }
        )
