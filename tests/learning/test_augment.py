from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from rushes.errors import RecipeError
from rushes.learning.augment import (
    AUGMENTATIONS,
    Augmentation,
    _coloured,
    _moved,
    augment_maps,
    augment_picture,
    augment_shot,
    describe_augmentation,
    plan_augmentations,
)
from rushes.learning.recipe import AugmentRecipe

NOTHING = Augmentation()
LIGHT, STRONG = AUGMENTATIONS["light"], AUGMENTATIONS["strong"]
EVERYTHING = replace(STRONG, flip_vertical=True, blur=1.0, erase=1.0)


def augment(given: np.ndarray, augmentation: Augmentation, dice: np.random.Generator) -> np.ndarray:
    return np.stack([augment_picture(picture, augmentation, dice) for picture in given])


def pictures(count: int = 40, *, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 10, 20, channels)).astype(np.uint8)


def as_tensor(given: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(given).permute(0, 3, 1, 2)


def as_array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.permute(0, 2, 3, 1).numpy()


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


@pytest.mark.parametrize("augmentation", [NOTHING, LIGHT, STRONG, Augmentation(shift=0.05), Augmentation(erase=1.0)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_picture_throws_the_same_number_of_dice(augmentation: Augmentation, channels: int) -> None:
    dice, expected = np.random.default_rng(0), np.random.default_rng(0)
    augment(pictures(3, channels=channels), augmentation, dice)
    augment(pictures(3), NOTHING, expected)
    assert dice.integers(1000) == expected.integers(1000)


@pytest.mark.parametrize("augmentation", [LIGHT, STRONG, EVERYTHING])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_dice_fall_the_same_in_any_thread_and_leave_the_global_ones_alone(
    augmentation: Augmentation, channels: int
) -> None:
    given = pictures(24, channels=channels)

    def shown(at: int) -> np.ndarray:
        return augment_picture(given[at], augmentation, np.random.default_rng([1, at]))

    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index, union-attr]
    alone = [shown(at) for at in range(24)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(shown, reversed(range(24))))[::-1]
    np.testing.assert_array_equal(np.stack(alone), np.stack(together))
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # type: ignore[index]


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 7, 3), (9, 2, 3), (31, 17, 1)])
def test_pictures_of_any_shape_keep_it_and_the_picture_given_stays_as_it_is(shape: tuple[int, int, int]) -> None:
    given = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    before = given.copy()
    for seed in range(20):
        shown = augment_picture(given, EVERYTHING, np.random.default_rng(seed))
        assert shown.shape == shape
        assert shown.dtype == np.uint8
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize(("stated", "turned"), [("flip", functional.hflip), ("flip_vertical", functional.vflip)])
def test_half_of_the_pictures_are_mirrored_as_torchvision_does(stated: str, turned: Any) -> None:
    given = pictures(60)
    shown = augment(given, Augmentation(**{stated: True}), np.random.default_rng(0))
    expected = as_array(turned(as_tensor(given)))
    are_turned = [np.array_equal(*pair) for pair in zip(shown, expected, strict=True)]
    are_kept = [np.array_equal(*pair) for pair in zip(shown, given, strict=True)]
    assert all(one != other for one, other in zip(are_turned, are_kept, strict=True))
    assert 15 < sum(are_turned) < 45


def test_turning_and_zooming_is_what_torchvision_does_away_from_the_border() -> None:
    smooth = cv2.resize(pictures(1, channels=1)[0], (80, 60), interpolation=cv2.INTER_CUBIC)[:, :, None]
    for degrees, scale, right, down in ((7.0, 1.1, 4, -3), (-12.0, 0.9, 0, 0), (0.0, 1.2, -2, 5)):
        found = _moved(
            smooth, mirrored=False, upside_down=False, shift=(right / 80, down / 60), scale=scale, degrees=degrees
        )
        expected = functional.affine(
            as_tensor(smooth[None]), angle=-degrees, translate=[right, down], scale=scale, shear=[0.0],
            interpolation=functional.InterpolationMode.BILINEAR,
        )  # fmt: skip
        inner = np.s_[15:-15, 20:-20]
        difference = found[inner].astype(int) - as_array(expected)[0][inner]
        assert np.abs(difference).max() <= 3


def test_turning_uncovers_no_black() -> None:
    white = np.full((40, 60, 3), 255, np.uint8)
    shown = augment(np.stack([white] * 30), Augmentation(rotate=30, zoom=0.5, shift=0.3), np.random.default_rng(0))
    assert shown.min() == 255


def test_a_mirrored_picture_that_is_also_turned_is_the_mirror_turned() -> None:
    given = pictures(1)[0]
    how: dict[str, Any] = {"upside_down": False, "shift": (0.1, 0.2), "scale": 1.1, "degrees": 9.0}
    found = _moved(given, mirrored=True, **how)
    expected = _moved(np.ascontiguousarray(given[:, ::-1]), mirrored=False, **how)
    assert np.abs(found.astype(int) - expected).max() <= 4


@pytest.mark.parametrize("saturation", [0.0, 0.6, 1.0, 1.5])
def test_saturation_is_torchvision_s(saturation: float) -> None:
    given = pictures(4)
    expected = as_array(functional.adjust_saturation(as_tensor(given), saturation))
    found = np.stack([_coloured(picture, saturation=saturation, hue=0.0) for picture in given])
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_hue_turns_colours_the_way_torchvision_turns_them_and_leaves_greys() -> None:
    given = np.full((4, 4, 3), (150, 110, 100), np.uint8)
    found = _coloured(given, saturation=1.0, hue=0.03)[0, 0].astype(int)
    expected = as_array(functional.adjust_hue(as_tensor(given[None]), 0.03))[0][0, 0].astype(int)
    assert np.abs(found - expected).max() <= 6
    assert found[1] > 112
    grey = np.full((4, 4, 3), 90, np.uint8)
    np.testing.assert_array_equal(_coloured(grey, saturation=1.3, hue=0.03), grey)


def test_colour_is_left_alone_in_gray() -> None:
    given = pictures(5, channels=1)
    np.testing.assert_array_equal(augment(given, Augmentation(color=0.5), np.random.default_rng(0)), given)


def test_the_share_that_is_stated_is_blurred_and_blur_smooths() -> None:
    given = np.random.default_rng(1).integers(0, 256, (100, 40, 40, 1)).astype(np.uint8)
    shown = augment(given, Augmentation(blur=0.3), np.random.default_rng(0))
    roughness = np.abs(np.diff(shown.astype(int), axis=2)).mean(axis=(1, 2, 3))
    before = np.abs(np.diff(given.astype(int), axis=2)).mean(axis=(1, 2, 3))
    assert 15 < (roughness < before).sum() < 45
    assert (roughness <= before).all()


def test_grain_is_grey_of_the_strength_that_is_stated_at_most_and_another_in_each_picture() -> None:
    given = np.full((40, 30, 30, 3), 128, np.uint8)
    shown = augment(given, Augmentation(grain=0.04), np.random.default_rng(0)).astype(int)
    assert (shown[..., 0] == shown[..., 1]).all()
    assert (shown[..., 0] == shown[..., 2]).all()
    strengths = (shown[..., 0] - 128).std(axis=(1, 2)) / 255
    assert strengths.max() <= 0.043
    assert strengths.max() > 0.02
    assert len({picture.tobytes() for picture in shown}) == 40


def test_a_rectangle_is_painted_over_in_the_share_that_is_stated() -> None:
    given = pictures(80)
    shown = augment(given, Augmentation(erase=0.5), np.random.default_rng(0))
    changed = (shown != given).any(axis=3)
    touched = changed.any(axis=(1, 2))
    assert 25 < touched.sum() < 55
    assert changed[touched].mean(axis=(1, 2)).max() < 0.25
    for old, new, where in zip(given[touched], shown[touched], changed[touched], strict=True):
        colours = new[where]
        np.testing.assert_allclose(np.median(colours, axis=0), old.mean(axis=(0, 1)), atol=1)


def test_a_class_may_be_left_unmirrored_while_the_others_are_not() -> None:
    recipe = AugmentRecipe(classes={"reject": {"flip": False}, "pick": {"preset": "none", "flip": True}})
    reject, pick, maybe = plan_augmentations(recipe, ("reject", "pick", "maybe"))
    assert reject == replace(LIGHT, flip=False)
    assert pick == Augmentation(flip=True)
    assert maybe == LIGHT
    given = pictures(60)
    shown = augment(given, replace(reject, shift=0.0, exposure=0.0), np.random.default_rng(0))
    np.testing.assert_array_equal(shown, given)


def test_an_augmentation_of_a_class_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"augment.classes names 'rejct'.*'reject'"):
        plan_augmentations(AugmentRecipe(classes={"rejct": {"flip": False}}), ("reject", "pick"))


def test_no_preset_turns_a_film_upside_down_and_light_keeps_the_scale_of_a_shot() -> None:
    assert not any(augmentation.flip_vertical for augmentation in AUGMENTATIONS.values())
    assert LIGHT.zoom == 0.0


def test_an_augmentation_can_be_said_in_words() -> None:
    assert describe_augmentation(NOTHING) == "nothing"
    assert describe_augmentation(LIGHT) == (
        "mirrored half of the time, shifted by up to 5 %, brightness and contrast changed by up to 15 %"
    )
    assert "saturation" in describe_augmentation(STRONG)
    assert "saturation" not in describe_augmentation(STRONG, color="gray")


def test_the_frames_of_a_shot_undergo_the_same() -> None:
    frame = pictures(1)[0]
    for seed in range(12):
        shown = augment_shot(np.stack([frame] * 5), replace(EVERYTHING, grain=0.0), np.random.default_rng(seed))
        assert (shown == shown[0]).all()


def test_the_first_frame_is_as_a_picture_and_the_dice_are_thrown_as_often() -> None:
    given = pictures(6)
    for seed in range(6):
        one, other = np.random.default_rng(seed), np.random.default_rng(seed)
        shown = augment_shot(given, EVERYTHING, one)
        np.testing.assert_array_equal(shown[0], augment_picture(given[0], EVERYTHING, other))
        assert one.bit_generator.state == other.bit_generator.state
        np.testing.assert_array_equal(shown, augment_shot(given, EVERYTHING, np.random.default_rng(seed)))


def test_only_grain_is_another_on_every_frame() -> None:
    frames = np.full((3, 30, 40, 3), 128, np.uint8)
    shown = augment_shot(frames, Augmentation(grain=0.1), np.random.default_rng(1)).astype(int)
    assert (shown[0] != shown[1]).any()
    assert (shown[1] != shown[2]).any()
    assert np.abs(shown[0] - 128).mean() == pytest.approx(np.abs(shown[1] - 128).mean(), rel=0.2)


def test_a_shot_of_no_frames_stays_one() -> None:
    assert augment_shot(pictures(0), STRONG, np.random.default_rng(0)).shape == (0, 10, 20, 3)


@pytest.mark.parametrize("seed", range(6))
def test_maps_go_where_the_pixels_go(seed: int) -> None:
    frames = np.zeros((2, 112, 112, 3), np.uint8)
    frames[:, 16:40, 24:48] = 255
    maps = cv2.resize(frames[0, :, :, 0], (14, 14), interpolation=cv2.INTER_AREA)[None].repeat(2, axis=0)
    augmentation = Augmentation(flip=True, flip_vertical=True, shift=0.2, zoom=0.1, rotate=10.0)
    shown = augment_shot(frames, augmentation, np.random.default_rng(seed))
    moved = augment_maps(maps, augmentation, np.random.default_rng(seed))
    expected = cv2.resize(shown[0, :, :, 0], (14, 14), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(moved[0].astype(int) - expected).max() <= 40
    np.testing.assert_array_equal(moved[0], moved[1])
