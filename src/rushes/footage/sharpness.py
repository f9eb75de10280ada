"""How sharp a picture is, part by part and in each direction, told from the width of its edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UNIT = 1024  # blur is stated in parts of the long side: 1 is one pixel of a picture this long
HALF = 2.0  # blur at which sharpness is one half
GRID = 14  # cells along each side of a map, as in `rushes.footage.subject`

_NEAR, _FAR = 0.6, 1.5  # pixels: an edge is held against itself, smoothed by the second instead of the first
_SOBEL = 1 / 3  # squared pixels: what the central difference smooths by
_PIXEL = 1 / 12  # squared pixels: what a pixel smooths by
_DEPTH = 8  # steps that a level of luma is divided into
_STEP = 8 * _DEPTH  # what Sobel answers to a slope of one level per pixel
_LEAST_SLOPE = 1.5  # levels per pixel that an edge must rise by, smoothed by _FAR
_OVER_NOISE = 5.0  # times the slope that noise alone makes
_DOUBT = 3.0  # standard deviations of what noise may have added, which is taken off too
_LEAST_POINTS = 16  # of edges, that a part must have for its sharpness to be told
_MOST_POINTS = 30_000  # of one picture; of more, every second or third tells as much
_BROADEST = 12.0  # pixels of blur beyond which edges can no longer be measured
_SHARPEST = 0.85  # share of the parts that may be softer than what speaks for the picture
_DIRECTIONS = 12  # in half a turn

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Edges:
    """The points along the edges of one picture.

    Attributes:
        width, height: of the picture, pixels.
        across, down: (points,), their places in pixels.
        near, far: (points,), squared slope where the picture is smoothed little, and more, (levels per pixel)².
        near_noise, far_noise: what noise adds to each.
        angles: (points,), direction in which the luma changes, radians, 0 to pi, clockwise from the right.
    """

    width: int
    height: int
    across: Floats
    down: Floats
    near: Floats
    far: Floats
    near_noise: float
    far_noise: float
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
    fine = luma.astype(np.int16) * _DEPTH
    near, far = (cv2.GaussianBlur(fine, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for sigma in (_NEAR, _FAR))
    slopes = [cv2.Sobel(smooth, cv2.CV_16S, *axes) for smooth in (near, far) for axes in ((1, 0), (0, 1))]
    near_noise, far_noise = (noise**2 / (4 * np.pi * (sigma**2 + _SOBEL) ** 2) for sigma in (_NEAR, _FAR))
    # Edges are looked for where the picture is smoothed more: those of noise and of fine texture, whose neighbours
    # spoil the ratio, do not stand there.
    least = _STEP * max(_LEAST_SLOPE, _OVER_NOISE * float(np.sqrt(far_noise / 2)))
    places = np.flatnonzero(cv2.Canny(slopes[2], slopes[3], least / 2, least, L2gradient=True) != 0)
    places = places[:: 1 + len(places) // _MOST_POINTS]
    down, across = np.divmod(places, width)
    near_right, near_down, far_right, far_down = (
        one.ravel().take(places).astype(np.float32) * np.float32(1 / _STEP) for one in slopes
    )
    far_slope = far_right**2 + far_down**2
    # No edge loses more by smoothing than a perfect one; lines and texture do, and would count for more than they say.
    most = (_FAR**2 + _SOBEL + _PIXEL) / (_NEAR**2 + _SOBEL + _PIXEL)
    return Edges(
        width,
        height,
        np.asarray(across, np.float32),
        np.asarray(down, np.float32),
        np.minimum(near_right**2 + near_down**2, np.float32(most) * far_slope),
        far_slope,
        near_noise,
        far_noise,
        np.asarray(np.arctan2(far_down, far_right) % np.pi, np.float32),
    )


def _sums(edges: Edges, groups: npt.NDArray[np.intp], count: int) -> list[npt.NDArray[np.float64]]:
    """Return the sums of `near` and of `far`, and the number of points, of each of `count` groups."""
    ones = np.ones(len(groups), np.float32)
    return [np.asarray(np.bincount(groups, one, count), np.float64) for one in (edges.near, edges.far, ones)]


def _blur(
    edges: Edges, near: npt.NDArray[np.float64], far: npt.NDArray[np.float64], points: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the squared blur of groups of edges, 0 or more: beyond what pixels themselves have, in squared UNITs.

    An ideal edge blurred by s has its steepest slope in proportion to 1 / s, so the ratio of its slopes after two
    smoothings of known size tells s (Zhuo and Sim 2011). Where noise leaves doubt, a group counts as the softer.

    Args:
        near, far: sums of `Edges.near` and `Edges.far` over each group.
        points: how many each has.
    """
    doubt = _DOUBT * np.sqrt(edges.near_noise * (2 * near + edges.near_noise * points))
    clean = np.maximum(near - edges.near_noise * points - doubt, 0)
    ratio = clean / np.maximum(far - edges.far_noise * points, 1e-6)
    a, b = _NEAR**2 + _SOBEL, _FAR**2 + _SOBEL
    blur = np.where(ratio <= 1, np.inf, (b - ratio * a) / np.maximum(ratio - 1, 1e-3))
    return np.asarray(np.clip(blur - _PIXEL, 0, _BROADEST**2) * edges.pixel**2, np.float64)


def sharpness_of(edges: Edges, chosen: npt.NDArray[np.bool_] | None = None) -> float:
    """Return how sharp the chosen points of edges are, 0 to 1; NaN where they are too few to tell.

    1 is as sharp as pixels allow, 0.5 a blur of HALF thousandths of the long side (a Gaussian's standard deviation).
    """
    near, far = (edges.near, edges.far) if chosen is None else (edges.near[chosen], edges.far[chosen])
    if len(near) < _LEAST_POINTS:
        return float("nan")
    sums = [np.array(value, np.float64) for value in (near.sum(dtype=float), far.sum(dtype=float), len(near))]
    return float(_sharpness(_blur(edges, sums[0], sums[1], sums[2])))


def sharpness_map(edges: Edges) -> npt.NDArray[np.float64]:
    """Return how sharp each part of a picture is, (GRID, GRID), 0 to 1; NaN where there are too few edges to tell."""
    columns = np.minimum(edges.across * GRID / edges.width, GRID - 1).astype(np.intp)
    cells = np.minimum(edges.down * GRID / edges.height, GRID - 1).astype(np.intp) * GRID + columns
    near, far, points = _sums(edges, cells, GRID * GRID)
    values = np.where(points >= _LEAST_POINTS, _sharpness(_blur(edges, near, far, points)), np.nan)
    return np.asarray(values.reshape(GRID, GRID), np.float64)


def sharpest_of(edges: Edges, parts: npt.NDArray[np.float64]) -> float:
    """Return the sharpness of the sharper parts of a picture, 0 to 1; 0 where there is no edge at all.

    Args:
        parts: the map of these edges; where no part has enough of them, all together speak for the picture.
    """
    known = parts[np.isfinite(parts)]
    return float(np.quantile(known, _SHARPEST) if len(known) else np.nan_to_num(sharpness_of(edges)))


def _sharpness(blur: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.exp2(-np.sqrt(blur) / HALF), np.float64)


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
    near, far, points = _sums(edges, bins, _DIRECTIONS)
    known = points >= _LEAST_POINTS
    if known.sum() < _DIRECTIONS // 2:
        return Smear(0.0, 0.0, 0.0)
    angle = np.flatnonzero(known) * turn
    blur = _blur(edges, near[known], far[known], points[known])
    rows = np.stack([np.cos(angle) ** 2, 2 * np.cos(angle) * np.sin(angle), np.sin(angle) ** 2], axis=1)
    right, mixed, down = np.linalg.lstsq(rows, blur, rcond=None)[0]
    values, vectors = np.linalg.eigh(np.array([[right, mixed], [mixed, down]]))
    across, along = np.sqrt(np.maximum(values, 0))
    direction = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180)
    return Smear(float(along), float(across), direction)
