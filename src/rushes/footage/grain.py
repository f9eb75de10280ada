"""How noisy a picture is: the grain of its smooth parts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK = 16  # pixels along each side of the blocks that are compared
_SMOOTHEST = 0.2  # of the blocks: what structure there is in the others is not taken for grain
_ENDS = (6, 249)  # luma beyond which grain is cut off


def grain_of(luma: npt.NDArray[np.uint8]) -> float:
    """Return the standard deviation of the grain in the smooth parts of a picture, in steps of 8 bits.

    The differences of second differences (Immerkaer 1996) leave out slopes and straight edges; their mean is taken per
    block, and the smoothest blocks that are neither black nor white speak for the picture.

    Args:
        luma: (height, width); where either is below three blocks, the whole picture is one block.
    """
    import cv2

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(luma, cv2.CV_16S, kernel))
    height, width = luma.shape
    if min(height, width) < 3 * _BLOCK:
        return _deviation(float(rough.mean()))
    rows, columns = height // _BLOCK, width // _BLOCK
    whole = (slice(rows * _BLOCK), slice(columns * _BLOCK))
    size = (columns, rows)
    means = cv2.resize(np.asarray(rough[whole], np.float32), size, interpolation=cv2.INTER_AREA).ravel()
    levels = cv2.resize(luma[whole], size, interpolation=cv2.INTER_AREA).ravel()
    inside = means[(levels >= _ENDS[0]) & (levels <= _ENDS[1])]
    if not len(inside):
        return 0.0
    return _deviation(float(np.quantile(inside, _SMOOTHEST / 2)))


def _deviation(mean: float) -> float:
    """Return the standard deviation of white grain whose filtered values have this mean size."""
    return float(np.sqrt(np.pi / 2) * mean / 6)
