"""A film's shots as one timeline."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given

from rushes.footage.shot import Cut
from rushes.timelines.timeline import (
    ShotAnswer,
    Timeline,
    make_timeline,
    measure_lengths,
    timecode_of_frame,
    with_answers,
)
from timelines.shots_by_hand import answered_timeline, index_of, shots_at, small_timeline, source_of, timelines


def test_times_of_shots_are_exact() -> None:
    index = index_of(48, rate=Fraction(24000, 1001))
    second = make_timeline(source_of(index), index, shots_at([0, 24, 48])).shots[1]
    assert (second.start_seconds, second.stop_seconds) == (Fraction(1001, 1000), Fraction(2002, 1000))
    assert (second.number, second.start_pts, second.duration_seconds) == (2, 24, Fraction(1001, 1000))


def test_a_shot_stops_where_the_next_starts_and_the_last_at_the_end_of_the_film() -> None:
    index = replace(index_of(10, pts=[0, 1, 2, 3, 7, 8, 9, 10, 11, 12]), duration_seconds=Fraction(2))
    first, second = make_timeline(source_of(index), index, shots_at([0, 4, 10])).shots
    assert first.stop_seconds == second.start_seconds == Fraction(7, 25)
    assert second.stop_seconds == 2


@pytest.mark.parametrize("edges", [[0, 40], [10, 100], [0, 40, 101]])
def test_shots_that_do_not_tile_the_film_are_refused(edges: list[int]) -> None:
    index = index_of(100)
    with pytest.raises(ValueError, match="tile a film from 0 to 100"):
        make_timeline(source_of(index), index, shots_at(edges))


@given(timelines())
def test_shots_tile_the_film_in_seconds_and_on_the_grid(timeline: Timeline) -> None:
    for sooner, later in zip(timeline.shots, timeline.shots[1:], strict=False):
        assert sooner.stop_seconds == later.start_seconds
        assert sooner.stop_slot == later.start_slot
    assert timeline.shots[0].start_seconds == timeline.shots[0].start_slot == 0
    assert all(place.slot_count > 0 and place.duration_seconds > 0 for place in timeline.shots)
    if timeline.constant_rate:
        assert [place.start_slot for place in timeline.shots] == [place.shot.start for place in timeline.shots]
        assert timeline.slot_count == timeline.frame_count


def test_where_the_rate_varies_a_shot_stands_on_the_nearest_slot() -> None:
    index = index_of(
        6, pts=[0, 24, 48, 240, 252, 264], time_base=Fraction(1, 600)
    )  # 0.4 s stand between frames 2 and 3
    timeline = make_timeline(source_of(index), index, shots_at([0, 3, 6]))
    assert not timeline.constant_rate
    assert [(place.start_slot, place.stop_slot) for place in timeline.shots] == [(0, 10), (10, 12)]
    assert timeline.shots[1].start_seconds == Fraction(2, 5)


def test_shots_nearer_than_a_slot_all_keep_one() -> None:
    index = index_of(4, pts=[0, 1, 2, 3], time_base=Fraction(1, 600))
    timeline = make_timeline(source_of(index), index, shots_at([0, 1, 2, 3, 4]))
    assert [place.slot_count for place in timeline.shots] == [1, 1, 1, 1]


def test_timecode_goes_on_from_that_of_the_first_frame() -> None:
    index = index_of(100, start_timecode="10:00:00:00")
    timeline = make_timeline(source_of(index), index, shots_at([0, 100]))
    assert str(timeline.timecode_at(30)) == "10:00:01:05"


def test_timecode_is_dropped_where_the_film_says_so_and_nowhere_else() -> None:
    rate = Fraction(30000, 1001)
    dropping, plain = index_of(9, rate=rate, start_timecode="00:00:59;28"), index_of(9, rate=rate)
    assert str(make_timeline(source_of(dropping), dropping, shots_at([0, 9])).timecode_at(2)) == "00:01:00;02"
    assert str(make_timeline(source_of(plain), plain, shots_at([0, 9])).timecode_at(1800)) == "00:01:00:00"


def test_a_place_in_a_store_is_its_own_uri_and_a_path_is_percent_encoded() -> None:
    assert small_timeline("s3://rushes/a film#1 ñ.mov").uri == "s3://rushes/a%20film%231%20%C3%B1.mov"
    signed = small_timeline("https://host/a%20film.mov?…")
    assert (signed.uri, signed.file_name) == ("https://host/a%20film.mov", "a film.mov")
    assert small_timeline("/films/Ночь & день.mov").uri == (
        "file:///films/%D0%9D%D0%BE%D1%87%D1%8C%20%26%20%D0%B4%D0%B5%D0%BD%D1%8C.mov"
    )


def test_a_path_that_is_no_text_can_still_be_written() -> None:
    timeline = small_timeline("/films/caf\udce9\n.mov")
    assert timeline.file_name == "caf� .mov"
    assert timeline.uri == "file:///films/caf%E9%0A.mov"


def test_lengths_are_averaged_and_cuts_counted_by_kind() -> None:
    index = index_of(100)
    cuts = [None, Cut(10, "hard", 10, 10), Cut(20, "fade", 16, 24), Cut(40, "fade", 38, 42)]
    lengths = measure_lengths(make_timeline(source_of(index), index, shots_at([0, 10, 20, 40, 100], cuts)))
    assert (lengths.average, lengths.median) == (1, Fraction(15, 25))
    assert lengths.cuts == {"hard": 1, "fade": 2, "dissolve": 0}


def test_a_new_answer_takes_the_place_of_the_old_one_of_its_task_only() -> None:
    timeline = with_answers(answered_timeline(), [{"movement": ShotAnswer("pull", 0.7)}, {}, {}])
    assert timeline.shots[0].answers == {"scale": ShotAnswer("MS", 0.61), "movement": ShotAnswer("pull", 0.7)}
    assert timeline.shots[1].answers == {"movement": ShotAnswer("static", 0.8)}
    assert timeline.tasks == ("scale", "movement")


def test_answers_for_another_number_of_shots_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        with_answers(small_timeline(), [{}])


@given(timelines())
def test_a_frame_has_the_timecode_that_its_shot_begins_with(timeline: Timeline) -> None:
    index = index_of(
        timeline.frame_count,
        rate=timeline.rate,
        start_timecode=str(timeline.timecode_at(0)),
        time_base=1 / timeline.rate,
    )
    if timeline.constant_rate:
        for place in timeline.shots:
            assert timecode_of_frame(index, place.shot.start) == timeline.timecode_at(place.start_slot)
            assert timecode_of_frame(index, place.shot.stop) == timeline.timecode_at(place.stop_slot)
