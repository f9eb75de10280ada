from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.sampling import (
    At,
    AtRate,
    Every,
    EveryFrame,
    EveryKeyframe,
    Keyframes,
    Unit,
    WantedTime,
    find_missing_times,
    find_strangers,
    name_frames,
    narrow_to_film,
    plan_ordinals,
)
from rushes.footage.smpte import smpte_at
from rushes.footage.source import Source
from rushes.footage.video_index import VideoIndex
from rushes.timecode import parse_timecode

FILM = Source("ab" * 32, "/films/TT.mp4", "TT_S01_E01", "TT_S01_E01", "video", 8, 8, "h264", Fraction(24), 2400)


def index_of(pts: list[int], time_base: Fraction, rate: Fraction) -> VideoIndex:
    return VideoIndex(tuple(pts), time_base, rate, (0,), 8, 8, "h264", Fraction(len(pts)) / rate)


def constant(rate: Fraction, count: int, time_base: Fraction | None = None, start: int = 0) -> VideoIndex:
    tick = time_base or 1 / rate
    return index_of([start + round(place / rate / tick) for place in range(count)], tick, rate)


def test_a_frame_every_eight_seconds_of_an_episode() -> None:
    index = constant(Fraction(24), 2400)
    assert plan_ordinals(index, Every(Fraction(8))) == tuple(range(0, 2400, 192))


def test_broadcast_rates_take_the_first_frame_at_or_after_each_multiple() -> None:
    index = constant(Fraction(24000, 1001), 1000)
    assert plan_ordinals(index, Every(Fraction(8))) == (0, 192, 384, 576, 768, 960)
    assert index.seconds_at(192) >= 8 > index.seconds_at(191)


@pytest.mark.parametrize("rate", [24, 25, 30, 60])
def test_milliseconds_in_the_container_do_not_shift_what_is_taken(rate: int) -> None:
    stored = constant(Fraction(rate), 600, Fraction(1, 1000), start=67)
    exact = constant(Fraction(rate), 600)
    for sampling in (Every(Fraction(1, 3)), Every(Fraction(1)), AtRate(Fraction(5)), AtRate(Fraction(rate))):
        assert plan_ordinals(stored, sampling) == plan_ordinals(exact, sampling)


def test_a_gap_in_the_film_is_not_filled() -> None:
    index = index_of([0, 10, 20, 95, 100], Fraction(1, 10), Fraction(1))
    assert plan_ordinals(index, Every(Fraction(1))) == (0, 1, 2, 3, 4)
    assert plan_ordinals(index, Every(Fraction(3))) == (0, 3)


def test_every_frame_and_keyframes() -> None:
    index = VideoIndex(tuple(range(50)), Fraction(1, 25), Fraction(25), (0, 20, 40), 8, 8, "h264", Fraction(2))
    assert plan_ordinals(index, EveryFrame()) == tuple(range(50))
    assert plan_ordinals(index, Keyframes()) == (0, 20, 40)


def test_of_each_multiple_the_nearest_key_frame_is_taken_once() -> None:
    keyframes = (0, 20, 45, 50, 90)
    index = VideoIndex(tuple(range(100)), Fraction(1, 10), Fraction(10), keyframes, 8, 8, "h264", Fraction(10))
    # 0, 2, 4, 6, 8 s lie nearest to the key frames at 0, 2, 4.5, 5 and 9 s.
    assert plan_ordinals(index, EveryKeyframe(Fraction(2))) == (0, 20, 45, 50, 90)
    assert plan_ordinals(index, EveryKeyframe(Fraction(4))) == (0, 45, 90)
    assert plan_ordinals(index, EveryKeyframe(Fraction(100))) == (0,)
    assert plan_ordinals(index, EveryKeyframe(Fraction(1, 1000))) == keyframes


def test_of_two_key_frames_equally_near_the_earlier_is_taken() -> None:
    index = VideoIndex(tuple(range(9)), Fraction(1), Fraction(1), (0, 2, 6), 8, 8, "h264", Fraction(9))
    assert plan_ordinals(index, EveryKeyframe(Fraction(4))) == (0, 2, 6)
    assert plan_ordinals(index, EveryKeyframe(Fraction(8))) == (0, 6)


@given(
    keyframes=st.sets(st.integers(0, 199), min_size=1, max_size=20),
    step=st.fractions(Fraction(1, 10), Fraction(9), max_denominator=20),
)
def test_key_frames_are_the_nearest_as_the_definition_says(keyframes: set[int], step: Fraction) -> None:
    rising = tuple(sorted(keyframes))
    index = VideoIndex(tuple(range(200)), Fraction(1, 25), Fraction(25), rising, 8, 8, "h264", Fraction(8))
    expected, multiple = set(), Fraction(0)
    while multiple <= index.seconds_at(199):
        expected.add(min(rising, key=lambda ordinal: (abs(index.seconds_at(ordinal) - multiple), ordinal)))
        multiple += step
    assert plan_ordinals(index, EveryKeyframe(step)) == tuple(sorted(expected))


def at(unit: Unit, *values: Fraction | int | tuple[int, int]) -> At:
    return At(tuple(WantedTime(unit, value, str(value), row, None) for row, value in enumerate(values, 2)), "times.csv")


def test_a_timecode_is_that_of_the_frame_that_it_names() -> None:
    index = constant(Fraction(24000, 1001), 3000, Fraction(1, 24000))
    for ordinal in (0, 1, 23, 24, 25, 719, 2999):
        (frame,) = name_frames(FILM, index, [ordinal])
        hours, minutes, seconds, count = (int(part) for part in frame.timecode.split(":"))
        asked = at("timecode", ((hours * 60 + minutes) * 60 + seconds, count))
        assert plan_ordinals(index, asked) == (ordinal,)


def test_a_timecode_without_a_frame_of_its_own_means_the_one_that_is_shown() -> None:
    index = index_of([0, 10, 20, 95, 100], Fraction(1, 10), Fraction(10))
    assert plan_ordinals(index, at("timecode", (5, 0), (9, 5), (9, 9))) == (2, 3)


def test_seconds_mean_the_frame_that_is_shown_then() -> None:
    index = constant(Fraction(25), 100, start=700)
    assert plan_ordinals(index, at("seconds", Fraction(0), Fraction("0.039"), Fraction("0.04"), Fraction(3))) == (
        0,
        1,
        75,
    )
    stored = constant(Fraction(24), 100, Fraction(1, 1000))  # frame 2 is stored at 0.083 s
    assert plan_ordinals(stored, at("seconds", Fraction(2, 24))) == (2,)


def test_frames_and_presentation_times_are_found_exactly() -> None:
    index = constant(Fraction(25), 100, start=700)
    assert plan_ordinals(index, at("frame", 5, 99, 5)) == (5, 99)
    assert plan_ordinals(index, at("pts", 700, 799)) == (0, 99)


def test_a_time_past_the_end_is_missing_and_the_others_are_taken() -> None:
    index = constant(Fraction(25), 100)
    for asked in (
        at("timecode", (1, 0), (4, 0)),
        at("seconds", Fraction(1), Fraction(4)),
        at("frame", 25, 100),
    ):
        assert plan_ordinals(index, asked) == (25,)
        (missing,) = find_missing_times(index, asked)
        assert "row 3" in missing
        ends = "it has 100 frames, 0 to 99" if "frame 100" in missing else "it ends with frame 99 at 00:00:03:24"
        assert ends in missing


def test_a_frame_number_that_the_rate_does_not_have_and_a_time_between_ticks_are_missing() -> None:
    index = index_of([0, 512, 1024], Fraction(1, 12800), Fraction(25))
    assert find_missing_times(index, at("timecode", (0, 25))) == [
        "has no frame at timecode (0, 25) (times.csv, row 2): its seconds have 25 frames, 00 to 24"
    ]
    (missing,) = find_missing_times(index, at("pts", 600))
    assert missing.endswith("presentation times nearby are 512, 1024")
    assert find_missing_times(index, Every(Fraction(1))) == []


def test_a_row_that_names_a_film_is_for_that_film_alone() -> None:
    rows = (
        WantedTime("frame", 1, "1", 2),
        WantedTime("frame", 2, "2", 3, "tt_s01_e01.MP4"),
        WantedTime("frame", 3, "3", 4, "b"),
    )
    asked = At(rows, "times.csv")
    index = constant(Fraction(24), 100)
    for names, ordinals in ((("TT_S01_E01", "TT_S01_E01.mp4"), (1, 2)), (("b", "b.mov"), (1, 3)), (("c",), (1,))):
        assert plan_ordinals(index, narrow_to_film(asked, names)) == ordinals
    assert narrow_to_film(Keyframes(), ["c"]) == Keyframes()
    (stranger,) = find_strangers(asked, [("TT_S01_E01", "TT_S01_E01.mp4"), ("c",)])
    assert stranger.startswith("times.csv, row 4, source: no film is called 'b'")


def test_a_step_is_longer_than_nothing() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Every(Fraction(0))
    with pytest.raises(ValueError, match="above 0"):
        AtRate(Fraction(-1))
    with pytest.raises(ValueError, match="above 0"):
        EveryKeyframe(Fraction(0))


@given(
    gaps=st.lists(st.integers(1, 400), min_size=1, max_size=80),
    step=st.fractions(Fraction(1, 50), Fraction(3), max_denominator=60),
    start=st.integers(-500, 5000),
)
def test_what_is_taken_is_what_the_definition_says(gaps: list[int], step: Fraction, start: int) -> None:
    pts = [start]
    for gap in gaps:
        pts.append(pts[-1] + gap)
    index = index_of(pts, Fraction(1, 600), Fraction(25))
    slack = index.rounding_seconds
    expected, multiple = set(), Fraction(0)
    while multiple <= index.seconds_at(len(pts) - 1) + slack:
        expected.add(next(place for place in range(len(pts)) if index.seconds_at(place) >= multiple - slack))
        multiple += step
    assert plan_ordinals(index, Every(step)) == tuple(sorted(expected))


def test_frames_are_named_by_hours_minutes_seconds_and_the_frame_within_its_second() -> None:
    frames = name_frames(FILM, constant(Fraction(24), 2400), [0, 23, 24, 204])
    assert [frame.name for frame in frames] == [
        "TT_S01_E01_FRM-00-00-00-00",
        "TT_S01_E01_FRM-00-00-00-23",
        "TT_S01_E01_FRM-00-00-01-00",
        "TT_S01_E01_FRM-00-00-08-12",
    ]
    assert (frames[3].timecode, frames[3].ordinal, frames[3].id) == ("00:00:08:12", 204, "abababababababab:204")


@pytest.mark.parametrize(
    "rate", [Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)]
)
@pytest.mark.parametrize("time_base", [None, Fraction(1, 1000), Fraction(1, 90000)])
def test_a_constant_rate_gives_each_frame_a_timecode_of_its_own(rate: Fraction, time_base: Fraction | None) -> None:
    index = constant(rate, 400, time_base)
    names = [frame.name for frame in name_frames(FILM, index, range(400))]
    assert len(set(names)) == 400
    assert not any("." in name for name in names)
    assert names == [frame.name for frame in name_frames(FILM, constant(rate, 400), range(400))]


def test_two_frames_in_one_slot_are_told_apart_whichever_are_taken() -> None:
    index = index_of([0, 100, 101, 102, 200], Fraction(1, 1000), Fraction(10))
    all_names = [frame.name for frame in name_frames(FILM, index, range(5))]
    assert all_names[1:4] == [f"TT_S01_E01_FRM-00-00-00-01{tail}" for tail in ("", ".2", ".3")]
    assert [frame.name for frame in name_frames(FILM, index, [3])] == [all_names[3]]


def test_a_photograph_has_one_frame_with_the_name_of_its_source() -> None:
    photo = Source("cd" * 32, "/a.jpg", "a", "shoot", "photo", 8, 8, "jpeg")
    (frame,) = name_frames(photo, None, [0])
    assert (frame.name, frame.id, frame.timecode) == ("a", "cdcdcdcdcdcdcdcd:0", "00:00:00:00")
    with pytest.raises(ValueError, match="one frame 0"):
        name_frames(photo, None, [1])


def located(index: VideoIndex, smpte: str) -> int | str:
    """Return the ordinal that an SMPTE timecode names, or what is said where none is."""
    asked = At((WantedTime("smpte", parse_timecode(smpte), smpte, 2),), "times.csv")
    return next(iter(plan_ordinals(index, asked) or find_missing_times(index, asked)))


def stating(index: VideoIndex, start: str | None) -> VideoIndex:
    return replace(index, start_timecode=start)


def test_smpte_timecode_is_counted_in_frames_from_the_films_start() -> None:
    index = constant(Fraction(24000, 1001), 200_000)
    assert located(index, "00:00:01:00") == 24
    assert located(index, "01:00:00:00") == 86_400
    hour = stating(index, "01:00:00:00")
    assert [located(hour, text) for text in ("01:00:00:00", "01:00:01:00", "02:00:00:05")] == [0, 24, 86_405]
    # The clock says otherwise: after an hour of timecode 3.6 s more have passed.
    assert plan_ordinals(index, at("timecode", (3600, 0))) == (86_314,)


def test_drop_frame_timecode_is_counted_as_the_film_counts() -> None:
    index = constant(Fraction(30000, 1001), 20_000)
    dropping = stating(index, "00:59:59;28")
    assert [located(dropping, text) for text in ("00:59:59;28", "01:00:00;00", "01:01:00;02")] == [0, 2, 1802]
    assert "is counted drop-frame, with ';'" in str(located(dropping, "01:00:00:00"))
    assert "counted without drops, with ':'" in str(located(stating(index, "00:00:00:00"), "00:00:01;00"))
    assert located(index, "00:01:00;02") == 1800  # it states none: the row says how it counts
    assert "passes this number over" in str(located(index, "00:01:00;01"))


@pytest.mark.parametrize("start", [None, "10:00:00:00", "23:59:59:20"])
def test_smpte_timecode_names_the_frames_that_it_is_printed_for(start: str | None) -> None:
    index = stating(constant(Fraction(25), 60), start or "00:00:00:00")
    for ordinal in range(60):
        assert located(stating(index, start), str(smpte_at(index, ordinal))) == ordinal


def test_smpte_timecode_outside_of_the_film_is_said_to_be() -> None:
    index = stating(constant(Fraction(25), 50), "10:00:00:00")
    where = "its timecode runs from 10:00:00:00 to 10:00:01:24"
    assert located(index, "10:00:02:00") == f"has no frame at smpte 10:00:02:00 (times.csv, row 2): {where}"
    assert where in str(located(index, "00:00:01:00"))
    assert "the frames of a second are 00 to 24" in str(located(index, "10:00:00:25"))


def test_smpte_timecode_of_a_varying_rate_is_that_of_the_nearest_frames() -> None:
    index = index_of([0, 1, 2, 8, 9], Fraction(1, 25), Fraction(25))
    assert [located(index, f"00:00:00:0{slot}") for slot in (0, 2, 5, 8, 9)] == [0, 2, 2, 3, 4]


def test_a_frame_past_the_end_is_told_how_many_there_are() -> None:
    assert find_missing_times(constant(Fraction(24), 720), at("frame", 720)) == [
        "has no frame 720 (times.csv, row 2): it has 720 frames, 0 to 719"
    ]
