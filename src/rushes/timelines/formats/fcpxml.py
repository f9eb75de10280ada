"""A timeline as Final Cut Pro XML 1.10."""

from __future__ import annotations

from xml.etree import ElementTree

from rushes.timelines.timeline import Timeline, TimelineShot, describe_answer

VERSION = "1.10"


def format_fcpxml(timeline: Timeline) -> str:
    """Return the timeline as a project with one clip per shot, in one event of a library.

    Every time is a whole number of frames, as an exact fraction of seconds. The sequence starts at the film's start
    timecode, as the medium does; offsets of clips are times of the sequence, so that they begin there too. What models
    answer of a shot are keywords of its clip, to search by, and stand with how probable it is in its note.
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
    for place in timeline.shots:
        _add_clip(spine, timeline, place)
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


def _add_clip(spine: ElementTree.Element, timeline: Timeline, place: TimelineShot) -> None:
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
