"""How far the horizon of a picture is tilted, told from its long lines that are nearly level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LONG_SIDE = 512  # pixels at which lines are looked for
_SQUEEZED = 3  # times narrower: level lines stay, their tilt grows, and there are fewer pixels to look through
_STEEPEST = 12.0  # degrees: what is tilted more is not taken for a horizon
_LEAST_LINE = 0.06  # of the width: shorter lines have no angle to speak of
_LEAST_SUM = 0.45  # of the width that the lines of one tilt must cover together
_ALIKE = 1.2  # degrees within which lines speak for the same tilt
_LEAST_SHARE = 0.5  # of the length of all nearly level lines that must speak for one tilt


def horizon_of(luma: npt.NDArray[np.uint8]) -> float:
    """Return the tilt of the horizon in degrees, clockwise positive; NaN where no long line is nearly level.

    Straight segments (von Gioi et al. 2012) that are nearly level vote for their own tilt by their squared length, and
    the tilt that most agree on is refined by those that do. What is level in the world and seen from the side (a roof,
    a road) votes too, so lines that run to several vanishing points answer with NaN, or at times wrongly.
    """
    import cv2

    height, width = luma.shape
    scale = min(1.0, _LONG_SIDE / max(height, width))
    wide, high = max(1, round(width * scale / _SQUEEZED)), max(1, round(height * scale))
    small = cv2.resize(luma, (wide, high), interpolation=cv2.INTER_AREA)
    lines = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE, 1.0).detect(small)[0]
    if lines is None:
        return float("nan")
    back = np.tile([width / wide, height / high], 2)
    return _tilt(np.asarray(lines, np.float64).reshape(-1, 4) * back, width)


def _tilt(lines: npt.NDArray[np.float64], width: float) -> float:
    """Return the tilt that lines (n, 4: x, y, x, y) agree on, or NaN."""
    right, down = lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]
    lengths = np.hypot(right, down) / width
    angles = (np.degrees(np.arctan2(down, right)) + 90) % 180 - 90
    level = (np.abs(angles) <= _STEEPEST) & (lengths >= _LEAST_LINE)
    angles, lengths = angles[level], lengths[level]
    if not len(angles):
        return float("nan")
    votes = np.square(lengths)
    near = np.abs(angles[:, None] - angles[None, :]) <= _ALIKE
    agreed = near[int(np.argmax(near @ votes))]
    if lengths[agreed].sum() < _LEAST_SUM or votes[agreed].sum() < _LEAST_SHARE * votes.sum():
        return float("nan")
    return float(np.average(angles[agreed], weights=votes[agreed]))
