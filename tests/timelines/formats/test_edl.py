"""Timelines as CMX 3600 edit decision lists."""

from __future__ import annotations

import re
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given, settings

from rushes.errors import MediaError
from rushes.timecode import count_of_timecode, parse_timecode
from rushes.timelines.formats.edl import format_edl, reel_name
from rushes.timelines.timeline import Timeline, make_timeline
from timelines.shots_by_hand import PUSH, answered_timeline, index_of, shots_at, small_timeline, source_of, timelines

EVENT = re.compile(r"^(\d{3,})  (\S{1,8}) +V     C        (\S{11}) (\S{11}) (\S{11}) (\S{11})$", re.MULTILINE)


def test_a_list_reads_as_editing_programs_write_it() -> None:
    assert (
        format_edl(small_timeline())
        == """\
TITLE: TT_S01_E01
FCM: NON-DROP FRAME

001  AX       V     C        00:00:00:00 00:00:01:15 00:00:00:00 00:00:01:15
* FROM CLIP NAME: TT_S01_E01.mov

002  AX       V     C        00:00:01:15 00:00:02:20 00:00:01:15 00:00:02:20
* FROM CLIP NAME: TT_S01_E01.mov

003  AX       V     C        00:00:02:20 00:00:04:00 00:00:02:20 00:00:04:00
* FROM CLIP NAME: TT_S01_E01.mov
* TRANSITION: DISSOLVE 12 FRAMES
* BLANK
"""
    )


def test_drop_frame_is_said_at_the_head_and_in_every_time() -> None:
    index = index_of(1810, rate=Fraction(30000, 1001), start_timecode="00:00:00;00")
    text = format_edl(make_timeline(source_of(index), index, shots_at([0, 1800, 1810])))
    assert "FCM: DROP FRAME\n" in text
    assert "002  AX       V     C        00:01:00;02 00:01:00;12 00:01:00;02 00:01:00;12\n" in text


def frames_of_a_day(timeline: Timeline) -> int:
    frames = 24 * 3600 * round(timeline.rate)
    return frames - (24 * 60 - 24 * 6) * round(timeline.rate) // 15 if timeline.drop else frames


@given(timelines())
def test_events_tile_the_film_in_source_and_record(timeline: Timeline) -> None:
    events = EVENT.findall(format_edl(timeline))
    assert [int(number) for number, *_ in events] == list(range(1, len(timeline.shots) + 1))
    day = frames_of_a_day(timeline)
    counts = [[count_of_timecode(parse_timecode(time), timeline.rate) for time in times] for _, _, *times in events]
    for start, stop, record_start, record_stop in counts:
        assert (start, stop) == (record_start, record_stop)
    assert [start for start, *_ in counts] == [
        (timeline.first_count + place.start_slot) % day for place in timeline.shots
    ]
    assert counts[-1][1] == (timeline.first_count + timeline.slot_count) % day


@settings(deadline=None)
@given(timelines())
def test_opentimelineio_reads_the_same_cuts(timeline: Timeline) -> None:
    if timeline.first_count + timeline.slot_count >= frames_of_a_day(timeline) or timeline.rate == 15:
        return  # the reader knows no film across midnight and no 15 frames a second
    read = otio.adapters.read_from_string(format_edl(timeline), "cmx_3600", rate=float(timeline.rate))
    (track,) = read.tracks
    ranges = [clip.source_range for clip in track]
    assert [round(one.start_time.value) for one in ranges] == [
        timeline.first_count + place.start_slot for place in timeline.shots
    ]
    assert [round(one.duration.value) for one in ranges] == [place.slot_count for place in timeline.shots]


def test_more_than_999_events_are_numbered_on() -> None:
    index = index_of(1200)
    text = format_edl(make_timeline(source_of(index), index, shots_at(range(1201))))
    assert "\n1200  AX       V     C        00:00:47:24 00:00:48:00 " in text
    read = otio.adapters.read_from_string(text, "cmx_3600", rate=25)
    assert len(read.tracks[0]) == 1200


@pytest.mark.parametrize(
    ("file", "reel"),
    [
        ("A001C003.mov", "A001C003"),
        ("b12.MXF", "B12"),
        ("TT_S01_E01.mov", "AX"),
        ("A001C0031.mov", "AX"),
        ("BL.mov", "AX"),
        ("final.mov", "AX"),
        ("東京.mov", "AX"),
        ("noextension", "AX"),
    ],
)
def test_a_name_is_a_reel_only_where_it_could_be_one(file: str, reel: str) -> None:
    assert reel_name(file) == reel


def test_a_film_that_two_digits_cannot_count_is_refused() -> None:
    index = index_of(10, rate=Fraction(120))
    with pytest.raises(MediaError, match=r"120 frames in a second, and an EDL counts 99 at most\. Write \.otio"):
        format_edl(make_timeline(source_of(index), index, shots_at([0, 10])))


def test_what_models_answer_is_a_comment_of_its_event() -> None:
    comments = [line for line in format_edl(answered_timeline()).splitlines() if line.startswith("* COMMENT")]
    assert comments == [
        "* COMMENT: scale MS, probability 0.61",
        "* COMMENT: movement push, probability 0.93, zoom x1.31 over 1.2 s, 87 % of the frame agrees",
        "* COMMENT: movement static, probability 0.80",
    ]
    assert PUSH.reason.startswith("zoom ×1.31")
    assert format_edl(answered_timeline()).isascii()
    assert len(otio.adapters.read_from_string(format_edl(answered_timeline()), "cmx_3600").video_tracks()[0]) == 3
