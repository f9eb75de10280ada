"""The tilt of the horizon, on drawn landscapes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.photographed import confetti, grainy, landscape
from rushes.footage.horizon import horizon_of


@settings(max_examples=25)
@given(tilt=st.floats(-10, 10))
def test_the_tilt_of_a_horizon_is_found_to_a_third_of_a_degree(tilt: float) -> None:
    assert horizon_of(landscape(tilt)) == pytest.approx(tilt, abs=0.35)


@settings(max_examples=10)
@given(tilt=st.floats(-8, 8), seed=st.integers(0, 99))
def test_the_tilt_of_a_horizon_is_found_in_grain(tilt: float, seed: int) -> None:
    picture = grainy(landscape(tilt, width=900, height=600), 6, seed=seed)
    assert horizon_of(picture) == pytest.approx(tilt, abs=0.5)
    assert horizon_of(np.ascontiguousarray(picture[:, ::-1])) == pytest.approx(-tilt, abs=0.5)


@pytest.mark.parametrize("tilt", [20, 45, 90])
def test_a_steep_line_is_no_horizon(tilt: float) -> None:
    assert np.isnan(horizon_of(landscape(tilt)))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (40, 60), (300, 2)])
def test_an_even_picture_of_any_size_has_no_horizon(size: tuple[int, int]) -> None:
    assert np.isnan(horizon_of(np.full(size, 90, np.uint8)))


def test_discs_have_no_horizon() -> None:
    assert np.isnan(horizon_of(confetti()))


def test_lines_of_two_tilts_say_nothing() -> None:
    picture = np.full((320, 480), 128, np.uint8)
    for at in (60, 160, 260):
        cv2.line(picture, (20, at - 20), (460, at + 20), 30, 5)
        cv2.line(picture, (20, at + 30), (460, at - 30), 220, 5)
    assert np.isnan(horizon_of(picture))
