"""Quality of pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from footage.test_descriptor import scene
from rushes.footage.descriptor import LAYOUT_LENGTH, descriptor_of
from rushes.footage.quality import MEASURES, find_mixtures, measure_quality, quality_of


def measured(pixels: np.ndarray) -> dict[str, float]:
    return dict(zip(MEASURES, measure_quality(pixels).tolist(), strict=True))


def sharp(seed: int = 0) -> np.ndarray:
    dice = np.random.default_rng(seed)
    picture = scene(seed, 360, 640)
    for _ in range(60):
        x, y = dice.integers(0, [600, 330])
        cv2.rectangle(picture, (int(x), int(y)), (int(x) + 30, int(y) + 25), dice.integers(0, 255, 3).tolist(), -1)
    return picture


def test_black_white_and_grey_are_told_by_their_tones() -> None:
    black, white, grey = (measured(np.full((90, 160, 3), value, np.uint8)) for value in (0, 255, 128))
    assert (black["black"], black["white"], black["lights"]) == (1, 0, 0)
    assert (white["black"], white["white"], white["lights"]) == (0, 1, 255)
    assert grey["contrast"] == 0
    assert grey["blur"] == 1


def test_the_stronger_the_blur_the_higher_its_measure() -> None:
    pictures = [sharp(), *(cv2.GaussianBlur(sharp(), (0, 0), sigma) for sigma in (1, 3, 6, 12))]
    blurs = [measured(picture)["blur"] for picture in pictures]
    assert blurs == sorted(blurs)
    assert blurs[0] < 0.55
    assert blurs[-1] > 0.8


def test_a_small_bright_thing_in_the_dark_is_not_underexposed() -> None:
    night = np.full((90, 160, 3), 8, np.uint8)
    night[40:50, 70:90] = 220
    assert measured(night)["lights"] > 100
    dim = (sharp() // 8).astype(np.uint8)
    assert measured(dim)["lights"] < 40


@pytest.mark.parametrize("share", [0.25, 0.5, 0.7])
def test_a_cross_fade_is_seen_between_its_two_pictures(share: float) -> None:
    one, other = sharp(1), sharp(2)
    mixed = (one * (1 - share) + other * share).astype(np.uint8)
    layouts = np.stack([descriptor_of(picture)[:LAYOUT_LENGTH] for picture in (one, one, mixed, other, other)])
    found = find_mixtures(layouts)
    assert found[2] == pytest.approx(min(share, 1 - share), abs=0.03)
    assert found[[0, 1, 3, 4]].max() == pytest.approx(0, abs=0.02)


def test_a_cut_a_pan_and_another_picture_are_no_cross_fade() -> None:
    wide = sharp(3)
    pan = [np.ascontiguousarray(wide[:, at : at + 320]) for at in range(0, 320, 40)]
    shown = [sharp(1), sharp(2), sharp(4), *pan]
    assert find_mixtures(np.stack([descriptor_of(picture)[:LAYOUT_LENGTH] for picture in shown])).max() == 0


def test_fewer_than_three_pictures_hold_no_cross_fade_and_still_ones_divide_by_nothing() -> None:
    layout = descriptor_of(sharp())[:LAYOUT_LENGTH]
    assert find_mixtures(layout[None]).tolist() == [0]
    assert find_mixtures(np.stack([layout] * 4)).tolist() == [0] * 4


def test_measures_of_many_pictures_are_columns() -> None:
    rows = np.stack([measure_quality(sharp(seed)) for seed in range(3)])
    quality = quality_of(rows, [0.0, 0.2, 0.0])
    assert len(quality) == 3
    np.testing.assert_array_equal(quality.blur, rows[:, MEASURES.index("blur")])
    assert quality.taken(np.array([1])).faded.tolist() == pytest.approx([0.2])
    assert len(quality_of(np.empty((0, len(MEASURES))), [])) == 0
