"""The shots of a film from its cuts, and the frames that stand for a shot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rushes.footage.cuts import find_cuts, is_blank
from rushes.footage.shot import Cut, Shot
from rushes.footage.signals import Signals

_EVEN_STEP = 0.5  # grey levels that a frame at rest counts for, so that time counts a little where nothing changes
_LEVELS_PER_BLUR = (
    4.0  # grey levels away from the typical look that weigh as much as losing two thirds of the sharpness
)
_LOOKED_AT = 2048  # frames at a time: a shot may last for hours
_GRAIN = 1.0  # squared luma steps that say nothing of sharpness


def shots_of(signals: Signals, *, frame_count: int, cuts: Sequence[Cut] | None = None) -> tuple[Shot, ...]:
    """Return the shots of a film: together they are all its frames.

    Args:
        frame_count: frames of the film, with those that could not be decoded.
        cuts: where they are known; None finds them in the signals.

    Raises:
        ValueError: there is no signal of any frame.
    """
    if not signals.frame_count:
        raise ValueError("shots are found in the signals of a film; there are none")
    found = find_cuts(signals) if cuts is None else cuts
    blank = is_blank(signals)
    edges = [0, *(cut.ordinal for cut in found), frame_count]
    openings = [None, *found]
    closings = [*found, None]
    shots: list[Shot] = []
    for start, stop, opening, closing in zip(edges[:-1], edges[1:], openings, closings, strict=True):
        rows = _rows_within(signals, start, stop, opening, closing)
        if not len(rows):  # nothing of it could be decoded
            shots.append(Shot(signals.source, start, stop, opening, start, start))
            continue
        away = _away(signals, rows)
        shots.append(
            Shot(
                source=signals.source,
                start=start,
                stop=stop,
                opening=opening,
                typical=int(signals.ordinal[rows[np.argmin(away)]]),
                sharpest=int(signals.ordinal[rows[np.argmax(signals.sharpness[rows])]]),
                blank=bool(blank[rows].all()),
            )
        )
    return tuple(shots)


def plan_per_shot(signals: Signals, *, frame_count: int, count: int) -> tuple[int, ...]:
    """Return the ordinals of the frames that stand for the shots of a film, so many for each, rising.

    A shot that shows nothing but one even colour has none.

    Raises:
        ValueError: `count` is not above 0.
    """
    shots = shots_of(signals, frame_count=frame_count)
    chosen: list[int] = []
    for shot, following in zip(shots, [*shots[1:], None], strict=True):
        if not shot.blank:
            chosen += choose_frames(signals, shot, count, closing=following.opening if following else None)
    return tuple(chosen)


def choose_frames(signals: Signals, shot: Shot, count: int, *, closing: Cut | None = None) -> tuple[int, ...]:
    """Return the ordinals of the frames that stand for a shot: sharp ones that look like what is around them.

    The shot is divided into parts in which equally much changes, so that a long hold does not take more than one of
    them; each part gives the frame that is best by how sharp it is and how near the part's typical look.

    Args:
        count: how many frames; fewer come back where the shot has fewer.
        closing: the cut that ends the shot; frames that show it are taken only where there are no others.

    Raises:
        ValueError: `count` is not above 0.
    """
    if count < 1:
        raise ValueError(f"a shot is shown by at least one frame, got {count}")
    rows = _rows_within(signals, shot.start, shot.stop, shot.opening, closing)
    if len(rows) <= count:
        rows = np.flatnonzero((signals.ordinal >= shot.start) & (signals.ordinal < shot.stop))
    if len(rows) <= count:
        return tuple(signals.ordinal[rows].tolist())
    change = _distances(signals, rows[1:], signals.signature[rows[:-1]]) + _EVEN_STEP
    progress = np.concatenate([[0], np.cumsum(change)])
    edges = np.searchsorted(progress, np.linspace(0, progress[-1], count + 1)[1:-1])
    chosen: list[int] = []
    for part in np.split(np.arange(len(rows)), edges):
        if len(part):
            chosen.append(int(signals.ordinal[rows[part[_best(signals, rows[part])]]]))
    return tuple(sorted(set(chosen)))


def _best(signals: Signals, rows: npt.NDArray[np.int64]) -> int:
    """Return the position of the frame that is sharp and looks like the others."""
    sharpness = signals.sharpness[rows]
    blur = np.log((sharpness.max() + _GRAIN) / (sharpness + _GRAIN))
    return int(np.argmin(blur + _away(signals, rows) / _LEVELS_PER_BLUR))


def _away(signals: Signals, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return how far each frame's look is from the middle of all, (rows,)."""
    some = rows[:: max(1, len(rows) // _LOOKED_AT)]
    middle = np.median(signals.signature[some], axis=0)
    return _distances(signals, rows, np.broadcast_to(middle, (len(rows), len(middle))))


def _distances(
    signals: Signals, rows: npt.NDArray[np.int64], others: npt.NDArray[np.float64] | npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Return the mean difference of frames' signatures from others, in grey levels, a part of a long shot at a time."""
    found = np.empty(len(rows), np.float32)
    for first in range(0, len(rows), _LOOKED_AT):
        part = slice(first, first + _LOOKED_AT)
        pictures = signals.signature[rows[part]].astype(np.float32)
        found[part] = np.abs(pictures - others[part].astype(np.float32)).mean(axis=1)
    return found


def _rows_within(
    signals: Signals, start: int, stop: int, opening: Cut | None, closing: Cut | None
) -> npt.NDArray[np.int64]:
    """Return the rows of a shot without those that show a fade or a dissolve, unless there are no others."""
    inner_start = max(start, opening.stop) if opening is not None else start
    inner_stop = min(stop, closing.start) if closing is not None else stop
    for low, high in ((inner_start, inner_stop), (start, stop)):
        first, last = np.searchsorted(signals.ordinal, [low, high])
        if last > first:
            return np.arange(first, last)
    return np.zeros(0, np.int64)
