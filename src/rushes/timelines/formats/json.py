"""A timeline as JSON, `shots/1`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rushes.timelines.marker import Marker, PlacedMarker, place_markers
from rushes.timelines.markup import whole_text
from rushes.timelines.timeline import Timeline, TimelineShot

SCHEMA = "shots/1"


def format_json(timeline: Timeline, markers: Sequence[Marker] = ()) -> str:
    """Return the timeline as JSON that a person can read; `markers` is there where some are given."""
    table = table_of(timeline)
    if markers:
        table["markers"] = [_marker(timeline, placed) for placed in place_markers(timeline, markers)]
    return as_text(table)


def as_text(table: Mapping[str, Any]) -> str:
    """Return plain values as JSON that a person can read and every file can hold."""
    return whole_text(json.dumps(table, indent=2, ensure_ascii=False)) + "\n"


def table_of(timeline: Timeline) -> dict[str, Any]:
    """Return the timeline as plain values; rates and time bases are fractions as text, so that nothing is rounded."""
    return {
        "schema": SCHEMA,
        "source": timeline.digest,
        "name": timeline.name,
        "path": timeline.path,
        "rate": str(timeline.rate),
        "constant_rate": timeline.constant_rate,
        "time_base": str(timeline.time_base),
        "frame_count": timeline.frame_count,
        "duration_seconds": float(timeline.duration_seconds),
        "width_pixels": timeline.width_pixels,
        "height_pixels": timeline.height_pixels,
        "start_timecode": str(timeline.timecode_at(0)),
        "shots": [_shot(timeline, place) for place in timeline.shots],
    }


def _marker(timeline: Timeline, placed: PlacedMarker) -> dict[str, Any]:
    marker = placed.marker
    return {
        "layer": marker.layer,
        "name": marker.name,
        "first_shot": placed.first + 1,
        "last_shot": placed.last + 1,
        "start_timecode": str(timeline.timecode_at(placed.start_slot)),
        "stop_timecode": str(timeline.timecode_at(placed.stop_slot)),
        "start_seconds": float(marker.start),
        "stop_seconds": float(marker.stop),
        "note": marker.note,
        "confidence": marker.confidence,
    }


def _shot(timeline: Timeline, place: TimelineShot) -> dict[str, Any]:
    shot = place.shot
    cut = shot.opening
    return {
        "shot": place.number,
        "start": shot.start,
        "stop": shot.stop,
        "start_timecode": str(timeline.timecode_at(place.start_slot)),
        "stop_timecode": str(timeline.timecode_at(place.stop_slot)),
        "start_seconds": float(place.start_seconds),
        "stop_seconds": float(place.stop_seconds),
        "start_pts": place.start_pts,
        "cut": None if cut is None else cut.kind,
        "cut_start": None if cut is None else cut.start,
        "cut_stop": None if cut is None else cut.stop,
        "confidence": None if cut is None else cut.confidence,
        "blank": shot.blank,
        "typical": shot.typical,
        "sharpest": shot.sharpest,
        "answers": {
            task: {"class": answer.class_name, "probability": answer.probability, "reason": answer.reason}
            for task, answer in place.answers.items()
        },
    }
