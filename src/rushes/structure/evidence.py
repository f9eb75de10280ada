"""Evidence: what is known of each shot of a film before its structure is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CLOSE = 0.5  # of `Evidence.close`, from which a shot is taken for a medium close-up


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of the shots of one film, in their order.

    Attributes:
        start_seconds, stop_seconds: (shots,) float64, from the film's first frame.
        blank: (shots,) bool: nothing is on it but one even colour.
        looks: (pictures, features) float32, rows of length 1: what a shot looks like, one row for each of its pictures
            that was looked at.
        shot_of: (pictures,) int64, rising: the place of the shot that a row of `looks` is of. A shot may have none.
        tones: (pictures, features) float32, as `looks`: what the light and the colours of the whole picture are like;
            two set-ups in one place share them more than they share what is seen.
        close: (shots,) float32, 0 to 1: how probable it is that the shot is a medium close-up of one person; NaN where
            nobody says.
        person: (shots,) int64: the character whose face dominates the shot; -1 where there is none, or several.
        face_count: (shots,) int64: how many faces its pictures show at most; -1 where nobody looked for faces.
        faded: (shots,) bool: the picture before the shot fades out, or the shot fades in; None where nobody says.
    """

    start_seconds: npt.NDArray[np.float64]
    stop_seconds: npt.NDArray[np.float64]
    blank: npt.NDArray[np.bool_]
    looks: npt.NDArray[np.float32]
    shot_of: npt.NDArray[np.int64]
    tones: npt.NDArray[np.float32]
    close: npt.NDArray[np.float32]
    person: npt.NDArray[np.int64]
    face_count: npt.NDArray[np.int64]
    faded: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        count = len(self.start_seconds)
        for name in ("stop_seconds", "blank", "close", "person", "face_count"):
            if len(getattr(self, name)) != count:
                raise ValueError(f"evidence has one value per shot: {count} of start_seconds, not so of {name}")
        if self.faded is not None and len(self.faded) != count:
            raise ValueError(f"evidence has one value per shot: {count} of start_seconds, not so of faded")
        if not len(self.looks) == len(self.shot_of) == len(self.tones):
            raise ValueError("looks, tones and shot_of have one row per picture")
        if len(self.shot_of) and not (self.shot_of[0] >= 0 and self.shot_of[-1] < count):
            raise ValueError(f"pictures are of the shots 0 to {count - 1}")

    @property
    def shot_count(self) -> int:
        return len(self.start_seconds)
