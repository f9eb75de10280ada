"""How far one picture is shifted against another, by the part that both of them show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

THUMBNAIL_SIDE = 96  # pixels, the longer one: a shift is known to one part in a hundred
_STRIP = 0.2  # share of a picture, at its edge, that is looked for in the other
_MARGIN = 0.12  # share that is left off the strip's ends, by which the camera may have moved across
_SMOOTHED = 0.08  # share of the longer side over which light is taken out: a sky that darkens is no overlap
_LEAST_DETAIL = 2.0  # standard deviation of what is compared, in steps of 8 bits


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much a second picture shows more on one side.

    Attributes:
        right: share of the width that the second shows beyond the first's right edge; negative to the left.
        down: share of the height, downwards.
        agreement: correlation of what both show, at most 1.
    """

    right: float
    down: float
    agreement: float


def thumbnail_of(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the luma of (height, width, 3) RGB pixels at THUMBNAIL_SIDE pixels of the longer side, uint8."""
    import cv2

    height, width = pixels.shape[:2]
    shrink = THUMBNAIL_SIDE / max(height, width)
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def find_shift(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> Shift | None:
    """Return how a picture is shifted against another of the same shape, sideways or upright, not both.

    The strip at each edge of the first is looked for all over the second; where it is found best, all that both show is
    compared.

    Args:
        one, other: lumas as `thumbnail_of` makes them.

    Returns:
        None where the shapes differ or there is no detail to know a shift by.
    """
    if one.shape != other.shape or min(one.shape) < 16:
        return None
    first, second = _detail(one), _detail(other)
    if min(first.std(), second.std()) < _LEAST_DETAIL:
        return None
    ways = ((first, second, False), (first[:, ::-1], second[:, ::-1], False), (first.T, second.T, True),
            (first.T[:, ::-1], second.T[:, ::-1], True))  # fmt: skip
    best: Shift | None = None
    for number, (a, b, upright) in enumerate(ways):
        along, across, agreement = _shift_ahead(np.ascontiguousarray(a), np.ascontiguousarray(b))
        if best is None or agreement > best.agreement:
            ahead = along if number % 2 == 0 else -along
            best = Shift(across, ahead, agreement) if upright else Shift(ahead, across, agreement)
    return best


def _detail(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    import cv2

    light = luma.astype(np.float32)
    return light - np.asarray(cv2.GaussianBlur(light, (0, 0), _SMOOTHED * max(luma.shape)), np.float32)


def _shift_ahead(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> tuple[float, float, float]:
    """Return by which share of its width, and of its height, the second lies further right, and how well they agree."""
    import cv2

    height, width = one.shape
    strip, margin = max(4, round(width * _STRIP)), max(1, round(height * _MARGIN))
    wanted = one[margin : height - margin, width - strip :]
    if float(wanted.std()) < _LEAST_DETAIL / 2:
        return 0.0, 0.0, -1.0
    found = cv2.matchTemplate(other, wanted, cv2.TM_CCOEFF_NORMED)
    _, _, _, (x, y) = cv2.minMaxLoc(found)
    right, down = width - strip - x, margin - y
    return right / width, down / height, _agreement(one, other, right, down)


def _agreement(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], right: int, down: int) -> float:
    """Return the correlation of what both pictures show, where the second lies so many pixels to the right and down."""
    height, width = one.shape
    shared = (height - abs(down), width - right)
    a = one[max(0, down) :, right:][: shared[0], : shared[1]].ravel()
    b = other[max(0, -down) :, :][: shared[0], : shared[1]].ravel()
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else -1.0
