"""What is known for certain about a rendered film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from rushes.storage.files import write_json

Scale = Literal["ECS", "CS", "MS", "FS", "LS"]
Movement = Literal["static", "pan", "push", "pull", "handheld"]
SCALES: tuple[Scale, ...] = get_args(Scale)
MOVEMENTS: tuple[Movement, ...] = get_args(Movement)


@dataclass(frozen=True, slots=True)
class ShotTruth:
    """The frames from one cut up to, not including, the next.

    Attributes:
        start, stop: ordinals of frames, from 0, half-open.
        scale: how large people are; None for a title card.
    """

    start: int
    stop: int
    scale: Scale | None
    movement: Movement

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise ValueError(f"a shot needs 0 <= start < stop, got {self.start=}, {self.stop=}")


@dataclass(frozen=True, slots=True)
class FilmTruth:
    """A rendered film; its shots follow each other without a gap, from frame 0 to the last."""

    path: Path
    title: str
    rate: Fraction
    shots: tuple[ShotTruth, ...]

    @property
    def name(self) -> str:
        """The file's name without its extension, `TT_S01_E01`."""
        return self.path.stem

    @property
    def frame_count(self) -> int:
        return self.shots[-1].stop

    def shot_at(self, ordinal: int) -> ShotTruth:
        """Return the shot that a frame belongs to.

        Raises:
            ValueError: the film has no such frame.
        """
        for shot in self.shots:
            if shot.start <= ordinal < shot.stop:
                return shot
        raise ValueError(f"{self.name} has frames 0 to {self.frame_count - 1}, none with ordinal {ordinal}")

    def to_table(self) -> dict[str, Any]:
        return {
            "file": self.path.name,
            "title": self.title,
            "rate": str(self.rate),
            "frame_count": self.frame_count,
            "shots": [
                {"start": shot.start, "stop": shot.stop, "scale": shot.scale, "movement": shot.movement}
                for shot in self.shots
            ],
        }


def write_truth(path: Path, truths: Sequence[FilmTruth]) -> None:
    """Write what is known about films as JSON, schema `film-truth/1`."""
    write_json(path, {"schema": "film-truth/1", "films": [truth.to_table() for truth in truths]})
