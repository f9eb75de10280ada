"""The value Detection, and the seam that every detector of objects stands behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing that a detector sees in a picture; places are shares of the picture's sides.

    Attributes:
        word: what it is, as the detector's list of words has it.
        score: how sure the detector is, 0 to 1.
        left, top, width, height: of the box around it, within the picture.
    """

    word: str
    score: float
    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """The box's share of the picture."""
        return self.width * self.height


class Detector(Protocol):
    """Finds things in pictures.

    Attributes:
        name: of the model, for people.
        id: digest of all that decides what it finds.
        words: what it can find, in its order.
    """

    name: str
    id: str
    words: tuple[str, ...]

    def find(self, picture: Pixels) -> tuple[Detection, ...]:
        """Return what is in an RGB picture, (height, width, 3), the surest first."""
