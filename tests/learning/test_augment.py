from __future__ import annotations

import numpy as np
import pytest

from rushes.learning.augment import AUGMENTATIONS, Augmentation, augment_picture

NOTHING = Augmentation()
LIGHT = AUGMENTATIONS["light"]


def augment(given: np.ndarray, augmentation: Augmentation, dice: np.random.Generator) -> np.ndarray:
    return np.stack([augment_picture(picture, augmentation, dice) for picture in given])


def pictures(count: int = 40) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 10, 20, 3)).astype(np.uint8)


def test_a_recipe_of_nothing_changes_nothing() -> None:
    given = pictures()
    np.testing.assert_array_equal(augment(given, NOTHING, np.random.default_rng(0)), given)


def test_the_batch_that_is_given_stays_as_it_is() -> None:
    given = pictures()
    before = given.copy()
    augment(given, LIGHT, np.random.default_rng(0))
    np.testing.assert_array_equal(given, before)


def test_about_half_of_the_pictures_are_mirrored_and_the_others_are_not() -> None:
    given = pictures(200)
    changed = augment(given, Augmentation(flip=True, shift=0.0, exposure=0.0), np.random.default_rng(0))
    mirrored = [np.array_equal(new, old[:, ::-1]) for new, old in zip(changed, given, strict=True)]
    kept = [np.array_equal(new, old) for new, old in zip(changed, given, strict=True)]
    assert all(one or other for one, other in zip(mirrored, kept, strict=True))
    assert 70 < sum(mirrored) < 130


def test_a_shift_moves_a_picture_and_repeats_its_border() -> None:
    given = np.broadcast_to(np.arange(20, dtype=np.uint8)[None, None, :, None], (60, 10, 20, 1))
    changed = augment(given, Augmentation(flip=False, shift=0.2, exposure=0.0), np.random.default_rng(0))
    shifts = set()
    for picture in changed:
        row = picture[0, :, 0].astype(int)
        shift = 10 - int(row[10])
        np.testing.assert_array_equal(row, np.clip(np.arange(20) - shift, 0, 19))
        shifts.add(shift)
    assert shifts == set(range(-4, 5))


def test_an_exposure_keeps_the_order_of_greys_and_stays_near() -> None:
    given = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, None, :, None], (50, 1, 256, 1))
    changed = augment(given, Augmentation(flip=False, shift=0.0, exposure=0.2), np.random.default_rng(0)).astype(int)
    assert (np.diff(changed[:, 0, :, 0], axis=1) >= 0).all()
    assert np.abs(changed - given).max() <= round(127.5 * 0.4)
    assert len({tuple(picture.ravel()) for picture in changed}) == 50


@pytest.mark.parametrize("recipe", [NOTHING, LIGHT, Augmentation(shift=0.05)])
def test_every_picture_throws_the_same_number_of_dice(recipe: Augmentation) -> None:
    dice, expected = np.random.default_rng(0), np.random.default_rng(0)
    augment(pictures(3), recipe, dice)
    expected.uniform(-1, 1, 15)
    assert dice.integers(1000) == expected.integers(1000)
