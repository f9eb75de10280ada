"""Timelines as OpenTimelineIO JSON."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
from hypothesis import given, settings

from rushes.timelines.formats.otio import format_otio
from rushes.timelines.timeline import Timeline, make_timeline
from timelines.shots_by_hand import (
    DIGEST,
    PUSH,
    answered_timeline,
    index_of,
    shots_at,
    small_timeline,
    source_of,
    timelines,
)


def read(timeline: Timeline) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(format_otio(timeline), "otio_json")


def test_clips_refer_to_the_film_and_carry_what_is_known() -> None:
    timeline = read(small_timeline())
    assert isinstance(timeline, otio.schema.Timeline)
    assert (timeline.name, timeline.global_start_time) == ("TT_S01_E01", None)
    assert timeline.metadata["rushes"]["schema"] == "shots/1"
    (track,) = timeline.video_tracks()
    last = track[2]
    assert last.name == "TT_S01_E01 003"
    assert last.media_reference.target_url == "file:///films/TT_S01_E01.mov"
    assert last.available_range().duration == otio.opentime.RationalTime(100, 25)
    told = last.metadata["rushes"]
    assert (told["cut"], told["cut_start"], told["cut_stop"], told["confidence"]) == ("dissolve", 64, 76, 0.71)
    assert (told["blank"], told["source"]) == (True, DIGEST)
    assert track[0].metadata["rushes"]["cut"] is None


def test_a_broadcast_rate_is_known_again() -> None:
    index = index_of(48, rate=Fraction(24000, 1001), start_timecode="01:00:00:00")
    timeline = read(make_timeline(source_of(index), index, shots_at([0, 24, 48])))
    second = timeline.video_tracks()[0][1]
    assert second.source_range.start_time == otio.opentime.RationalTime(86424, 24000 / 1001)
    assert otio.opentime.to_timecode(second.source_range.start_time) == "01:00:01:00"
    assert otio.opentime.to_timecode(timeline.global_start_time) == "01:00:00:00"


@settings(deadline=None)
@given(timelines())
def test_clips_tile_the_medium(timeline: Timeline) -> None:
    (track,) = read(timeline).video_tracks()
    at = timeline.first_count
    for clip, place in zip(track, timeline.shots, strict=True):
        assert clip.source_range.start_time.value == at
        assert clip.source_range.start_time.rate == float(timeline.rate)
        assert clip.metadata["rushes"]["start"] == place.shot.start
        at += int(clip.source_range.duration.value)
    whole = track[0].available_range()
    assert at == whole.start_time.value + whole.duration.value == timeline.first_count + timeline.slot_count


def test_it_is_written_again_without_loss() -> None:
    first = read(small_timeline())
    again = otio.adapters.read_from_string(otio.adapters.write_to_string(first, "otio_json"), "otio_json")
    assert again.is_equivalent_to(first)


def test_what_models_answer_is_a_marker_over_its_clip_and_stands_in_the_metadata() -> None:
    first, _, blank = read(answered_timeline()).video_tracks()[0]
    (marker,) = first.markers
    assert (marker.name, marker.marked_range) == ("scale MS, movement push", first.source_range)
    assert marker.comment == f"scale MS, probability 0.61; movement push, probability 0.93, {PUSH.reason}"
    assert first.metadata["rushes"]["answers"]["movement"]["class"] == "push"
    assert (list(blank.markers), dict(blank.metadata["rushes"]["answers"])) == ([], {})
