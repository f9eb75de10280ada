"""Timelines as files: the format is chosen by the extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rushes.storage.files import write_text
from rushes.timelines.formats.csv import format_csv
from rushes.timelines.formats.edl import format_edl
from rushes.timelines.formats.fcpxml import format_fcpxml
from rushes.timelines.formats.json import format_json
from rushes.timelines.formats.otio import format_otio
from rushes.timelines.timeline import Timeline

FORMATS: Mapping[str, Callable[[Timeline], str]] = {
    ".csv": format_csv,
    ".json": format_json,
    ".edl": format_edl,
    ".otio": format_otio,
    ".fcpxml": format_fcpxml,
}


def write_timeline(timeline: Timeline, path: Path) -> None:
    """Write a timeline whole or not at all.

    Raises:
        MediaError: the format cannot hold this film.
        KeyError: no format has the extension of `path`.
    """
    write_text(path, FORMATS[path.suffix.lower()](timeline))
