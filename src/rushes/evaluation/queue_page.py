"""A queue for review with its pictures, as one self-contained HTML page to look at beside the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template

from rushes.evaluation.markup import breakable, counted, text
from rushes.evaluation.thumbnails import Thumbnail, read_thumbnails
from rushes.learning.review_queue import Asked, ReviewQueue
from rushes.progress import Progress, silent

_BUDGET_BYTES = 6_000_000
_FIRST_ROW = 2  # as a spreadsheet counts, below the header


def format_queue_page(
    queue: ReviewQueue,
    *,
    title: str,
    sheet: str,
    classes: Sequence[str],
    notes: Sequence[str] = (),
    root: Path,
    progress: Progress = silent,
) -> str:
    """Return the page as HTML; it needs no network and no file beside it.

    Args:
        sheet: name of the sheet to fill in.
        classes: what may be written into it.
        notes: what to know before reviewing.
        root: of the project, where relative pictures start.
    """
    images = [one.image for one in queue.asked]
    thumbnails = read_thumbnails(range(len(images)), images, root, budget_bytes=_BUDGET_BYTES, progress=progress)
    checks = sum(one.kind == "check" for one in queue.asked)
    facts = (
        f"{counted(len(queue.asked) - checks, 'doubt')} of {queue.disagreements:,}",
        f"{counted(checks, 'check')} of {queue.agreements:,} agreements",
    )
    return Template(_page("queue.html")).substitute(
        title=text(title),
        style=_page("history.css"),
        sheet=text(sheet),
        classes=", ".join(f"<b>{text(name)}</b>" for name in classes),
        facts="".join(f"<span>{text(fact)}</span>" for fact in facts),
        notes="".join(f"<p>{text(note)}</p>" for note in notes),
        cards="\n".join(_card(row, one, thumbnails.get(row)) for row, one in enumerate(queue.asked)),
    )


def _card(row: int, one: Asked, thumbnail: Thumbnail | None) -> str:
    shown = '<div class="none">no picture</div>'
    if thumbnail is not None:
        size = f'width="{thumbnail.width_pixels}" height="{thumbnail.height_pixels}"'
        shown = f'<img {size} alt="{text(one.name)}" loading="lazy" src="{thumbnail.uri}">'
    if one.kind == "doubt":
        said = f'<b>{text(one.labelled)}</b> → <b class="model">{text(one.predicted)}</b>'
    else:
        said = f"<b>{text(one.labelled)}</b> · check"
    return (
        f'<figure class="{one.kind}">{shown}<figcaption><span class="row">row {row + _FIRST_ROW}</span> {said}'
        f"<p>{text(one.reason)}</p><p>{breakable(one.name)} · {text(one.part)} · by {text(one.stated_by)}</p>"
        "</figcaption></figure>"
    )


def _page(name: str) -> str:
    return (resources.files("rushes.evaluation") / "page" / name).read_text(encoding="utf-8")
