"""Cuts found in the signals of a film: hard ones, fades and dissolves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp

import numpy as np
import numpy.typing as npt

from rushes.footage.shot import Cut
from rushes.footage.signals import LUMA_GRID, Signals

# Hard cuts. A cut is a step that stands out: it holds across its neighbours (a flash does not), and the frames
# around it move much less (fast motion does not). `python -m benchmarks.fit_cuts` computes the two numbers.
_HARD_SLOPE, _HARD_MIDDLE = 6.5, 0.85
_HARD_LEAST = 0.1  # unlikeness across a cut, whatever its surroundings
_NEIGHBOURS_SECONDS = Fraction(1, 3)
_REST = 0.05  # unlikeness between frames of a picture at rest, so that noise is not divided by nothing
_APART = 3  # frames; of two hard cuts that are closer the surer one stands

# Fades. A blank picture is one even colour.
_BLANK_CONTRAST = 2.5  # standard deviation of luma
_BLANK_COLOUR_SPREAD = 3.0
_BLANK_SHOT_SECONDS = Fraction(1, 2)  # a longer blank is a shot of its own
_FADE_SECONDS = Fraction(5, 2)  # the longest
_FADE_LEAST_FRAMES = 3  # a quicker one is a hard cut to or from blank

# Dissolves. Of a window of frames: what lies between its ends is a mixture of them, in rising shares.
_LENGTHS_SECONDS = (1 / 3, 1 / 2, 3 / 4, 13 / 12, 19 / 12, 9 / 4)
_LEAST_CHANGE = 8.0  # grey levels between the ends
_LEAST_UNLIKE = 0.06
_ENDS = 3  # frames that are averaged at either end
_CHUNK = 4096  # frames looked at in one go, which bounds the memory
# Of the logistic model by `python -m benchmarks.fit_cuts`: one weight for each of WINDOW_FEATURES, and the constant.
WINDOW_FEATURES = ("residual", "unsteady", "moved_outside", "dip", "change", "unlike", "backwards")
_DISSOLVE_WEIGHTS = (-1.0, -4.0, -1.0, -4.0, 0.5, 1.0, -2.0)
_DISSOLVE_CONSTANT = 0.0

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Stretches of a film in which a dissolve may lie, with what tells whether one does.

    Attributes:
        start: (windows,), row of the last frame before the change.
        length: frames from there to the first after it.
        features: (windows, WINDOW_FEATURES), float32.
    """

    start: npt.NDArray[np.int64]
    length: int
    features: Floats


def find_cuts(signals: Signals) -> tuple[Cut, ...]:
    """Return the cuts of a film, in order.

    Hard cuts are found where a frame differs from the one before far more than its neighbours do from theirs, and goes
    on differing from it; fades where the picture becomes one even colour; dissolves where the frames of a window are
    mixtures of its ends.
    """
    blanks = _blank_runs(signals)
    hard = [cut for cut in _hard_cuts(signals) if not _beside_blank(cut, blanks)]
    fades = [cut for run in blanks for cut in _cuts_of_blank(signals, *run, hard)]
    taken = [*hard, *fades]
    dissolves = [cut for cut in _dissolves(signals) if not _meets(cut, taken)]
    rows = sorted([*_outside_fades(hard, fades), *fades, *dissolves], key=lambda cut: cut.ordinal)
    return tuple(_in_ordinals(cut, signals.ordinal) for cut in _one_at_a_place(rows))


def hardness(signals: Signals) -> Floats:
    """Return how much each frame's step stands out from those around it: the logarithm of a ratio, (frames,)."""
    reach = max(3, round(signals.rate * _NEIGHBOURS_SECONDS))
    around = np.zeros(signals.frame_count, np.float32)
    for distance in range(2, reach + 1):
        around[distance:] = np.maximum(around[distance:], signals.step[:-distance])
        around[:-distance] = np.maximum(around[:-distance], signals.step[distance:])
    return np.asarray(np.log((signals.across + 0.02) / (around + _REST)), np.float32)


def windows_of(signals: Signals) -> Iterator[Windows]:
    """Yield the windows whose ends differ enough for a dissolve, of each length, in chunks."""
    for seconds in _LENGTHS_SECONDS:
        length = max(4, round(float(signals.rate) * seconds))
        step = max(1, length // 8)
        for first in range(0, signals.frame_count, _CHUNK):
            low, high = max(0, first - length), min(signals.frame_count, first + _CHUNK + 2 * length)
            rows = signals.signature[low:high].astype(np.float32)
            starts = np.arange(
                max(first - low, _ENDS - 1), min(first + _CHUNK - low, len(rows) - length - _ENDS + 1), step
            )
            if len(starts):
                found = _windows_in(rows, starts, length)
                yield Windows(found.start + low, length, found.features)


def _windows_in(rows: Floats, starts: npt.NDArray[np.int64], length: int) -> Windows:
    """Return those of some windows whose ends differ, with their features."""
    ends = np.add.reduce([rows[starts - back] for back in range(_ENDS)]) / _ENDS
    later = np.add.reduce([rows[starts + length + on] for on in range(_ENDS)]) / _ENDS
    way = later - ends
    squared = np.einsum("ij,ij->i", way, way)
    change = np.sqrt(squared / rows.shape[1])
    unlike = _unlike(ends, later)
    kept = (change > _LEAST_CHANGE) & (unlike > _LEAST_UNLIKE)
    starts, ends, later, way, squared = starts[kept], ends[kept], later[kept], way[kept], squared[kept]
    count = len(starts)
    shares = np.empty((length + 1, count), np.float32)
    misses = np.empty((length + 1, count), np.float32)
    for on in range(length + 1):
        moved = rows[starts + on] - ends
        shares[on] = np.einsum("ij,ij->i", moved, way) / squared
        misses[on] = np.sqrt(np.maximum(np.einsum("ij,ij->i", moved, moved) / squared - shares[on] ** 2, 0))
    middle = slice(length // 4, length - length // 4 + 1)
    line = np.linspace(0, 1, length + 1, dtype=np.float32)[:, None]
    outside = length // 2
    before = np.linalg.norm(rows[np.maximum(starts - outside, 0)] - ends, axis=1)
    after = np.linalg.norm(rows[np.minimum(starts + length + outside, len(rows) - 1)] - later, axis=1)
    contrast = (_contrast(ends) + _contrast(later)) / 2
    features = np.stack(
        [
            np.log(misses[middle].mean(axis=0) + 0.03),
            np.abs(shares - line).max(axis=0, initial=0),
            np.log(np.minimum(np.maximum(before, after) / np.sqrt(squared), 3) + 0.05),
            np.minimum(_contrast(rows[starts + length // 2]) / (contrast + 1), 2),
            np.log(change[kept]),
            np.minimum(unlike[kept], 1),
            np.minimum(np.clip(-np.diff(shares, axis=0), 0, None).sum(axis=0), 2),
        ],
        axis=1,
    )
    return Windows(starts, length, np.asarray(features, np.float32))


def _dissolves(signals: Signals) -> list[Cut]:
    """Return dissolves, by rows; where windows overlap, the surest."""
    found: list[tuple[float, int, int]] = []
    for windows in windows_of(signals):
        levels = windows.features @ np.asarray(_DISSOLVE_WEIGHTS, np.float32) + _DISSOLVE_CONSTANT
        for row in np.flatnonzero(levels > 0):
            found.append((float(levels[row]), int(windows.start[row]), windows.length))
    cuts: list[Cut] = []
    for level, start, length in sorted(found, reverse=True):
        first, stop = start + 1, start + length
        if all(stop <= cut.start or first >= cut.stop for cut in cuts):
            cuts.append(Cut((first + stop) // 2, "dissolve", first, stop, _sigmoid(level)))
    return cuts


def _hard_cuts(signals: Signals) -> list[Cut]:
    """Return hard cuts, by rows; of several within a few frames the surest."""
    level = _HARD_SLOPE * (hardness(signals) - _HARD_MIDDLE)
    rows = np.flatnonzero((level > 0) & (signals.across > _HARD_LEAST))
    rows = rows[rows > 0]
    cuts: list[Cut] = []
    for row in sorted(rows.tolist(), key=lambda row: (-level[row], row)):
        if all(abs(row - cut.ordinal) >= _APART for cut in cuts):
            cuts.append(Cut(row, "hard", row, row, _sigmoid(float(level[row]))))
    return cuts


def _blank_runs(signals: Signals) -> list[tuple[int, int]]:
    """Return the stretches of rows that show one even colour, `[start, stop)`."""
    blank = is_blank(signals)
    edges = np.flatnonzero(np.diff(blank.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def is_blank(signals: Signals) -> npt.NDArray[np.bool_]:
    """Return for each frame whether it shows nothing but one even colour, (frames,)."""
    planes = signals.signature[:, LUMA_GRID[0] * LUMA_GRID[1] :].reshape(signals.frame_count, 2, -1)
    spread = planes.max(axis=2).astype(np.float32) - planes.min(axis=2)
    even = spread.max(axis=1, initial=0) <= 2 * _BLANK_COLOUR_SPREAD
    return np.asarray((signals.contrast < _BLANK_CONTRAST) & even, np.bool_)


def _cuts_of_blank(signals: Signals, start: int, stop: int, hard: Sequence[Cut]) -> list[Cut]:
    """Return the cuts that a blank stretch stands for: one through it, or one at either end of a long one."""
    first, last = 0, signals.frame_count
    fade_start, fade_stop = _fade_out(signals, start), _fade_in(signals, stop)
    out, into = start - fade_start >= _FADE_LEAST_FRAMES, fade_stop - stop >= _FADE_LEAST_FRAMES
    if start == first or stop == last:
        at_edge = [] if start == first and stop == last else [_edge_cut(start, stop, fade_start, fade_stop, first)]
        long = stop - start >= signals.rate * _BLANK_SHOT_SECONDS
        return at_edge if long else []
    if stop - start >= signals.rate * _BLANK_SHOT_SECONDS:
        return [
            Cut(start, "fade", fade_start, start) if out else Cut(start, "hard", start, start),
            Cut(stop, "fade", stop, fade_stop) if into else Cut(stop, "hard", stop, stop),
        ]
    if not out and not into and _comes_back(signals, start, stop):
        return []  # a blank frame within a shot: a flash, or a damaged frame
    if not out and not into:
        return [Cut(stop, "hard", stop, stop)]
    # One picture goes and another comes: the cut is where nothing of either is seen.
    middle = (start + stop) // 2 if out and into else stop if out else start
    return [Cut(middle, "fade", fade_start, max(fade_stop, middle))]


def _edge_cut(start: int, stop: int, fade_start: int, fade_stop: int, first: int) -> Cut:
    if start == first:
        return Cut(stop, "fade", stop, fade_stop) if fade_stop > stop else Cut(stop, "hard", stop, stop)
    return Cut(start, "fade", fade_start, start) if fade_start < start else Cut(start, "hard", start, start)


def _fade_out(signals: Signals, start: int) -> int:
    """Return the row at which the picture begins to go into the blank that begins at `start`."""
    limit = max(0, start - round(signals.rate * _FADE_SECONDS))
    return start - _rising(signals.contrast[limit:start][::-1])


def _fade_in(signals: Signals, stop: int) -> int:
    """Return the row at which the picture is whole again after the blank that ends at `stop`."""
    limit = min(signals.frame_count, stop + round(signals.rate * _FADE_SECONDS))
    return stop + _rising(signals.contrast[stop:limit])


def _rising(contrast: Floats) -> int:
    """Return for how many frames contrast grows steadily away from a blank; 0 where it jumps at once."""
    if not len(contrast):
        return 0
    top, length = float(contrast[0]), 0
    whole = float(contrast.max())
    if top > 0.6 * whole:
        return 0
    for number, value in enumerate(contrast):
        if value < top * 0.97:
            break
        if value > top * 1.01:
            length = number
        top = max(top, float(value))
        if top > 0.97 * whole:
            break
    return length + 1


def _comes_back(signals: Signals, start: int, stop: int) -> bool:
    """Return whether the picture after a short blank is the one before it."""
    before, after = (signals.signature[row][None].astype(np.float32) for row in (start - 1, stop))
    return float(_unlike(before, after)[0]) < 0.25


def _beside_blank(cut: Cut, blanks: Sequence[tuple[int, int]]) -> bool:
    return any(start - 1 <= cut.ordinal <= stop + 1 for start, stop in blanks)


def _outside_fades(hard: Sequence[Cut], fades: Sequence[Cut]) -> list[Cut]:
    """Return the hard cuts that are not a fade's own beginning or end."""
    return [cut for cut in hard if all(not fade.start <= cut.ordinal <= fade.stop for fade in fades)]


def _meets(cut: Cut, others: Sequence[Cut]) -> bool:
    return any(cut.start - 1 <= other.stop and other.start <= cut.stop + 1 for other in others)


def _one_at_a_place(cuts: Sequence[Cut]) -> list[Cut]:
    """Return cuts of which no two are at one frame, nor at the very beginning."""
    kept: list[Cut] = []
    for cut in cuts:
        if cut.ordinal > 0 and (not kept or cut.ordinal > kept[-1].ordinal):
            kept.append(cut)
    return kept


def _in_ordinals(cut: Cut, ordinal: npt.NDArray[np.int64]) -> Cut:
    """Return a cut that is stated in rows of the signals in ordinals of the film."""
    last = len(ordinal) - 1
    at = [int(ordinal[min(row, last)]) + max(0, row - last) for row in (cut.ordinal, cut.start, cut.stop)]
    return Cut(at[0], cut.kind, at[1], at[2], cut.confidence)


def _unlike(one: Floats, other: Floats) -> Floats:
    """Return how unlike the luma of signatures is, 0 to 1, brightness and contrast aside, row by row."""
    luma = LUMA_GRID[0] * LUMA_GRID[1]
    a = one[:, :luma] - one[:, :luma].mean(axis=1, keepdims=True)
    b = other[:, :luma] - other[:, :luma].mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    least = 2.0 * luma**0.5
    flat = (lengths[0] < least) | (lengths[1] < least)
    both = (lengths[0] < least) & (lengths[1] < least)
    alike = np.einsum("ij,ij->i", a, b) / np.maximum(lengths[0] * lengths[1], 1e-6)
    return np.asarray(np.where(flat, np.where(both, 0.0, 1.0), 1 - np.maximum(alike, 0)), np.float32)


def _contrast(rows: Floats) -> Floats:
    return np.asarray(rows[:, : LUMA_GRID[0] * LUMA_GRID[1]].std(axis=1), np.float32)


def _sigmoid(level: float) -> float:
    return 1 / (1 + exp(-max(-60.0, min(60.0, level))))
