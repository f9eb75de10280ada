"""A timeline as OpenTimelineIO JSON."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rushes.timelines.formats.json import SCHEMA, as_text, table_of
from rushes.timelines.marker import (
    USUAL_COLOUR,
    WALKED,
    Marker,
    PlacedMarker,
    describe_marker,
    names_by_shot,
    place_markers,
)
from rushes.timelines.timeline import Timeline, TimelineShot, describe_answer


def format_otio(timeline: Timeline, markers: Sequence[Marker] = ()) -> str:
    """Return the timeline as `Timeline.1`: one track with one clip per shot, all of one medium.

    What OpenTimelineIO has no place for (the cut and how sure it is, the film's digest) is under `rushes` in the
    metadata. What models answer of a shot is a marker of its clip too, which editing programs show.

    Scenes and dialogues are markers of the stack, which is what the sequence's own markers are to OpenTimelineIO; their
    times count from its first frame. All layers stand under `rushes` in the metadata of each clip, by name.
    """
    of_film = table_of(timeline)
    of_shots = of_film.pop("shots")
    if markers:
        of_shots = [
            shot | {"layers": names} for shot, names in zip(of_shots, names_by_shot(timeline, markers), strict=True)
        ]
    clips = [_clip(timeline, place, metadata) for place, metadata in zip(timeline.shots, of_shots, strict=True)]
    stack = _composed("Stack.1", "tracks", [_composed("Track.1", "V1", clips) | {"kind": "Video"}])
    stack["markers"] = [_stack_marker(timeline, placed) for placed in place_markers(timeline, markers, WALKED)]
    tree = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": timeline.name,
        "metadata": {"rushes": of_film},
        "global_start_time": _time(timeline.first_count, timeline.rate) if timeline.first_count else None,
        "tracks": stack,
    }
    return as_text(tree)


def _clip(timeline: Timeline, place: TimelineShot, metadata: dict[str, Any]) -> dict[str, Any]:
    return _item("Clip.2", f"{timeline.name} {place.number:03d}") | {
        "metadata": {"rushes": {"schema": SCHEMA, "source": timeline.digest} | metadata},
        "source_range": _range(timeline, place.start_slot, place.slot_count),
        "media_references": {"DEFAULT_MEDIA": _medium(timeline)},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "markers": [_marker(timeline, place)] if place.answers else [],
    }


def _marker(timeline: Timeline, place: TimelineShot) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": ", ".join(f"{task} {answer.class_name}" for task, answer in place.answers.items()),
        "metadata": {},
        "color": "CYAN",
        "comment": "; ".join(describe_answer(task, answer) for task, answer in place.answers.items()),
        "marked_range": _range(timeline, place.start_slot, place.slot_count),
    }


def _stack_marker(timeline: Timeline, placed: PlacedMarker) -> dict[str, Any]:
    marker, said = placed.marker, describe_marker(placed.marker)
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": marker.name,
        # DaVinci Resolve keeps a marker's note under its own name, and does not read the comment.
        "metadata": {
            "rushes": {"layer": marker.layer, "confidence": marker.confidence},
            "Resolve_OTIO": {"Keywords": [], "Note": said},
        },
        "color": marker.colour or USUAL_COLOUR,
        "comment": said,
        "marked_range": {
            "OTIO_SCHEMA": "TimeRange.1",
            "start_time": _time(placed.start_slot, timeline.rate),
            "duration": _time(placed.slot_count, timeline.rate),
        },
    }


def _medium(timeline: Timeline) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": timeline.file_name,
        "metadata": {"rushes": {"source": timeline.digest}},
        "available_range": _range(timeline, 0, timeline.slot_count),
        "available_image_bounds": None,
        "target_url": timeline.uri,
    }


def _composed(schema: str, name: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    return _item(schema, name) | {"children": children}


def _item(schema: str, name: str) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": schema,
        "name": name,
        "metadata": {},
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def _range(timeline: Timeline, slot: int, count: int) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(timeline.first_count + slot, timeline.rate),
        "duration": _time(count, timeline.rate),
    }


def _time(count: int, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(count)}
