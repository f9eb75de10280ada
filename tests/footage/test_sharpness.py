"""Sharpness told from the width of edges, on drawn edges whose blur is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.photographed import blurred, confetti, grainy, shaken
from rushes.footage.grain import grain_of
from rushes.footage.sharpness import HALF, UNIT, Edges, edges_of, sharpest_of, sharpness_map, sharpness_of, smear_of


def edges(picture: np.ndarray) -> Edges:
    return edges_of(picture, noise=grain_of(picture))


def sharpness(picture: np.ndarray) -> float:
    found = edges(picture)
    return sharpest_of(found, sharpness_map(found))


def edge(angle: float, blur: float) -> np.ndarray:
    """Return one straight edge of known blur, 400 pixels along each side."""
    down, across = np.mgrid[:1600, :1600] - 800.0
    turn = np.radians(angle)
    large = np.where(across * np.cos(turn) + down * np.sin(turn) > 0, 180, 60).astype(np.float32)
    small = cv2.resize(large, (400, 400), interpolation=cv2.INTER_AREA)
    return np.round(cv2.GaussianBlur(small, (0, 0), blur)).astype(np.uint8)


@pytest.mark.parametrize("angle", [0, 20, 45, 70])
@pytest.mark.parametrize("blur", [1.0, 2.0, 4.0])
def test_the_blur_of_an_edge_is_measured_in_parts_of_the_long_side(angle: float, blur: float) -> None:
    found = -HALF * np.log2(sharpness_of(edges_of(edge(angle, blur), noise=0.0)))
    assert found == pytest.approx(blur * UNIT / 400, rel=0.12)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 999), blurs=st.lists(st.floats(0.6, 6), min_size=2, max_size=4, unique_by=lambda x: int(2 * x))
)
def test_the_more_it_is_blurred_the_less_sharp_a_picture_is(seed: int, blurs: list[float]) -> None:
    picture = confetti(seed=seed)
    found = [sharpness(blurred(picture, blur)) for blur in sorted(blurs)]
    assert found == sorted(found, reverse=True)
    assert found[0] < sharpness(picture)


@pytest.mark.parametrize("blur", [2, 3, 5])
def test_half_the_size_is_about_as_sharp(blur: float) -> None:
    picture = blurred(confetti(width=960, height=640), blur)
    half = cv2.resize(picture, (480, 320), interpolation=cv2.INTER_AREA)
    assert sharpness(half) == pytest.approx(sharpness(picture), abs=0.07)


@pytest.mark.parametrize("deviation", [3, 6, 12])
@pytest.mark.parametrize("blur", [0, 2, 4])
def test_noise_makes_nothing_sharper(blur: float, deviation: float) -> None:
    picture = blurred(confetti(), blur) if blur else confetti()
    assert sharpness(grainy(picture, deviation)) <= sharpness(picture) + 0.05


def test_noise_alone_has_no_sharp_part() -> None:
    assert sharpness(grainy(np.full((320, 480), 120, np.uint8), 10)) < 0.01


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_picture_without_edges_is_not_sharp(level: int) -> None:
    flat = np.full((60, 80), level, np.uint8)
    assert sharpness(flat) == 0
    assert np.isnan(sharpness_of(edges(flat)))
    assert smear_of(edges(flat)).motion == 0


def test_only_the_part_that_is_in_focus_is_sharp() -> None:
    picture = confetti()
    picture[:, 240:] = blurred(picture, 4)[:, 240:]
    parts = sharpness_map(edges(picture))
    assert np.nanmedian(parts[:, :6]) > 3 * np.nanmedian(parts[:, 8:])


def test_half_the_light_is_as_sharp() -> None:
    picture = blurred(confetti(), 1.5)
    assert sharpness(picture // 2) == pytest.approx(sharpness(picture), abs=0.03)


@pytest.mark.parametrize("direction", [0, 30, 60, 90, 120, 150])
def test_a_smear_is_found_with_its_direction(direction: float) -> None:
    found = smear_of(edges(shaken(confetti(), 9, direction)))
    assert abs((found.direction - direction + 90) % 180 - 90) < 10
    assert found.motion > 0.25


@pytest.mark.parametrize("blur", [0.0, 1.0, 2.6, 4.0])
def test_what_is_out_of_focus_is_not_smeared(blur: float) -> None:
    picture = blurred(confetti(), blur) if blur else confetti()
    assert smear_of(edges(picture)).motion < 0.12


@pytest.mark.parametrize("deviation", [2, 5, 10])
def test_grain_is_measured_where_a_picture_is_smooth(deviation: float) -> None:
    down = np.linspace(60, 180, 320)
    slope = np.repeat(np.round(down)[:, None], 480, axis=1).astype(np.uint8)
    assert grain_of(grainy(slope, deviation)) == pytest.approx(deviation, rel=0.2)
    assert grain_of(blurred(slope, 2)) < 1


def test_black_and_white_have_no_grain() -> None:
    assert grain_of(np.zeros((100, 100), np.uint8)) == 0
    assert grain_of(np.full((2, 1), 255, np.uint8)) == 0


def test_a_thumbnail_is_judged_as_a_whole() -> None:
    thumbnail = confetti(width=90, height=60)
    assert sharpness(thumbnail) > sharpness(blurred(thumbnail, 1.5)) > 0
