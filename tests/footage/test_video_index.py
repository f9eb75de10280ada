from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest

from rushes.footage.video_index import VideoIndex


def index_of(pts: Sequence[int], *, time_base: Fraction = Fraction(1, 24), rate: Fraction = Fraction(24)) -> VideoIndex:
    return VideoIndex(tuple(pts), time_base, rate, (0,), 8, 8, "h264", len(pts) / rate)


@pytest.mark.parametrize("pts", [(), (0, 0), (0, 2, 1)])
def test_an_index_without_frames_or_whose_times_do_not_rise_cannot_be(pts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        index_of(pts)


def test_a_rate_or_a_time_base_of_nothing_cannot_be() -> None:
    with pytest.raises(ValueError, match="above 0"):
        index_of([0], rate=Fraction(0) + Fraction(-1))


def test_seconds_are_counted_from_the_first_frame() -> None:
    index = index_of(range(100, 110))
    assert [index.seconds_at(ordinal) for ordinal in (0, 1, 9)] == [0, Fraction(1, 24), Fraction(9, 24)]


def test_milliseconds_round_the_times_of_frames_and_the_rate_is_constant_all_the_same() -> None:
    index = index_of([round(frame * 1000 / 24) for frame in range(48)], time_base=Fraction(1, 1000))
    assert index.constant_rate
    assert index.rounding_seconds == Fraction(1, 1000)
    assert index_of(range(48)).rounding_seconds == 0


def test_a_rate_is_not_constant_where_a_frame_stands_off_its_slot() -> None:
    assert index_of(range(10)).constant_rate
    assert not index_of([0, 1, 2, 4, 5]).constant_rate
