"""A timeline as an annotation document of ELAN, EAF 3.0."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from rushes.storage.places import Remote, parse_place
from rushes.timelines.marker import Marker, describe_marker, layers_of, one_line
from rushes.timelines.markup import xml_text
from rushes.timelines.timeline import Timeline

FORMAT = "3.0"
SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
SHOTS = "Shots"
# Layers whose markers stand on one tier, and its name; a character has a tier of its own.
TIERS: Mapping[str, str] = {
    "scene": "Scenes",
    "dialogue": "Dialogues",
    "side": "Sides",
    "setup": "Set-ups",
    "subject": "Subjects",
    "subtitle": "Subtitles",
}
OWN_TIERS: Mapping[str, str] = {"character": "Character"}
_NOTES = "notes"
_ASSOCIATED = "Symbolic_Association"
_CONSTRAINT = "1-1 association with a parent annotation"
_MIME = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".mkv": "video/x-matroska",
    ".webm": "video/webm", ".mpg": "video/mpeg", ".mpeg": "video/mpeg", ".avi": "video/x-msvideo",
}  # fmt: skip
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Annotation:
    """What a tier says over a span of milliseconds, `[start, stop)`, and what its child tiers say of the same."""

    start: int
    stop: int
    value: str
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Tier:
    name: str
    linguistic_type: str
    annotations: Sequence[_Annotation]
    participant: str = ""


def format_eaf(
    timeline: Timeline, markers: Sequence[Marker] = (), *, folder: Path | None = None, written: datetime = _EPOCH
) -> str:
    """Return the shots as a tier of ELAN, the layers of markers as further ones; times are milliseconds of the film.

    ELAN counts from the medium's first frame, whatever timecode the film states. A time is rounded up, so that the
    frame shown at it is the one meant. A tier of ELAN holds no two annotations at once: where markers of a layer
    overlap, or are shorter than a millisecond, the later ones stand on a tier `NAME 2`. What models answer of a shot,
    and what is noted of a marker, stands on child tiers, one annotation to one.

    Args:
        folder: where the file will stand, from which the film is named once more; None for beside the film.
        written: the date it states; the epoch says nothing, and gives the same text each time.
    """
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "rushes",
            "DATE": written.isoformat(timespec="seconds"),
            "FORMAT": FORMAT,
            "VERSION": FORMAT,
            "xmlns:xsi": _XSI,
            "xsi:noNamespaceSchemaLocation": SCHEMA,
        },
    )
    tiers = _unique(lane for tier in (_shots(timeline), *_layers(timeline, markers)) for lane in _lanes(tier))
    _add_header(root, timeline, folder)
    slots = _add_time_order(root, tiers)
    _add_tiers(root, tiers, slots)
    for name in dict.fromkeys(tier.linguistic_type for tier in tiers):
        ElementTree.SubElement(
            root, "LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID=name, TIME_ALIGNABLE="true", GRAPHIC_REFERENCES="false"
        )
    ElementTree.SubElement(
        root,
        "LINGUISTIC_TYPE",
        LINGUISTIC_TYPE_ID=_NOTES,
        TIME_ALIGNABLE="false",
        CONSTRAINTS=_ASSOCIATED,
        GRAPHIC_REFERENCES="false",
    )
    ElementTree.SubElement(root, "CONSTRAINT", STEREOTYPE=_ASSOCIATED, DESCRIPTION=_CONSTRAINT)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _shots(timeline: Timeline) -> _Tier:
    annotations = []
    for place in timeline.shots:
        said = {task.capitalize(): answer.class_name for task, answer in place.answers.items()}
        span = _span(place.start_seconds, place.stop_seconds)
        annotations.append(_Annotation(*span, str(place.number), said))
    return _Tier(SHOTS, "shot", annotations)


def _layers(timeline: Timeline, markers: Sequence[Marker]) -> Iterator[_Tier]:
    end = timeline.duration_seconds
    for layer in layers_of(markers):
        within = [marker for marker in markers if marker.layer == layer and marker.start < end]
        if layer not in OWN_TIERS:
            yield _Tier(
                TIERS.get(layer, layer.capitalize()), layer, [_annotation(one, end, one.name) for one in within]
            )
            continue
        for name in dict.fromkeys(one.name for one in within):
            annotations = [_annotation(one, end, name) for one in within if one.name == name]
            yield _Tier(f"{OWN_TIERS[layer]}: {name}", layer, annotations, participant=name)


def _annotation(marker: Marker, end: Fraction, value: str) -> _Annotation:
    said = describe_marker(marker)
    return _Annotation(*_span(marker.start, min(marker.stop, end)), value, {_NOTES: said} if said else {})


def _span(start: Fraction, stop: Fraction) -> tuple[int, int]:
    first = ceil(start * 1000)
    return first, max(ceil(stop * 1000), first + 1)


def _lanes(tier: _Tier) -> Iterator[_Tier]:
    """Give a tier as so many as it takes for none to hold two annotations at once."""
    lanes: list[list[_Annotation]] = []
    for one in sorted(tier.annotations, key=lambda one: (one.start, one.stop)):
        lane = next((lane for lane in lanes if lane[-1].stop <= one.start), None)
        if lane is None:
            lanes.append([one])
        else:
            lane.append(one)
    for number, lane in enumerate(lanes, start=1):
        name = tier.name if number == 1 else f"{tier.name} {number}"
        yield _Tier(name, tier.linguistic_type, lane, tier.participant)


def _unique(tiers: Iterable[_Tier]) -> list[_Tier]:
    """Return tiers with names that no two share, as one line of what XML can hold."""
    named: dict[str, _Tier] = {}
    for tier in tiers:
        name = plain = one_line(xml_text(tier.name)) or tier.linguistic_type
        number = 1
        while name in named:
            number += 1
            name = f"{plain} ({number})"
        named[name] = _Tier(name, tier.linguistic_type, tier.annotations, tier.participant)
    return list(named.values())


def _add_header(root: ElementTree.Element, timeline: Timeline, folder: Path | None) -> None:
    header = ElementTree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    suffix = Path(timeline.file_name).suffix.lower()
    ElementTree.SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        MEDIA_URL=timeline.uri,
        MIME_TYPE=_MIME.get(suffix, "unknown"),
        RELATIVE_MEDIA_URL=_relative(timeline, folder),
    )
    ElementTree.SubElement(header, "PROPERTY", NAME="source").text = timeline.digest


def _relative(timeline: Timeline, folder: Path | None) -> str:
    path = parse_place(timeline.path)
    beside = f"./{quote(timeline.file_name)}"
    if folder is None or isinstance(path, Remote):
        return beside
    try:
        way = os.path.relpath(path.resolve(), folder.resolve())
    except ValueError:  # on another drive
        return beside
    way = quote(Path(way).as_posix())
    return way if way.startswith("../") else f"./{way}"


def _add_time_order(root: ElementTree.Element, tiers: Sequence[_Tier]) -> dict[int, str]:
    """Add one slot for each time; return time in milliseconds -> its id."""
    order = ElementTree.SubElement(root, "TIME_ORDER")
    times = sorted({time for tier in tiers for one in tier.annotations for time in (one.start, one.stop)})
    slots = {time: f"ts{number}" for number, time in enumerate(times, start=1)}
    for time, slot in slots.items():
        ElementTree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(time))
    return slots


def _add_tiers(root: ElementTree.Element, tiers: Sequence[_Tier], slots: Mapping[int, str]) -> None:
    number = 0
    names = {tier.name for tier in tiers}
    for tier in tiers:
        element = ElementTree.SubElement(root, "TIER", TIER_ID=tier.name, LINGUISTIC_TYPE_REF=tier.linguistic_type)
        if tier.participant:
            element.set("PARTICIPANT", one_line(xml_text(tier.participant)))
        said: dict[str, list[tuple[str, str]]] = {}
        for one in tier.annotations:
            number += 1
            _add_aligned(element, f"a{number}", one, slots)
            for child, value in one.said.items():
                said.setdefault(child, []).append((f"a{number}", value))
        for child, values in said.items():
            name = f"{tier.name}: {one_line(xml_text(child))}"
            while name in names:
                name += "'"
            names.add(name)
            below = ElementTree.SubElement(root, "TIER", TIER_ID=name, LINGUISTIC_TYPE_REF=_NOTES, PARENT_REF=tier.name)
            for parent, value in values:
                number += 1
                _add_associated(below, f"a{number}", parent, value)


def _add_aligned(tier: ElementTree.Element, name: str, one: _Annotation, slots: Mapping[int, str]) -> None:
    annotation = ElementTree.SubElement(
        ElementTree.SubElement(tier, "ANNOTATION"),
        "ALIGNABLE_ANNOTATION",
        ANNOTATION_ID=name,
        TIME_SLOT_REF1=slots[one.start],
        TIME_SLOT_REF2=slots[one.stop],
    )
    ElementTree.SubElement(annotation, "ANNOTATION_VALUE").text = xml_text(one.value)


def _add_associated(tier: ElementTree.Element, name: str, parent: str, value: str) -> None:
    annotation = ElementTree.SubElement(
        ElementTree.SubElement(tier, "ANNOTATION"), "REF_ANNOTATION", ANNOTATION_ID=name, ANNOTATION_REF=parent
    )
    ElementTree.SubElement(annotation, "ANNOTATION_VALUE").text = xml_text(value)
