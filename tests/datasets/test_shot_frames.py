"""Which frames of a shot are looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.spliced import faded, pan, signals_of, still
from rushes.datasets.shot_frames import plan_by_scan, plan_even, rows_of, taken
from rushes.footage.signals import Signals

SHOTS = st.tuples(st.integers(0, 10_000), st.integers(1, 3000), st.integers(1, 64))


@pytest.mark.parametrize(
    ("shot", "count", "planned"),
    [
        ((0, 8), 4, (1, 3, 5, 7)),
        ((0, 9), 3, (1, 4, 7)),
        ((100, 200), 2, (125, 175)),
        ((7, 8), 16, (7,)),
        ((5, 8), 3, (5, 6, 7)),
        ((5, 8), 16, (5, 6, 7)),
    ],
)
def test_even_frames_are_the_middles_of_equal_parts(
    shot: tuple[int, int], count: int, planned: tuple[int, ...]
) -> None:
    assert plan_even(*shot, count) == planned


@given(SHOTS)
def test_even_frames_are_over_the_whole_shot(drawn: tuple[int, int, int]) -> None:
    start, length, count = drawn
    planned = plan_even(start, start + length, count)
    assert len(set(planned)) == len(planned) == min(length, count)
    assert list(planned) == sorted(planned)
    part = max(1, length / count)
    assert start <= planned[0] <= start + part / 2 + 1
    assert start + length - part / 2 - 1 <= planned[-1] < start + length
    gaps = np.diff(planned)
    assert not len(gaps) or gaps.max() - gaps.min() <= 1


@given(SHOTS)
def test_even_frames_are_the_same_wherever_the_shot_is(drawn: tuple[int, int, int]) -> None:
    start, length, count = drawn
    assert plan_even(start, start + length, count) == tuple(start + place for place in plan_even(0, length, count))


@pytest.mark.parametrize(("start", "stop", "count"), [(3, 3, 8), (-1, 4, 8), (0, 4, 0)])
def test_an_empty_shot_and_no_frames_are_bugs(start: int, stop: int, count: int) -> None:
    with pytest.raises(ValueError, match="got"):
        plan_even(start, stop, count)


@pytest.fixture(scope="module")
def signals() -> Signals:
    """Frames 0-39 at rest, faded out from 30 on; 40-49 black; 50-79 a pan, faded in until 59; 80-109 black."""
    black = [np.zeros_like(still(1, 1)[0])] * 30
    into = faded(still(1, 40), pan(2, 30, 4), 10, 10)
    return signals_of([*into, *black])


def test_what_is_black_blank_or_faded_comes_last(signals: Signals) -> None:
    shown = set(range(60, 80))
    assert set(plan_by_scan(signals, 40, 110, 8)) <= set(range(54, 80))
    planned = plan_by_scan(signals, 40, 110, 40)
    assert shown <= set(planned)
    assert len(planned) == 40


def test_a_black_shot_is_shown_all_the_same(signals: Signals) -> None:
    assert plan_by_scan(signals, 80, 90, 16) == tuple(range(80, 90))
    assert len(plan_by_scan(signals, 80, 90, 4)) == 4


def test_the_sharpest_frame_is_among_them(signals: Signals) -> None:
    pan_rows = rows_of(signals, 60, 80)
    sharpest = int(pan_rows.ordinal[np.argmax(pan_rows.sharpness)])
    assert sharpest in plan_by_scan(signals, 60, 80, 3)


def test_a_change_takes_more_of_the_frames_than_a_hold() -> None:
    held_then_moved = signals_of([*still(3, 60), *pan(3, 20, 6)])
    planned = plan_by_scan(held_then_moved, 0, 80, 8)
    assert sum(ordinal >= 60 for ordinal in planned) > 2


@given(st.integers(0, 99), st.integers(1, 100), st.integers(1, 40), st.sets(st.integers(0, 99), max_size=90))
def test_as_many_frames_as_there_are_come_each_once_and_none_that_is_damaged(
    signals: Signals, start: int, length: int, count: int, damaged: set[int]
) -> None:
    whole = np.array([row for row in range(signals.frame_count) if row not in damaged], np.int64)
    left = taken(signals, whole)
    planned = plan_by_scan(left, start, start + length, count)
    within = {ordinal for ordinal in left.ordinal.tolist() if start <= ordinal < start + length}
    assert len(planned) == min(count, len(within))
    assert set(planned) <= within
    assert list(planned) == sorted(set(planned))
    assert planned == plan_by_scan(left, start, start + length, count)


def test_frames_all_alike_are_still_so_many() -> None:
    alike = signals_of([still(4, 1)[0]] * 30)
    assert len(plan_by_scan(alike, 0, 30, 8)) == 8
    same = replace(alike, sharpness=np.zeros_like(alike.sharpness))
    assert len(plan_by_scan(same, 0, 30, 29)) == 29
