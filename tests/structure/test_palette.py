from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.structure.facts import ColourShare
from rushes.structure.palette import MOST_COLOURS, merge_palettes, palette_of


def _fields(*fields: tuple[tuple[int, int, int], float], noise: float = 0.0) -> np.ndarray:
    """Return a picture of upright fields of colour, each of a share of its width."""
    pixels = np.zeros((90, 160, 3))
    at = 0
    for colour, share in fields:
        pixels[:, at : at + round(160 * share)] = colour
        at += round(160 * share)
    drawn = np.random.default_rng(0).normal(0, noise, pixels.shape) if noise else 0
    return np.clip(pixels + drawn, 0, 255).astype(np.uint8)


def _near(one: ColourShare, colour: tuple[int, int, int], share: float) -> bool:
    apart = max(abs(a - b) for a, b in zip((one.red, one.green, one.blue), colour, strict=True))
    return apart <= 6 and abs(one.share - share) <= 0.03


def test_each_colour_of_a_picture_is_told_with_its_share() -> None:
    colours = (((200, 30, 30), 0.5), ((20, 60, 180), 0.3), ((230, 220, 190), 0.2))
    for noise in (0.0, 4.0):
        found = palette_of([_fields(*colours, noise=noise)])
        assert len(found) == 3
        assert all(_near(one, *colour) for one, colour in zip(found, colours, strict=True))


def test_a_picture_of_one_colour_has_one() -> None:
    assert palette_of([_fields(((90, 140, 60), 1.0), noise=3)])[0].share == 1.0
    assert palette_of([np.zeros((40, 60, 3), np.uint8)]) == (ColourShare(0, 0, 0, 1.0),)
    assert palette_of([]) == ()


def test_bars_are_no_colour_of_a_shot_but_black_in_the_picture_is() -> None:
    inner = _fields(((200, 30, 30), 0.6), ((0, 0, 0), 0.4), noise=2)
    framed = np.zeros((120, 160, 3), np.uint8)
    framed[15:105] = inner
    dim = framed // 12  # the same shot with the light out: its bars are left out too, and all the rest is black
    for pictures, share in (([framed], 0.4), ([framed, dim, framed], (0.4 + 1 + 0.4) / 3)):
        black = [one for one in palette_of(pictures) if max(one.red, one.green, one.blue) < 24]
        assert abs(sum(one.share for one in black) - share) < 0.04


def test_a_film_has_the_colours_of_its_shots_by_their_lengths() -> None:
    red, blue = ColourShare(200, 30, 30, 1.0), ColourShare(20, 60, 180, 1.0)
    found = merge_palettes([(red,), (blue,), (), (red,)], [1.0, 6.0, 9.0, 1.0])
    assert [(one.code, round(one.share, 3)) for one in found] == [(blue.code, 0.75), (red.code, 0.25)]
    assert merge_palettes([], []) == ()
    assert merge_palettes([(red,)], [0.0]) == ()


_CHANNEL = st.integers(0, 255)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(_CHANNEL, _CHANNEL, _CHANNEL), min_size=1, max_size=12))
def test_a_palette_is_sorted_adds_up_and_is_always_the_same(colours: list[tuple[int, int, int]]) -> None:
    picture = np.array(colours, np.uint8).reshape(1, -1, 3).repeat(40, 0).repeat(8, 1)
    found = palette_of([picture])
    assert 1 <= len(found) <= MOST_COLOURS
    assert abs(sum(one.share for one in found) - 1) < 1e-9
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert all(0 <= code <= 255 for one in found for code in (one.red, one.green, one.blue))
    assert palette_of([picture]) == found
