"""A film's shots as files: timelines and contact sheets, the format chosen by the extension."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rushes.footage.shot_pictures import ShotPicture
from rushes.footage.timeline import Timeline
from rushes.footage.timelines.files import FORMATS, write_timeline

SHEET_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")
PAGE_EXTENSION = ".html"
EXTENSIONS = (*FORMATS, *SHEET_EXTENSIONS, PAGE_EXTENSION)
_QUALITY = 90


def needs_pictures(path: Path) -> bool:
    """Tell whether a file of this name shows the shots' pictures."""
    return path.suffix.lower() not in FORMATS


def write_shots(timeline: Timeline, path: Path, pictures: Sequence[ShotPicture | None]) -> list[Path]:
    """Write a film's shots to a file, whole or not at all; return what was written.

    A contact sheet of more shots than a page holds becomes several pages: `sheet-001.jpg`, `sheet-002.jpg`.

    Args:
        path: its extension is one of EXTENSIONS.
        pictures: one for each shot, where `needs_pictures` says so.

    Raises:
        MediaError: the format cannot hold this film.
    """
    extension = path.suffix.lower()
    if extension in SHEET_EXTENSIONS:
        return _write_sheets(timeline, path, pictures)
    if extension == PAGE_EXTENSION:
        from rushes.footage.contact_page import format_contact_page
        from rushes.storage.files import write_text

        write_text(path, format_contact_page(timeline, pictures))
    else:
        write_timeline(timeline, path)
    return [path]


def number_pages(path: Path, count: int) -> list[Path]:
    """Return the names of a sheet's pages: its own for one, otherwise with `-001` before the extension."""
    if count == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{page:03d}{path.suffix}") for page in range(1, count + 1)]


def _write_sheets(timeline: Timeline, path: Path, pictures: Sequence[ShotPicture | None]) -> list[Path]:
    from rushes.footage.contact_sheet import count_pages, draw_sheets
    from rushes.storage.files import whole_file

    pages = number_pages(path, count_pages(timeline, pictures))
    for page, sheet in zip(pages, draw_sheets(timeline, pictures), strict=True):
        with whole_file(page) as temporary:
            sheet.save(temporary, quality=_QUALITY)
    return pages
