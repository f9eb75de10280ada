"""What training pictures undergo, so that a network does not learn them by heart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushes.learning.recipe import AugmentRecipe

_MIDDLE_GREY = 127.5


def augment(pixels: npt.NDArray[np.uint8], recipe: AugmentRecipe, dice: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a batch with each picture mirrored, shifted and exposed at random; the batch given stays as it is.

    Where a shift uncovers a border, its outermost pixels are repeated. The same number of dice is thrown for every
    picture, whatever the recipe.

    Args:
        pixels: (batch, height, width, channels).
    """
    changed = np.empty_like(pixels)
    height, width = pixels.shape[1:3]
    for index, picture in enumerate(pixels):
        mirror, across, down, brighter, steeper = dice.uniform(-1, 1, 5)
        columns = _moved(width, round(across * recipe.shift * width))
        if recipe.flip and mirror < 0:
            columns = columns[::-1]
        rows = _moved(height, round(down * recipe.shift * height))
        moved = picture[rows][:, columns]
        if recipe.exposure:
            curve = _exposure_curve(brightness=brighter * recipe.exposure, contrast=steeper * recipe.exposure)
            moved = curve[moved]
        changed[index] = moved
    return changed


def _moved(side: int, shift: int) -> npt.NDArray[np.int64]:
    """Return (side,) which row or column is shown at each place."""
    return np.clip(np.arange(side) - shift, 0, side - 1)


def _exposure_curve(*, brightness: float, contrast: float) -> npt.NDArray[np.uint8]:
    """Return (256,) the new value of each value."""
    values = (np.arange(256) - _MIDDLE_GREY) * (1 + contrast) + _MIDDLE_GREY * (1 + brightness)
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
