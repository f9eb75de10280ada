"""Refresh: a task's manifest, its split and what its dataset should hold, brought up to what the labels say now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.catalog.catalog import open_catalog, signatures_of_frames
from rushes.catalog.samples import labelled_rows
from rushes.datasets.layout import LAYOUT_COLUMNS, find_left_out, lay_out
from rushes.datasets.sidecars import METADATA_COLUMNS, Origins, sidecars_of
from rushes.datasets.split import (
    Split,
    SplitKind,
    newest_split,
    note_unheeded,
    plan_split,
    read_split,
    write_split,
)
from rushes.datasets.sync import Wanted
from rushes.labels.manifest import ManifestRow, newest_manifest
from rushes.labels.manifest_table import (
    read_manifest_table,
    rows_of_table,
    table_of_rows,
    write_manifest,
    write_manifest_table,
)
from rushes.project import Project, SplitSettings, Task
from rushes.storage.files import digest_of_file, write_json

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class FreshManifest:
    """The manifest of what the catalog knows now.

    Attributes:
        table: its rows, with the columns of `manifest_schema` and `frame_id`.
        before: the newest version before it; None where there was none.
        path: the version that holds these rows; None where it would be a new one and was not to be written.
        written: whether that was written now.
    """

    table: pl.DataFrame
    before: Path | None
    path: Path | None
    written: bool


@dataclass(frozen=True, slots=True)
class FreshSplit:
    """The split of a manifest's rows, known groups where they were.

    Attributes:
        path: the version that holds it; None where it would be a new one and was not to be written.
        written: whether that was written now.
        notes: what a person should know before trusting scores on it.
    """

    split: Split
    path: Path | None
    written: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WantedDataset:
    """What a dataset should hold, and what a person should know before trusting scores on it."""

    dataset: Wanted
    notes: tuple[str, ...]


def refresh_manifest(project: Project, task: Task, *, now: datetime, write: bool = True) -> FreshManifest:
    """Read what the catalog knows, and write a new version of the manifest where the newest says otherwise.

    Raises:
        ManifestError: no frame, or no label of the task.
    """
    split_path = newest_split(project.splits_folder, task.name, "grouped")
    part_of = read_split(split_path).part_of if split_path else lambda _frame, _group: None
    with open_catalog(project.catalog_place) as catalog:
        stated = catalog.last_label(task=task.name)
        table = table_of_rows(labelled_rows(catalog, project, task, part_of=part_of))
    before = newest_manifest(project.manifests_folder, task.name)
    if not write:
        return FreshManifest(table, before, before, written=False)
    path, written = write_manifest_table(table, project.manifests_folder, task.name, now)
    write_json(_place_of_built_from(project, task), {"last_label": stated})
    return FreshManifest(table, before, path, written)


def refresh_split(
    project: Project,
    task: Task,
    rows: Sequence[ManifestRow],
    *,
    kind: SplitKind,
    settings: SplitSettings | None = None,
    anew: bool = False,
    now: datetime,
    write: bool = True,
) -> FreshSplit:
    """Place the rows of a manifest, and write a new version of the split where the newest says otherwise.

    Of a grouped split each row's part is noted in the manifest as well, so that a reader of the manifest alone keeps
    to it.

    Args:
        settings: otherwise the project's.
        anew: forget where groups were; a known one may move.

    Raises:
        SplitError: there are too few samples or groups for three parts.
    """
    wanted = settings or project.split
    before = newest_split(project.splits_folder, task.name, kind)
    known = None if anew or before is None else read_split(before)
    split = plan_split(
        rows, task=task.name, kind=kind, settings=wanted, signatures=signatures_of(project, rows), known=known
    )
    unheeded = None if known is None else note_unheeded(split, rows, settings=wanted, known=known)
    notes = (*split.notes, *([unheeded] if unheeded else []))
    if not write:
        return FreshSplit(split, before, written=False, notes=notes)
    path, written = write_split(split, project.splits_folder, now=now)
    if kind == "grouped":
        noted = [replace(row, split=split.part_of(row.frame_id, row.group)) for row in rows]
        write_manifest(noted, project.manifests_folder, task.name, now)
    return FreshSplit(split, path, written, notes)


def wanted_of(project: Project, task: Task, *, kind: SplitKind, now: datetime, write: bool = True) -> WantedDataset:
    """Return what a task's dataset should hold by its newest manifest and split.

    A manifest and a split are made where there is none. Frames that the split does not know are placed: in the part of
    their group where that is known, and otherwise without moving a known group.

    Args:
        write: whether what is made is kept; otherwise it is only counted on.

    Raises:
        ManifestError, SplitError: none can be made.
        SyncError: a class cannot be the name of a folder.
    """
    path = newest_manifest(project.manifests_folder, task.name)
    fresh = None if path else refresh_manifest(project, task, now=now, write=write)
    path = fresh.path if fresh else path

    def read(columns: Sequence[str] | None) -> pl.DataFrame:
        """Read the manifest's columns as they are needed; there may be millions of rows."""
        if path is None:
            assert fresh is not None
            return fresh.table
        return read_manifest_table(path, columns=columns)

    table = read(LAYOUT_COLUMNS)
    split_path = newest_split(project.splits_folder, task.name, kind)
    split = read_split(split_path) if split_path else None
    notes: tuple[str, ...] = ()
    if split is None or _has_unknown(table, split):
        rows = rows_of_table(read(None))
        placed = refresh_split(project, task, rows, kind=kind, now=now, write=write)
        split, split_path, notes = placed.split, placed.path, placed.notes
        if write and kind == "grouped":  # the manifest notes the parts, in a version of its own
            path = newest_manifest(project.manifests_folder, task.name)
            table = read(LAYOUT_COLUMNS)
    origins = Origins(
        task=task.name,
        classes=task.classes,
        manifest=path.name if path else "",
        manifest_digest=digest_of_file(path) if path else "",
        kind=kind,
        split=split_path.name if split_path else "",
        split_digest=split.digest,
        seed=split.seed,
        notes=(*split.notes, *_unseen(table)),
    )
    notes = (*notes, *_what_is_not_known(project, task, table))
    left_out = find_left_out(table, split=split)
    wanted = Wanted(
        lay_out(table, split=split),
        manifest=origins.manifest,
        kind=kind,
        task=task.name,
        sidecars=lambda standing: sidecars_of(standing, read(METADATA_COLUMNS), origins=origins, left_out=left_out),
    )
    return WantedDataset(wanted, notes)


def _what_is_not_known(project: Project, task: Task, table: pl.DataFrame) -> tuple[str, ...]:
    """Return what a person should know of a manifest before a dataset is made of it."""
    built_from = _read_built_from(project, task)
    with open_catalog(project.catalog_place) as catalog:
        stated = catalog.last_label(task=task.name)
    if built_from is not None and stated > built_from:
        return (
            *_unseen(table),
            "labels were stated since the manifest was built. To follow them: rushes manifest build",
        )
    return _unseen(table)


def _unseen(table: pl.DataFrame) -> tuple[str, ...]:
    count = int((table["sha256"] == "").sum())
    if not count:
        return ()
    return (
        f"of {count:,} of {table.height:,} samples nobody has read the picture: whether a copy of it stands in another "
        "part is not known",
    )


def _place_of_built_from(project: Project, task: Task) -> Path:
    return project.root / ".rushes" / f"{task.name}-manifest.json"


def _read_built_from(project: Project, task: Task) -> int | None:
    """Return the number of the last label that the manifest heeds; None where nobody noted it."""
    try:
        return int(json.loads(_place_of_built_from(project, task).read_text(encoding="utf-8"))["last_label"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _has_unknown(table: pl.DataFrame, split: Split) -> bool:
    """Return whether a manifest has frames that a split places nowhere, and does not leave out either."""
    import polars as pl

    known = pl.DataFrame({"frame_id": [*split.parts, *split.left_out]}, schema={"frame_id": pl.String})
    return not table.select("frame_id").join(known, on="frame_id", how="anti").is_empty()


def signatures_of(project: Project, rows: Sequence[ManifestRow]) -> dict[str, int]:
    """Return frame id -> perceptual signature, for the rows whose frames the catalog has, and has seen."""
    wanted = {row.frame_id for row in rows}
    with open_catalog(project.catalog_place) as catalog:
        return signatures_of_frames(item for item in catalog.frames() if item.frame.id in wanted)
