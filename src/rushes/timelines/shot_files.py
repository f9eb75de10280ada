"""A film's shots as files: timelines and contact sheets, the format chosen by the extension."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from rushes.errors import MediaError, UsageError
from rushes.footage.sources import source_name
from rushes.storage.places import Place
from rushes.timelines.formats.files import FORMATS, write_timeline
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import Timeline

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
    for pattern in patterns:
        _check_pattern(pattern)
    planned = [tuple(Path(pattern.replace("{name}", source_name(film))) for pattern in patterns) for film in films]
    # Links are not followed.
    of_films = {Path(os.path.abspath(film)) for film in films if isinstance(film, Path)}  # noqa: PTH100
    owners: dict[Path, int] = {}
    for number, (film, paths) in enumerate(zip(films, planned, strict=True)):
        for pattern, path in zip(patterns, paths, strict=True):
            place = Path(os.path.abspath(path))  # noqa: PTH100
            if place in of_films:
                raise UsageError(f"--write {pattern}: {path} is the film itself. Give the file another name")
            if owners.get(place) == number:
                raise UsageError(f"--write {pattern}: {path} is named twice. Give it once")
            if place in owners:
                raise UsageError(f"--write {pattern}: {path} would be written over for {film}. {_remedy(pattern)}")
            owners[place] = number
    return planned


def _check_pattern(pattern: str) -> None:
    suffix = Path(pattern).suffix
    if not suffix:
        raise UsageError(
            f"--write {pattern}: the extension chooses the format, and there is none. "
            f"Write for example {pattern.rstrip('/.') or 'shots'}.csv; allowed: {', '.join(EXTENSIONS)}"
        )
    if suffix.lower() not in EXTENSIONS:
        raise UsageError(
            f"--write {pattern}: it ends in '{suffix}', which is no format of shots. Allowed: {', '.join(EXTENSIONS)}. "
            "Films stand before --write"
        )
    strange = re.search(r"\{[^{}]*\}?|\}", pattern.replace("{name}", ""))
    if strange is not None:
        raise UsageError(
            f"--write {pattern}: '{strange[0]}' stands for nothing. Allowed: {{name}}, which is the film's name"
        )


def check_places(paths: Iterable[Path]) -> None:
    """Find out that files can be written where they are wanted, leaving nothing behind.

    Raises:
        UsageError: a folder has a file's name, a file stands where a folder should, or the system refuses.
    """
    for path in paths:
        try:
            if path.is_dir():
                raise UsageError(f"--write {path}: a folder has this name. Give a file, for example {path / path.name}")
            around = next((above for above in path.parents if above.exists()), None)
            if around is not None and not around.is_dir():
                raise UsageError(f"--write {path}: {around} is a file, not a folder. Give another place")
            _try_to_write(path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"--write {path}: cannot be written ({reason}). Name a place that can") from error


def _try_to_write(path: Path) -> None:
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.lstat()  # a name that is too long is refused here
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    finally:
        for folder in made:
            if folder.is_dir():
                folder.rmdir()


def _remedy(pattern: str) -> str:
    if "{name}" in pattern:
        return "Films of one name need two calls, or other names"
    return f"Put {{name}} into it, for example: --write '{{name}}{Path(pattern).suffix}'"


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
