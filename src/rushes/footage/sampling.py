"""Which frames of a film are taken, and what they are called."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Literal, get_args

from rushes.footage.source import STILL_TIME_BASE, Frame, Source
from rushes.footage.video_index import VideoIndex
from rushes.timecode import (
    Timecode,
    count_of_timecode,
    format_frame_name,
    nominal_rate,
    parse_timecode,
    timecode_at,
    timecode_of_count,
)

Unit = Literal["timecode", "smpte", "seconds", "frame", "pts"]
UNITS: tuple[Unit, ...] = get_args(Unit)


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


@dataclass(frozen=True, slots=True)
class EveryKeyframe:
    """A frame about every so many seconds: of each multiple the nearest key frame, the earlier of two; each once."""

    seconds: Fraction

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError(f"a key frame is taken every so many seconds above 0, got {self.seconds}")

    def __str__(self) -> str:
        return f"a key frame about every {_decimal(self.seconds)} s"


@dataclass(frozen=True, slots=True)
class WantedTime:
    """One time at which a frame is wanted.

    Attributes:
        value: (whole seconds, frame within the second) of a timecode; an SMPTE timecode; seconds from the first frame
            on; the ordinal of a frame; a presentation time in ticks of the film.
        text: as its author wrote it.
        row: of its sheet, as a spreadsheet counts.
        source: the film that it is for, by its name, its file's name or its stem; None for every film.
    """

    unit: Unit
    value: Fraction | int | tuple[int, int] | Timecode
    text: str
    row: int
    source: str | None = None

    def is_for(self, names: Collection[str]) -> bool:
        """Return whether a film of any of these names is meant, case aside."""
        return self.source is None or self.source.casefold() in {name.casefold() for name in names}


@dataclass(frozen=True, slots=True)
class At:
    """The frames at stated times."""

    times: tuple[WantedTime, ...]
    sheet: str = ""  # where they are stated

    def __str__(self) -> str:
        return f"at {len(self.times):,} stated times"


@dataclass(frozen=True, slots=True)
class PerShot:
    """So many frames of each shot: sharp ones that look like what is around them."""

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"a shot is shown by at least one frame, got {self.count}")

    def __str__(self) -> str:
        return f"{self.count} of each shot"


Sampling = Every | AtRate | EveryFrame | Keyframes | EveryKeyframe | At | PerShot


def narrow_to_film(sampling: Sampling, names: Collection[str]) -> Sampling:
    """Return what a sampling asks of one film.

    Args:
        names: what the film is called: its name, its file's name, its stem.
    """
    if isinstance(sampling, At):
        return At(tuple(time for time in sampling.times if time.is_for(names)), sampling.sheet)
    return sampling


def find_missing_times(index: VideoIndex, sampling: Sampling) -> list[str]:
    """Return why there is no frame at each of the stated times for which the film has none, such as past its end."""
    if not isinstance(sampling, At):
        return []
    found = ((time, _locate(index, time)) for time in sampling.times)
    return [
        f"has no frame {_describe(time)} ({sampling.sheet}, row {time.row}): {place}"
        for time, place in found
        if isinstance(place, str)
    ]


def find_strangers(sampling: Sampling, films: Collection[Collection[str]]) -> list[str]:
    """Return what to say of each stated time that is for none of the films, each given by its names."""
    if not isinstance(sampling, At):
        return []
    return [
        f"{sampling.sheet}, row {time.row}, source: no film is called '{time.source}'. Name it as its file"
        for time in sampling.times
        if not any(time.is_for(names) for names in films)
    ]


def plan_ordinals(index: VideoIndex, sampling: Sampling) -> tuple[int, ...]:
    """Return the ordinals of the frames that are taken, rising.

    `Every` and `AtRate` take the first frame at or after each multiple of their step, counted from the first frame;
    a stored time may fall short of it by the container's rounding. A gap in the film is not filled.

    `At` takes the frame that is shown at each time, and none where the film has none (see `find_missing_times`).

    Raises:
        ValueError: the sampling is `PerShot`, which an index does not tell.
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
        case EveryKeyframe(seconds):
            return _nearest_keyframes(index, seconds)
        case At(times):
            return tuple(sorted({place for time in times if isinstance(place := _locate(index, time), int)}))
        case PerShot():
            raise ValueError("which frames stand for shots is known once a film is scanned: see shots.plan_per_shot")


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


def _nearest_keyframes(index: VideoIndex, step: Fraction) -> tuple[int, ...]:
    """Return the key frames that are the nearest to some multiple of a step up to the last frame."""
    times = [index.seconds_at(ordinal) for ordinal in index.keyframes]
    # Multiples up to and with the middle between two key frames belong to the earlier one.
    limits = [*((sooner + later) / 2 for sooner, later in pairwise(times)), index.seconds_at(index.frame_count - 1)]
    taken: list[int] = []
    before = -1
    for ordinal, limit in zip(index.keyframes, limits, strict=False):
        last = floor(limit / step)
        if last > before:
            taken.append(ordinal)
        before = last
    return tuple(taken)


def _locate(index: VideoIndex, time: WantedTime) -> int | str:
    """Return the ordinal of the frame that is shown at a time, or why there is none."""
    if isinstance(time.value, tuple):
        return _locate_timecode(index, *time.value)
    if isinstance(time.value, Timecode):
        return _locate_smpte(index, time.value)
    if time.unit == "seconds":
        if time.value >= index.duration_seconds:
            return _past_the_end(index)
        ticks = floor((time.value + index.rounding_seconds) / index.time_base)
        return max(0, bisect_right(index.pts, index.pts[0] + ticks) - 1)
    if time.unit == "frame":
        if time.value < index.frame_count:
            return int(time.value)
        return f"it has {index.frame_count:,} frames, 0 to {index.frame_count - 1}"
    ordinal = bisect_left(index.pts, time.value)
    if ordinal < index.frame_count and index.pts[ordinal] == time.value:
        return ordinal
    near = min(ordinal, index.frame_count - 1)
    return f"presentation times nearby are {', '.join(str(pts) for pts in index.pts[max(0, near - 1) : near + 2])}"


def _locate_timecode(index: VideoIndex, seconds: int, frame: int) -> int | str:
    """Return the ordinal of the frame that is named by a timecode, or of the last before it where none is."""
    count = nominal_rate(index.rate)
    if frame >= count:
        return f"its seconds have {count} frames, 00 to {count - 1:02d}"
    wanted = Timecode(seconds // 3600, seconds // 60 % 60, seconds % 60, frame)
    ordinal = bisect_left(range(index.frame_count), wanted, key=lambda place: _timecode(index, place))
    if ordinal < index.frame_count and _timecode(index, ordinal) == wanted:
        return ordinal
    if ordinal == index.frame_count and seconds + frame / index.rate >= index.duration_seconds:
        return _past_the_end(index)
    return max(0, ordinal - 1)


def _locate_smpte(index: VideoIndex, wanted: Timecode) -> int | str:
    """Return the ordinal of the frame that an editing program shows at an SMPTE timecode.

    Where the rate varies, they are counted at the average rate, and of those nearest to a timecode the first is meant.
    """
    stated = None if index.start_timecode is None else parse_timecode(index.start_timecode)
    first = Timecode(0, 0, 0, 0, drop=wanted.drop) if stated is None else stated
    if wanted.drop != first.drop:
        counting = (
            "drop-frame, with ';' before the frames" if first.drop else "without drops, with ':' before the frames"
        )
        return f"its timecode starts at {first} and is counted {counting}"
    try:
        start = count_of_timecode(first, index.rate)
        count = count_of_timecode(wanted, index.rate) - start
    except ValueError as error:
        return str(error)
    last = _slot(index, index.frame_count - 1)
    if count < 0:  # the film may run over midnight
        midnight = Timecode(23, 59, 59, nominal_rate(index.rate) - 1, drop=first.drop)
        count += count_of_timecode(midnight, index.rate) + 1
    if count > last:
        stop = timecode_of_count(start + last, index.rate, drop=first.drop)
        return f"its timecode runs from {first} to {stop}"
    ordinal = bisect_left(range(index.frame_count), count, key=lambda place: _slot(index, place))
    return ordinal if _slot(index, ordinal) == count else ordinal - 1


def _slot(index: VideoIndex, ordinal: int) -> int:
    """Return the place of a frame on an even grid at the film's rate: its ordinal where the rate is constant."""
    return ordinal if index.constant_rate else floor(index.seconds_at(ordinal) * index.rate + Fraction(1, 2))


def _describe(time: WantedTime) -> str:
    return time.text if time.unit == "frame" else f"at {time.unit} {time.text}"


def _past_the_end(index: VideoIndex) -> str:
    last = index.frame_count - 1
    return f"it ends with frame {last} at {_timecode(index, last)}"


def _decimal(value: Fraction) -> str:
    return f"{float(value):g}"
