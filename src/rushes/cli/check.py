"""`rushes check`: whether the pictures of the project are there, those that were taken in, and whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import opened, plural, table_of
from rushes.cli.engines import engine_of
from rushes.cli.options import (
    DebugOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    TaskOption,
    ThreadsOption,
    WorkersOption,
    verb_app,
)
from rushes.cli.versions import newest_manifest_of
from rushes.errors import CatalogError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.datasets.picture_check import Faulty, Stated
    from rushes.project import Project

app = verb_app()

_SHOWN = 20


@app.command(epilog="Example: rushes check --deep --out faulty.csv")
def check(
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="Check its pictures; otherwise those of the catalog.")
    ] = None,
    task: TaskOption = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read what lies in stores too, and decode every picture to its end.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Check also what was found right before and has not changed since.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the faulty pictures as CSV.")] = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say which pictures of the project are missing, are others than were taken in, or cannot be decoded to their end.

    Run again, it goes on from where it was stopped. Ends with 1 where a picture is faulty.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.datasets.picture_check import FAULTS, check_pictures
        from rushes.project import find_project

        if out is not None and out.suffix.lower() != ".csv":
            raise UsageError(f"--out {out}: faulty pictures are written as CSV. Name a file that ends in .csv")
        place = find_project(project)
        if manifest is None and task is not None:
            manifest = newest_manifest_of(place, place.task(task))
        pictures = _pictures_of(place, manifest)
        with engine_of(place, engine, workers, threads=threads) as opened_engine, door.progress("check") as progress:
            found = check_pictures(
                pictures,
                root=place.root,
                cache_folder=place.cache_folder,
                deep=deep,
                again=again,
                engine=opened_engine,
                progress=progress,
            )
        total = found.right_count + len(found.faulty)
        counts = {fault: sum(one.fault == fault for one in found.faulty) for fault in FAULTS}
        said = [("right", found.right_count), *((fault, count) for fault, count in counts.items() if count)]
        door.show(table_of(None, ("found", "pictures"), said))
        known = f", {found.known_count:,} of them known from before" if found.known_count else ""
        door.say(f"{plural(total, 'picture')} of {manifest.name if manifest else 'the catalog'}{known}")
        if not deep:
            door.say("Whether they can be decoded, and what lies in stores, is read with --deep")
        for one in found.faulty[:_SHOWN]:
            door.fail_item(f"{one.fault}: {one}")
        door.failed.extend(f"{one.fault}: {one}" for one in found.faulty[_SHOWN:])
        if len(found.faulty) > _SHOWN:
            door.warn(f"… and {len(found.faulty) - _SHOWN:,} more; --json and --out name them all")
        if out is not None:
            _write(out, found.faulty)
            door.say(f"faulty pictures: {out}")
        door.finish(
            {
                "manifest": str(manifest) if manifest else None,
                "deep": deep,
                "pictures": total,
                "right": found.right_count,
                "known": found.known_count,
                "faults": counts,
                "faulty": [_to_table(one) for one in found.faulty],
                "out": str(out) if out is not None else None,
            }
        )


def _pictures_of(place: Project, manifest: Path | None) -> list[Stated]:
    """Return the pictures of a manifest; of the catalog where there is none."""
    from rushes.catalog.catalog import open_catalog
    from rushes.datasets.picture_check import Stated
    from rushes.labels.manifest import read_manifest

    if manifest is not None:
        return [Stated(row.img_ref, row.sha256, row.name) for row in read_manifest(manifest)]
    with open_catalog(place.catalog_place) as catalog:
        frames = catalog.frames()
    if not frames:
        raise CatalogError("the catalog holds no frames. Take footage in first: rushes ingest FOOTAGE")
    return [Stated(item.image, item.sha256, item.frame.name) for item in frames]


def _to_table(one: Faulty) -> dict[str, str]:
    from rushes.storage.pictures import without_query

    return {
        "picture": without_query(one.picture.image),
        "frame": one.picture.name,
        "fault": one.fault,
        "reason": one.reason,
    }


def _write(path: Path, faulty: Sequence[Faulty]) -> None:
    import csv
    import io

    from rushes.storage.files import write_text

    text = io.StringIO()
    writer = csv.DictWriter(text, ("picture", "frame", "fault", "reason"), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_to_table(one) for one in faulty)
    write_text(path, text.getvalue())
