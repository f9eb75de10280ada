"""How bright a film is over time, and how strong its contrasts are, within the picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushes.footage.signals import LUMA_GRID, Signals
from rushes.structure.facts import PictureArea, TonePoint

Floats = npt.NDArray[np.float64]

MOST_POINTS = 600
_BAR = 24.0  # of 255: lighter than this is no bar, so that the picture fills the frame just then


def trace_tones(
    signals: Signals, kept: npt.NDArray[np.bool_], *, area: PictureArea | None, width: int, height: int
) -> tuple[TonePoint, ...]:
    """Return brightness and contrast over time, the mean of the frames around each of at most 600 moments.

    Black bars darken the mean of a frame and add to its contrast. Where the picture's area is known, both are brought
    to what they are within it, from how dark the bars are in the scan's grid of the very frame. What a frame shows
    outside the area, if it is light, is picture, and the frame is left as it was measured.

    Args:
        kept: (frames,) which frames count; a moment without one has no point.
        width, height: of the frame that `area` is told in.
    """
    brightness, contrast = (np.asarray(one, np.float64) for one in (signals.brightness, signals.contrast))
    if area is not None:
        brightness, contrast = _within(brightness, contrast, signals, area, width, height)
    rows = np.flatnonzero(kept)
    if not len(rows):
        return ()
    seconds = signals.seconds
    edges = np.linspace(0, seconds[-1], min(MOST_POINTS, signals.frame_count) + 1)
    bins = np.clip(np.searchsorted(edges, seconds[rows], side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(bins, minlength=len(edges) - 1)
    sums = [np.bincount(bins, values[rows], len(counts)) for values in (seconds, brightness, contrast)]
    return tuple(
        TonePoint(*(float(total[place] / counts[place]) for total in sums)) for place in np.flatnonzero(counts)
    )


def _within(
    brightness: Floats, contrast: Floats, signals: Signals, area: PictureArea, width: int, height: int
) -> tuple[Floats, Floats]:
    """Return the mean and standard deviation of the picture, from those of picture and bars together."""
    share = (area.right - area.left) * (area.bottom - area.top) / (width * height)
    if share >= 1:
        return brightness, contrast
    bar, light = _levels_of_bars(signals, area, width, height)
    mean = (brightness - (1 - share) * bar) / share
    square = (contrast**2 + brightness**2 - (1 - share) * bar**2) / share
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return np.where(light, brightness, np.clip(mean, 0, 255)), np.where(light, contrast, deviation)


def _levels_of_bars(
    signals: Signals, area: PictureArea, width: int, height: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return of each frame the mean level of its bars, 0 where no cell of the grid lies in them, and where it is light.

    The grid has nine rows and sixteen columns, so that bars narrower than a cell are taken for black.
    """
    rows, columns = LUMA_GRID
    luma = signals.signature[:, : rows * columns].reshape(-1, rows, columns)
    top, bottom = int(area.top / height * rows), int((height - area.bottom) / height * rows)
    left, right = int(area.left / width * columns), int((width - area.right) / width * columns)
    outside = np.ones((rows, columns), np.bool_)
    outside[top : rows - bottom, left : columns - right] = False
    if not outside.any():
        return np.zeros(len(luma)), np.zeros(len(luma), np.bool_)
    levels = luma[:, outside].mean(axis=1, dtype=np.float64)
    return levels, levels > _BAR
