"""Cuts found in the signals of a film: hard ones, fades and dissolves."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import accumulate
from math import exp

import numpy as np
import numpy.typing as npt

from rushes.footage.boosted import Boosted, read_boosted
from rushes.footage.motion import MEAN_RADIUS
from rushes.footage.shot import Cut
from rushes.footage.signals import LUMA_GRID, MOTION_COLUMNS, Signals

# Hard cuts. A cut is a step that stands out: it holds across its neighbours (a flash does not), the frames around it
# move much less (fast motion does not), and little of the picture stays as it was (behind a thing that jumps, most
# does). `python -m benchmarks.fit_cuts` computes the numbers.
_HARD_SLOPE, _HARD_MIDDLE = 9.60, 0.87
_HARD_MOST_STAYING = 0.65  # of the picture; of the cuts in what this was fitted to, no more than 0.57 stayed
_HARD_LEAST = 0.1  # unlikeness across a cut, whatever its surroundings
_NEIGHBOURS_SECONDS = Fraction(1, 3)
_BLACK, _SAME_LEVELS = 20, 3  # luma of a cell that is black, and levels by which one may differ that stays
_LEAST_SEEN = 0.25  # of a picture that is not black
_REST = 0.05  # unlikeness between frames of a picture at rest, so that noise is not divided by nothing
_NEIGHBOURS_LIMIT_SECONDS = 1  # frames that are farther apart, as in a slide show, are no neighbours
_LONE = 0.5  # a step of which both neighbours are below this share of it stands alone: it may be another cut
_APART, _APART_SECONDS = 3, Fraction(1, 8)  # of two hard cuts closer than both the surer one stands

# Fades. A blank picture is one even colour.
_BLANK_CONTRAST = 2.5  # standard deviation of luma
_BLANK_COLOUR_SPREAD = 3.0
_GROUND_SHARE, _GROUND_SPREAD = 0.85, 6  # of cells that are even, within so many levels: black behind a caption
_GROUND_DARK, _GROUND_BRIGHT = 40, 220
_GROUND_FADE_SECONDS = Fraction(1, 4)  # a quicker change is no fade where the ground is not blank
_SAME_PICTURE = 0.12  # unlikeness of what comes out of such a ground to what it becomes
_BLANK_SHOT_SECONDS = Fraction(1)  # a longer blank is a shot of its own
_FADE_SECONDS = Fraction(5, 2)  # the longest
_FADE_LEAST_FRAMES = 3  # a quicker one is a hard cut to or from blank
_PLATEAU_SECONDS = Fraction(1, 6)

# Dissolves. Of a window of frames: what lies between its ends is a mixture of them, in rising shares.
_LENGTHS_SECONDS = (1 / 3, 1 / 2, 3 / 4, 13 / 12, 19 / 12, 9 / 4)
_LEAST_CHANGE = 8.0  # grey levels between the ends
_LEAST_UNLIKE = 0.06
_ENDS = 3  # frames that are averaged at either end
_CELLS_DOWN, _CELLS_ALONG = 2, 3  # cells of the signature by which a picture may move within a window
_GONE = 0.06  # share of the way at which a dissolve is taken to begin, and to end
_FOLLOWED = 0.4  # share of corners that a motion explains, for it to count as the camera's
_CHUNK = 4096  # frames looked at in one go, which bounds the memory
WINDOW_FEATURES = (
    "residual",
    "unsteady",
    "moved_outside",
    "dip",
    "change",
    "unlike",
    "backwards",
    "travel",
    "steps",
    "largest_step",
    "largest_drift",
    "least_followed",
)
# In the films that the model was fitted to there is a dissolve every few seconds; in films they are rarer by far.
_DISSOLVE_RARITY = 2.0  # of the odds' logarithm

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
    hard = _hard_cuts(signals)
    rows = [cut.ordinal for cut in hard]
    blanks = _runs(is_blank(signals))
    fades = [cut for run in blanks for cut in _cuts_of_blank(signals, *run, rows)]
    changes = [change for run in blanks for change in _fades_of_blank(signals, *run, rows)]
    captioned = [cut for run in _runs(_is_ground(signals)) for cut in _fades_of_ground(signals, *run, rows)]
    fades += _apart_from(captioned, [*fades, *changes])
    hard = [cut for cut in hard if not _is_edge(cut, blanks)]
    hard = _apart_from(hard, [_widened(cut, round(signals.rate * _GROUND_FADE_SECONDS)) for cut in captioned])
    dissolves = _apart_from(_dissolves(signals), [*hard, *fades, *changes])
    found = sorted([*hard, *fades, *dissolves], key=lambda cut: cut.ordinal)
    return tuple(_in_ordinals(cut, signals.ordinal) for cut in _one_at_a_place(found))


def hard_rows(signals: Signals, first: int, last: int) -> npt.NDArray[np.int64]:
    """Return the rows in `[first, last)` that begin a new picture: hard cuts alone, whatever surrounds the stretch."""
    rows = [cut.ordinal for cut in _hard_cuts(signals.between(first, last))] if last - first > 1 else []
    return np.array(rows, np.int64) + first


def hardness(signals: Signals) -> Floats:
    """Return how much each frame's step stands out from those around it: the logarithm of a ratio, (frames,)."""
    reach = max(3, round(signals.rate * _NEIGHBOURS_SECONDS))
    # A step that stands alone may be the next cut, and says nothing of motion; where things move fast, many are large.
    beside = np.maximum(np.append(signals.step[1:], 0), np.append(0, signals.step[:-1]))
    steps = np.where(beside < _LONE * signals.step, 0, signals.step)
    around = np.zeros(signals.frame_count, np.float32)
    for distance in range(2, min(reach, signals.frame_count - 1) + 1):
        near = signals.seconds[distance:] - signals.seconds[:-distance] <= _NEIGHBOURS_LIMIT_SECONDS
        around[distance:] = np.maximum(around[distance:], np.where(near, steps[:-distance], 0))
        around[:-distance] = np.maximum(around[:-distance], np.where(near, steps[distance:], 0))
    return np.asarray(np.log((signals.across + 0.02) / (around + _REST)), np.float32)


def staying(signals: Signals) -> Floats:
    """Return which share of each frame is as it was on the frame before, (frames,), 0 to 1.

    What is black on both, as bars are, does not count.
    """
    luma = signals.signature[:, : LUMA_GRID[0] * LUMA_GRID[1]]
    share = np.zeros(signals.frame_count, np.float32)
    for first in range(1, signals.frame_count, _CHUNK):
        now = luma[first : first + _CHUNK].astype(np.int16)
        before = luma[first - 1 : first - 1 + len(now)].astype(np.int16)
        seen = np.maximum(now, before) > _BLACK
        seen |= seen.mean(axis=1, keepdims=True) < _LEAST_SEEN  # of a dark picture, all of it
        same = seen & (np.abs(now - before) <= _SAME_LEVELS)
        share[first : first + _CHUNK] = same.sum(axis=1) / seen.sum(axis=1)
    return share


def windows_of(signals: Signals) -> Iterator[Windows]:
    """Yield the windows whose ends differ enough for a dissolve, of each length, in chunks."""
    travel, steps = _travel(signals), np.cumsum(signals.step, dtype=np.float64)
    drift = np.nan_to_num(signals.drift)
    unfollowed = -np.nan_to_num(signals.motion[:, MOTION_COLUMNS.index("support")], nan=1.0)
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
                at = found.start + low
                features = np.empty((len(at), len(WINDOW_FEATURES)), np.float32)
                features[:, :-5] = found.features
                features[:, -5] = travel[at + length] - travel[at]
                features[:, -4] = steps[at + length] - steps[at]
                features[:, -3] = _largest(signals.step, at, length)
                features[:, -2] = _largest(drift, at, length)
                features[:, -1] = -_largest(unfollowed, at, length)
                yield Windows(at, length, features)


def _windows_in(rows: Floats, starts: npt.NDArray[np.int64], length: int) -> Windows:
    """Return those of some windows whose ends differ, with their features."""
    ends = np.add.reduce([rows[starts - back] for back in range(_ENDS)]) / _ENDS
    later = np.add.reduce([rows[starts + length + on] for on in range(_ENDS)]) / _ENDS
    way = later - ends
    squared = np.einsum("ij,ij->i", way, way)
    change = np.sqrt(squared / rows.shape[1])
    apart = unlike(ends, later)
    kept = (change > _LEAST_CHANGE) & (apart > _LEAST_UNLIKE)
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
            _unlike_moved(ends, later),
            np.minimum(np.clip(-np.diff(shares, axis=0), 0, None).sum(axis=0), 2),
        ],
        axis=1,
    )
    return Windows(starts, length, np.asarray(features, np.float32))


@cache
def dissolve_model() -> Boosted:
    """Return the model that tells dissolves from what moves; `python -m benchmarks.fit_cuts` fits it."""
    return read_boosted(files("rushes.footage") / "dissolves.json", WINDOW_FEATURES)


def _travel(signals: Signals) -> npt.NDArray[np.float64]:
    """Return how far the camera has moved up to each frame, in frame widths, where its motion could be followed."""
    pan_x, pan_y, zoom, support = (
        np.nan_to_num(signals.motion[:, MOTION_COLUMNS.index(name)].astype(np.float64))
        for name in ("pan_x", "pan_y", "zoom", "support")
    )
    measured = np.flatnonzero(~np.isnan(signals.motion[:, 0]))
    elapsed = np.zeros(signals.frame_count)
    elapsed[measured] = np.diff(signals.seconds[measured], prepend=signals.seconds[measured[:1]])
    speed = np.hypot(pan_x, pan_y) + MEAN_RADIUS * np.abs(zoom)
    return np.cumsum(np.where(support > _FOLLOWED, speed, 0) * elapsed)


def _largest(values: Floats, starts: npt.NDArray[np.int64], length: int) -> Floats:
    """Return the largest value in each stretch of `length` frames after its start."""
    return np.asarray(np.maximum.reduce([values[starts + on] for on in range(1, length + 1)]), np.float32)


def _dissolves(signals: Signals) -> list[Cut]:
    """Return dissolves, by rows; where windows overlap, the surest."""
    found: list[tuple[float, int, int]] = []
    for windows in windows_of(signals):
        levels = dissolve_model().levels(windows.features)[:, 0] - _DISSOLVE_RARITY
        for row in np.flatnonzero(levels > 0):
            found.append((float(levels[row]), int(windows.start[row]), windows.length))
    by_start = sorted(found, key=lambda item: item[1])
    starts = [start for _, start, _ in by_start]
    longest = max((length for _, _, length in found), default=0)
    cuts: list[Cut] = []
    taken = np.zeros(signals.frame_count + 1, np.bool_)
    for level, start, length in sorted(found, reverse=True):
        if taken[start + 1 : start + length].any():
            continue
        # A long dissolve is one in its middle too; the longest window around it shows where it begins.
        first, last = bisect_left(starts, start + length - longest), bisect_right(starts, start)
        around = [item for item in by_start[first:last] if start + length <= item[1] + item[2]]
        _, start, length = max(around, key=lambda item: (item[2], item[0]))
        cut = _trimmed(signals, start, length, _sigmoid(level))
        taken[cut.start : max(cut.stop, cut.start + 1)] = True
        cuts.append(cut)
    return cuts


def _trimmed(signals: Signals, start: int, length: int, confidence: float) -> Cut:
    """Return the dissolve in a window, which may be longer: from where the first picture begins to go."""
    rows = signals.signature[max(0, start - _ENDS + 1) : start + length + _ENDS].astype(np.float32)
    ends, later = rows[:_ENDS].mean(axis=0), rows[-_ENDS:].mean(axis=0)
    way = later - ends
    shares = (rows - ends) @ way / max(float(way @ way), 1e-6)
    low = rows.shape[0] - length - _ENDS  # row of `start`
    middle = int(np.argmax(shares > 0.5))
    gone = np.flatnonzero(shares[: middle + 1] < _GONE)
    there = np.flatnonzero(shares[middle:] > 1 - _GONE)
    first = int(gone[-1]) + 1 if len(gone) else 0
    stop = middle + int(there[0]) if len(there) else len(shares)
    shift = start - low
    return Cut(middle + shift, "dissolve", max(0, min(first, middle) + shift), max(stop, middle) + shift, confidence)


def _hard_cuts(signals: Signals) -> list[Cut]:
    """Return hard cuts, by rows; of several within a few frames the surest."""
    level = _HARD_SLOPE * (hardness(signals) - _HARD_MIDDLE)
    rows = np.flatnonzero((level > 0) & (signals.across > _HARD_LEAST) & (staying(signals) < _HARD_MOST_STAYING))
    rows = rows[rows > 0]
    apart = max(1, min(_APART, round(signals.rate * _APART_SECONDS)))
    taken = np.zeros(signals.frame_count + apart, np.bool_)
    cuts: list[Cut] = []
    for row in sorted(rows.tolist(), key=lambda row: (-level[row], row)):
        if not taken[row]:
            taken[max(0, row - apart + 1) : row + apart] = True
            cuts.append(Cut(row, "hard", row, row, _sigmoid(float(level[row]))))
    return sorted(cuts, key=lambda cut: cut.ordinal)


def _runs(marked: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches of rows that are marked, `[start, stop)`."""
    edges = np.flatnonzero(np.diff(marked.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def is_blank(signals: Signals) -> npt.NDArray[np.bool_]:
    """Return for each frame whether it shows nothing but one even colour, (frames,)."""
    planes = signals.signature[:, LUMA_GRID[0] * LUMA_GRID[1] :].reshape(signals.frame_count, 2, -1)
    spread = planes.max(axis=2).astype(np.float32) - planes.min(axis=2)
    even = spread.max(axis=1, initial=0) <= 2 * _BLANK_COLOUR_SPREAD
    return np.asarray((signals.contrast < _BLANK_CONTRAST) & even, np.bool_)


def _is_ground(signals: Signals) -> npt.NDArray[np.bool_]:
    """Return for each frame whether nearly all of it is black, or white: with a caption on it, it is not blank."""
    ground = np.zeros(signals.frame_count, np.bool_)
    for first in range(0, signals.frame_count, _CHUNK):
        luma = _cells(signals, first, first + _CHUNK)
        middle = np.median(luma, axis=1)
        even = (np.abs(luma - middle[:, None]) <= _GROUND_SPREAD).mean(axis=1) >= _GROUND_SHARE
        ground[first : first + _CHUNK] = even & ((middle <= _GROUND_DARK) | (middle >= _GROUND_BRIGHT))
    return ground


def _fades_of_ground(signals: Signals, start: int, stop: int, hard: Sequence[int]) -> list[Cut]:
    """Return how pictures go into a ground and come out of it, where they do so slowly and as a whole."""
    if start > 0 and stop < signals.frame_count and _comes_back(signals, start, stop):
        return []  # a flash
    level = float(np.median(_cells(signals, start, stop)))
    first, last = _before(signals, start, hard), _after(signals, stop, hard)
    plateau = round(signals.rate * _PLATEAU_SECONDS)
    least = round(signals.rate * _GROUND_FADE_SECONDS)
    cuts = []
    length = _rising(_lift(signals, first, start, level)[::-1], plateau)
    if length >= least and _is_one_picture(signals, start - length, start - length // 2):
        cuts.append(Cut(start, "fade", start - length, start))
    length = _rising(_lift(signals, stop, last, level), plateau)
    if length >= least and _is_one_picture(signals, stop + length - 1, stop + length // 2):
        cuts.append(Cut(stop, "fade", stop, stop + length))
    return cuts


def _widened(cut: Cut, frames: int) -> Cut:
    """Return a fade with the frames into the ground on which next to nothing of the picture is seen."""
    return Cut(cut.ordinal, cut.kind, max(0, cut.start - frames), cut.stop + frames, cut.confidence)


def _cells(signals: Signals, start: int, stop: int) -> Floats:
    """Return the luma of signatures, (rows, cells)."""
    return signals.signature[start:stop, : LUMA_GRID[0] * LUMA_GRID[1]].astype(np.float32)


def _lift(signals: Signals, start: int, stop: int, level: float) -> Floats:
    """Return how far the typical cell of each frame has left a level, whatever caption stands on it."""
    return np.asarray(np.median(np.abs(_cells(signals, start, stop) - level), axis=1), np.float32)


def _is_one_picture(signals: Signals, whole: int, half: int) -> bool:
    """Return whether a frame in the middle of a fade shows what the whole picture shows, and less of it."""
    one, other = (signals.signature[row][None].astype(np.float32) for row in (whole, half))
    weaker = float(signals.contrast[half]) < 0.85 * float(signals.contrast[whole])
    return weaker and float(unlike(one, other)[0]) < _SAME_PICTURE


def _cuts_of_blank(signals: Signals, start: int, stop: int, hard: Sequence[int]) -> list[Cut]:
    """Return the cuts that a blank stretch stands for: one through it, or one at either end of a long one.

    A picture that comes out of the blank begins the new shot.
    """
    first, last = start == 0, stop == signals.frame_count
    fade_start, fade_stop = _fade_out(signals, start, hard), _fade_in(signals, stop, hard)
    into = Cut(stop, "fade", stop, fade_stop) if fade_stop > stop else Cut(stop, "hard", stop, stop)
    out = Cut(start, "fade", fade_start, start) if fade_start < start else Cut(start, "hard", start, start)
    if stop - start >= signals.rate * _BLANK_SHOT_SECONDS:
        return [cut for cut, there in ((out, not first), (into, not last)) if there]
    if first or last:
        return []
    if out.kind == into.kind == "hard":
        # A blank frame within a shot is a flash, or a damaged frame.
        return [] if _comes_back(signals, start, stop) else [into]
    return [Cut(stop, "fade", fade_start, fade_stop)]


def _fade_out(signals: Signals, start: int, hard: Sequence[int]) -> int:
    """Return the row at which the picture begins to go into the blank that begins at `start`."""
    contrast = signals.contrast[_before(signals, start, hard) : start]
    return start - _rising(contrast[::-1], round(signals.rate * _PLATEAU_SECONDS))


def _fade_in(signals: Signals, stop: int, hard: Sequence[int]) -> int:
    """Return the row at which the picture is whole again after the blank that ends at `stop`."""
    contrast = signals.contrast[stop : _after(signals, stop, hard)]
    return stop + _rising(contrast, round(signals.rate * _PLATEAU_SECONDS))


def _before(signals: Signals, start: int, hard: Sequence[int]) -> int:
    """Return the row from which a fade into what begins at `start` can last: no cut lies between."""
    place = bisect_left(hard, start - 1)  # a hard cut into the blank itself is its edge
    limit = max(0, start - round(signals.rate * _FADE_SECONDS))
    return max(limit, hard[place - 1]) if place else limit


def _after(signals: Signals, stop: int, hard: Sequence[int]) -> int:
    """Return the row up to which a fade out of what ends at `stop` can last."""
    place = bisect_right(hard, stop + 1)
    limit = min(signals.frame_count, stop + round(signals.rate * _FADE_SECONDS))
    return min(limit, hard[place]) if place < len(hard) else limit


def _fades_of_blank(signals: Signals, start: int, stop: int, hard: Sequence[int]) -> list[Cut]:
    """Return how a picture goes into a blank and comes out of it, also where that is no cut, at a film's ends."""
    return [
        Cut(start, "fade", _fade_out(signals, start, hard), start),
        Cut(stop, "fade", stop, _fade_in(signals, stop, hard)),
    ]


def _rising(contrast: Floats, plateau: int) -> int:
    """Return for how many frames contrast grows steadily away from a blank; 0 where it is there at once.

    Args:
        plateau: frames without growth that end it.
    """
    top, length = 0.0, 0
    for number, value in enumerate(contrast.tolist()):
        if number - length > plateau or value < 0.9 * top:
            break
        if value > 1.02 * top:
            top, length = value, number + 1
    # The first frame of a picture that is there at once is as rich as those that follow.
    return length if length >= _FADE_LEAST_FRAMES and float(contrast[0]) < 0.6 * top else 0


def _comes_back(signals: Signals, start: int, stop: int) -> bool:
    """Return whether the picture after a short blank is the one before it."""
    before, after = (signals.signature[row][None].astype(np.float32) for row in (start - 1, stop))
    return float(unlike(before, after)[0]) < 0.25


def _is_edge(cut: Cut, blanks: Sequence[tuple[int, int]]) -> bool:
    """Return whether a hard cut is the edge of a blank stretch, or within it; the blank's own cuts stand for it."""
    place = bisect_right(blanks, (cut.ordinal + 1, cut.ordinal + 1))
    return any(start - 1 <= cut.ordinal <= stop + 1 for start, stop in blanks[max(0, place - 2) : place + 1])


def _apart_from(cuts: Sequence[Cut], others: Sequence[Cut]) -> list[Cut]:
    """Return those cuts that touch none of the others."""
    spans = sorted((other.start, max(other.stop, other.start)) for other in others)
    starts = [start for start, _ in spans]
    reach = list(accumulate((stop for _, stop in spans), max))  # the farthest end so far
    kept = []
    for cut in cuts:
        place = bisect_right(starts, max(cut.stop, cut.start) + 1)
        if not place or reach[place - 1] < cut.start - 1:
            kept.append(cut)
    return kept


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


def unlike(one: Floats, other: Floats) -> Floats:
    """Return how unlike the luma of signatures is, 0 to 1, brightness and contrast aside, row by row."""
    luma = LUMA_GRID[0] * LUMA_GRID[1]
    return _unlike_planes(one[:, :luma], other[:, :luma])


def _unlike_planes(one: Floats, other: Floats) -> Floats:
    a, b = (plane - plane.mean(axis=1, keepdims=True) for plane in (one, other))
    lengths = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    least = 2.0 * one.shape[1] ** 0.5
    flat = (lengths[0] < least) | (lengths[1] < least)
    both = (lengths[0] < least) & (lengths[1] < least)
    alike = np.einsum("ij,ij->i", a, b) / np.maximum(lengths[0] * lengths[1], 1e-6)
    return np.asarray(np.where(flat, np.where(both, 0.0, 1.0), 1 - np.maximum(alike, 0)), np.float32)


def _unlike_moved(one: Floats, other: Floats) -> Floats:
    """Return how unlike the luma of signatures is where one may have moved by a few cells: a pan is no dissolve."""
    rows, columns = LUMA_GRID
    a, b = (plane[:, : rows * columns].reshape(len(plane), rows, columns) for plane in (one, other))
    least = np.ones(len(a), np.float32)
    for down in range(-_CELLS_DOWN, _CELLS_DOWN + 1):
        for along in range(-_CELLS_ALONG, _CELLS_ALONG + 1):
            there = (slice(max(0, down), rows + min(0, down)), slice(max(0, along), columns + min(0, along)))
            here = (slice(max(0, -down), rows + min(0, -down)), slice(max(0, -along), columns + min(0, -along)))
            least = np.minimum(least, _unlike_planes(_flat(a[:, *there]), _flat(b[:, *here])))
    return least


def _flat(planes: Floats) -> Floats:
    return planes.reshape(len(planes), planes.shape[1] * planes.shape[2])


def _contrast(rows: Floats) -> Floats:
    return np.asarray(rows[:, : LUMA_GRID[0] * LUMA_GRID[1]].std(axis=1), np.float32)


def _sigmoid(level: float) -> float:
    return round(1 / (1 + exp(-max(-60.0, min(60.0, level)))), 4)
