"""The value Place: where films play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rushes.datasets.synthetic.looks import Look
from rushes.datasets.synthetic.paint import Canvas

EYE_LEVEL = -0.9
Painter = Callable[[Canvas, Look, np.random.Generator], None]


@dataclass(frozen=True, slots=True)
class Place:
    """A place with two layers of scenery.

    Every layer is painted in units of a person's height, around the eye level, with the middle of the place at
    x = 0. What it shows depends on the look and the random numbers alone, not on the camera.

    Attributes:
        far: everything that fills the picture: sky and ground, or wall and floor.
        mid: what stands before it, on nothing.
        far_depth, mid_depth: how much of the camera's move a layer follows, 0 (the stars) to 1 (the people).
        long_fields: smallest and largest height of a long shot's picture, in heights of a person.
        indoors: whether the light is the look's `inside`.
    """

    far: Painter
    mid: Painter
    far_depth: float
    mid_depth: float
    long_fields: tuple[float, float]
    indoors: bool = False
