"""What every format of timelines does with markers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from rushes.timecode import count_of_timecode, parse_timecode
from rushes.timelines.formats.edl import format_marker_edl
from rushes.timelines.formats.files import FORMATS
from rushes.timelines.marker import Marker, place_markers
from rushes.timelines.timeline import Timeline, make_timeline
from timelines.markers_by_hand import marked_timelines
from timelines.shots_by_hand import index_of, shots_at, small_timeline, source_of

# A reader of each format: the text -> name of each scene and where it begins, in what the format counts in.
Reader = Callable[[str, Timeline], dict[str, object]]
SMPTE = r"\d\d:\d\d:\d\d[:;]\d\d"


def scenes_of_csv(text: str, timeline: Timeline) -> dict[str, object]:
    rows = csv.DictReader(io.StringIO(text))
    found: dict[str, object] = {}
    for row in rows:
        found.setdefault(row["scene"], int(row["start"]))
    return found


def scenes_of_json(text: str, timeline: Timeline) -> dict[str, object]:
    found = [one for one in json.loads(text)["markers"] if one["layer"] == "scene"]
    return {one["name"]: one["start_timecode"] for one in found}


def scenes_of_edl(text: str, timeline: Timeline) -> dict[str, object]:
    found = re.findall(rf"^\* LOC: ({SMPTE}) [A-Z]+ +(Scene \d+) to {SMPTE}", text, re.MULTILINE)
    return {name: timecode for timecode, name in found}


def scenes_of_marker_edl(text: str, timeline: Timeline) -> dict[str, object]:
    event = rf"^\d{{3}}  001      V     C        ({SMPTE}) .*\n.*\|M:(.*) \|D:\d+$"
    found = re.findall(event, text, re.MULTILINE)
    return {name: at for at, names in found for name in names.split(" + ") if re.fullmatch(r"Scene \d+", name)}


def scenes_of_otio(text: str, timeline: Timeline) -> dict[str, object]:
    markers = json.loads(text)["tracks"]["markers"]
    found = [one for one in markers if one["metadata"]["rushes"]["layer"] == "scene"]
    return {one["name"]: int(one["marked_range"]["start_time"]["value"]) for one in found}


def scenes_of_fcpxml(text: str, timeline: Timeline) -> dict[str, object]:
    found = ElementTree.fromstring(text).iter("chapter-marker")
    return {one.attrib["value"]: Fraction(one.attrib["start"][:-1]) * timeline.rate for one in found}


def scenes_of_eaf(text: str, timeline: Timeline) -> dict[str, object]:
    root = ElementTree.fromstring(text)
    times = {slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) for slot in root.iter("TIME_SLOT")}
    found = root.findall("./TIER[@TIER_ID='Scenes']/ANNOTATION/ALIGNABLE_ANNOTATION")
    return {one.findtext("ANNOTATION_VALUE", ""): times[one.attrib["TIME_SLOT_REF1"]] for one in found}


READERS: dict[str, tuple[Callable[..., str], Reader]] = {
    ".csv": (FORMATS[".csv"], scenes_of_csv),
    ".json": (FORMATS[".json"], scenes_of_json),
    ".edl": (FORMATS[".edl"], scenes_of_edl),
    ".markers.edl": (format_marker_edl, scenes_of_marker_edl),
    ".otio": (FORMATS[".otio"], scenes_of_otio),
    ".fcpxml": (FORMATS[".fcpxml"], scenes_of_fcpxml),
    ".eaf": (FORMATS[".eaf"], scenes_of_eaf),
}


def where(extension: str, timeline: Timeline, marker: Marker) -> object:
    """Return where a marker should be found, in what the format counts in."""
    (placed,) = place_markers(timeline, [marker])
    if extension in (".edl", ".markers.edl", ".json"):
        return str(timeline.timecode_at(placed.start_slot))
    if extension == ".otio":
        return placed.start_slot
    if extension == ".fcpxml":
        return timeline.first_count + placed.start_slot
    return timeline.shots[placed.first].shot.start if extension == ".csv" else -(-marker.start * 1000 // 1)


@pytest.mark.parametrize("extension", READERS)
@settings(max_examples=25, deadline=None)
@given(marked_timelines())
def test_every_scene_is_found_again_where_it_is(extension: str, marked: tuple[Timeline, list[Marker]]) -> None:
    timeline, markers = marked
    write, read = READERS[extension]
    wanted = {one.name: where(extension, timeline, one) for one in markers if one.layer == "scene"}
    assert read(write(timeline, markers), timeline) == wanted


def test_every_format_is_read() -> None:
    assert {*FORMATS} == {*READERS} - {".markers.edl"}


@pytest.mark.parametrize("extension", FORMATS)
def test_without_markers_shots_are_written_as_they_always_were(extension: str) -> None:
    text = FORMATS[extension](small_timeline(), ())
    for word in ("marker", "LOC", "layer"):
        assert word not in re.sub(r'"markers": \[\]', "", text)


def test_after_midnight_timecodes_start_over_and_nothing_is_lost() -> None:
    index = index_of(100, start_timecode="23:59:58:00")
    timeline = make_timeline(source_of(index), index, shots_at([0, 60, 100]))
    markers = [
        Marker("scene", f"Scene {place.number}", place.start_seconds, place.stop_seconds) for place in timeline.shots
    ]
    for extension in (".edl", ".markers.edl", ".json"):
        write, read = READERS[extension]
        assert read(write(timeline, markers), timeline) == {"Scene 1": "23:59:58:00", "Scene 2": "00:00:00:10"}


def test_a_list_of_markers_counts_drop_frame_as_the_film_does() -> None:
    index = index_of(1900, rate=Fraction(30000, 1001), start_timecode="00:00:00;00")
    timeline = make_timeline(source_of(index), index, shots_at([0, 1800, 1900]))
    second = timeline.shots[1]
    text = format_marker_edl(timeline, [Marker("scene", "Scene 2", second.start_seconds, second.stop_seconds)])
    assert text == (
        "TITLE: TT_S01_E01\nFCM: DROP FRAME\n\n"
        "001  001      V     C        00:01:00;02 00:01:00;03 00:01:00;02 00:01:00;03\n"
        " |C:ResolveColorBlue |M:Scene 2 |D:100\n"
    )
    assert count_of_timecode(parse_timecode("00:01:00;02"), timeline.rate) == 1800


def test_markers_of_one_frame_are_one_event_for_resolve_and_no_note_looks_like_one() -> None:
    both = [
        Marker("dialogue", "Dialogue | 1", Fraction(0), Fraction(1), "9 changes", None, "GREEN"),
        Marker("scene", "Scene 1", Fraction(0), Fraction(4), "5 shots", 0.5, "MAGENTA"),
    ]
    assert format_marker_edl(small_timeline(), both).splitlines()[-1] == (
        "- 5 shots; confidence 0.50 + 9 changes |C:ResolveColorFuchsia |M:Scene 1 + Dialogue / 1 |D:100"
    )
