"""Turning pixels upright, by one code for raws and films."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def turn(pixels: npt.NDArray[np.uint8], flip: int) -> npt.NDArray[np.uint8]:
    """Return pixels turned by LibRaw's flip code: 1 mirrors columns, 2 mirrors rows, then 4 swaps them.

    So 3 is half a turn, 6 a quarter clockwise, 5 a quarter counter-clockwise.
    """
    if flip & 2:
        pixels = pixels[::-1]
    if flip & 1:
        pixels = pixels[:, ::-1]
    if flip & 4:
        pixels = pixels.transpose(1, 0, 2)
    return np.ascontiguousarray(pixels)


def flip_of_matrix(matrix: Sequence[int]) -> int:
    """Return the flip code of a display matrix (ISO 14496-12: nine numbers, row by row), to the next quarter turn."""
    a, b, _, c, d = matrix[:5]
    if abs(b) + abs(c) > abs(a) + abs(d):
        return 4 | (2 if c < 0 else 0) | (1 if b < 0 else 0)
    return (2 if d < 0 else 0) | (1 if a < 0 else 0)


def flip_of_orientation(orientation: int) -> int:
    """Return the flip code of an EXIF orientation, 1 to 8; 0 for what is none."""
    return {2: 1, 3: 3, 4: 2, 5: 4, 6: 6, 7: 7, 8: 5}.get(orientation, 0)
