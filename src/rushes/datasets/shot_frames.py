"""Which frames of a shot are looked at: equally spaced ones, or the ones that say most of it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.footage.cuts import is_blank
from rushes.footage.shot import Shot
from rushes.footage.shots import choose_frames
from rushes.footage.signals import Signals

BLACK_SHARE = 0.98  # of a picture that is black
_FADED = 0.5  # of the shot's usual contrast: a frame with less is taken for a fade
_STANDING = 2  # frames that are always among more than so many: the most typical and the sharpest

Places = npt.NDArray[np.int64]


def plan_even(start: int, stop: int, count: int) -> tuple[int, ...]:
    """Return the ordinals of `count` frames over the whole of [start, stop): the middles of equally long parts.

    A shot with no more frames than that gives each of them once.

    Raises:
        ValueError: the shot is empty, or `count` is not above 0.
    """
    _check(start, stop, count)
    length = stop - start
    if length <= count:
        return tuple(range(start, stop))
    return tuple(start + (2 * part + 1) * length // (2 * count) for part in range(count))


def plan_by_scan(signals: Signals, start: int, stop: int, count: int) -> tuple[int, ...]:
    """Return the ordinals, rising, of the frames of [start, stop) that say most of the shot by what its scan noted.

    These are the most typical one, the sharpest one, one of each part in which equally much changes, and then what is
    most unlike those. Frames of one even colour, black ones, and ones with so little contrast that they are part of a
    fade come last: only where there are not enough others. A frame that could not be decoded is never among them.

    Args:
        signals: of the film, or of a stretch of it that holds the shot.

    Returns:
        `count` ordinals, or as many as the shot has frames that could be decoded.

    Raises:
        ValueError: the shot is empty, or `count` is not above 0.
    """
    _check(start, stop, count)
    shot = rows_of(signals, start, stop)
    if not shot.frame_count:
        return ()
    plain = _is_plain(shot)
    good = taken(shot, np.flatnonzero(~plain))
    chosen = _most_telling(good, count)
    left = np.flatnonzero(plain)[: max(0, count - len(chosen))]
    return tuple(sorted({*chosen, *shot.ordinal[left].tolist()}))


def rows_of(signals: Signals, start: int, stop: int) -> Signals:
    """Return the signals of the frames of [start, stop) alone."""
    first, last = np.searchsorted(signals.ordinal, [start, stop])
    return taken(signals, slice(int(first), int(last)))


def taken(signals: Signals, rows: Places | slice) -> Signals:
    """Return the signals of some rows, which rise."""
    values = {field.name: getattr(signals, field.name) for field in fields(Signals)}
    some: dict[str, Any] = {name: one[rows] for name, one in values.items() if isinstance(one, np.ndarray)}
    return replace(signals, **some)


def is_black(signals: Signals) -> npt.NDArray[np.bool_]:
    """Return for each frame whether it is black all over, (frames,)."""
    return np.asarray(signals.dark >= BLACK_SHARE, np.bool_)


def _is_plain(shot: Signals) -> npt.NDArray[np.bool_]:
    """Return for each frame of a shot whether it is blank, black, or part of a fade, (frames,)."""
    plain = is_blank(shot) | is_black(shot)
    if plain.all():
        return plain
    return np.asarray(plain | (shot.contrast < _FADED * np.median(shot.contrast[~plain])), np.bool_)


def _most_telling(shot: Signals, count: int) -> list[int]:
    """Return up to `count` ordinals of a shot of which every frame is worth a look."""
    if shot.frame_count <= count:
        return [int(ordinal) for ordinal in shot.ordinal]
    looks = shot.signature.astype(np.float32)
    away = np.abs(looks - np.median(looks, axis=0)).mean(axis=1)
    start, stop = int(shot.ordinal[0]), int(shot.ordinal[-1]) + 1
    chosen: list[int] = []
    if count > _STANDING:
        stretch = Shot(shot.source, start, stop, None, typical=start, sharpest=start)
        chosen += choose_frames(shot, stretch, count - _STANDING)
    for row in (int(np.argmin(away)), int(np.argmax(shot.sharpness))):
        ordinal = int(shot.ordinal[row])
        if ordinal not in chosen and len(chosen) < count:
            chosen.append(ordinal)
    nearest = np.full(shot.frame_count, np.inf, np.float32)
    for ordinal in chosen:
        nearest = _nearer(nearest, looks, _row(shot, ordinal))
    while len(chosen) < count:
        row = int(np.argmax(nearest))
        chosen.append(int(shot.ordinal[row]))
        nearest = _nearer(nearest, looks, row)
    return chosen


def _row(shot: Signals, ordinal: int) -> int:
    return int(np.searchsorted(shot.ordinal, ordinal))


def _nearer(nearest: npt.NDArray[np.float32], looks: npt.NDArray[np.float32], row: int) -> npt.NDArray[np.float32]:
    """Return how far each frame is from the nearest chosen one, now that `row` is chosen; a chosen one is at -1."""
    found = np.minimum(nearest, np.abs(looks - looks[row]).mean(axis=1))
    found[(nearest < 0) | (np.arange(len(nearest)) == row)] = -1
    return np.asarray(found, np.float32)


def _check(start: int, stop: int, count: int) -> None:
    if not 0 <= start < stop:
        raise ValueError(f"a shot needs 0 <= start < stop, got {start=}, {stop=}")
    if count < 1:
        raise ValueError(f"a shot is shown by at least one frame, got {count}")
