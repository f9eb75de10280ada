"""What training pictures undergo, so that a network does not learn them by heart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import RecipeError, did_you_mean
from rushes.learning.recipe import AugmentRecipe

_MIDDLE_GREY = 127.5


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
    return tuple(_of_class(of_all, recipe.classes.get(name, {})) for name in classes)


def _of_class(of_all: Augmentation, changes: Mapping[str, Any]) -> Augmentation:
    start = AUGMENTATIONS[changes["preset"]] if "preset" in changes else of_all
    return _decided(start, changes)


def _decided(start: Augmentation, changes: Mapping[str, Any]) -> Augmentation:
    known = asdict(start)
    return replace(start, **{key: value for key, value in changes.items() if key in known and value is not None})


def augment_picture(
    picture: npt.NDArray[np.uint8], augmentation: Augmentation, dice: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return a picture, mirrored, shifted and exposed at random; the picture given stays as it is.

    Where a shift uncovers a border, its outermost pixels are repeated. The outcome depends on nothing but the
    picture, the augmentation and the state of the dice.

    Args:
        picture: (height, width, channels).
    """
    height, width = picture.shape[:2]
    mirror, across, down, brighter, steeper = dice.uniform(-1, 1, 5)
    columns = _moved(width, round(across * augmentation.shift * width))
    if augmentation.flip and mirror < 0:
        columns = columns[::-1]
    rows = _moved(height, round(down * augmentation.shift * height))
    moved = picture[rows][:, columns]
    if augmentation.exposure:
        curve = _exposure_curve(brightness=brighter * augmentation.exposure, contrast=steeper * augmentation.exposure)
        moved = curve[moved]
    return moved


def _moved(side: int, shift: int) -> npt.NDArray[np.int64]:
    """Return (side,) which row or column is shown at each place."""
    return np.clip(np.arange(side) - shift, 0, side - 1)


def _exposure_curve(*, brightness: float, contrast: float) -> npt.NDArray[np.uint8]:
    """Return (256,) the new value of each value."""
    values = (np.arange(256) - _MIDDLE_GREY) * (1 + contrast) + _MIDDLE_GREY * (1 + brightness)
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
