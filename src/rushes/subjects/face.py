"""The value Face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CLEAR = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in one picture; places are shares of the picture's sides, so that they hold at any size.

    Attributes:
        left, top, width, height: of the box around it, which may reach beyond the picture.
        score: how sure the detector is, 0 to 1.
        points: (5, 2) float32, (across, down): the eyes, the tip of the nose, the corners of the mouth; of each pair
            first the one further left in an upright face.
        embedding: (length,) float32 of length 1, by which faces of one person are near; None where none was asked for,
            or where the face is too small to be told.
        clarity: 0 to 1: how well it can be told whose face it is; small ones, ones from the side and ones that the
            detector is not sure of have little of it. Below CLEAR a face is not taken for proof of anybody.
    """

    left: float
    top: float
    width: float
    height: float
    score: float
    points: npt.NDArray[np.float32]
    embedding: npt.NDArray[np.float32] | None = None
    clarity: float = 1.0

    def __post_init__(self) -> None:
        if self.embedding is not None and not np.isfinite(self.embedding).all():
            raise ValueError("an embedding is of numbers: one that is not would be near to none, and spoil every mean")

    @property
    def area(self) -> float:
        """The box's share of the picture."""
        return self.width * self.height

    @property
    def is_clear(self) -> bool:
        """Whether it can be told whose face it is."""
        return self.embedding is not None and self.clarity >= CLEAR
