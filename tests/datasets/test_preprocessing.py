"""Pixels as a model takes them."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.datasets.preprocessing import Preprocessing, prepare

WIDE = np.zeros((20, 40, 3), np.uint8)
WIDE[:, :10] = (255, 0, 0)
WIDE[:, 10:30] = (0, 255, 0)
WIDE[:, 30:] = (0, 0, 255)


def test_squeeze_shows_all_of_the_picture() -> None:
    out = prepare(WIDE, Preprocessing(8, 8))
    assert out.shape == (8, 8, 3)
    assert [tuple(out[4, x]) for x in (0, 4, 7)] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_crop_shows_the_middle_and_keeps_the_aspect() -> None:
    out = prepare(WIDE, Preprocessing(10, 10, fit="crop"))
    assert (out == (0, 255, 0)).all()


def test_pad_adds_black_and_keeps_the_aspect() -> None:
    out = prepare(WIDE, Preprocessing(40, 40, fit="pad"))
    assert (out[10:30] == WIDE).all()
    assert not out[:10].any()
    assert not out[30:].any()


def test_gray_is_one_channel_of_luma() -> None:
    out = prepare(WIDE, Preprocessing(4, 4, color="gray", mean=(0.5,), std=(0.5,)))
    assert out.shape == (4, 4, 1)
    assert [int(out[0, x, 0]) for x in (0, 1, 3)] == [76, 150, 29]


def test_a_picture_of_the_wanted_size_is_not_touched() -> None:
    assert (prepare(WIDE, Preprocessing(40, 20)) == WIDE).all()


def test_it_survives_its_own_table() -> None:
    wanted = Preprocessing(128, 72, color="gray", fit="pad", mean=(0.4,), std=(0.2,))
    assert Preprocessing.from_table(wanted.to_table()) == wanted


def test_means_of_another_number_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="1 values each"):
        Preprocessing(8, 8, color="gray")


def test_bars_are_cut_off_before_the_picture_is_fitted() -> None:
    dice = np.random.default_rng(0)
    picture = dice.integers(60, 250, (60, 120, 3)).astype(np.uint8)
    barred = np.zeros((80, 120, 3), np.uint8)
    barred[10:70] = picture
    wanted = Preprocessing(40, 20, fit="squeeze", letterbox="remove")
    np.testing.assert_array_equal(prepare(barred, wanted), prepare(picture, wanted))
    assert not np.array_equal(prepare(barred, Preprocessing(40, 20)), prepare(picture, wanted))


def test_tables_of_before_are_read_and_those_that_keep_bars_are_written_as_before() -> None:
    before = {"schema": "preprocessing/1", "width": 8, "height": 6, "color": "rgb", "fit": "pad",
              "mean": [0.5] * 3, "std": [0.5] * 3}  # fmt: skip
    assert Preprocessing.from_table(before).to_table() == before
    cut = Preprocessing(8, 6, letterbox="remove")
    assert cut.to_table()["letterbox"] == "remove"
    assert Preprocessing.from_table(cut.to_table()) == cut
