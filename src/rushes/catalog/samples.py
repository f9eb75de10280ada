"""The rows of a manifest, from what the catalog knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.errors import ManifestError
from rushes.footage.source import Source
from rushes.labels.manifest import ManifestRow, Part
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
    by_digest, words_of = {source.digest: source for source in sources}, subjects or {}
    rows = []
    for item in frames:
        answer = resolved.get(item.frame.id)
        if answer is None or answer.label.class_name is None:
            continue
        group = by_digest[item.frame.source].group
        rows.append(
            ManifestRow(
                img_ref=item.image,
                class_name=answer.label.class_name,
                group=group,
                source=item.frame.source,
                pts=item.frame.pts,
                time_base=item.frame.time_base,
                timecode=item.frame.timecode,
                origin=answer.label.origin,
                sha256=item.sha256,
                split=part_of(item.frame.id, group),
                name=item.frame.name,
                ordinal=item.frame.ordinal,
                subjects=words_of.get(item.frame.id, ()),
            )
        )
    return rows


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
