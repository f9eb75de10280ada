"""Occlusion: what covering each place of a picture does to an answer."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.evaluation.occlusion import (
    BATCH_SIZE,
    compare_maps,
    describe_agreement,
    describe_fall,
    occlude,
    place_word,
)
from rushes.evaluation.painted_heat import view_of
from rushes.evaluation.scores import Score


def picture_with_square(size=(60, 90), top=0, left=56, high=18, wide=26):
    picture = np.full((*size, 3), 40, np.uint8)
    picture[top : top + high, left : left + wide] = 250
    return picture


def looks_at(rows, columns):
    """A model that answers by the brightness of one place alone."""

    def answer(pixels):
        bright = pixels[:, rows, columns].astype(np.float64).mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright], axis=1)

    return answer


def test_the_one_place_that_the_answer_depends_on_falls_deepest():
    picture = picture_with_square()
    seen = occlude(looks_at(slice(0, 18), slice(56, 82)), picture, cells=15)
    assert seen.falls.shape == (10, 15)
    row, column = seen.deepest
    assert abs((row + 0.5) * 6 - 9) < 1
    assert abs((column + 0.5) * 6 - 69) < 1
    assert seen.class_index == 0
    assert seen.fall == pytest.approx((250 - picture.mean(axis=(0, 1)).round()[0]) / 255, abs=1e-6)
    far = np.ones_like(seen.falls, bool)
    far[:5, 7:] = False
    assert not seen.falls[far].any()
    assert describe_fall(seen, ("bright", "dark")).startswith(
        "Covering 9% of the picture at its top right, 'bright' falls"
    )
    assert "the answer is then 'dark'" in describe_fall(seen, ("bright", "dark"))


def test_what_speaks_against_a_class_rises():
    picture = picture_with_square()
    seen = occlude(looks_at(slice(0, 18), slice(56, 82)), picture, class_index=1, cells=15)
    assert seen.falls.min() < -0.4
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
    seen = occlude(looks_at(slice(0, 18), slice(56, 82)), picture, cells=15)
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


def tall_picture():
    """A tall light picture with a red square, which alone is the answer, at its left edge."""
    picture = np.full((1050, 450, 3), 230, np.uint8)
    picture[420:600, 0:150] = (255, 0, 0)
    return picture


def redness(prepared):
    def red(pixels):
        return ((pixels[..., 0] > 200) & (pixels[..., 1] < 60)).mean(axis=(1, 2))

    whole = red(prepared[None])[0]

    def answer(pixels):
        share = np.clip(red(pixels) / whole, 0, 1)
        return np.stack([share, 1 - share], axis=1)

    return answer


def test_of_a_padded_picture_the_real_one_alone_is_covered_and_named():
    picture, padded = tall_picture(), Preprocessing(224, 224, fit="pad")
    prepared, view = prepare(picture, padded), view_of(picture, padded)
    top, bottom, left, right = view.pixels(224, 224)
    assert (top, bottom, left, right) == (0, 224, 64, 160)
    covered = []
    answer = redness(prepared)

    def watched(pixels):
        covered.extend(pixels[1:])
        return answer(pixels)

    seen = occlude(watched, prepared, view=view)
    assert seen.falls.shape == (10, 4)
    assert seen.cover_share == pytest.approx(0.09)
    assert "9% of the picture at its left" in describe_fall(seen, ("red", "none"))
    assert all((one[:, :left] == 0).all() and (one[:, right:] == 0).all() for one in covered)
    mean = prepared[:, left:right].reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    assert any((one[112, left + 2] == mean).all() for one in covered)
    heat = np.zeros((14, 14))
    heat[:, [0, 1, 12, 13]] = 1.0  # on padding alone
    assert compare_maps(heat, seen).value is None
    heat[5:9, 4:6] = 1.0
    assert compare_maps(heat, seen).value > 0.5


def test_of_a_cropped_picture_places_are_named_in_the_whole_one():
    picture, cropped = np.full((100, 300, 3), 230, np.uint8), Preprocessing(100, 100, fit="crop")
    picture[40:60, 185:200] = (255, 0, 0)
    prepared, view = prepare(picture, cropped), view_of(picture, cropped)
    seen = occlude(redness(prepared), prepared, view=view)
    assert seen.cover_share == pytest.approx(0.03, abs=0.001)
    assert place_word(seen.deepest, seen.falls.shape) == "right"  # of what the model is shown
    assert seen.place == seen.to_table()["place"] == "middle"  # of the picture, of which that is the middle third


def test_where_bars_are_cut_off_places_are_named_in_the_picture_with_its_bars():
    picture = np.zeros((300, 300, 3), np.uint8)
    picture[90:210] = np.random.default_rng(0).integers(90, 250, (120, 300, 3), np.uint8)
    view = view_of(picture, Preprocessing(64, 64, letterbox="remove"))
    assert view.part[:2] == pytest.approx((0.3, 0.7), abs=0.02)
    assert place_word((1, 0), (10, 10), part=view.part) == "left"
