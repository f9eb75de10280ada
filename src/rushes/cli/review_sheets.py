"""A queue for review on disk: the sheet that a person fills in, and the page of its pictures beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rushes.cli.door import Door
    from rushes.learning.review_queue import ReviewQueue
    from rushes.project import Project, Task


def write_review_sheet(
    door: Door, place: Project, task: Task, queue: ReviewQueue, sheet: Path, *, title: str, notes: Sequence[str]
) -> Path:
    """Write a queue as a sheet and as a page, and return the page; the sheet comes last, so that a page is there.

    Args:
        notes: what to know before reviewing; they stand on the page.
    """
    from rushes.evaluation.queue_page import format_queue_page
    from rushes.labels.export_files import write_table
    from rushes.learning.review_queue import COLUMNS
    from rushes.storage.files import write_text

    with door.progress("queue") as progress:
        page = format_queue_page(
            queue,
            title=title,
            sheet=sheet.name,
            classes=task.classes,
            notes=notes,
            root=place.root,
            progress=progress,
        )
    sheet.parent.mkdir(parents=True, exist_ok=True)
    write_text(sheet.with_suffix(".html"), page)
    write_table(sheet, COLUMNS, [one.cells() for one in queue.asked])
    return sheet.with_suffix(".html")
