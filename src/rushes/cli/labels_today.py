"""The labels of today, as the catalog has them, and what reviews of queues have said of labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rushes.errors import RushesError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.catalog.catalog import Catalog
    from rushes.labels.manifest import ManifestRow
    from rushes.labels.standing import StandingLabel
    from rushes.learning.review_queue import Answer
    from rushes.project import Project, Task


def labels_of_task(catalog: Catalog, place: Project, task: str) -> dict[str, StandingLabel]:
    """Return frame id -> what stands of it today; nothing where the project has no such task any more."""
    from rushes.labels.standing import standing_labels

    if task not in place.tasks:
        return {}
    return standing_labels(catalog.labels(task=task), place.trust_of(place.tasks[task]))


def bring_up_to_date(rows: Sequence[ManifestRow], standing: Mapping[str, StandingLabel]) -> list[ManifestRow]:
    """Return the rows of a manifest with the labels of today, without those whose label was withdrawn.

    A row of which the catalog has never heard stays as it is.
    """
    found = [(row, standing.get(row.frame_id)) for row in rows]
    return [
        row if now is None else replace(row, class_name=now.class_name, origin=now.origin)
        for row, now in found
        if now is None or now.class_name
    ]


def read_reviewed_queues(place: Project, task: Task, reviewed: Mapping[str, str]) -> list[Answer]:
    """Return what the queues of `rushes labels errors` were answered: each frame once, by its first queue.

    Args:
        reviewed: frame id -> the class that a person gave it.
    """
    from rushes.evaluation.label_errors_section import REVIEWS_FOLDER
    from rushes.labels.sheets.files import read_sheets
    from rushes.learning.review_queue import COLUMNS, Answer

    answers: dict[str, Answer] = {}
    folder = place.root / REVIEWS_FOLDER
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.xlsx")], key=lambda path: path.stat().st_mtime):
        try:
            tables = read_sheets(path, root=place.root)
        except (RushesError, OSError):
            continue  # whatever else lies there is no queue
        for table in tables:
            if not set(COLUMNS) <= set(table.columns):
                continue
            at = {name: table.columns.index(name) for name in COLUMNS}
            for row in table.rows:
                cells = {name: row[index].strip() for name, index in at.items()}
                said = reviewed.get(cells["frame"])
                if said and cells["labelled"] in task.classes:
                    kind = "check" if cells["kind"] == "check" else "doubt"
                    answer = Answer(kind, cells["labelled"], cells["predicted"], said)  # type: ignore[arg-type]
                    answers.setdefault(cells["frame"], answer)
    return list(answers.values())
