"""Where the black bars around a picture end, told from that picture alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_LEAST_SIDE = 32  # pixels; in less nothing can be told
_BLACKEST = 40  # of 255: the bars of an old transfer are seldom pure black, and never this light
_LIT = 16  # brighter than the bars by so much is picture; what compression leaves in a bar stays below
_STRAY = 0.02  # share of a bar's line that may be lit all the same
_FILLED = 0.3  # share of the picture's first line that is lit: an edge is straight, a night's horizon is not
_WELL_FILLED = 0.5  # the same, at one of the two edges
_STEEP = 0.6  # of how filled the lines near an edge get: one that is less is the smear of the edge
_FLAT = 3.0  # how far the mean of a bar's line may be from the bars' level
_SOFT = 0.01  # of the side: how wide an edge may be smeared, and three pixels more
_LEAST_BAR = 0.015  # of the side
_MOST_BAR = 1 / 3
_LEAST_SHOWN = 1 / 3  # of each side lies between its first lit line and its last; a line of text is no picture
_UNEVEN = 0.25  # of the wider bar: how much narrower the other may be


@dataclass(frozen=True, slots=True)
class Box:
    """The part of a picture inside its bars: rows [top, bottom), columns [left, right)."""

    top: int
    bottom: int
    left: int
    right: int


def find_letterbox(pixels: npt.NDArray[np.uint8]) -> Box:
    """Return the picture inside the black bars above and below it, beside it, or both; all of it where there are none.

    Bars are bars where the four corners are near black and alike, the lines from the border on are as flat and as dark
    as these, and the picture then begins within a few pixels along much of its edge; on both sides, about as wide. So a
    fade, a night or a title on black is left whole: it is better to keep a bar than to cut a picture.

    Args:
        pixels: (height, width, 3) RGB, or (height, width) gray.
    """
    import cv2

    height, width = pixels.shape[:2]
    whole = Box(0, height, 0, width)
    if min(height, width) < _LEAST_SIDE:
        return whole
    gray = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8) if pixels.ndim == 3 else pixels
    level = _level_of_corners(gray)
    if level is None:
        return whole
    lit = gray > level + _LIT
    down, across = lit.mean(axis=1), lit.mean(axis=0)
    rows, columns = np.flatnonzero(down > _STRAY), np.flatnonzero(across > _STRAY)
    if not all(len(lines) and lines[-1] - lines[0] >= _LEAST_SHOWN * side
               for lines, side in ((rows, height), (columns, width))):  # fmt: skip
        return whole
    # Bars beside the picture darken every line of it, so lines are judged between them.
    inside = lit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    top, bottom = _bars(inside.mean(axis=1), gray.mean(axis=1), start=int(rows[0]), level=level)
    left, right = _bars(inside.mean(axis=0), gray.mean(axis=0), start=int(columns[0]), level=level)
    return Box(top, height - bottom, left, width - right)


def _level_of_corners(gray: npt.NDArray[np.uint8]) -> float | None:
    """Return how dark the corners are; None where they are light, rough or unlike each other."""
    tall, wide = max(2, gray.shape[0] // 100), max(2, gray.shape[1] // 100)
    corners = [gray[rows, columns] for rows in (slice(tall), slice(-tall, None))
               for columns in (slice(wide), slice(-wide, None))]  # fmt: skip
    means = [float(corner.mean()) for corner in corners]
    level = float(np.median(means))
    if level > _BLACKEST or max(abs(mean - level) for mean in means) > _FLAT:
        return None
    return level


def _bars(
    filled: npt.NDArray[np.floating], means: npt.NDArray[np.floating], *, start: int, level: float
) -> tuple[int, int]:
    """Return how wide the bars at the two ends of a side are; (0, 0) where they are none.

    Args:
        filled: of each line from the first lit one to the last, the share of it that is lit.
        means: of each line of the whole side, its mean.
        start: which line of the side the first lit one is.
    """
    side = len(means)
    reach = 3 + round(_SOFT * side)
    first, last = _edge(filled, reach), _edge(filled[::-1], reach)
    if first is None or last is None or max(filled[first], filled[-1 - last]) < _WELL_FILLED:
        return 0, 0
    before, after = start + first, side - start - len(filled) + last
    if not max(2, _LEAST_BAR * side) <= min(before, after) <= max(before, after) <= _MOST_BAR * side:
        return 0, 0
    if max(before, after) - min(before, after) > max(2.0, _UNEVEN * max(before, after)):
        return 0, 0
    # What compression smears out of the picture lies in the last lines of a bar.
    bars = np.concatenate([means[: max(1, before - reach)], means[min(side - 1, side - after + reach) :]])
    return (before, after) if np.abs(bars - level).max() <= _FLAT else (0, 0)


def _edge(filled: npt.NDArray[np.floating], reach: int) -> int | None:
    """Return how many lines after the first lit one the picture is there; None where it comes up slowly."""
    near = filled[: reach + 1]
    strong = np.flatnonzero(near >= max(_FILLED, _STEEP * near.max()))
    return int(strong[0]) if len(strong) else None
