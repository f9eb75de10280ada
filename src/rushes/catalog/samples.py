"""The rows of a manifest, from what the catalog knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.errors import ManifestError
from rushes.footage.source import Source
from rushes.labels.manifest import ManifestRow, Part, manifest_rows_of
from rushes.labels.subjects import Subjects
from rushes.labels.trust import Resolved, resolve
from rushes.project import Project, Task

PartOf = Callable[[str, str], Part | None]


def manifest_rows(
    frames: Sequence[StoredFrame],
    sources: Sequence[Source],
    resolved: Mapping[str, Resolved],
    part_of: PartOf,
    subjects: Mapping[str, Subjects] | None = None,
) -> list[ManifestRow]:
    """Return one row per labelled frame.

    Args:
        resolved: frame id -> its resolved label.
        part_of: (frame id, group) -> the part of the split it is in, or None.
        subjects: frame id -> what is in its picture, where that is known.
    """
    group_of, words_of = {source.digest: source.group for source in sources}, subjects or {}
    answers = map(resolved.get, [item.frame.id for item in frames])
    labelled = [
        (item, item.frame, answer.label, group_of[item.frame.source])
        for item, answer in zip(frames, answers, strict=True)
        if answer is not None and answer.label.class_name is not None
    ]
    splits = [part_of(label.frame, group) for _, _, label, group in labelled]
    columns: dict[str, Sequence[Any]] = {
        "img_ref": [item.image for item, _, _, _ in labelled],
        "class_name": [label.class_name for _, _, label, _ in labelled],
        "group": [group for _, _, _, group in labelled],
        "source": [frame.source for _, frame, _, _ in labelled],
        "pts": [frame.pts for _, frame, _, _ in labelled],
        "time_base": [frame.time_base for _, frame, _, _ in labelled],
        "timecode": [frame.timecode for _, frame, _, _ in labelled],
        "origin": [label.origin for _, _, label, _ in labelled],
        "sha256": [item.sha256 for item, _, _, _ in labelled],
        "split": splits,
        "name": [frame.name for _, frame, _, _ in labelled],
        "ordinal": [frame.ordinal for _, frame, _, _ in labelled],
        "subjects": [words_of.get(label.frame, ()) for _, _, label, _ in labelled]
        if words_of
        else [()] * len(labelled),
        "stop": [0] * len(labelled),
    }
    return manifest_rows_of(columns)


def labelled_rows(catalog: Catalog, project: Project, task: Task, *, part_of: PartOf) -> list[ManifestRow]:
    """Return the rows of a task's manifest as the catalog has it now.

    Raises:
        ManifestError: no frame, or no label of the task.
    """
    frames = catalog.frames()
    if not frames:
        raise ManifestError("the catalog holds no frames. Take footage in first: rushes ingest FOOTAGE")
    resolved = resolve(catalog.labels(task=task.name), project.trust_of(task))
    rows = manifest_rows(frames, catalog.sources(), resolved, part_of, catalog.subjects())
    if not rows:
        raise ManifestError(
            f"none of the {len(frames)} frames has a label of task '{task.name}'. Import some first: "
            f"rushes labels import SHEET --task {task.name}"
        )
    return rows
