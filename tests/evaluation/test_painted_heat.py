"""Heat over frames of any shape."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.datasets.letterbox import Box
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.evaluation.painted_heat import find_seen, paint_heat

BLUE = (30, 60, 200)


def scene(width, height, bar=0):
    """A blue frame with a white square in the right half of the picture, between black bars."""
    frame = np.zeros((height, width, 3), np.uint8)
    frame[bar : height - bar] = BLUE
    middle = height // 2
    frame[middle - 10 : middle + 10, 3 * width // 4 - 10 : 3 * width // 4 + 10] = 255
    return frame


def painted(frame, shown, heat):
    box = find_seen([frame], shown)
    return paint_heat(frame, prepare(frame, shown), np.asarray(heat, np.float32), shown, box).astype(int), box


@pytest.mark.parametrize("shown", [
    Preprocessing(224, 128, fit="squeeze"),
    Preprocessing(224, 128, fit="squeeze", letterbox="remove"),
    Preprocessing(96, 96, fit="pad"),
    Preprocessing(96, 96, fit="pad", letterbox="remove"),
    Preprocessing(64, 64, fit="crop"),
])  # fmt: skip
@pytest.mark.parametrize(("width", "height", "bar"), [(160, 120, 0), (208, 88, 0), (200, 150, 30)])
def test_a_frame_keeps_its_shape_its_colours_and_its_place(shown, width, height, bar):
    frame = scene(width, height, bar)
    drawn, box = painted(frame, shown, np.zeros((4, 7)))
    assert drawn.shape == frame.shape
    inside = np.s_[box.top + 4 : box.bottom - 4, box.left + 4 : box.right - 4]
    assert np.abs(drawn[inside] - frame[inside]).mean() < 6
    if shown.fit == "crop":
        return
    assert (drawn[height // 2, 3 * width // 4] > 220).all()


def test_bars_that_were_cut_off_stay_cold():
    frame = scene(200, 150, 30)
    shown = Preprocessing(224, 128, fit="squeeze", letterbox="remove")
    drawn, box = painted(frame, shown, np.ones((4, 7)))
    assert box == Box(30, 120, 0, 200)
    assert (drawn[:30] == 0).all()
    assert (drawn[40:110, :, 0] > 180).all()


def test_heat_warms_the_place_it_fell_on():
    heat = np.zeros((4, 6))
    heat[0, 0] = 1.0
    drawn, _ = painted(np.full((80, 120, 3), 128, np.uint8), Preprocessing(60, 60, fit="squeeze"), heat)
    warm, cold = drawn[5, 5], drawn[-5, -5]
    assert warm[0] - warm[2] > 60
    assert abs(cold[0] - cold[2]) < 8


def test_padding_takes_no_part_and_what_was_not_seen_is_dimmed():
    frame = np.full((60, 120, 3), 128, np.uint8)
    heat = np.zeros((12, 12))
    heat[3] = 1.0  # the first row of the picture inside the padding
    drawn, _ = painted(frame, Preprocessing(96, 96, fit="pad"), heat)
    assert (drawn[4, :, 0] - drawn[4, :, 2] > 30).all()
    assert (abs(drawn[-8:, :, 0] - drawn[-8:, :, 2]) < 12).all()
    cut, box = painted(frame, Preprocessing(64, 64, fit="crop"), np.zeros((4, 4)))
    assert (box.left, box.right) == (30, 90)
    assert (cut[:, :28] < 60).all()


def test_what_speaks_against_an_answer_is_blue_and_nothing_else_is():
    heat = np.zeros((4, 6))
    heat[0, 0], heat[3, 5] = 1.0, -1.0
    drawn, _ = painted(np.full((80, 120, 3), 128, np.uint8), Preprocessing(60, 60, fit="squeeze"), heat)
    warm, against = drawn[5, 5], drawn[-5, -5]
    assert warm[0] - warm[2] > 60
    assert against[2] - against[0] > 60
    drawn, _ = painted(np.full((80, 120, 3), 128, np.uint8), Preprocessing(60, 60, fit="squeeze"), np.clip(heat, 0, 1))
    assert (drawn[..., 2] - drawn[..., 0]).max() < 8
