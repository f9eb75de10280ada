"""Made-up motion of shots, pair by pair."""

from __future__ import annotations

import numpy as np

from rushes.footage.movement import SERIES_COLUMNS, MotionSeries

EACH = 0.125  # seconds between the frames of a pair


def series_like(pairs: int, seconds_each: float = EACH, **rates: float | list[float]) -> MotionSeries:
    """Return a series of a frame that is followed well and moves at these rates, over one step as over three."""
    values = np.zeros((pairs, len(SERIES_COLUMNS)), np.float32)
    for name, rate in ({"support": 0.9, "found": 1.0} | rates).items():
        for place, column in enumerate(SERIES_COLUMNS):
            if column.removeprefix("slow_") == name:
                values[:, place] = rate
    seconds = np.arange(1, pairs + 1, dtype=np.float32) * seconds_each
    each = np.full(pairs, seconds_each, np.float32)
    return MotionSeries(seconds, each, values, np.ones(pairs, np.bool_), (pairs + 1) * seconds_each)


def zooming(pairs: int, rate: float, seconds_each: float = EACH) -> MotionSeries:
    names = ("zoom", "ring_zoom", "centre_zoom", "zoom_x", "zoom_y", "spread_zoom")
    votes = dict.fromkeys(("outward", "spread_vote", "focus_vote"), float(np.sign(rate)))
    return series_like(pairs, seconds_each, **dict.fromkeys(names, rate), **votes)
