"""`rushes split`: who is in train, validation and test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption, kind_of, verbs_app
from rushes.cli.versions import newest_rows, newest_split_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.datasets.split import Split
    from rushes.labels.manifest import ManifestRow

app = verbs_app("Who is in train, validation and test.")

KindOption = Annotated[
    str, typer.Option("--kind", help="grouped: a film never stands on two sides; mixed: frames shuffled, and named so.")
]
_LEAKS_SHOWN = 20


@app.command(epilog="Example: rushes split make --task mcu")
def make(
    kind: KindOption = "grouped",
    seed: Annotated[int | None, typer.Option(help="Of the dice; otherwise the project's.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Forget where groups were; a known group may move.")] = False,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Split the newest manifest by group, classes balanced as far as groups allow. Known groups stay where they are."""
    with opened(as_json=as_json, debug=debug) as door:
        from dataclasses import replace
        from datetime import UTC, datetime

        from rushes.datasets.refresh import refresh_split
        from rushes.datasets.split import count_classes, rows_of_parts
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        wanted_kind = kind_of(kind, option="--kind")
        _, rows = newest_rows(place, wanted)
        settings = place.split if seed is None else replace(place.split, seed=seed)
        fresh = refresh_split(
            place,
            wanted,
            rows,
            kind=wanted_kind,
            settings=settings,
            anew=anew,
            now=datetime.now(UTC),
            write=not dry_run,
        )
        split = fresh.split
        counts = count_classes(rows_of_parts(rows, split), wanted.classes)
        _show(door, split, rows, counts)
        for note in fresh.notes:
            door.warn(f"note: {note}")
        verb = "would be written" if dry_run else "written" if fresh.written else "unchanged"
        door.say(f"split {verb}{f': {fresh.path}' if fresh.path else ''}")
        path = str(fresh.path) if fresh.path else None
        door.finish(_as_table(split, counts) | {"notes": list(fresh.notes), "path": path, "written": fresh.written})


@app.command(epilog="Example: rushes split check --task mcu")
def check(
    kind: KindOption = "grouped",
    task: TaskOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say who is where, per class, and find every leak: groups in two parts, the same picture, near-duplicates.

    Ends with 1 where a leak is found.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.datasets.refresh import signatures_of
        from rushes.datasets.split import count_classes, describe_search, find_leaks, rows_of_parts
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        path, made = newest_split_of(place, wanted, kind_of(kind, option="--kind"))
        _, rows = newest_rows(place, wanted)
        split = made.placing(rows)  # as training takes it, with what was labelled since
        counts = count_classes(rows_of_parts(rows, split), wanted.classes)
        _show(door, split, rows, counts)
        signatures = signatures_of(place, rows)
        leaks = find_leaks(split, rows, signatures=signatures)
        unplaced = [row for row in rows if row.frame_id not in split.parts and row.frame_id not in split.left_out]
        for leak in leaks[:_LEAKS_SHOWN]:
            door.fail_item(f"leak ({leak.kind}): {leak.detail}")
        door.failed.extend(leak.detail for leak in leaks[_LEAKS_SHOWN:])
        if len(leaks) > _LEAKS_SHOWN:
            door.warn(f"… and {len(leaks) - _LEAKS_SHOWN} more leaks")
        if unplaced:
            door.warn(f"{plural(len(unplaced), 'sample')} of the newest manifest stand in no part: rushes split make")
        if not leaks:
            door.say(describe_search(split, rows, signatures=signatures))
        found = [
            {"kind": leak.kind, "part": leak.part, "other_part": leak.other_part, "detail": leak.detail}
            for leak in leaks
        ]
        door.finish(_as_table(made, counts) | {"path": str(path), "leaks": found, "unplaced": len(unplaced)})


def _show(door: Door, split: Split, rows: Sequence[ManifestRow], counts: dict[str, dict[str, int]]) -> None:
    from rushes.datasets.split import PARTS

    classes = list(next(iter(counts.values())))
    lines = []
    for part in PARTS:
        groups = {row.group for row in rows if split.parts.get(row.frame_id) == part}
        lines.append([part, len(groups), sum(counts[part].values()), *(counts[part][name] for name in classes)])
    door.show(table_of(f"{split.kind} split of {split.task}", ["part", "groups", "samples", *classes], lines))
    if split.kind == "grouped" and len(split.groups) <= 60:
        for part in PARTS:
            door.say(f"{part}: {', '.join(group for group, where in split.groups.items() if where == part)}")


def _as_table(split: Split, counts: dict[str, dict[str, int]]) -> dict[str, Any]:
    return {
        "task": split.task,
        "kind": split.kind,
        "counts": counts,
        "groups": dict(split.groups),
        "left_out": dict(split.left_out),
        "notes": list(split.notes),
        "digest": split.digest,
    }
