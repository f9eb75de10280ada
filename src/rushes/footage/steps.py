"""How unlike the frame before it each frame of a film is, measured as the frames come."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from math import nan

import numpy as np
import numpy.typing as npt

_SHIFT = (6, 8)  # a picture may have moved by one part in so many of its height and width
_FLAT = 1.0  # standard deviation of luma below which a picture shows nothing to compare
_UNLIKE = 0.06  # a step above this is looked at across its neighbours
_REACH_SECONDS = Fraction(1, 4)  # how long a flash may last

Pixels = npt.NDArray[np.uint8]


def unlikeness(one: Pixels, other: Pixels) -> float:
    """Return how unlike two small pictures are, 0 to 1: one less the best correlation over small shifts.

    Brightness and contrast do not count; a picture with nothing on it is unlike any other that shows something.

    Args:
        one, other: (height, width), uint8, of one size.
    """
    import cv2

    height, width = one.shape
    top, left = max(1, height // _SHIFT[0]), max(1, width // _SHIFT[1])
    core = other[top : height - top, left : width - left]
    flat, other_flat = _spread(one) < _FLAT, _spread(core) < _FLAT
    if flat or other_flat:
        return float(flat != other_flat)
    return 1.0 - max(0.0, float(cv2.matchTemplate(one, core, cv2.TM_CCOEFF_NORMED).max()))


def reach_of(rate: Fraction) -> int:
    """Return how many frames a flash may last at this rate."""
    return min(16, max(3, round(rate * _REACH_SECONDS)))


@dataclass(slots=True)
class StepMeter:
    """Takes the small pictures of a film one after the other.

    Attributes:
        reach: frames that are compared across, before and after.
        step, across, drift: what was measured so far, a number a frame; see `Signals`. The last `reach` of `across`
            may still fall.
    """

    reach: int
    step: list[float] = field(default_factory=list)
    across: list[float] = field(default_factory=list)
    drift: list[float] = field(default_factory=list)
    _kept: deque[Pixels] = field(default_factory=deque)
    _open: deque[tuple[int, Pixels]] = field(default_factory=deque)  # steps that later frames may still explain

    def add(self, small: Pixels, *, drift: bool) -> None:
        """Take the next frame, some forty pixels wide: (height, width); measure its drift, or do not."""
        number = len(self.step)
        step = unlikeness(self._kept[-1], small) if self._kept else 0.0
        self.step.append(step)
        self.across.append(step)
        while self._open and number - self._open[0][0] > self.reach:
            self._open.popleft()
        for place, before in self._open:
            self.across[place] = min(self.across[place], unlikeness(before, small))
        if step > _UNLIKE:
            earlier = list(self._kept)[:-1]
            self.across[number] = min([step, *(unlikeness(one, small) for one in earlier)])
            self._open.append((number, self._kept[-1]))
        whole = drift and len(self._kept) > self.reach
        self.drift.append(unlikeness(self._kept[-self.reach], small) if whole else nan)
        self._kept.append(small)
        if len(self._kept) > self.reach + 1:
            self._kept.popleft()


def _spread(picture: Pixels) -> float:
    import cv2

    return float(cv2.meanStdDev(picture)[1][0, 0])
