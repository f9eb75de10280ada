"""Timelines as files: the format is chosen by the extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rushes.footage.timeline import Timeline
from rushes.footage.timelines.csv import format_csv
from rushes.footage.timelines.edl import format_edl
from rushes.footage.timelines.fcpxml import format_fcpxml
from rushes.footage.timelines.json import format_json
from rushes.footage.timelines.otio import format_otio
from rushes.storage.files import write_text

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
