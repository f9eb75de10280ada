"""Descriptors of pictures: colour, layout and edges as numbers that are near for pictures that look alike."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

_WIDTH, _HEIGHT = 96, 64  # that every picture is brought to, whatever its shape: pixels
_LAYOUT_SIDE = 32  # of the luma and colour that are transformed
_LUMA_WAVES, _COLOUR_WAVES = 6, 3  # lowest frequencies in each direction
_CELLS = (4, 6)  # rows and columns of cells in which edges are counted
_ORIENTATIONS = 8  # over half a turn: an edge from dark to bright is the same as one from bright to dark
_EDGE_LEVEL = 12.0  # luma steps that edges of a picture are compared with, so that grain on a wall is no edge
_HUES, _TONES = 6, 3  # bins of colour: hues at a saturation worth the name, and grey by brightness
_GREY = 14.0  # distance from grey, 0 to 128, below which a pixel has no hue
# Two pictures that have nothing in common are about 1 apart in the histogram and half as much in each other part. Of
# frames of 41 films 99 of 100 pairs from one shot are then nearer than a pair from two films; with equal weights 98.
_LUMA_WEIGHT, _COLOUR_WEIGHT, _EDGES_WEIGHT, _HISTOGRAM_WEIGHT = 1 / 280, 1 / 102, 0.87, 1 / 0.86

LAYOUT_LENGTH = _LUMA_WAVES**2 + 2 * _COLOUR_WAVES**2
_EDGES_LENGTH = _CELLS[0] * _CELLS[1] * _ORIENTATIONS
_HISTOGRAM_LENGTH = _HUES * _TONES + 2 * _TONES
DESCRIPTOR_LENGTH = LAYOUT_LENGTH + _EDGES_LENGTH + _HISTOGRAM_LENGTH

Floats = npt.NDArray[np.float32]


def descriptor_of(pixels: npt.NDArray[np.uint8]) -> Floats:
    """Return what a picture shows, as a vector whose distance to another's is small where both look alike.

    Four parts: the lowest frequencies of luma and of the two colour differences (where it is bright and what colour
    it is there), edges by direction in a grid of cells (Dalal and Triggs 2005), and a histogram of hue and brightness
    (which stays the same when what is seen moves). The first LAYOUT_LENGTH numbers are linear in the pixels: of a
    cross-fade they are the mean of those of both pictures.

    Args:
        pixels: (height, width, 3), RGB.

    Returns:
        (DESCRIPTOR_LENGTH,), float32.
    """
    import cv2

    small = cv2.resize(np.ascontiguousarray(pixels), (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
    planes = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb), np.uint8)
    luma = planes[:, :, 0].astype(np.float32)
    square = cv2.resize(planes, (_LAYOUT_SIDE, _LAYOUT_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) - 128
    layout = [
        _lowest(square[:, :, 0], _LUMA_WAVES) * _LUMA_WEIGHT,
        _lowest(square[:, :, 1], _COLOUR_WAVES) * _COLOUR_WEIGHT,
        _lowest(square[:, :, 2], _COLOUR_WAVES) * _COLOUR_WEIGHT,
    ]
    parts = [*layout, _edges(luma) * _EDGES_WEIGHT, _histogram(planes) * _HISTOGRAM_WEIGHT]
    return np.concatenate(parts).astype(np.float32)


def _lowest(plane: Floats, count: int) -> Floats:
    """Return the lowest frequencies of a plane, (count * count,); the mean of the plane is the first of them."""
    waves = _waves(count)
    # Of a plane of one value v the first is v times the side; bring all to the scale of pixel values.
    return np.asarray((waves @ plane @ waves.T).ravel() * (2 / _LAYOUT_SIDE), np.float32)


@cache
def _waves(count: int) -> Floats:
    place = (np.arange(_LAYOUT_SIDE) + 0.5) * np.pi / _LAYOUT_SIDE
    waves = np.cos(np.arange(count)[:, None] * place) * np.sqrt(2 / _LAYOUT_SIDE)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)


def _edges(luma: Floats) -> Floats:
    """Return edges by cell and direction, (cells * directions,), of length 1 where there are edges, else near 0."""
    import cv2

    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0, ksize=3) / 8
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1, ksize=3) / 8
    strength, angle = cv2.cartToPolar(across, down)
    place = np.asarray(angle) * (_ORIENTATIONS / np.pi)
    low = np.floor(place)
    share = np.asarray(strength) * (place - low)
    low = low.astype(np.int64) % _ORIENTATIONS
    bins = np.arange(_CELLS[0] * _CELLS[1]).reshape(_CELLS) * _ORIENTATIONS
    cell = np.repeat(np.repeat(bins, _HEIGHT // _CELLS[0], axis=0), _WIDTH // _CELLS[1], axis=1)
    counted = np.bincount((cell + low).ravel(), (strength - share).ravel(), minlength=_EDGES_LENGTH)
    counted += np.bincount((cell + (low + 1) % _ORIENTATIONS).ravel(), share.ravel(), minlength=_EDGES_LENGTH)
    # A root evens out the strongest edges, and after it the length is that of the sum.
    counted = np.sqrt(counted)
    pixels = (_HEIGHT // _CELLS[0]) * (_WIDTH // _CELLS[1])
    floor = np.sqrt(_CELLS[0] * _CELLS[1] * pixels * (_EDGE_LEVEL / 8))
    return np.asarray(counted / max(float(np.linalg.norm(counted)), float(floor)), np.float32)


def _histogram(planes: npt.NDArray[np.uint8]) -> Floats:
    """Return the roots of the shares of hues and tones, (_HISTOGRAM_LENGTH,), of length 1."""
    luma = planes[:, :, 0].astype(np.float32)
    red, blue = (planes[:, :, index].astype(np.float32) - 128 for index in (1, 2))
    tone = np.minimum((luma * (_TONES / 256)).astype(np.int64), _TONES - 1)
    hue = ((np.arctan2(red, blue) / (2 * np.pi) + 0.5) * _HUES).astype(np.int64) % _HUES
    fine = np.minimum((luma * (2 * _TONES / 256)).astype(np.int64), 2 * _TONES - 1)
    bins = np.where(np.hypot(red, blue) < _GREY, _HUES * _TONES + fine, hue * _TONES + tone)
    shares = np.bincount(bins.ravel(), minlength=_HISTOGRAM_LENGTH) / bins.size
    return np.asarray(np.sqrt(shares), np.float32)
