from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rushes.footage.video_index import VideoIndex
from rushes.structure.area import area_of, name_of_aspect
from rushes.structure.facts import PictureArea

_WIDE, _HIGH = 320, 180


def _index(width: int = _WIDE, height: int = _HIGH) -> VideoIndex:
    return VideoIndex((0,), Fraction(1, 25), Fraction(25), (0,), width, height, "h264", Fraction(1, 25))


def _picture(seed: int, *, box: tuple[int, int, int, int] = (0, 0, _WIDE, _HIGH), light: float = 1.0) -> np.ndarray:
    """Return a picture of soft patches within (left, top, right, bottom), and noise of film in it and in its bars."""
    draw = np.random.default_rng(seed)
    patches = draw.uniform(60, 220, (6, 8, 3)).repeat(40, 0).repeat(60, 1)
    left, top, right, bottom = box
    pixels = np.full((_HIGH, _WIDE, 3), 2.0)
    pixels[top:bottom, left:right] = light * patches[: bottom - top, : right - left]
    return np.clip(pixels + draw.normal(0, 1.5, pixels.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("box", "name"),
    [
        ((0, 0, 320, 180), "1.78:1"),
        ((0, 23, 320, 157), "2.39:1"),
        ((40, 0, 280, 180), "1.33:1"),
        ((36, 0, 284, 180), "1.37:1"),
        ((60, 30, 260, 150), "1.66:1"),
    ],
)
def test_bars_are_found_above_beside_and_around(box: tuple[int, int, int, int], name: str) -> None:
    area = area_of([_picture(seed, box=box) for seed in range(6)], _index())
    assert area is not None
    assert (area.left, area.top, area.right, area.bottom) == box
    assert (area.name, area.varies) == (name, False)


def test_edges_are_told_in_the_size_of_the_film() -> None:
    area = area_of([_picture(seed, box=(0, 23, 320, 157)) for seed in range(4)], _index(1920, 1080))
    assert area == PictureArea(0, 138, 1920, 942, 1920 / 804, "2.39:1")


def test_dark_pictures_do_not_outvote_those_that_tell() -> None:
    box = (0, 23, 320, 157)
    dark = [_picture(seed, box=box, light=0.04) for seed in range(30)]
    area = area_of([*dark, *(_picture(seed, box=box) for seed in range(30, 33))], _index())
    assert area is not None
    assert (area.top, area.bottom) == (23, 157)


def test_night_scenes_tell_together_what_none_tells_alone() -> None:
    pictures = []
    for seed in range(12):  # a lamp here and there
        pixels = np.full((_HIGH, _WIDE, 3), 2, np.uint8)
        at = (seed % 6) * 54
        pixels[23:157, at : at + 54] = _picture(seed, box=(0, 23, 320, 157))[23:157, at : at + 54]
        pictures.append(pixels)
    area = area_of(pictures, _index())
    assert area is not None
    assert area.name == "2.39:1"


def test_formats_that_come_and_go_are_said() -> None:
    wide = [_picture(seed, box=(0, 23, 320, 157)) for seed in range(12)]
    area = area_of([*wide, *(_picture(seed) for seed in range(20, 25))], _index())
    assert area is not None
    assert (area.name, area.varies) == ("2.39:1", True)
    once = area_of([*wide, _picture(20)], _index())
    assert once is not None
    assert not once.varies


@pytest.mark.parametrize("level", [0, 12])
def test_a_black_film_shows_no_area(level: int) -> None:
    assert area_of([np.full((_HIGH, _WIDE, 3), level, np.uint8)] * 3, _index()) is None
    assert area_of([], _index()) is None


def test_an_aspect_between_the_usual_ones_has_no_name() -> None:
    assert [name_of_aspect(aspect) for aspect in (2.391, 2.36, 1.345, 1.365, 9 / 16, 2.65)] == [
        "2.39:1", "2.35:1", "1.33:1", "1.37:1", "9:16", "",
    ]  # fmt: skip
