"""Which frames of a film are taken, and what they are called."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from rushes.footage.source import STILL_TIME_BASE, Frame, Source
from rushes.footage.video import VideoIndex
from rushes.timecode import Timecode, format_frame_name, timecode_at


@dataclass(frozen=True, slots=True)
class Every:
    """A frame every so many seconds, the first one included."""

    seconds: Fraction

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError(f"a frame is taken every so many seconds above 0, got {self.seconds}")

    def __str__(self) -> str:
        return f"every {_decimal(self.seconds)} s"


@dataclass(frozen=True, slots=True)
class AtRate:
    """So many frames per second, the first one included; all of them where the film has no more."""

    rate: Fraction

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError(f"frames are taken at a rate above 0, got {self.rate}")

    def __str__(self) -> str:
        return f"{_decimal(self.rate)} frames per second"


@dataclass(frozen=True, slots=True)
class EveryFrame:
    """All frames."""

    def __str__(self) -> str:
        return "every frame"


@dataclass(frozen=True, slots=True)
class Keyframes:
    """The frames that stand on their own in the film's coding: quick to have, unevenly apart."""

    def __str__(self) -> str:
        return "keyframes"


Sampling = Every | AtRate | EveryFrame | Keyframes


def plan_ordinals(index: VideoIndex, sampling: Sampling) -> tuple[int, ...]:
    """Return the ordinals of the frames that are taken, rising.

    `Every` and `AtRate` take the first frame at or after each multiple of their step, counted from the first frame;
    a stored time may fall short of it by the container's rounding. A gap in the film is not filled.
    """
    match sampling:
        case EveryFrame():
            return tuple(range(index.frame_count))
        case Keyframes():
            return index.keyframes
        case Every(seconds):
            return _every(index, seconds)
        case AtRate(rate):
            return _every(index, 1 / rate)


def name_frames(source: Source, index: VideoIndex | None, ordinals: Sequence[int]) -> list[Frame]:
    """Return the frames of a source at these ordinals, named.

    A name depends on the film alone, never on which other frames are taken. A photograph has one frame, with
    ordinal 0 and the name of its source.

    Args:
        index: of the film; None for a photograph or a raw.

    Raises:
        ValueError: an ordinal is outside the source.
    """
    if index is None:
        if any(ordinal != 0 for ordinal in ordinals):
            raise ValueError(f"a photograph has the one frame 0, got {list(ordinals)}")
        still = Frame(source.digest, 0, STILL_TIME_BASE, 0, str(Timecode(0, 0, 0, 0)), source.name)
        return [still for _ in ordinals]
    return [_named(source, index, ordinal) for ordinal in ordinals]


def _named(source: Source, index: VideoIndex, ordinal: int) -> Frame:
    if not 0 <= ordinal < index.frame_count:
        raise ValueError(f"ordinals of {source.name} are 0 to {index.frame_count - 1}, got {ordinal}")
    timecode = _timecode(index, ordinal)
    repeat = 0  # times rise, so that frames of one timecode stand side by side
    while repeat < ordinal and _timecode(index, ordinal - repeat - 1) == timecode:
        repeat += 1
    name = format_frame_name(source.name, timecode, repeat=repeat)
    return Frame(source.digest, index.pts[ordinal], index.time_base, ordinal, str(timecode), name)


def _timecode(index: VideoIndex, ordinal: int) -> Timecode:
    seconds = index.seconds_at(ordinal)
    return timecode_at(seconds + index.rounding_seconds if ordinal else seconds, index.rate)


def _every(index: VideoIndex, step: Fraction) -> tuple[int, ...]:
    slack = index.rounding_seconds
    taken: list[int] = []
    multiple = Fraction(0)
    while True:
        earliest = index.pts[0] + ceil((multiple - slack) / index.time_base)
        ordinal = bisect_left(index.pts, earliest)
        if ordinal == index.frame_count:
            return tuple(taken)
        taken.append(ordinal)
        # This frame answers every multiple up to its own time: a gap in the film holds many.
        multiple = (floor((index.seconds_at(ordinal) + slack) / step) + 1) * step


def _decimal(value: Fraction) -> str:
    return f"{float(value):g}"
