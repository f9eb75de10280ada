"""How unlike the frame before it each frame of a film is, measured as the frames come."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor, nan

import numpy as np
import numpy.typing as npt

_CELLS = 40  # of each colour plane
_SHIFT = (6, 8)  # a picture may have moved by one part in so many of its height and width
_FLAT = 1.0  # standard deviation of luma below which a picture shows nothing to compare
_UNLIKE = 0.06  # a step above this is looked at across its neighbours
_REACH_SECONDS = Fraction(1, 4)  # how long a flash may last
_MOST_REACH = 64  # frames; what is filmed at more than 256 a second is not looked at as far
_HUE, _HUE_RANGE = 24.0, 48.0  # mean distance in colour that counts as a change, and from there to a whole one

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What two frames are compared by: luma some forty pixels wide, (height, width), and colour, (2, 5, 8), int16."""

    luma: Pixels
    colour: npt.NDArray[np.int16]


def unlikeness(one: Sight, other: Sight) -> float:
    """Return how unlike two frames are, 0 to 1: one less the best correlation of luma over small shifts.

    Brightness and contrast do not count; a picture with nothing on it is unlike any other that shows something. A
    change of hue counts where it is great: a red wall is not a green one.
    """
    hue = (float(np.abs(one.colour - other.colour).sum()) / _CELLS - _HUE) / _HUE_RANGE
    return max(_unlike_luma(one.luma, other.luma), min(1.0, hue))


def _unlike_luma(one: Pixels, other: Pixels) -> float:
    import cv2

    height, width = one.shape
    top, left = max(1, height // _SHIFT[0]), max(1, width // _SHIFT[1])
    core = other[top : height - top, left : width - left]
    flat, other_flat = _spread(one) < _FLAT, _spread(core) < _FLAT
    if flat or other_flat:
        return float(flat != other_flat)
    return 1.0 - max(0.0, float(cv2.matchTemplate(one, core, cv2.TM_CCOEFF_NORMED).max()))


def reach_of(rate: Fraction) -> int:
    """Return how many frames a flash may last at this rate; 0 where a frame lasts longer than a flash."""
    return min(_MOST_REACH, floor(rate * _REACH_SECONDS))


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
    _kept: deque[Sight] = field(default_factory=deque)
    _open: deque[tuple[int, Sight]] = field(default_factory=deque)  # steps that later frames may still explain

    def add(self, small: Sight, *, drift: bool) -> None:
        """Take the next frame; measure its drift, or do not."""
        number = len(self.step)
        step = unlikeness(self._kept[-1], small) if self._kept else 0.0
        self.step.append(step)
        self.across.append(step)
        while self._open and number - self._open[0][0] > self.reach:
            self._open.popleft()
        for place, before in self._open:
            self.across[place] = min(self.across[place], unlikeness(before, small))
        if step > _UNLIKE:
            earlier = list(self._kept)[:-1] if self.reach else []
            self.across[number] = min([step, *(unlikeness(one, small) for one in earlier)])
            self._open.append((number, self._kept[-1]))
        back = max(1, self.reach)
        self.drift.append(unlikeness(self._kept[-back], small) if drift and len(self._kept) >= back else nan)
        self._kept.append(small)
        if len(self._kept) > self.reach + 1:
            self._kept.popleft()


def _spread(picture: Pixels) -> float:
    import cv2

    return float(cv2.meanStdDev(picture)[1][0, 0])
