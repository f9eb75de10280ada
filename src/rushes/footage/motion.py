"""Global motion between two frames of a film: how the picture as a whole shifts, grows and turns."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cache
from math import atan2, log
from typing import Any

import numpy as np
import numpy.typing as npt

_CORNERS = 72  # that the similarity is fitted to
_MORE_CORNERS = 40  # fainter ones as well, for what is said of the whole frame: background is often faint
_CORNER_QUALITY, _FAINT_QUALITY = 0.01, 0.003  # of the best corner's
_CORNER_DISTANCE = 7  # pixels of the small luma
_WINDOW = (9, 9)
_LEVELS = 2  # halvings of the picture, so that fast pans are followed too
_ROUND_TRIP_PIXELS = 0.4  # a corner that is not found back where it started is let go
_FEWEST = 8  # corners for a fit
_SHRUNK_CORE = 0.55  # of the half frame; what is farther out is mostly background
_NOISE_PIXELS = 0.12  # how exactly a corner is followed
_STILL_PIXELS = 0.35  # a corner that moves less has not moved
_PARTS = (12, 8)  # of a frame, that each have a vote
_VOTE_LEVELS, _VOTE_SLOPE = 1.5, 0.2  # luma levels, and share of what neither explains, that make a vote sure
_ABSTAINING = 2.0  # parts
_ROUNDS = 3
_FARTHEST_FOCUS = 4.0  # frame widths; farther out the flow is as good as parallel
_LEAST_SPREAD = 0.15  # frame widths between two corners whose distance tells growth
MEAN_RADIUS = 0.29  # frame widths: mean distance of a frame's pixels from its centre
_BAR_LEVEL, _LEAST_BAR_LEVEL = 28, 6  # luma; rows that stay below from the edge inwards are bars: the least in the dark
_BAR_SHARE = 0.25  # of how bright a frame's bright parts are, up to where a row may be a bar
_BRIGHT_PARTS = 0.98  # of the pixels are darker: a lamp in the night does not make the night a bar
_LAMP = 2  # times as bright as these
_LEAST_PICTURE = 0.25  # of the frame; what leaves less is no bar but darkness, unless it is black

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
        found: share of the corners that were found again, whatever they did.
        still: share of the followed corners that did not move at all: of a camera at rest some part of the frame stays,
            however much moves in it.
        rest: -1 to 1, the mean vote of the frame's parts on whether they look as if nothing had moved (above 0) or as
            the motion has it; parts that look the same either way do not vote. It counts areas where corners count
            detail: of a large subject before a plain background, corners see the subject alone.
        ring_pan_x, ring_pan_y: shift of the centre as the outer part alone has it.
        centre_zoom: `zoom` of the inner part alone.
        zoom_x, zoom_y: growth across and down, fitted apart.
        spread_zoom: growth as the typical pair of corners has it, which knows nothing of shift and turn.
        spread_vote: -1 to 1, the mean vote of pairs of corners on whether they move apart.
        focus: distance of the point that the flow comes from, or goes to, from the centre, frame widths, at most 4.
        focus_vote: -1 to 1, how well the corners move away from that point (above 0) or towards it.
    """

    pan_x: float = 0.0
    pan_y: float = 0.0
    zoom: float = 0.0
    roll: float = 0.0
    residual: float = 0.0
    support: float = 0.0
    ring_zoom: float = 0.0
    outward: float = 0.0
    found: float = 0.0
    still: float = 0.0
    rest: float = 0.0
    ring_pan_x: float = 0.0
    ring_pan_y: float = 0.0
    centre_zoom: float = 0.0
    zoom_x: float = 0.0
    zoom_y: float = 0.0
    spread_zoom: float = 0.0
    spread_vote: float = 0.0
    focus: float = 0.0
    focus_vote: float = 0.0

    def rates(self) -> tuple[float, ...]:
        """Return all of it, in the order of the attributes."""
        return astuple(self)


NO_MOTION = Motion()


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """A frame made ready for being followed.

    Attributes:
        seconds: when it is shown.
        luma: (height, width), uint8, brought to an even contrast.
        corners: (corners, 1, 2), float32, pixels, the best first.
        strong: how many of them, from the first on, are no fainter than those that the similarity is fitted to.
    """

    seconds: float
    luma: Pixels
    corners: npt.NDArray[np.float32]
    strong: int


def prepare(luma: Pixels, seconds: float) -> Tracked:
    """Return a small luma picture made ready; bars at its edges get no corners.

    Args:
        luma: (height, width), uint8.
    """
    import cv2

    mask: Any
    mask, most = _picture_of(luma)
    luma = np.minimum(luma, np.uint8(most)) if most < 255 else luma
    low, spread = (float(value[0, 0]) for value in cv2.meanStdDev(luma))
    # Dark frames keep their corners; nothing is amplified so far that noise becomes one.
    gain = float(np.clip(48 / max(spread, 1e-3), 0.5, 4))
    even = cv2.convertScaleAbs(luma, alpha=gain, beta=max(0.0, 110 - gain * low))
    corners, qualities = cv2.goodFeaturesToTrackWithQuality(
        even, _CORNERS + _MORE_CORNERS, _FAINT_QUALITY, _CORNER_DISTANCE, mask=mask
    )
    if corners is None:
        return Tracked(seconds, np.asarray(even, np.uint8), np.zeros((0, 1, 2), np.float32), 0)
    quality = np.asarray(qualities).ravel()
    # Corners come the best first, so that the fainter ones take no place from those before them.
    least = _CORNER_QUALITY * max(float(quality[0]), _best_at_edges(np.asarray(even, np.uint8), mask))
    strong = min(_CORNERS, int(np.count_nonzero(quality > least)))
    return Tracked(seconds, np.asarray(even, np.uint8), np.asarray(corners, np.float32).reshape(-1, 1, 2), strong)


def _best_at_edges(luma: Pixels, mask: Pixels | None) -> float:
    """Return the quality of the best corner on the outermost pixels: OpenCV measures by it, and never returns it."""
    import cv2

    best = 0.0
    for turn in range(4):
        # The outermost row depends on the two within it.
        edge = np.ascontiguousarray(np.rot90(luma, turn)[:4])
        quality = cv2.cornerMinEigenVal(edge, 3)[0]
        if mask is not None:
            quality = quality[np.rot90(mask, turn)[0] > 0]
        best = max(best, float(quality.max(initial=0)))
    return best


def follow(before: Tracked, after: Tracked) -> Motion:
    """Return the motion from one frame to a later one; NO_MOTION where too little can be followed.

    Corners are followed there and back by pyramidal Lucas-Kanade; a similarity is fitted by least squares that are
    reweighted after Geman and McClure, from a RANSAC start.
    """
    import cv2

    elapsed = after.seconds - before.seconds
    if before.strong < _FEWEST or elapsed <= 0:
        return NO_MOTION
    there, found = _find_again(before.luma, after.luma, before.corners)
    back, found_back = _find_again(after.luma, before.luma, there)
    returns = np.abs(back - before.corners).reshape(-1, 2).max(axis=1) < _ROUND_TRIP_PIXELS
    kept = returns & found & found_back
    strong = int(np.count_nonzero(kept[: before.strong]))
    if strong < _FEWEST:
        return NO_MOTION
    start, stop = before.corners[kept, 0], there[kept, 0]
    height, width = before.luma.shape
    # Complex numbers: a similarity is d = shift + (growth + turn·i)·p.
    centre = complex(width / 2, height / 2)
    place = (start[:, 0] + 1j * start[:, 1] - centre) / width
    moved = ((stop - start)[:, 0] + 1j * (stop - start)[:, 1]) / width
    matrix, _ = cv2.estimateAffinePartial2D(
        start[:strong], stop[:strong], method=cv2.RANSAC, ransacReprojThreshold=0.6, maxIters=48, refineIters=0
    )
    core, core_moved = place[:strong], moved[:strong]
    guess = (
        _guess_of(matrix, centre, width)
        if matrix is not None
        else (complex(_middle(core_moved.real), _middle(core_moved.imag)), 0j)
    )
    noise = _NOISE_PIXELS / width
    shift, factor = _fit(core, core_moved, *guess, noise=noise)
    errors = np.abs(core_moved - shift - factor * core)
    inliers = np.count_nonzero(errors < max(3 * noise, 0.1 * abs(shift)))
    outer = np.hypot(place.real * 2, place.imag * 2 * width / height) > _SHRUNK_CORE
    ring = outer[:strong]
    _, ring_factor = (
        _fit(core[ring], core_moved[ring], shift, factor, noise=noise) if ring.sum() >= _FEWEST else (0, factor)
    )
    distance = np.maximum(np.abs(core), 1e-6)
    radial = ((core_moved - shift) * np.conj(core)).real / distance
    return Motion(
        pan_x=shift.real / elapsed,
        pan_y=shift.imag / elapsed,
        zoom=_growth(factor) / elapsed,
        roll=atan2(factor.imag, 1 + factor.real) / elapsed,
        residual=_middle(errors) / elapsed,
        support=float(inliers) / before.strong,
        ring_zoom=_growth(ring_factor) / elapsed,
        outward=float(np.tanh(radial / noise).mean()),
        found=len(place) / len(before.corners),
        still=float(np.count_nonzero(np.abs(moved) < _STILL_PIXELS / width)) / len(moved),
        rest=_vote_for_rest(before.luma, after.luma, shift * width, factor),
        **_look_closer(place, moved, shift, factor, outer=outer, noise=noise, elapsed=elapsed),
    )


def _vote_for_rest(before: Pixels, after: Pixels, shift: complex, factor: complex) -> float:
    """Return the vote of a frame's parts on whether rest or a similarity, in pixels, explains the later one better."""
    import cv2

    height, width = before.shape
    turn, centre = 1 + factor, complex(width / 2, height / 2)
    moved = centre + shift - turn * centre
    matrix = np.array([[turn.real, -turn.imag, moved.real], [turn.imag, turn.real, moved.imag]])
    carried = cv2.warpAffine(before, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    misses = [
        cv2.resize(cv2.absdiff(after, one).astype(np.float32), _PARTS, interpolation=cv2.INTER_AREA)
        for one in (before, carried)
    ]
    better = np.asarray(misses[1] - misses[0]) / (np.asarray(np.minimum(*misses)) * _VOTE_SLOPE + _VOTE_LEVELS)
    votes = np.tanh(better)
    return float(votes.sum() / (np.abs(votes).sum() + _ABSTAINING))


def _look_closer(
    place: npt.NDArray[np.complex128],
    moved: npt.NDArray[np.complex128],
    shift: complex,
    factor: complex,
    *,
    outer: npt.NDArray[np.bool_],
    noise: float,
    elapsed: float,
) -> dict[str, float]:
    """Return what all corners say beside the similarity: those far out and far in, along each axis, in pairs."""
    ring_shift, _ = _fit(place[outer], moved[outer], shift, factor, noise=noise) if _many(outer) else (shift, factor)
    _, inner = _fit(place[~outer], moved[~outer], shift, factor, noise=noise) if _many(~outer) else (shift, factor)
    errors = moved - shift - factor * place
    squares = errors.real**2 + errors.imag**2
    scale = max(2 * _middle(squares), noise * noise)
    weights = (scale / (scale + squares)) ** 2
    along, down = _axes(place, moved, weights)
    spread, vote = _spread(place, moved, noise)
    focus, focus_vote = _focus(place, moved, weights, noise)
    return {
        "ring_pan_x": ring_shift.real / elapsed,
        "ring_pan_y": ring_shift.imag / elapsed,
        "centre_zoom": _growth(inner) / elapsed,
        "zoom_x": log(max(1 + along, 1e-3)) / elapsed,
        "zoom_y": log(max(1 + down, 1e-3)) / elapsed,
        "spread_zoom": spread / elapsed,
        "spread_vote": vote,
        "focus": focus,
        "focus_vote": focus_vote,
    }


def _many(chosen: npt.NDArray[np.bool_]) -> bool:
    return int(np.count_nonzero(chosen)) >= _FEWEST


def _growth(factor: complex) -> float:
    return log(max(abs(1 + factor), 1e-3))


def _axes(
    place: npt.NDArray[np.complex128], moved: npt.NDArray[np.complex128], weights: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Return the growth across and the growth down of an affine fit by weighted least squares."""
    columns = np.stack([np.ones(len(place)), place.real, place.imag])
    weighted = columns * weights
    normal = weighted @ columns.T + 1e-7 * np.eye(3)
    across, down = np.linalg.solve(normal, np.stack([weighted @ moved.real, weighted @ moved.imag], axis=1)).T
    return float(across[1]), float(down[2])


def _spread(place: npt.NDArray[np.complex128], moved: npt.NDArray[np.complex128], noise: float) -> tuple[float, float]:
    """Return how much the typical pair of corners moves apart, as a logarithm, and the vote of all pairs."""
    one, other = _pairs_of(len(place))
    between = place[other] - place[one]
    square = between.real**2 + between.imag**2
    wide = square > _LEAST_SPREAD**2
    if np.count_nonzero(wide) < _FEWEST:
        return 0.0, 0.0
    between, square = between[wide], square[wide]
    apart = (moved[other] - moved[one])[wide]
    growth = (apart.real * between.real + apart.imag * between.imag) / square
    vote = np.tanh(growth * np.sqrt(square) / (2 * noise))
    return log(max(1 + _middle(growth), 1e-3)), float(vote.mean())


@cache
def _pairs_of(count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return pairs of corners, each with those a third, a half and other shares of the list away."""
    one = np.arange(count)
    steps = sorted({max(1, count * part // 24) for part in range(1, 12)})
    return np.tile(one, len(steps)), np.concatenate([(one + step) % count for step in steps])


def _focus(
    place: npt.NDArray[np.complex128],
    moved: npt.NDArray[np.complex128],
    weights: npt.NDArray[np.float64],
    noise: float,
) -> tuple[float, float]:
    """Return how far from the centre the lines of flow meet, frame widths, and whether corners move away from there."""
    length = np.abs(moved)
    flow = moved / np.maximum(length, 1e-9)
    # A long move states its direction better than a short one.
    sure = weights * length / (length + 3 * noise)
    across = 1j * flow
    offset = (place * np.conj(across)).real
    xx, xy, yy = (float(sure @ part) for part in (across.real**2, across.real * across.imag, across.imag**2))
    ridge = 1e-3 * (xx + yy) + 1e-9
    xx, yy = xx + ridge, yy + ridge
    right, low = float((sure * offset) @ across.real), float((sure * offset) @ across.imag)
    determinant = xx * yy - xy * xy
    focus = complex((right * yy - low * xy) / determinant, (low * xx - right * xy) / determinant)
    away = place - focus
    aligned = (flow * np.conj(away)).real / np.maximum(np.abs(away), 1e-6)
    return min(abs(focus), _FARTHEST_FOCUS), float(sure @ aligned) / max(float(weights.sum()), 1e-9)


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


def _picture_of(luma: Pixels) -> tuple[Pixels | None, int]:
    """Return where a frame's picture is, and above which luma it has nothing but lamps.

    The picture is a mask without the dark bars at the edges and the steps to them, None where there are none. How dark
    a bar is at most goes by the frame: in a dark one, what is nearly as dark as a bar is the picture. What is far
    brighter than the bright parts of a dark frame would take all corners for itself.
    """
    highest = luma.max(axis=1), luma.max(axis=0)
    if min(int(ends[end]) for ends in highest for end in (0, -1)) > _BAR_LEVEL:
        return None, 255
    reached = np.cumsum(np.bincount(luma.ravel(), minlength=256))
    bright = int(np.searchsorted(reached, _BRIGHT_PARTS * luma.size))
    level = min(max(_BAR_SHARE * bright, _LEAST_BAR_LEVEL), _BAR_LEVEL)
    most = min(255, _LAMP * bright) if level < _BAR_LEVEL else 255
    rows, columns = (line > level for line in highest)
    if rows.sum() * columns.sum() < _LEAST_PICTURE * luma.size:
        rows, columns = (line > _LEAST_BAR_LEVEL for line in highest)
    if rows[0] and rows[-1] and columns[0] and columns[-1]:
        return None, most
    mask = np.zeros_like(luma)
    if rows.any() and columns.any():
        top, left = int(rows.argmax()), int(columns.argmax())
        bottom, right = len(rows) - int(rows[::-1].argmax()), len(columns) - int(columns[::-1].argmax())
        inside = (slice(top + 3 * (top > 0), bottom - 3 * (bottom < len(rows))),
                  slice(left + 3 * (left > 0), right - 3 * (right < len(columns))))  # fmt: skip
        mask[inside] = 255
    return mask, most
