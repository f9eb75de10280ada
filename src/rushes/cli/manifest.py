"""`rushes manifest`: the versioned list of labelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.explore import explore
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption, verbs_app
from rushes.cli.preview import preview

if TYPE_CHECKING:
    import polars as pl

_COMPARED = ("img-ref", "class", "frame_id")
_SHOWN = 40  # lines per change set

app = verbs_app("The immutable, versioned list of labelled samples.")
app.command(epilog="Example: rushes manifest preview --task mcu --per-class 6 --to sheet.png")(preview)
app.command(epilog="Example: rushes manifest explore --task mcu --recipe features")(explore)


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
        from rushes.labels.manifest_diff import diff_tables
        from rushes.labels.manifest_parquet import parquet_beside
        from rushes.labels.manifest_table import read_manifest_table
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        fresh = refresh_manifest(place, wanted, now=datetime.now(UTC), write=not dry_run)
        table, path = fresh.table, fresh.path
        known = read_manifest_table(fresh.before, columns=_COMPARED) if fresh.before else table.clear()
        changes = diff_tables(known, table.select(_COMPARED))
        beside = parquet_beside(path) if path and parquet_beside(path).is_file() else None
        counted = Counter(table["class"])
        counts = {name: counted[name] for name in wanted.classes}
        door.show(table_of(None, ("class", "samples"), list(counts.items())))
        door.say(
            f"{plural(table.height, 'sample')} in {plural(table['group'].n_unique(), 'group')}: "
            f"{changes.new.height:,} new, {changes.relabelled.height:,} relabelled, {changes.removed.height:,} removed"
        )
        verb = "would be written" if dry_run else "written" if fresh.written else "unchanged"
        door.say(f"manifest {verb}{f': {path}' if path else ''}")
        if beside and not dry_run:
            door.say(f"the same as Parquet beside it: {beside.name}")
        door.finish(
            {
                "path": str(path) if path else None,
                "parquet": str(beside) if beside else None,
                "written": fresh.written,
                "samples": table.height,
                "classes": counts,
                "new": changes.new.height,
                "relabelled": changes.relabelled.height,
                "removed": changes.removed.height,
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
        from rushes.labels.manifest_diff import diff_tables
        from rushes.labels.manifest_table import read_manifest_table

        changes = diff_tables(*(read_manifest_table(path, columns=_COMPARED) for path in (old, new)))
        _show(door, "new", changes.new)
        _show(door, "relabelled", changes.relabelled)
        _show(door, "removed", changes.removed)
        door.say(f"{changes.same.height:,} same, {changes.new.height:,} new, {changes.relabelled.height:,} relabelled, "
                 f"{changes.removed.height:,} removed")  # fmt: skip
        door.finish(
            {
                "same": changes.same.height,
                "new": changes.new["img-ref"].to_list(),
                "relabelled": changes.relabelled.select("img-ref", "was", now="class").to_dicts(),
                "removed": changes.removed["img-ref"].to_list(),
            }
        )


def _show(door: Door, word: str, rows: pl.DataFrame) -> None:
    """Say the first rows of a change set, and how many more there are."""
    for row in rows.head(_SHOWN).to_dicts():
        change = f"{row['was']} -> {row['class']}" if "was" in row else row["class"]
        door.say(f"{word:<10} {row['img-ref']}  {change}")
    if rows.height > _SHOWN:
        door.say(f"… and {rows.height - _SHOWN:,} more {word}; --json prints them all")
