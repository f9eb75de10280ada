"""A film's shots as files: timelines and contact sheets, the format chosen by the extension."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rushes.errors import MediaError
from rushes.storage.places import Place
from rushes.timelines.formats.files import FORMATS, write_timeline
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import Timeline
from rushes.timelines.written import Written, plan_written

SHEET_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")
PAGE_EXTENSION = ".html"
EXTENSIONS = (*FORMATS, *SHEET_EXTENSIONS, PAGE_EXTENSION)
_QUALITY = 90


def plan_files(films: Sequence[Place], patterns: Sequence[str]) -> list[tuple[Path, ...]]:
    """Return for each film the files that its shots are written to, in the order of the patterns.

    Args:
        patterns: as a user names files; `{name}` stands for the name of the film.

    Raises:
        UsageError: an extension that is no format, a brace other than those of `{name}`, one file twice or for two
            films, or a film itself.
    """
    return plan_written(films, patterns, Written("shots", EXTENSIONS))


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
        MediaError: the format cannot hold this film, or the system does not take the file.
    """
    try:
        return _write(timeline, path, pictures)
    except OSError as error:
        reason = f"could not be written ({error.strerror or error}). Make room, or name another place"
        raise MediaError(path, reason) from error


def _write(timeline: Timeline, path: Path, pictures: Sequence[ShotPicture | None]) -> list[Path]:
    extension = path.suffix.lower()
    if extension in SHEET_EXTENSIONS:
        return _write_sheets(timeline, path, pictures)
    if extension == PAGE_EXTENSION:
        from rushes.storage.files import write_text
        from rushes.timelines.contact_page import format_contact_page

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
    from rushes.storage.files import whole_file
    from rushes.timelines.contact_sheet import count_pages, draw_sheets

    pages = number_pages(path, count_pages(timeline, pictures))
    for page, sheet in zip(pages, draw_sheets(timeline, pictures), strict=True):
        with whole_file(page) as temporary:
            sheet.save(temporary, quality=_QUALITY)
    return pages
