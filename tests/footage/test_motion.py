from __future__ import annotations

import cv2
import numpy as np
import pytest

from footage.spliced import Pixels, pan, signals_of, still, zoom
from rushes.footage.motion import NO_MOTION, Motion, follow, prepare
from rushes.footage.signals import MOTION_COLUMNS


def small(pixels: Pixels) -> Pixels:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (160, 90), interpolation=cv2.INTER_AREA), np.uint8)


def motion_between(one: Pixels, other: Pixels, seconds: float = 0.125) -> Motion:
    return follow(prepare(small(one), 1.0), prepare(small(other), 1.0 + seconds))


@pytest.mark.parametrize("growth", [-0.04, -0.01, -0.003, 0.003, 0.01, 0.04])
def test_zoom_is_measured_as_a_logarithm_per_second(growth: float) -> None:
    frames = zoom(3, 2, growth)
    motion = motion_between(frames[0], frames[1], seconds=0.5)
    assert motion.zoom == pytest.approx(growth / 0.5, abs=0.002)
    assert motion.ring_zoom == pytest.approx(growth / 0.5, abs=0.004)
    assert np.sign(motion.outward) == np.sign(growth)
    assert motion.support > 0.7
    assert abs(motion.pan_x) < 0.004
    assert abs(motion.roll) < 0.004


@pytest.mark.parametrize(("right", "down"), [(6, 0), (-6, 0), (0, 5), (14, -9)])
def test_a_camera_that_pans_right_moves_the_content_left(right: float, down: float) -> None:
    frames = pan(10, 2, right, down)
    motion = motion_between(frames[0], frames[1])
    assert motion.pan_x == pytest.approx(-right / 320 / 0.125, abs=0.01)
    assert motion.pan_y == pytest.approx(-down / 320 / 0.125, abs=0.01)
    assert abs(motion.zoom) < 0.03


def test_a_turn_is_measured_in_radians_per_second() -> None:
    one = pan(8, 1, 0)[0]
    matrix = cv2.getRotationMatrix2D((160, 90), -2.0, 1.0)  # OpenCV counts against the clock
    turned = np.asarray(cv2.warpAffine(one, matrix, (320, 180), borderMode=cv2.BORDER_REFLECT), np.uint8)
    assert motion_between(one, turned, seconds=1.0).roll == pytest.approx(np.deg2rad(2.0), abs=0.003)


def test_a_camera_at_rest_does_not_move() -> None:
    frames = still(2, 2)
    motion = motion_between(frames[0], frames[1])
    assert abs(motion.pan_x) < 0.004
    assert abs(motion.zoom) < 0.004
    assert motion.support > 0.8


def test_a_thing_that_crosses_the_frame_does_not_move_the_camera() -> None:
    frames = still(4, 2)
    thing = pan(9, 1, 0)[0][:100, :100]
    one, other = frames[0].copy(), frames[1].copy()
    one[40:140, 60:160], other[40:140, 68:168] = thing, thing
    motion = motion_between(one, other)
    assert abs(motion.pan_x) < 0.02
    assert abs(motion.zoom) < 0.03


def test_where_nothing_can_be_followed_there_is_no_motion() -> None:
    grey = np.full((180, 320, 3), 90, np.uint8)
    assert motion_between(grey, grey) == NO_MOTION
    assert follow(prepare(small(still(1, 1)[0]), 2.0), prepare(small(still(1, 1)[0]), 2.0)) == NO_MOTION


def test_bars_at_the_edges_do_not_hold_the_picture_still() -> None:
    frames = [frame.copy() for frame in pan(6, 2, 8)]
    for frame in frames:
        frame[:24], frame[-24:] = 0, 0
    assert motion_between(frames[0], frames[1]).pan_x == pytest.approx(-8 / 320 / 0.125, abs=0.015)


@pytest.mark.parametrize("light", [0.06, 0.1, 0.2, 1.0])
def test_bars_are_told_from_a_dark_picture(light: float) -> None:
    frames = [(frame * light).astype(np.uint8) for frame in pan(6, 2, 8)]
    whole = prepare(small(frames[0]), 0.0)
    for frame in frames:
        frame[:24], frame[-24:] = 0, 0
    rows = prepare(small(frames[0]), 0.0).corners[:, 0, 1]
    assert rows.min() >= 14
    assert rows.max() < 76
    assert whole.corners[:, 0, 1].min() < 12 < 78 < whole.corners[:, 0, 1].max()
    assert motion_between(frames[0], frames[1]).pan_x == pytest.approx(-8 / 320 / 0.125, abs=0.015)


@pytest.mark.parametrize("radius", [4, 12, 28])
def test_a_lamp_in_the_night_is_not_the_picture(radius: int) -> None:
    night = np.kron(np.random.default_rng(6).integers(0, 26, (18, 40)), np.ones((10, 10)))
    frames = [np.repeat(night[:, at : at + 320, None], 3, axis=2).astype(np.uint8) for at in (0, 8)]
    for frame in frames:
        cv2.circle(frame, (160, 90), radius, (240, 240, 240), -1)
    assert motion_between(frames[0], frames[1]).pan_x == pytest.approx(-8 / 320 / 0.125, abs=0.02)


def test_a_scan_measures_eight_times_a_second_and_says_slow_zooms_apart() -> None:
    signals = signals_of(zoom(7, 48, 0.002))
    column = {name: signals.motion[:, number] for number, name in enumerate(MOTION_COLUMNS)}
    measured = np.flatnonzero(~np.isnan(column["zoom"]))
    assert measured.tolist() == list(range(3, 48, 3))
    assert np.median(column["zoom"][measured]) == pytest.approx(0.048, abs=0.004)
    slow = column["slow_zoom"][~np.isnan(column["slow_zoom"])]
    assert len(slow) == 13  # all that have a frame three steps before them
    assert slow == pytest.approx(0.048, abs=0.003)


def test_a_large_thing_before_a_plain_wall_moves_and_the_frame_rests() -> None:
    wall = [np.full((180, 320, 3), 120, np.uint8) for _ in range(2)]
    wall[0][:, 200:] = wall[1][:, 200:] = still(4, 1)[0][:, 200:]
    thing = pan(9, 2, 6)
    for frame, there in zip(wall, thing, strict=True):
        frame[30:170, 10:180] = there[30:170, 10:180]
    rests = motion_between(wall[0], wall[1])
    moves = motion_between(thing[0], thing[1])
    assert moves.rest < -0.7
    assert rests.rest > moves.rest + 0.3
    assert motion_between(*still(4, 2)).rest == pytest.approx(0, abs=0.2)
