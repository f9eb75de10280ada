from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.spliced import Pixels, dissolved, pan, signals_of, still
from rushes.footage.shot import Cut, Shot
from rushes.footage.shots import choose_frames, shots_of
from rushes.footage.signals import Signals

PLAIN = signals_of(pan(3, 60, 1))


def blurred(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 4), np.uint8)


@pytest.fixture(scope="module")
def signals() -> Signals:
    frames = [*still(1, 30), *still(2, 30)]
    for number in range(60):
        if number not in (11, 47):
            frames[number] = blurred(frames[number])
    return signals_of(frames)


def test_the_sharpest_frame_of_a_shot_is_found(signals: Signals) -> None:
    assert [shot.sharpest for shot in shots_of(signals, frame_count=60)] == [11, 47]


def test_the_typical_frame_is_not_the_odd_one() -> None:
    frames = still(1, 21)
    frames[10] = still(5, 1)[0]  # the middle, and nothing like the rest
    shot = shots_of(signals_of(frames), frame_count=21)[0]
    assert shot.typical != 10


def test_a_shot_is_not_shown_by_a_frame_of_its_dissolve() -> None:
    frames = dissolved(still(1, 50), still(2, 50), 20)
    signals = signals_of(frames)
    one, other = shots_of(signals, frame_count=len(frames))
    assert one.typical < 32 > one.sharpest
    assert other.typical > 48 < other.sharpest


def test_a_blank_shot_is_marked() -> None:
    black = np.zeros_like(still(1, 1)[0])
    shots = shots_of(signals_of([*still(1, 30), *[black] * 30, *still(2, 30)]), frame_count=90)
    assert [shot.blank for shot in shots] == [False, True, False]


def test_frames_that_could_not_be_decoded_belong_to_a_shot_all_the_same(signals: Signals) -> None:
    shots = shots_of(signals, frame_count=70)
    assert shots[-1].stop == 70
    lone = shots_of(signals, frame_count=70, cuts=[Cut(62, "hard", 62, 62)])
    assert (lone[-1].start, lone[-1].stop, lone[-1].typical) == (62, 70, 62)


@given(st.lists(st.integers(1, 59), unique=True))
def test_shots_tile_the_film(edges: list[int]) -> None:
    cuts = [Cut(edge, "hard", edge, edge) for edge in sorted(edges)]
    shots = shots_of(PLAIN, frame_count=60, cuts=cuts)
    assert shots[0].start == 0
    assert shots[-1].stop == 60
    assert all(one.stop == other.start for one, other in pairwise(shots))


@given(st.integers(1, 70), st.integers(0, 40), st.integers(1, 19))
def test_as_many_frames_are_chosen_as_are_asked_for_and_there_are(count: int, start: int, length: int) -> None:
    shot = Shot("", start, start + length, None, start, start)
    chosen = choose_frames(PLAIN, shot, count)
    assert len(chosen) == len(set(chosen)) <= count
    assert list(chosen) == sorted(chosen)
    assert all(start <= ordinal < start + length for ordinal in chosen)
    assert chosen
    if count >= length:
        assert len(chosen) == length


def test_sharp_frames_are_chosen(signals: Signals) -> None:
    shots = shots_of(signals, frame_count=60)
    assert choose_frames(signals, shots[0], 1) == (11,)
    assert choose_frames(signals, shots[1], 1) == (47,)


def test_frames_are_spread_over_what_changes_not_over_time() -> None:
    signals = signals_of([*pan(1, 30, 5), *pan(1, 1, 0) * 90])
    shot = Shot("", 0, 120, None, 0, 0)
    chosen = choose_frames(signals, shot, 4)
    assert sum(ordinal < 30 for ordinal in chosen) >= 2


def test_a_shot_is_shown_by_at_least_one_frame(signals: Signals) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        choose_frames(signals, Shot("", 0, 5, None, 0, 0), 0)
