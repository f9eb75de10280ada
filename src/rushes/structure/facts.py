"""FilmFacts: what can be counted and measured of a film without asking a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rushes.footage.shot import CutKind


@dataclass(frozen=True, slots=True)
class ColourShare:
    """One colour of a palette: sRGB, 0 to 255, and the share of the picture, 0 to 1, that is nearest to it."""

    red: int
    green: int
    blue: int
    share: float

    @property
    def code(self) -> str:
        """The colour as pages write it: `#1a2b3c`."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


@dataclass(frozen=True, slots=True)
class ScaleShare:
    """How much of a film is of one shot scale."""

    class_name: str
    shots: int
    seconds: float


@dataclass(frozen=True, slots=True)
class TonePoint:
    """Light at one moment: mean and standard deviation of luma within the picture, 0 to 255."""

    seconds: float
    brightness: float
    contrast: float


@dataclass(frozen=True, slots=True)
class RhythmPoint:
    """How long shots are around one moment, in seconds: a smoothed curve over time, of the logarithms."""

    seconds: float
    shot_seconds: float


@dataclass(frozen=True, slots=True)
class PictureArea:
    """What of the frame is picture, once black bars are taken away.

    Attributes:
        left, top, right, bottom: pixels of the frame as it is shown (upright, square pixels), `[left, right)` and
            `[top, bottom)`.
        aspect: width over height as it is shown, with the shape of pixels taken into account.
        name: the usual format that it is nearest to, `2.39:1`; "" where none is near.
        varies: bars come and go, so that the film has several formats; the area is the commonest.
    """

    left: int
    top: int
    right: int
    bottom: int
    aspect: float
    name: str = ""
    varies: bool = False


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What can be counted and measured of a film.

    Attributes:
        average_shot_seconds: the film's length over its shots (ASL); blank shots do not count anywhere here.
        cuts: how many of each kind.
        scales: the classes in the task's order; () where no bundle said.
        scale_by: the bundle that said it.
        rhythm: at most a few hundred points.
        tones: the same.
        palette: the film's, the commonest colour first.
        palettes: (shots,) that of each shot; () of one without a picture.
        area: None where no frame shows where the picture ends.
        long_takes: places of shots that are long for this film.
        long_take_seconds: from what length.
    """

    shot_count: int
    duration_seconds: float
    average_shot_seconds: float
    median_shot_seconds: float
    shortest_shot_seconds: float
    longest_shot_seconds: float
    cuts: Mapping[CutKind, int]
    rhythm: tuple[RhythmPoint, ...] = ()
    tones: tuple[TonePoint, ...] = ()
    palette: tuple[ColourShare, ...] = ()
    palettes: tuple[tuple[ColourShare, ...], ...] = ()
    area: PictureArea | None = None
    long_takes: tuple[int, ...] = ()
    long_take_seconds: float = 0.0
    scales: tuple[ScaleShare, ...] = ()
    scale_by: str = ""
    movements: tuple[ScaleShare, ...] = field(default=())
