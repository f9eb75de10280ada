"""Quality of pictures: black, flat, blurred, badly exposed, or two at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

BLACK, WHITE = 20, 247  # luma up to which a pixel is black, and from which it is blown out
_LONG_SIDE = 320  # pixels at which a picture is measured; none is enlarged
_SMEAR = 9  # pixels of the mean that a picture is compared with
_GRAIN = 1.5  # luma steps between neighbours that are no detail
# In nine films, a picture every half second, cross-fades and fades left at most 0.02 unexplained. Pans and zooms, which
# look much like them, left 0.03 and more, or lay between two pictures that are less far apart.
_LEAST_APART = 0.35  # distance of the layouts of two pictures
_MOST_UNEXPLAINED = 0.025  # share of what is between them that is no mean of both

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """What is known of the quality of pictures; every array is (pictures,), float32.

    Attributes:
        contrast: standard deviation of luma, 0 to 255.
        black, white: share of pixels that are black or blown out, 0 to 1.
        lights: luma that 99 of 100 pixels do not exceed, 0 to 255.
        blur: 0 for a picture whose every edge is sharp, 1 for one without any detail (Crete et al. 2007).
        faded: how much of another picture shows through, 0 to 0.5; 0 where nobody knows.
    """

    contrast: Floats
    black: Floats
    white: Floats
    lights: Floats
    blur: Floats
    faded: Floats

    def __len__(self) -> int:
        return len(self.contrast)

    def taken(self, rows: npt.NDArray[np.int64]) -> Quality:
        """Return the same of some pictures."""
        return Quality(*(getattr(self, item.name)[rows] for item in fields(self)))


MEASURES = tuple(item.name for item in fields(Quality) if item.name != "faded")  # of one picture alone


def measure_quality(pixels: npt.NDArray[np.uint8]) -> Floats:
    """Return MEASURES of one picture, (len(MEASURES),).

    Args:
        pixels: (height, width, 3), RGB.
    """
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
    luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    counts = np.bincount(luma.ravel(), minlength=256)
    shares = np.cumsum(counts) / luma.size
    lights = float(np.searchsorted(shares, 0.99))
    values = (luma.std(), shares[BLACK], 1 - shares[WHITE - 1], lights, _blur_of(luma.astype(np.float32)))
    return np.array(values, np.float32)


def _blur_of(luma: Floats) -> float:
    """Return how little a picture changes when it is smeared: 0 all that it has is lost, 1 nothing is."""
    import cv2

    blurs = []
    for axis in (0, 1):
        smear = (_SMEAR, 1) if axis else (1, _SMEAR)
        smeared = cv2.blur(luma, smear, borderType=cv2.BORDER_REFLECT)
        steps = np.maximum(np.abs(np.diff(luma, axis=axis)) - _GRAIN, 0)
        left = np.maximum(np.abs(np.diff(smeared, axis=axis)), 0)
        there = float(steps.sum())
        lost = float(np.maximum(steps - left, 0).sum())
        blurs.append(1 - lost / there if there > 0 else 1.0)
    return max(blurs)


def find_mixtures(layouts: Floats) -> Floats:
    """Return how much of another picture shows through each of one film's pictures, in order of time.

    A picture counts as mixed where it is, but for a small rest, a weighted mean of the one before and the one after
    it, and these two differ clearly. Where both lie within the cross-fade as well, or are of other shots, it is not
    seen.

    Args:
        layouts: (pictures, LAYOUT_LENGTH), the linear part of their descriptors.

    Returns:
        (pictures,), from 0, one picture alone, to 0.5, as much of one as of the other.
    """
    mixed = np.zeros(len(layouts), np.float32)
    if len(layouts) < 3:
        return mixed
    before, now, after = layouts[:-2], layouts[1:-1], layouts[2:]
    way = after - before
    length = np.einsum("ij,ij->i", way, way)
    gone = now - before
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.einsum("ij,ij->i", gone, way) / length
        rest = gone - share[:, None] * way
        unexplained = np.einsum("ij,ij->i", rest, rest) / (4 * length * share * (1 - share))
    found = (length > _LEAST_APART**2) & (share > 0) & (share < 1) & (unexplained < _MOST_UNEXPLAINED)
    mixed[1:-1][found] = np.minimum(share, 1 - share)[found]
    return mixed


def quality_of(measured: Floats, faded: Sequence[float] | Floats) -> Quality:
    """Return the quality of pictures from what `measure_quality` gave for each, (pictures, len(MEASURES))."""
    rows = np.asarray(measured, np.float32).reshape(-1, len(MEASURES))
    alone = {name: rows[:, place] for place, name in enumerate(MEASURES)}
    return Quality(**alone, faded=np.asarray(faded, np.float32))
