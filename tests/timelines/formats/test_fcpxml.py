"""Timelines as Final Cut Pro XML."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from hypothesis import given, settings

from rushes.timelines.formats.edl import format_edl
from rushes.timelines.formats.fcpxml import format_fcpxml
from rushes.timelines.formats.otio import format_otio
from rushes.timelines.marker import Marker
from rushes.timelines.timeline import Timeline, make_timeline, with_answers
from timelines.markers_by_hand import marked_timelines
from timelines.shots_by_hand import PUSH, answered_timeline, index_of, shots_at, small_timeline, source_of, timelines

# What the document type of version 1.10 allows for the elements that are written: attributes, and children in order.
ALLOWED = {
    "fcpxml": ({"version"}, ["resources", "library"]),
    "resources": (set(), ["format", "asset"]),
    "format": ({"id", "frameDuration", "width", "height"}, []),
    "asset": (
        {"id", "name", "start", "duration", "hasVideo", "videoSources", "format", "hasAudio", "audioSources"},
        ["media-rep"],
    ),
    "media-rep": ({"kind", "src"}, []),
    "library": (set(), ["event"]),
    "event": ({"name"}, ["project"]),
    "project": ({"name"}, ["sequence"]),
    "sequence": ({"format", "duration", "tcStart", "tcFormat"}, ["spine"]),
    "spine": (set(), ["asset-clip"]),
    "asset-clip": ({"ref", "name", "offset", "start", "duration", "format", "tcFormat"}, ["note", "marker"]),
    "note": (set(), []),
    "keyword": ({"start", "duration", "value", "note"}, []),
    "marker": ({"start", "duration", "value", "note", "completed"}, []),
    "chapter-marker": ({"start", "duration", "value", "note", "posterOffset"}, []),
}
MARKS = ("keyword", "marker", "chapter-marker")  # the document type calls them one item, in any order


def read(timeline: Timeline) -> ElementTree.Element:
    return ElementTree.fromstring(format_fcpxml(timeline))


def seconds(text: str) -> Fraction:
    assert text.endswith("s")
    return Fraction(text[:-1])


@given(timelines())
def test_clips_tile_the_film_on_whole_frames(timeline: Timeline) -> None:
    root = read(timeline)
    frame = seconds(root.find("./resources/format").attrib["frameDuration"])
    assert frame == 1 / timeline.rate
    asset = root.find("./resources/asset").attrib
    sequence = root.find("./library/event/project/sequence").attrib
    first = at = seconds(sequence["tcStart"])
    assert first == seconds(asset["start"]) == timeline.first_count * frame
    for clip in root.iter("asset-clip"):
        offset, start, duration = (seconds(clip.attrib[key]) for key in ("offset", "start", "duration"))
        assert offset == start == at
        assert all((time / frame).denominator == 1 for time in (offset, start, duration))
        at += duration
    assert at - first == seconds(sequence["duration"]) == seconds(asset["duration"]) == timeline.slot_count * frame


@settings(max_examples=40)
@given(marked_timelines())
def test_elements_and_attributes_are_those_of_the_document_type(marked: tuple[Timeline, list[Marker]]) -> None:
    timeline, markers = marked
    blank = [{}] * (len(timeline.shots) - 1)
    text = format_fcpxml(with_answers(timeline, [{"movement": PUSH}, *blank]), markers)
    for element in ElementTree.fromstring(text).iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) <= attributes
        places = [children.index("marker" if child.tag in MARKS else child.tag) for child in element]
        assert places == sorted(places)


def test_the_medium_is_named_by_a_percent_encoded_url_and_cuts_in_notes() -> None:
    root = read(small_timeline("/films/Ночь & день.mov"))
    assert root.find("./resources/asset/media-rep").attrib == {
        "kind": "original-media",
        "src": "file:///films/%D0%9D%D0%BE%D1%87%D1%8C%20%26%20%D0%B4%D0%B5%D0%BD%D1%8C.mov",
    }
    assert [note.text for note in root.iter("note")] == [
        "hard cut, confidence 0.98",
        "dissolve cut, 12 frames, confidence 0.71; blank",
    ]


def test_broadcast_rates_are_exact_and_drop_frame_is_said() -> None:
    index = index_of(60, rate=Fraction(30000, 1001), start_timecode="01:00:00;00")
    root = read(make_timeline(source_of(index), index, shots_at([0, 30, 60]), has_sound=True))
    assert root.find("./resources/format").attrib["frameDuration"] == "1001/30000s"
    assert root.find(".//sequence").attrib["tcFormat"] == "DF"
    assert root.find("./resources/asset").attrib["hasAudio"] == "1"
    second = root.findall(".//asset-clip")[1].attrib
    assert second["duration"] == "30030/30000s"
    assert seconds(second["offset"]) == seconds(second["start"]) == (107892 + 30) * Fraction(1001, 30000)


@pytest.mark.parametrize("rate", [24, 25, 30])
def test_opentimelineio_reads_the_same_cuts(rate: int) -> None:
    index = index_of(90, rate=Fraction(rate))
    text = format_fcpxml(make_timeline(source_of(index), index, shots_at([0, 24, 48, 90])))
    (timeline,) = otio.adapters.read_from_string(text, "fcpx_xml")
    (track,) = timeline.tracks
    assert [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in track] == [
        (0, 24),
        (24, 24),
        (48, 42),
    ]


def test_editing_formats_agree_on_where_a_film_starts() -> None:
    index = index_of(90, start_timecode="01:00:00:00")
    timeline = make_timeline(source_of(index), index, shots_at([0, 30, 90]))
    (project,) = otio.adapters.read_from_string(format_fcpxml(timeline), "fcpx_xml")
    plain = otio.adapters.read_from_string(format_otio(timeline), "otio_json")
    assert read(timeline).find(".//sequence").attrib["tcStart"] == "90000/25s"
    assert plain.global_start_time == otio.opentime.RationalTime(90_000, 25)
    assert "01:00:00:00 01:00:01:05 01:00:00:00 01:00:01:05" in format_edl(timeline)
    # OpenTimelineIO's reader of FCPXML passes tcStart over and puts a gap before the first clip.
    spans = [[clip.source_range for clip in one.video_tracks()[0].find_clips()] for one in (project, plain)]
    assert spans[0] == spans[1]


def test_what_models_answer_is_a_keyword_to_search_by_and_stands_in_the_note() -> None:
    root = read(answered_timeline())
    assert [keyword.attrib["value"] for keyword in root.iter("keyword")] == [
        "scale MS, movement push",
        "movement static",
    ]
    assert next(root.iter("note")).text == f"scale MS, probability 0.61; movement push, probability 0.93, {PUSH.reason}"
    for element in root.iter("asset-clip"):
        assert [child.tag for child in element] in (["note", "keyword"], ["note"])
