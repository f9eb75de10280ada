"""Timelines as files: the format is chosen by the extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rushes.storage.files import write_text
from rushes.timelines.formats.csv import format_csv
from rushes.timelines.formats.eaf import format_eaf
from rushes.timelines.formats.edl import format_edl
from rushes.timelines.formats.fcpxml import format_fcpxml
from rushes.timelines.formats.json import format_json
from rushes.timelines.formats.otio import format_otio
from rushes.timelines.marker import Marker
from rushes.timelines.timeline import Timeline

FORMATS: Mapping[str, Callable[[Timeline, Sequence[Marker]], str]] = {
    ".csv": format_csv,
    ".json": format_json,
    ".edl": format_edl,
    ".otio": format_otio,
    ".fcpxml": format_fcpxml,
    ".eaf": format_eaf,
}


def write_timeline(timeline: Timeline, path: Path, markers: Sequence[Marker] = ()) -> None:
    """Write a timeline with its markers whole or not at all.

    Raises:
        MediaError: the format cannot hold this film.
        KeyError: no format has the extension of `path`.
    """
    extension = path.suffix.lower()
    if extension == ".eaf":  # states when it was written, and the way from there to the film
        text = format_eaf(timeline, markers, folder=path.parent, written=datetime.now(UTC))
    else:
        text = FORMATS[extension](timeline, markers)
    write_text(path, text)
