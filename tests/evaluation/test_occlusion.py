"""Occlusion: what covering each place of a picture does to an answer."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.evaluation.occlusion import (
    BATCH_SIZE,
    compare_maps,
    describe_agreement,
    describe_fall,
    occlude,
    place_word,
)
from rushes.evaluation.scores import Score


def picture_with_square(size=(60, 90), top=3, left=63, side=12):
    picture = np.full((*size, 3), 40, np.uint8)
    picture[top : top + side, left : left + side] = 250
    return picture


def looks_at(rows, columns):
    """A model that answers by the brightness of one place alone."""

    def answer(pixels):
        bright = pixels[:, rows, columns].astype(np.float64).mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright], axis=1)

    return answer


def test_the_one_place_that_the_answer_depends_on_falls_deepest():
    picture = picture_with_square()
    seen = occlude(looks_at(slice(3, 15), slice(63, 75)), picture, cells=15)
    assert seen.falls.shape == (10, 15)
    row, column = seen.deepest
    assert abs((row + 0.5) * 6 - 9) < 1
    assert abs((column + 0.5) * 6 - 69) < 1
    assert seen.class_index == 0
    assert seen.fall == pytest.approx((250 - picture.mean(axis=(0, 1)).round()[0]) / 255, abs=1e-6)
    far = np.ones_like(seen.falls, bool)
    far[:4, 9:] = False
    assert not seen.falls[far].any()
    assert describe_fall(seen, ("bright", "dark")).startswith(
        "Covering 3% of the picture at its top right, 'bright' falls"
    )
    assert "the answer is then 'dark'" in describe_fall(seen, ("bright", "dark"))


def test_what_speaks_against_a_class_rises():
    picture = picture_with_square()
    seen = occlude(looks_at(slice(3, 15), slice(63, 75)), picture, class_index=1, cells=15)
    assert seen.falls.min() < -0.5
    assert not seen.matters
    assert "No one place holds the answer" in describe_fall(seen, ("bright", "dark"))


def test_a_model_that_does_not_look_gives_zeros_everywhere():
    seen = occlude(lambda pixels: np.tile([0.2, 0.8], (len(pixels), 1)), picture_with_square())
    assert (seen.falls == 0).all()
    assert seen.class_index == 1
    assert compare_maps(np.random.default_rng(0).random((7, 7)), seen).value is None


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (224, 224), (17, 5)])
def test_every_pixel_is_covered_and_no_batch_is_too_large(size):
    hidden = np.zeros(size, bool)
    picture = np.zeros((*size, 1), np.uint8)
    picture[0, 0] = 255  # so that the mean is another value nearly everywhere
    sizes = []

    def answer(pixels):
        sizes.append(len(pixels))
        hidden[:] |= (pixels != picture).any(axis=(0, 3))
        return np.ones((len(pixels), 1))

    picture = np.where(np.indices(size).sum(axis=0)[..., None] % 2, 255, 0).astype(np.uint8)
    seen = occlude(answer, picture)
    assert max(sizes) <= BATCH_SIZE
    assert sum(sizes) == 1 + seen.falls.size
    if size != (1, 1):
        assert hidden.all()


def test_maps_of_one_place_agree_and_of_two_places_do_not():
    picture = picture_with_square()
    seen = occlude(looks_at(slice(3, 15), slice(63, 75)), picture, cells=15)
    same, other = np.clip(seen.falls, 0, 1), np.zeros((10, 15))
    other[8:, :4] = 1.0
    assert compare_maps(same, seen).value == pytest.approx(1.0)
    assert compare_maps(other, seen).value < 0.25
    assert compare_maps(np.ones((4, 4)), seen).value is None
    assert "same places" in describe_agreement(Score(0.8))
    assert "in part" in describe_agreement(Score(0.3))
    assert "do not agree" in describe_agreement(Score(-0.1))
    assert "undefined: no heat" in describe_agreement(Score(None, "no heat"))


def test_places_have_names():
    assert [place_word((row, column), (3, 3)) for row in range(3) for column in range(3)] == [
        "top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right",
    ]  # fmt: skip


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="a picture is"):
        occlude(lambda pixels: pixels, np.zeros((4, 4), np.uint8))
