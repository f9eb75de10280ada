"""Descriptors of pictures."""

from __future__ import annotations

import cv2
import numpy as np

from rushes.footage.descriptor import DESCRIPTOR_LENGTH, LAYOUT_LENGTH, descriptor_of
from rushes.footage.picture import decode_picture, encode_picture


def scene(seed: int, height: int = 180, width: int = 320) -> np.ndarray:
    dice = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for cells in (3, 6, 12, 24):
        coarse = dice.normal(0, 120 / cells**0.5, (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture + dice.uniform(60, 180, 3), 0, 255).astype(np.uint8)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(descriptor_of(one) - descriptor_of(other)))


def test_a_picture_is_nearer_to_its_own_copies_than_to_any_other() -> None:
    scenes = [scene(seed) for seed in range(12)]
    far = min(apart(one, other) for at, one in enumerate(scenes) for other in scenes[:at])
    for picture in scenes:
        encoded = decode_picture(encode_picture(picture, "jpeg", 50))
        smaller = cv2.resize(picture, (200, 112), interpolation=cv2.INTER_AREA)
        brighter = np.clip(picture.astype(np.int16) + 8, 0, 255).astype(np.uint8)
        moved = np.roll(picture, 6, axis=1)
        assert max(apart(picture, copy) for copy in (encoded, smaller, brighter, moved)) < 0.6 * far


def test_it_has_one_length_for_every_shape_and_no_picture_breaks_it() -> None:
    for shape in ((1, 1, 3), (5, 900, 3), (700, 3, 3), (64, 96, 3)):
        for value in (0, 127, 255):
            found = descriptor_of(np.full(shape, value, np.uint8))
            assert found.shape == (DESCRIPTOR_LENGTH,)
            assert found.dtype == np.float32
            assert np.isfinite(found).all()


def test_the_layout_of_a_mixture_is_the_mean_of_both_layouts() -> None:
    one, other = scene(1), scene(2)
    mixed = (0.3 * one + 0.7 * other).round().astype(np.uint8)
    layouts = [descriptor_of(picture)[:LAYOUT_LENGTH] for picture in (one, other, mixed)]
    np.testing.assert_allclose(layouts[2], 0.3 * layouts[0] + 0.7 * layouts[1], atol=0.02)


def test_the_same_pixels_give_the_same_numbers() -> None:
    np.testing.assert_array_equal(descriptor_of(scene(3)), descriptor_of(scene(3).copy()))
