"""A timeline as Final Cut Pro XML 1.10."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from rushes.timelines.marker import Marker, PlacedMarker, describe_marker, one_line, place_markers
from rushes.timelines.markup import xml_text
from rushes.timelines.timeline import Timeline, TimelineShot, describe_answer

VERSION = "1.10"
# Scenes are what chapters of a film are; a chapter is a marker too, and Compressor and players take it over.
_MARKS = {"scene": "chapter-marker", "dialogue": "marker"}
_NO_KEYWORDS = ("side", "subtitle")  # the one says nothing alone, the other is a sentence


def format_fcpxml(timeline: Timeline, markers: Sequence[Marker] = ()) -> str:
    """Return the timeline as a project with one clip per shot, in one event of a library.

    Every time is a whole number of frames, as an exact fraction of seconds. The sequence starts at the film's start
    timecode, as the medium does; offsets of clips are times of the sequence, so that they begin there too. What models
    answer of a shot are keywords of its clip, to search by, and stand with how probable it is in its note.

    A scene is a chapter marker where it begins, a dialogue a marker. Markers have no length here, so that they, and
    what else has a layer (characters, set-ups, subjects), are keywords over each clip as far as they reach.
    """
    root = ElementTree.Element("fcpxml", version=VERSION)
    resources = ElementTree.SubElement(root, "resources")
    ElementTree.SubElement(
        resources,
        "format",
        id="r1",
        frameDuration=_seconds(timeline, 1),
        width=str(timeline.width_pixels),
        height=str(timeline.height_pixels),
    )
    _add_asset(resources, timeline)
    event = ElementTree.SubElement(ElementTree.SubElement(root, "library"), "event", name=timeline.name)
    sequence = ElementTree.SubElement(
        ElementTree.SubElement(event, "project", name=f"{timeline.name} shots"),
        "sequence",
        format="r1",
        duration=_seconds(timeline, timeline.slot_count),
        tcStart=_seconds(timeline, timeline.first_count),
        tcFormat=_counting(timeline),
    )
    spine = ElementTree.SubElement(sequence, "spine")
    reaching: list[list[PlacedMarker]] = [[] for _ in timeline.shots]
    for placed in place_markers(timeline, markers):
        for of_shot in reaching[placed.first : placed.last + 1]:
            of_shot.append(placed)
    for place, of_shot in zip(timeline.shots, reaching, strict=True):
        _add_clip(spine, timeline, place, of_shot)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{text}\n'


def _add_asset(resources: ElementTree.Element, timeline: Timeline) -> None:
    asset = ElementTree.SubElement(
        resources,
        "asset",
        id="r2",
        name=timeline.name,
        start=_seconds(timeline, timeline.first_count),
        duration=_seconds(timeline, timeline.slot_count),
        hasVideo="1",
        videoSources="1",
        format="r1",
    )
    if timeline.has_sound:
        asset.set("hasAudio", "1")
        asset.set("audioSources", "1")
    ElementTree.SubElement(asset, "media-rep", kind="original-media", src=timeline.uri)


def _add_clip(
    spine: ElementTree.Element, timeline: Timeline, place: TimelineShot, reaching: Sequence[PlacedMarker]
) -> None:
    clip = ElementTree.SubElement(
        spine,
        "asset-clip",
        ref="r2",
        name=f"{timeline.name} {place.number:03d}",
        offset=_seconds(timeline, timeline.first_count + place.start_slot),
        start=_seconds(timeline, timeline.first_count + place.start_slot),
        duration=_seconds(timeline, place.slot_count),
        format="r1",
        tcFormat=_counting(timeline),
    )
    note = _note(place)
    if note:
        ElementTree.SubElement(clip, "note").text = note
    if place.answers:
        ElementTree.SubElement(
            clip,
            "keyword",
            start=_seconds(timeline, timeline.first_count + place.start_slot),
            duration=_seconds(timeline, place.slot_count),
            value=", ".join(f"{task} {answer.class_name}" for task, answer in place.answers.items()),
        )
    for placed in reaching:
        _add_marker(clip, timeline, place, placed)


def _add_marker(clip: ElementTree.Element, timeline: Timeline, place: TimelineShot, placed: PlacedMarker) -> None:
    """Add to a clip what of a marker is its: the mark itself to the clip that it begins in, a keyword to all."""
    marker = placed.marker
    name = xml_text(one_line(marker.name))
    if marker.layer in _MARKS and placed.first == place.number - 1:
        mark = ElementTree.SubElement(
            clip,
            _MARKS[marker.layer],
            start=_seconds(timeline, timeline.first_count + placed.start_slot),
            duration=_seconds(timeline, 1),
            value=name,
            note=xml_text("; ".join(filter(None, (_reach(timeline, placed), describe_marker(marker))))),
        )
        if marker.layer == "scene":
            mark.set("posterOffset", "0s")
    if marker.layer not in _NO_KEYWORDS and name:
        start, stop = max(placed.start_slot, place.start_slot), min(placed.stop_slot, place.stop_slot)
        ElementTree.SubElement(
            clip,
            "keyword",
            start=_seconds(timeline, timeline.first_count + start),
            duration=_seconds(timeline, stop - start),
            value=name if marker.layer == "subject" else name.replace(",", " "),  # a comma divides keywords
        )


def _reach(timeline: Timeline, placed: PlacedMarker) -> str:
    return f"{timeline.timecode_at(placed.start_slot)} to {timeline.timecode_at(placed.stop_slot)}"


def _note(place: TimelineShot) -> str:
    cut = place.shot.opening
    words = []
    if cut is not None:
        length = f", {cut.stop - cut.start} frames" if cut.kind != "hard" else ""
        words.append(f"{cut.kind} cut{length}, confidence {cut.confidence:.2f}")
    if place.shot.blank:
        words.append("blank")
    words += [describe_answer(task, answer) for task, answer in place.answers.items()]
    return "; ".join(words)


def _counting(timeline: Timeline) -> str:
    return "DF" if timeline.drop else "NDF"


def _seconds(timeline: Timeline, frames: int) -> str:
    """Return so many frames as seconds: `1001/24000s`, over the same denominator for all, or `0s`."""
    return f"{frames * timeline.rate.denominator}/{timeline.rate.numerator}s" if frames else "0s"
