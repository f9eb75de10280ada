"""What training pictures undergo, so that a network does not learn them by heart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import RecipeError, did_you_mean
from rushes.learning.recipe import AugmentRecipe

_MIDDLE_GREY = 127.5
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_HUE_PER_COLOR = 0.1
_BLUR_WIDTHS = (0.004, 0.012)  # standard deviation, as a share of the shorter side
_ERASED_AREAS = (0.02, 0.15)  # as a share of the picture
_DICE = 18
_MAP_TIMES = 8  # pixels along a cell while maps are moved


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What the pictures of one class may undergo; the fields are those of `AugmentRecipe`, every one decided."""

    flip: bool = False
    flip_vertical: bool = False
    shift: float = 0.0
    zoom: float = 0.0
    rotate: float = 0.0
    exposure: float = 0.0
    color: float = 0.0
    blur: float = 0.0
    grain: float = 0.0
    erase: float = 0.0


AUGMENTATIONS: Mapping[str, Augmentation] = {
    "none": Augmentation(),
    "light": Augmentation(flip=True, shift=0.05, exposure=0.15),
    "strong": Augmentation(
        flip=True, shift=0.1, zoom=0.1, rotate=5.0, exposure=0.3, color=0.3, blur=0.1, grain=0.03, erase=0.25
    ),
}


def plan_augmentations(recipe: AugmentRecipe, classes: Sequence[str]) -> tuple[Augmentation, ...]:
    """Return what the pictures of each class may undergo, in the order of classes.

    Raises:
        RecipeError: `augment.classes` names a class that is none of these.
    """
    for name in recipe.classes:
        if name not in classes:
            raise RecipeError(f"augment.classes names '{name}'. {did_you_mean(name, classes)}")
    stated = {item.name: getattr(recipe, item.name) for item in fields(Augmentation)}
    of_all = _decided(AUGMENTATIONS[recipe.preset], stated)
    return tuple(_of_class(of_all, stated, recipe.classes.get(name, {})) for name in classes)


def _of_class(of_all: Augmentation, stated: Mapping[str, Any], changes: Mapping[str, Any]) -> Augmentation:
    """Return what a class undergoes: a preset of its own changes nothing that the recipe states for all classes."""
    start = _decided(AUGMENTATIONS[changes["preset"]], stated) if "preset" in changes else of_all
    return _decided(start, changes)


def _decided(start: Augmentation, changes: Mapping[str, Any]) -> Augmentation:
    known = asdict(start)
    return replace(start, **{key: value for key, value in changes.items() if key in known and value is not None})


def describe_augmentation(augmentation: Augmentation, *, color: str = "rgb") -> str:
    """Return what pictures may undergo, in words: `mirrored half of the time, shifted by up to 5 %`; or `nothing`."""
    percent = {name: f"{value * 100:g} %" for name, value in asdict(augmentation).items()}
    words = {
        "flip": "mirrored half of the time",
        "flip_vertical": "turned upside down half of the time",
        "shift": f"shifted by up to {percent['shift']}",
        "zoom": f"zoomed by up to {percent['zoom']}",
        "rotate": f"turned by up to {augmentation.rotate:g}°",
        "exposure": f"brightness and contrast changed by up to {percent['exposure']}",
        "color": f"saturation changed by up to {percent['color']}",
        "blur": f"{percent['blur']} of them blurred",
        "grain": f"grained by up to {percent['grain']}",
        "erase": f"a rectangle painted over in {percent['erase']} of them",
    }
    used = [name for name, value in asdict(augmentation).items() if value and (name != "color" or color == "rgb")]
    return ", ".join(words[name] for name in used) or "nothing"


def augment_picture(
    picture: npt.NDArray[np.uint8], augmentation: Augmentation, dice: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return a picture as it may be shown in training; the picture given stays as it is.

    Where its border is uncovered, its outermost pixels are repeated. The outcome depends on nothing but the picture,
    the augmentation and the state of the dice, of which every picture throws as many. Threads may call this at once.

    Args:
        picture: (height, width, channels), of 1 or 3 channels; color is left alone in one.
    """
    return _changed(picture, augmentation, dice.uniform(-1, 1, _DICE))


def augment_shot(
    frames: npt.NDArray[np.uint8], augmentation: Augmentation, dice: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return the frames of a shot as they may be shown in training: all undergo the same, so that nothing moves by it.

    The first is as `augment_picture` would make it; grain alone is another on every frame, as film has it. A shot
    throws the dice as often as a picture does.

    Args:
        frames: (frames, height, width, channels), of 1 or 3 channels.
    """
    throws = dice.uniform(-1, 1, _DICE)
    shown = [_changed(frame, augmentation, throws, turn=turn) for turn, frame in enumerate(frames)]
    return np.stack(shown) if shown else frames.copy()


def augment_maps(
    maps: npt.NDArray[np.uint8], augmentation: Augmentation, dice: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return maps of the places in a shot's frames as they lie after `augment_shot` with dice in the same state.

    Args:
        maps: (frames, rows, columns); only what moves pixels moves them.
    """
    import cv2

    throws = dice.uniform(-1, 1, _DICE)
    rows, columns = maps.shape[1:]
    moved = np.empty_like(maps)
    for place, one in enumerate(maps):
        fine = cv2.resize(one, (columns * _MAP_TIMES, rows * _MAP_TIMES), interpolation=cv2.INTER_NEAREST)
        fine = _placed(np.asarray(fine, np.uint8)[:, :, None], augmentation, throws)[:, :, 0]
        moved[place] = cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA)
    return moved


def _placed(
    picture: npt.NDArray[np.uint8], augmentation: Augmentation, throws: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """Return a picture as the throws mirror, shift, zoom and turn it."""
    mirror, upside_down, across, down, larger, turn = throws[:6].tolist()
    return _moved(
        picture,
        mirrored=augmentation.flip and mirror < 0,
        upside_down=augmentation.flip_vertical and upside_down < 0,
        shift=(across * augmentation.shift, down * augmentation.shift),
        scale=1 + larger * augmentation.zoom,
        degrees=turn * augmentation.rotate,
    )


def _changed(
    picture: npt.NDArray[np.uint8], augmentation: Augmentation, throws: npt.NDArray[np.float64], *, turn: int = 0
) -> npt.NDArray[np.uint8]:
    """Return a picture as the throws change it.

    Args:
        turn: of the frame in its shot, by which its grain differs.
    """
    brighter, steeper, saturation, hue = throws[6:10].tolist()
    chances = ((throws[10:] + 1) / 2).tolist()
    blurs, blur, grain, grain_seed, erases, area, *corner = chances
    shown = _placed(picture, augmentation, throws)
    if augmentation.exposure:
        shown = _exposed(shown, brightness=brighter * augmentation.exposure, contrast=steeper * augmentation.exposure)
    if augmentation.color and shown.shape[2] == 3:
        shown = _coloured(
            shown, saturation=1 + saturation * augmentation.color, hue=hue * _HUE_PER_COLOR * augmentation.color
        )
    if blurs < augmentation.blur:
        shown = _blurred(shown, _between(*_BLUR_WIDTHS, blur) * min(shown.shape[:2]))
    if augmentation.grain:
        shown = _grained(shown, grain * augmentation.grain, seed=int(grain_seed * 2**53) + turn)
    if erases < augmentation.erase:
        shown = _erased(shown, _between(*_ERASED_AREAS, area), corner=(corner[0], corner[1]))
    return shown


def _between(low: float, high: float, way: float) -> float:
    return low + (high - low) * way


def _moved(
    picture: npt.NDArray[np.uint8],
    *,
    mirrored: bool,
    upside_down: bool,
    shift: tuple[float, float],
    scale: float,
    degrees: float,
) -> npt.NDArray[np.uint8]:
    """Return a picture mirrored, shifted, and where need be zoomed and turned about its middle, in one step.

    Args:
        shift: to the right and down, as shares of the sides.
        scale: above 1 is closer.
        degrees: counterclockwise.
    """
    import cv2

    height, width = picture.shape[:2]
    right, down = round(shift[0] * width), round(shift[1] * height)
    moved: Any = picture
    if scale != 1 or degrees:
        turn = math.radians(degrees)
        cosine, sine = scale * math.cos(turn), scale * math.sin(turn)
        middle = ((width - 1) / 2, (height - 1) / 2)
        matrix = np.array([[cosine, sine, 0], [-sine, cosine, 0]])
        if mirrored:
            matrix[:, 0] *= -1
        if upside_down:
            matrix[:, 1] *= -1
        matrix[:, 2] = np.add(middle, (right, down)) - matrix[:, :2] @ middle
        moved = cv2.warpAffine(
            picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, np.uint8).reshape(picture.shape)
    if mirrored or upside_down:
        moved = cv2.flip(moved, -1 if mirrored and upside_down else 1 if mirrored else 0)
    if right or down:
        rows = slice(max(0, -down), height - max(0, down))
        columns = slice(max(0, -right), width - max(0, right))
        moved = cv2.copyMakeBorder(
            moved[rows, columns], max(0, down), max(0, -down), max(0, right), max(0, -right), cv2.BORDER_REPLICATE
        )
    return np.asarray(moved, np.uint8).reshape(picture.shape)


def _exposed(picture: npt.NDArray[np.uint8], *, brightness: float, contrast: float) -> npt.NDArray[np.uint8]:
    import cv2

    values = (np.arange(256) - _MIDDLE_GREY) * (1 + contrast) + _MIDDLE_GREY * (1 + brightness)
    curve = np.clip(np.round(values), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, curve), np.uint8).reshape(picture.shape)


def _coloured(picture: npt.NDArray[np.uint8], *, saturation: float, hue: float) -> npt.NDArray[np.uint8]:
    """Return an RGB picture with its colours stretched away from grey and turned about it.

    Args:
        saturation: 0 is grey, 1 as it is.
        hue: as a share of the circle.
    """
    import cv2

    # Turning about the axis of greys (Rodrigues), then stretching from the luma, is one matrix; luma stays about equal.
    turn = 2 * math.pi * hue
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    turned = math.cos(turn) * np.eye(3) + math.sin(turn) * across + (1 - math.cos(turn)) / 3
    grey = np.broadcast_to(_LUMA, (3, 3))
    matrix = (saturation * np.eye(3) + (1 - saturation) * grey) @ turned
    return np.asarray(cv2.transform(picture, matrix), np.uint8)


def _blurred(picture: npt.NDArray[np.uint8], deviation: float) -> npt.NDArray[np.uint8]:
    import torch
    from torchvision.transforms.v2 import functional

    side = 2 * max(1, math.ceil(2 * deviation)) + 1
    side = min(side, 2 * min(picture.shape[:2]) - 1)
    # The border is mirrored, for which there must be more pixels than the kernel reaches.
    blurred = functional.gaussian_blur(torch.from_numpy(picture).permute(2, 0, 1), [side, side], [deviation, deviation])
    return np.ascontiguousarray(blurred.permute(1, 2, 0).numpy())


def _grained(picture: npt.NDArray[np.uint8], deviation: float, *, seed: int) -> npt.NDArray[np.uint8]:
    """Return a picture with grain of its own: silver is grey, so that all channels have the same."""
    import cv2

    grain = np.random.Generator(np.random.SFC64(seed)).standard_normal(picture.shape[:2], np.float32)
    grains = np.round(grain * np.float32(deviation * 255)).astype(np.int16)
    if picture.shape[2] == 3:
        grains = cv2.merge([grains] * 3)  # type: ignore[assignment]
    return np.asarray(cv2.add(picture, grains.reshape(picture.shape), dtype=cv2.CV_8U), np.uint8).reshape(picture.shape)


def _erased(picture: npt.NDArray[np.uint8], area: float, *, corner: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Return a picture with a rectangle of its own shape painted over in its mean colour.

    Args:
        area: as a share of the picture.
        corner: where the rectangle is, of the places that it can have: (0, 0) above left, (1, 1) below right.
    """
    import cv2
    import torch
    from torchvision.transforms.v2 import functional

    height, width, channels = picture.shape
    tall, wide = max(1, round(math.sqrt(area) * height)), max(1, round(math.sqrt(area) * width))
    top, left = round(corner[1] * (height - tall)), round(corner[0] * (width - wide))
    mean = torch.tensor(np.round(cv2.mean(picture)[:channels]), dtype=torch.uint8)[:, None, None]
    planes = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
    erased = functional.erase(planes, top, left, tall, wide, mean)
    return np.ascontiguousarray(erased.permute(1, 2, 0).numpy())
