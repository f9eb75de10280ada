"""Where black bars end, on pictures whose bars are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.datasets.letterbox import Box, find_letterbox

HEIGHT, WIDTH = 180, 320


def scene(height: int = HEIGHT, width: int = WIDTH, *, seed: int = 0, low: int = 40, high: int = 230) -> np.ndarray:
    """Return a picture with large shapes and some grain, nowhere black."""
    dice = np.random.default_rng(seed)
    coarse = dice.integers(low, high, (5, 7, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + dice.normal(0, 4, (height, width, 1)), low, 255).astype(np.uint8)


def barred(picture: np.ndarray, *, top: int = 0, side: int = 0, black: int = 0, noise: float = 0.0) -> np.ndarray:
    height, width = picture.shape[:2]
    framed = np.full((height + 2 * top, width + 2 * side, 3), black, np.float32)
    framed += np.random.default_rng(1).normal(0, noise, framed.shape[:2])[:, :, None] if noise else 0
    framed[top : top + height, side : side + width] = picture
    return np.clip(framed, 0, 255).astype(np.uint8)


def whole(picture: np.ndarray) -> Box:
    return Box(0, picture.shape[0], 0, picture.shape[1])


@pytest.mark.parametrize(("top", "side"), [(24, 0), (0, 40), (24, 40), (0, 0)])
def test_bars_above_and_below_beside_or_both_are_found_to_the_pixel(top: int, side: int) -> None:
    found = find_letterbox(barred(scene(), top=top, side=side))
    assert found == Box(top, top + HEIGHT, side, side + WIDTH)


@pytest.mark.parametrize(("black", "noise"), [(16, 0.0), (16, 3.0), (8, 4.0), (30, 1.0)])
def test_bars_may_be_a_little_grey_and_rough(black: int, noise: float) -> None:
    assert find_letterbox(barred(scene(), top=24, black=black, noise=noise)) == Box(24, 24 + HEIGHT, 0, WIDTH)


@pytest.mark.parametrize("quality", [60, 75, 90])
def test_bars_are_found_where_compression_has_smeared_and_shrinking_has_softened_their_edge(quality: int) -> None:
    large = barred(scene(401, 957), top=67)
    small = cv2.resize(large, (640, 358), interpolation=cv2.INTER_AREA)
    picture = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    found = find_letterbox(picture)
    bar = 67 * 640 / 957
    assert abs(found.top - bar) <= 2
    assert abs(358 - found.bottom - bar) <= 2
    assert (found.left, found.right) == (0, 640)


def test_a_black_picture_is_left_whole() -> None:
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert find_letterbox(black) == whole(black)
    rough = barred(np.zeros((HEIGHT, WIDTH, 3)), noise=3.0)
    assert find_letterbox(rough) == whole(rough)


@pytest.mark.parametrize("brightness", [0.0, 0.02, 0.05, 0.1])
def test_a_fade_is_left_whole(brightness: float) -> None:
    faded = (scene().astype(np.float32) * brightness).astype(np.uint8)
    assert find_letterbox(faded) == whole(faded)


def test_a_night_whose_sky_and_ground_are_black_is_left_whole() -> None:
    night = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    across = np.arange(WIDTH)
    sky = (40 + 18 * np.sin(across / 25)).astype(int)
    ground = (140 + 15 * np.cos(across / 31)).astype(int)
    for x in across:
        night[sky[x] : ground[x], x] = 120
    assert find_letterbox(night) == whole(night)


def test_a_lantern_in_the_dark_is_left_whole() -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    glow = 200 * np.exp(-(((rows - 90) / 40) ** 2) - ((columns - 160) / 60) ** 2)
    picture = np.repeat(glow.astype(np.uint8)[:, :, None], 3, axis=2)
    assert find_letterbox(picture) == whole(picture)


def test_a_title_on_black_is_left_whole() -> None:
    title = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for row in range(30, 150, 24):
        cv2.putText(title, "A film of long ago", (30, row + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    assert find_letterbox(title) == whole(title)
    line = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.rectangle(line, (40, 150), (280, 156), (255, 255, 255), -1)
    assert find_letterbox(line) == whole(line)


@pytest.mark.parametrize("bars", [(30, 0), (0, 30), (50, 20)])
def test_bars_on_one_side_or_of_unlike_widths_are_kept(bars: tuple[int, int]) -> None:
    picture = scene()
    picture[: bars[0]] = 0
    picture[HEIGHT - bars[1] :] = 0
    assert find_letterbox(picture) == whole(picture)


def test_never_more_than_a_third_is_cut_on_a_side() -> None:
    narrow = barred(scene(HEIGHT, 100), side=130)
    assert find_letterbox(narrow) == whole(narrow)


def test_light_bars_are_kept() -> None:
    picture = barred(scene(), top=24, black=90)
    assert find_letterbox(picture) == whole(picture)


def test_gray_pixels_and_tiny_pictures_are_taken_too() -> None:
    gray = barred(scene(), top=24)[:, :, 0]
    assert find_letterbox(gray) == Box(24, 24 + HEIGHT, 0, WIDTH)
    tiny = np.zeros((1, 3, 3), np.uint8)
    assert find_letterbox(tiny) == whole(tiny)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(33, 90), st.integers(33, 90), st.integers(0, 2**31),
    st.integers(0, 40), st.integers(0, 40), st.integers(1, 255),
)  # fmt: skip
def test_whatever_is_shown_at_least_a_third_of_each_side_stays(
    height: int, width: int, seed: int, top: int, side: int, high: int
) -> None:
    picture = barred(scene(height, width, seed=seed, low=0, high=high), top=top, side=side)
    found = find_letterbox(picture)
    assert 0 <= found.top < found.bottom <= picture.shape[0]
    assert 0 <= found.left < found.right <= picture.shape[1]
    assert 3 * (found.bottom - found.top) >= picture.shape[0] - 2
    assert 3 * (found.right - found.left) >= picture.shape[1] - 2
