"""Photographs from files: a raw and what the camera wrote beside it as one, looked at without developing it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rushes.errors import MediaError
from rushes.footage.kinds import kind_of
from rushes.footage.pairs import Photograph, pair_stills, part_by_time
from rushes.footage.photo import is_photo, read_photo
from rushes.footage.picture import PictureSize
from rushes.footage.raw import read_raw
from rushes.footage.sources import capture_time_of_still, show_by_companion
from rushes.footage.still import Still
from rushes.storage.places import Place
from rushes.storage.reading import held_whole


def find_photographs(files: Sequence[Place]) -> list[Photograph]:
    """Return the photographs that files are, by their names and by when they were taken, in the order of main files.

    Files of other kinds stand alone as well. Of remote files the names decide: a raw would be fetched whole to be
    asked when it was taken.
    """
    found: list[Photograph] = []
    for photograph in pair_stills(files):
        asked = photograph.companions and isinstance(photograph.main, Path)
        each = (photograph.main, *photograph.companions)
        found += part_by_time(photograph, {file: time_if_stated(file) for file in each} if asked else {})
    return found


def time_if_stated(path: Place) -> str | None:
    """Return when a photograph was taken, ISO 8601; None where it does not say, or cannot be read."""
    try:
        return capture_time_of_still(path)
    except (MediaError, OSError):  # which is said when the file is looked at
        return None


def read_photograph(photograph: Photograph, *, size: PictureSize) -> Still:
    """Return a photograph as it is to be seen: its companion where that is large enough, else the preview in the raw.

    Where the raw cannot be read, the first companion that can stands for it, and `flaw` says so.

    Raises:
        MediaError: none of its files can be read.
    """
    try:
        return _read_main(photograph, size)
    except MediaError as error:
        reasons = [error.reason]
    for companion in photograph.companions:
        try:
            still = read_photo(companion, size=size)
        except MediaError as error:
            reasons.append(f"{companion.name} {error.reason}")
            continue
        return replace(still, flaw=f"{reasons[0]}; {companion.name} stands for it")
    raise MediaError(photograph.main, "; ".join(reasons))


def _read_main(photograph: Photograph, size: PictureSize) -> Still:
    main = photograph.main
    with held_whole(main):
        if kind_of(main) != "raw" or is_photo(main):
            return read_photo(main, size=size)
        for companion in photograph.companions:
            # Where it cannot be read, the preview in the raw may still do.
            with suppress(MediaError):
                shown = show_by_companion(main, companion, size)
                if shown is not None:
                    return shown
        return read_raw(main, size=size)
