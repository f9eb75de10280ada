"""How sharp a picture is, part by part and in each direction, told from the width of its edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UNIT = 1024  # blur is stated in parts of the long side: 1 is one pixel of a picture this long
HALF = 2.0  # blur at which sharpness is one half
GRID = 14  # cells along each side of a map, as in `rushes.footage.subject`

_NEAR, _FAR = 0.8, 2.0  # pixels: an edge is held against itself, smoothed by the second instead of the first
_SOBEL = 1 / 3  # squared pixels: what the central difference smooths by
_PIXEL = 0.3  # squared pixels: what an edge that is as sharp as pixels allow still has
_DEPTH = 8  # steps that a level of luma is divided into
_STEP = 8 * _DEPTH  # what Sobel answers to a slope of one level per pixel
_LEAST_SLOPE = 2.0  # levels per pixel that an edge must rise by
_OVER_NOISE = 5.0  # times the slope that noise alone makes
_LEAST_POINTS = 12  # of edges, that a part must have for its sharpness to be told
_BROADEST = 12.0  # pixels of blur beyond which edges can no longer be measured
_SHARPEST = 0.9  # share of the parts that may be softer than what speaks for the picture
_DIRECTIONS = 12  # in half a turn

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Edges:
    """The points along the edges of one picture.

    Attributes:
        width, height: of the picture, pixels.
        across, down: (points,), their places in pixels.
        near, far: (points,), squared slope where the picture is smoothed little, and more; less what noise adds.
        angles: (points,), direction in which the luma changes, radians, 0 to pi, clockwise from the right.
    """

    width: int
    height: int
    across: Floats
    down: Floats
    near: Floats
    far: Floats
    angles: Floats

    @property
    def pixel(self) -> float:
        """One pixel in units of blur."""
        return UNIT / max(self.width, self.height)

    def inside(self, box: tuple[float, float, float, float]) -> npt.NDArray[np.bool_]:
        """Return which points lie in a box: left, top, width, height as shares of the picture's sides."""
        left, top, width, height = box
        across, down = self.across / self.width, self.down / self.height
        return (across >= left) & (across < left + width) & (down >= top) & (down < top + height)


def edges_of(luma: npt.NDArray[np.uint8], *, noise: float) -> Edges:
    """Return the points along the edges of a picture.

    Args:
        luma: (height, width).
        noise: standard deviation of its grain (`rushes.footage.grain`); what grain makes is no edge.
    """
    import cv2

    height, width = luma.shape
    fine = cv2.convertScaleAbs(luma).astype(np.int16) * _DEPTH
    near, far = (cv2.GaussianBlur(fine, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for sigma in (_NEAR, _FAR))
    right, downward = (cv2.Sobel(near, cv2.CV_16S, *axes) for axes in ((1, 0), (0, 1)))
    grain = {sigma: noise**2 / (8 * np.pi * (sigma**2 + _SOBEL) ** 2) for sigma in (_NEAR, _FAR)}  # per direction
    least = max(_LEAST_SLOPE, _OVER_NOISE * float(np.sqrt(grain[_NEAR])))
    found = cv2.Canny(right, downward, least / 2 * _STEP, least * _STEP, L2gradient=True)
    down, across = np.nonzero(found)
    steps = [one[down, across].astype(np.float32) / _STEP for one in (right, downward)]
    later = [cv2.Sobel(far, cv2.CV_16S, *axes)[down, across].astype(np.float32) / _STEP for axes in ((1, 0), (0, 1))]
    return Edges(
        width,
        height,
        across.astype(np.float32),
        down.astype(np.float32),
        steps[0] ** 2 + steps[1] ** 2 - np.float32(2 * grain[_NEAR]),
        later[0] ** 2 + later[1] ** 2 - np.float32(2 * grain[_FAR]),
        np.asarray(np.arctan2(steps[1], steps[0]) % np.pi, np.float32),
    )


def blur_of(near: npt.NDArray[np.floating], far: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the squared blur of edges in squared pixels, beyond what pixels themselves have; 0 or more.

    An ideal edge blurred by s has its steepest slope in proportion to 1 / s, so the ratio of its slopes after two
    smoothings of known size tells s (Zhuo and Sim 2011). What sums several edges is given the sums of their squares.
    """
    a, b = _NEAR**2 + _SOBEL, _FAR**2 + _SOBEL
    ratio = np.maximum(near, 0) / np.maximum(far, 1e-6)
    blur = (b - ratio * a) / np.maximum(ratio - 1, 1e-3)
    return np.asarray(np.clip(np.where(ratio <= 1, np.inf, blur) - _PIXEL, 0, _BROADEST**2), np.float64)


def sharpness_of(edges: Edges, chosen: npt.NDArray[np.bool_] | None = None) -> float:
    """Return how sharp the chosen points of edges are, 0 to 1; NaN where they are too few to tell.

    1 is as sharp as pixels allow, 0.5 a blur of HALF thousandths of the long side (a Gaussian's standard deviation).
    """
    near, far = (edges.near, edges.far) if chosen is None else (edges.near[chosen], edges.far[chosen])
    if len(near) < _LEAST_POINTS:
        return float("nan")
    return float(_sharpness(blur_of(near.sum(dtype=float), far.sum(dtype=float)), edges.pixel))


def sharpness_map(edges: Edges) -> npt.NDArray[np.float64]:
    """Return how sharp each part of a picture is, (GRID, GRID), 0 to 1; NaN where there are too few edges to tell."""
    columns = np.minimum(edges.across * GRID / edges.width, GRID - 1).astype(np.intp)
    cells = np.minimum(edges.down * GRID / edges.height, GRID - 1).astype(np.intp) * GRID + columns
    near, far = (np.bincount(cells, one, GRID * GRID) for one in (edges.near, edges.far))
    known = np.bincount(cells, minlength=GRID * GRID) >= _LEAST_POINTS
    return np.where(known, _sharpness(blur_of(near, far), edges.pixel), np.nan).reshape(GRID, GRID)


def sharpest_of(parts: npt.NDArray[np.float64]) -> float:
    """Return the sharpness of the sharpest parts of a map, 0 to 1; 0 where there is no edge at all."""
    known = parts[np.isfinite(parts)]
    return float(np.quantile(known, _SHARPEST)) if len(known) else 0.0


def _sharpness(blur: npt.NDArray[np.float64], pixel: float) -> npt.NDArray[np.float64]:
    return np.asarray(np.exp2(-np.sqrt(blur) * pixel / HALF), np.float64)


@dataclass(frozen=True, slots=True)
class Smear:
    """How the blur of a picture differs by direction.

    Attributes:
        along, across: blur (standard deviation) in the direction in which it is largest, and at right angles to it,
            in parts of the long side (see UNIT).
        direction: of the largest, degrees, 0 to 180, clockwise from the right.
    """

    along: float
    across: float
    direction: float

    @property
    def motion(self) -> float:
        """How far one direction is smeared beyond the other, 0 (alike) to 1."""
        return (self.along - self.across) / (self.along + self.across + HALF)


def smear_of(edges: Edges) -> Smear:
    """Return how the blur of a picture differs by direction; none where edges do not run in several directions.

    A blur has a covariance, and an edge shows it along its own normal: edges of all directions together tell it.
    Directions count alike, however many edges run in each.
    """
    turn = np.pi / _DIRECTIONS
    bins = np.round(edges.angles / turn).astype(np.intp) % _DIRECTIONS
    near, far = (np.bincount(bins, one, _DIRECTIONS) for one in (edges.near, edges.far))
    known = np.bincount(bins, minlength=_DIRECTIONS) >= _LEAST_POINTS
    if known.sum() < 4:
        return Smear(0.0, 0.0, 0.0)
    angle = np.flatnonzero(known) * turn
    blur = blur_of(near[known], far[known]) * edges.pixel**2
    rows = np.stack([np.cos(angle) ** 2, 2 * np.cos(angle) * np.sin(angle), np.sin(angle) ** 2], axis=1)
    right, mixed, down = np.linalg.lstsq(rows, blur, rcond=None)[0]
    values, vectors = np.linalg.eigh(np.array([[right, mixed], [mixed, down]]))
    across, along = np.sqrt(np.maximum(values, 0))
    direction = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180)
    return Smear(float(along), float(across), direction)
