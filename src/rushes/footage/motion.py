"""Global motion between two frames of a film: how the picture as a whole shifts, grows and turns."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, log
from typing import Any

import numpy as np
import numpy.typing as npt

_CORNERS = 72
_CORNER_QUALITY = 0.01  # of the best corner's
_CORNER_DISTANCE = 7  # pixels of the small luma
_WINDOW = (9, 9)
_LEVELS = 2  # halvings of the picture, so that fast pans are followed too
_ROUND_TRIP_PIXELS = 0.4  # a corner that is not found back where it started is let go
_FEWEST = 8  # corners for a fit
_SHRUNK_CORE = 0.55  # of the half frame; what is farther out is mostly background
_NOISE_PIXELS = 0.12  # how exactly a corner is followed
_ROUNDS = 3
MEAN_RADIUS = 0.29  # frame widths: mean distance of a frame's pixels from its centre
_BAR_LEVEL = 28  # luma; rows that stay below it from the edge inwards are bars

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Motion:
    """How the picture moved from one frame to a later one, as a similarity; rates are per second.

    Attributes:
        pan_x, pan_y: shift of the picture's content at the centre, in frame widths per second, to the right and
            downwards; a camera that pans right moves the content left.
        zoom: growth as a natural logarithm per second; above 0 the camera pushes in, below 0 it pulls out.
        roll: turn of the content, radians per second, clockwise on the screen.
        residual: how far the followed corners stand from the fit, median, in frame widths per second.
        support: share of the frame's corners that the fit explains, 0 to 1; 0 where nothing could be followed.
        ring_zoom: `zoom` of the outer part of the frame alone, where background is; that of the whole where the ring
            has too few corners.
        outward: -1 to 1, the mean vote of the corners on whether they move away from the centre of motion: says push
            or pull even where depth makes the speeds differ.
    """

    pan_x: float = 0.0
    pan_y: float = 0.0
    zoom: float = 0.0
    roll: float = 0.0
    residual: float = 0.0
    support: float = 0.0
    ring_zoom: float = 0.0
    outward: float = 0.0

    def rates(self) -> tuple[float, ...]:
        """Return all of it, in the order of the attributes."""
        return (self.pan_x, self.pan_y, self.zoom, self.roll, self.residual, self.support, self.ring_zoom, self.outward)


NO_MOTION = Motion()


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """A frame made ready for being followed.

    Attributes:
        seconds: when it is shown.
        luma: (height, width), uint8, brought to an even contrast.
        corners: (corners, 1, 2), float32, pixels.
    """

    seconds: float
    luma: Pixels
    corners: npt.NDArray[np.float32]


def prepare(luma: Pixels, seconds: float) -> Tracked:
    """Return a small luma picture made ready; bars at its edges get no corners.

    Args:
        luma: (height, width), uint8.
    """
    import cv2

    low, spread = (float(value[0, 0]) for value in cv2.meanStdDev(luma))
    # Dark frames keep their corners; nothing is amplified so far that noise becomes one.
    gain = float(np.clip(48 / max(spread, 1e-3), 0.5, 4))
    even = cv2.convertScaleAbs(luma, alpha=gain, beta=max(0.0, 110 - gain * low))
    corners = cv2.goodFeaturesToTrack(even, _CORNERS, _CORNER_QUALITY, _CORNER_DISTANCE, mask=_within_bars(luma))
    found = np.zeros((0, 1, 2), np.float32) if corners is None else np.asarray(corners, np.float32)
    return Tracked(seconds, np.asarray(even, np.uint8), found)


def follow(before: Tracked, after: Tracked) -> Motion:
    """Return the motion from one frame to a later one; NO_MOTION where too little can be followed.

    Corners are followed there and back by pyramidal Lucas-Kanade; a similarity is fitted by least squares that are
    reweighted after Geman and McClure, from a RANSAC start.
    """
    import cv2

    elapsed = after.seconds - before.seconds
    count = len(before.corners)
    if count < _FEWEST or elapsed <= 0:
        return NO_MOTION
    there, found = _find_again(before.luma, after.luma, before.corners)
    back, found_back = _find_again(after.luma, before.luma, there)
    returns = np.abs(back - before.corners).reshape(-1, 2).max(axis=1) < _ROUND_TRIP_PIXELS
    kept = returns & found & found_back
    if np.count_nonzero(kept) < _FEWEST:
        return NO_MOTION
    start, stop = before.corners[kept, 0], there[kept, 0]
    height, width = before.luma.shape
    # Complex numbers: a similarity is d = shift + (growth + turn·i)·p.
    centre = complex(width / 2, height / 2)
    place = (start[:, 0] + 1j * start[:, 1] - centre) / width
    moved = ((stop - start)[:, 0] + 1j * (stop - start)[:, 1]) / width
    matrix, _ = cv2.estimateAffinePartial2D(
        start, stop, method=cv2.RANSAC, ransacReprojThreshold=0.6, maxIters=48, refineIters=0
    )
    guess = (
        _guess_of(matrix, centre, width)
        if matrix is not None
        else (complex(_middle(moved.real), _middle(moved.imag)), 0j)
    )
    noise = _NOISE_PIXELS / width
    shift, factor = _fit(place, moved, *guess, noise=noise)
    errors = np.abs(moved - shift - factor * place)
    inliers = np.count_nonzero(errors < max(3 * noise, 0.1 * abs(shift)))
    ring = np.hypot(place.real * 2, place.imag * 2 * width / height) > _SHRUNK_CORE
    _, ring_factor = (
        _fit(place[ring], moved[ring], shift, factor, noise=noise) if ring.sum() >= _FEWEST else (0, factor)
    )
    distance = np.maximum(np.abs(place), 1e-6)
    radial = ((moved - shift) * np.conj(place)).real / distance
    return Motion(
        pan_x=shift.real / elapsed,
        pan_y=shift.imag / elapsed,
        zoom=log(max(abs(1 + factor), 1e-3)) / elapsed,
        roll=atan2(factor.imag, 1 + factor.real) / elapsed,
        residual=_middle(errors) / elapsed,
        support=float(inliers) / count,
        ring_zoom=log(max(abs(1 + ring_factor), 1e-3)) / elapsed,
        outward=float(np.tanh(radial / noise).mean()),
    )


def _find_again(
    one: Pixels, other: Pixels, corners: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return where corners of one picture are in the other, and which were found."""
    import cv2

    guess: Any = None
    places, found, _ = cv2.calcOpticalFlowPyrLK(
        one, other, corners, guess, winSize=_WINDOW, maxLevel=_LEVELS, criteria=(3, 10, 0.03)
    )
    return np.asarray(places, np.float32), np.asarray(found).ravel() > 0


def _fit(
    place: npt.NDArray[np.complex128],
    moved: npt.NDArray[np.complex128],
    shift: complex,
    factor: complex,
    *,
    noise: float,
) -> tuple[complex, complex]:
    """Return (shift, factor) of the similarity that explains most of the moves."""
    for _ in range(_ROUNDS):
        errors = moved - shift - factor * place
        squares = errors.real**2 + errors.imag**2
        scale = max(2 * _middle(squares), noise * noise)
        weights = (scale / (scale + squares)) ** 2
        total = weights.sum()
        middle, mean = (weights @ place) / total, (weights @ moved) / total
        q = place - middle
        weighted = weights * np.conj(q)
        factor = complex(weighted @ (moved - mean) / max((weighted @ q).real, 1e-9))
        shift = complex(mean - factor * middle)
    return shift, factor


def _middle(values: npt.NDArray[np.float64]) -> float:
    """Return the upper median, at a tenth of what NumPy's takes for so few values."""
    half = len(values) // 2
    return float(np.partition(values, half)[half])


def _guess_of(matrix: npt.NDArray[np.float64], centre: complex, width: int) -> tuple[complex, complex]:
    turn = complex(matrix[0, 0], matrix[1, 0])
    shift = turn * centre + complex(matrix[0, 2], matrix[1, 2]) - centre
    return shift / width, turn - 1


def _within_bars(luma: Pixels) -> Pixels | None:
    """Return a mask without the dark bars at the edges and the steps to them; None where there are none."""
    rows, columns = luma.max(axis=1) > _BAR_LEVEL, luma.max(axis=0) > _BAR_LEVEL
    if rows[0] and rows[-1] and columns[0] and columns[-1]:
        return None
    mask = np.zeros_like(luma)
    if rows.any() and columns.any():
        top, left = int(rows.argmax()), int(columns.argmax())
        bottom, right = len(rows) - int(rows[::-1].argmax()), len(columns) - int(columns[::-1].argmax())
        inside = (slice(top + 3 * (top > 0), bottom - 3 * (bottom < len(rows))),
                  slice(left + 3 * (left > 0), right - 3 * (right < len(columns))))  # fmt: skip
        mask[inside] = 255
    return mask
