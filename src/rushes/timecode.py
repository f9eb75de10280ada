"""Exact times of frames: rates, presentation times, SMPTE timecode and frame names.

Rates and times are `Fraction`, never float. Timecode follows SMPTE ST 12-1: frames are counted at the
nominal rate (24 for 23.976); drop-frame counting exists for 29.97 and 59.94 only and is written with a
semicolon before the frames.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

_DROP_RATES = (Fraction(30000, 1001), Fraction(60000, 1001))
_HOURS_OF_A_DAY = 24
_SMPTE = re.compile(r"^(\d{1,3})[:\-.](\d{2})[:\-.](\d{2})([:;\-.])(\d{2,3})$")
_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,](\d+))?$")
_SECONDS = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h)?$")
_FRAME_NAME = re.compile(r"^(?P<stem>.+)_FRM-(\d{2,3})-(\d{2})-(\d{2})-(\d{2,3})(?:\.(\d+))?$")
_UNITS = {"ms": Fraction(1, 1000), "s": Fraction(1), "sec": Fraction(1), "m": Fraction(60), "min": Fraction(60),
          "h": Fraction(3600), None: Fraction(1)}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Timecode:
    """Hours, minutes, seconds, and the frame within its second, from 0."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop: bool = False

    def __post_init__(self) -> None:
        if not (self.hours >= 0 and 0 <= self.minutes < 60 and 0 <= self.seconds < 60 and self.frames >= 0):
            raise ValueError(f"a timecode needs HH:MM:SS:FF with minutes and seconds below 60, got {self!r}")

    def __str__(self) -> str:
        mark = ";" if self.drop else ":"
        return f"{self.hours:02d}:{self.minutes:02d}:{self.seconds:02d}{mark}{self.frames:02d}"


def nominal_rate(rate: Fraction) -> int:
    """Return the whole number of frames that timecode counts per second: 24 for 24000/1001."""
    return max(1, floor(rate + Fraction(1, 2)))


def counts_drop_frame(rate: Fraction) -> bool:
    """Return whether drop-frame counting exists at a rate: at 29.97 and 59.94 alone."""
    # Some files state 2997/100, which is 29.97 to the letter.
    return any(abs(rate / known - 1) < Fraction(1, 10_000) for known in _DROP_RATES)


def count_of_timecode(timecode: Timecode, rate: Fraction) -> int:
    """Return how many frames lie between 00:00:00:00 and a timecode, as SMPTE ST 12-1 counts them.

    Raises:
        ValueError: the timecode does not exist at this rate: too many frames in its second, 24 hours or more,
            drop-frame at a rate without it, or a number that drop-frame counting passes over.
    """
    fault = _fault_of(timecode, rate)
    if fault is not None:
        raise ValueError(f"'{timecode}' is no timecode at {float(rate):.5g} frames per second: {fault}")
    minutes = timecode.hours * 60 + timecode.minutes
    count = (minutes * 60 + timecode.seconds) * nominal_rate(rate) + timecode.frames
    return count - _dropped_per_minute(rate) * (minutes - minutes // 10) if timecode.drop else count


def timecode_of_count(count: int, rate: Fraction, *, drop: bool = False) -> Timecode:
    """Return the timecode of the frame that is `count` frames from 00:00:00:00; after 24 hours it starts again.

    Args:
        count: any whole number; -1 is the last frame of the day before.
        drop: count drop-frame: in each minute but every tenth, the first two numbers (four at 59.94) are passed over.

    Raises:
        ValueError: `drop` at a rate without it.
    """
    if drop and not counts_drop_frame(rate):
        raise ValueError(f"drop-frame counting exists at 29.97 and 59.94 alone, got {float(rate):.5g}")
    nominal = nominal_rate(rate)
    per_minute = _dropped_per_minute(rate) if drop else 0
    per_ten_minutes = nominal * 600 - 9 * per_minute
    count %= per_ten_minutes * 6 * _HOURS_OF_A_DAY
    tens, rest = divmod(count, per_ten_minutes)
    # The first of ten minutes is whole; each of the other nine is short by the numbers that it passes over.
    passed = max(0, rest - per_minute) // (nominal * 60 - per_minute)
    seconds, frames = divmod(count + (tens * 9 + passed) * per_minute, nominal)
    return Timecode(seconds // 3600, seconds // 60 % 60, seconds % 60, frames, drop=drop)


def parse_start_timecode(text: str, rate: Fraction) -> tuple[Timecode | None, str | None]:
    """Return the timecode that a file states for its first frame, and what is wrong with it.

    What contradicts the rate is put right where that is possible: the semicolon goes at a rate without drop-frame
    counting, and a number that drop-frame counting passes over becomes the next that it has, as editing programs
    take it. What cannot be put right is None.
    """
    try:
        stated = parse_timecode(text)
    except ValueError:
        return None, f"its start timecode '{text}' is passed over: a timecode is HH:MM:SS:FF"
    if stated.drop and not counts_drop_frame(rate):
        stated = replace(stated, drop=False)
        fault = "drop-frame counting exists at 29.97 and 59.94 frames per second alone"
    elif _is_passed_over(stated, rate):
        stated = replace(stated, frames=_dropped_per_minute(rate))
        fault = "drop-frame counting passes this number over"
    else:
        fault = None
    lasting = _fault_of(stated, rate)
    if lasting is not None:
        where = f"at {float(rate):.5g} frames per second"
        return None, f"its start timecode '{text}' is passed over: {where}, {lasting}"
    return stated, None if fault is None else f"its start timecode '{text}' is taken as {stated}: {fault}"


def _fault_of(timecode: Timecode, rate: Fraction) -> str | None:
    nominal = nominal_rate(rate)
    if timecode.hours >= _HOURS_OF_A_DAY:
        return "timecode ends with 24 hours"
    if timecode.frames >= nominal:
        return f"the frames of a second are 00 to {nominal - 1:02d}"
    if timecode.drop and not counts_drop_frame(rate):
        return "drop-frame counting exists at 29.97 and 59.94 frames per second alone"
    return "drop-frame counting passes this number over" if _is_passed_over(timecode, rate) else None


def _is_passed_over(timecode: Timecode, rate: Fraction) -> bool:
    first_of_minute = timecode.drop and timecode.seconds == 0 and timecode.minutes % 10 != 0
    return first_of_minute and timecode.frames < _dropped_per_minute(rate)


def _dropped_per_minute(rate: Fraction) -> int:
    return nominal_rate(rate) // 15  # 2 of 30, 4 of 60


def timecode_at(seconds: Fraction, rate: Fraction) -> Timecode:
    """Return the non-drop timecode of the frame shown `seconds` after the first.

    The seconds are those of the clock, and FF is the frame within its second: at 23.976 frames per second
    frame 24 is at 1.001 s and reads 00:00:01:00.

    Args:
        seconds: time since the start of the source, >= 0.
        rate: frames per second, > 0; for a variable rate, the average.
    """
    if seconds < 0 or rate <= 0:
        raise ValueError(f"timecode_at needs seconds >= 0 and rate > 0, got {seconds=}, {rate=}")
    whole = floor(seconds)
    frame = min(floor((seconds - whole) * rate), nominal_rate(rate) - 1)
    return Timecode(whole // 3600, whole // 60 % 60, whole % 60, max(frame, 0))


def parse_timecode(text: str) -> Timecode:
    """Read `00:01:04:12`, `00:01:04;12` (drop-frame) or `00-01-04-12`.

    Raises:
        ValueError: the text is none of these; the message says what was found and what is allowed.
    """
    match = _SMPTE.match(text.strip())
    if match is None:
        raise ValueError(f"'{text}' is not a timecode. Allowed: HH:MM:SS:FF, for example 00:01:04:12")
    hours, minutes, seconds, mark, frames = match.groups()
    return Timecode(int(hours), int(minutes), int(seconds), int(frames), drop=mark == ";")


def parse_duration(text: str) -> Fraction:
    """Read a length of time as exact seconds: `8s`, `0.5s`, `250ms`, `2m`, `1h`, `12.5` or `01:30.25`.

    Raises:
        ValueError: the text is none of these, or is zero.
    """
    cleaned = text.strip().lower()
    clock, plain = _CLOCK.match(cleaned), _SECONDS.match(cleaned)
    if plain is not None:
        seconds = Fraction(plain[1]) * _UNITS[plain[2]]
    elif clock is not None:
        hours, minutes, whole, part = clock.groups()
        seconds = Fraction(int(hours or 0) * 3600 + int(minutes) * 60 + int(whole)) + Fraction(f"0.{part or 0}")
    else:
        raise ValueError(f"'{text}' is not a length of time. Allowed: 8s, 0.5s, 250ms, 2m, 1h, 01:30")
    if seconds <= 0:
        raise ValueError(f"'{text}' is not longer than nothing. Give a time above zero, for example 8s")
    return seconds


def parse_rate(text: str) -> Fraction:
    """Read frames per second exactly: `24`, `23.976` (taken as 24000/1001), `30000/1001`.

    Raises:
        ValueError: the text is no rate above zero.
    """
    try:
        rate = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        raise ValueError(f"'{text}' is not a frame rate. Allowed: a number above zero such as 1, 23.976 or 30000/1001")
    for whole in (24, 30, 48, 60, 120):
        broadcast = Fraction(whole * 1000, 1001)
        if rate != whole and abs(rate - broadcast) < Fraction(1, 200):
            return broadcast
    return rate


def timecode_to_show(timecode: str, *, name: str) -> str:
    """Return the timecode of a frame where it says something: a photograph has none, and its name states none.

    Args:
        name: of the frame.
    """
    return timecode if "_FRM-" in name else ""


def format_frame_name(stem: str, timecode: Timecode, *, repeat: int = 0) -> str:
    """Return the name of a frame, `TT_S01_E01_FRM-00-00-08-12`.

    Args:
        stem: name of the source.
        repeat: 0 for the first frame that carries this timecode in its source, 1 for the next and so on
            (a variable frame rate can put two frames in one slot); written as `.2`, `.3`.
    """
    t = timecode
    tail = f".{repeat + 1}" if repeat else ""
    return f"{stem}_FRM-{t.hours:02d}-{t.minutes:02d}-{t.seconds:02d}-{t.frames:02d}{tail}"


def parse_frame_name(name: str) -> tuple[str, Timecode]:
    """Return the stem of the source and the timecode that a frame's name states.

    Raises:
        ValueError: the name does not end in `_FRM-HH-MM-SS-FF`, or its minutes or seconds are 60 or more.
    """
    match = _FRAME_NAME.match(name)
    if match is None:
        raise ValueError(f"'{name}' is not a frame name. Allowed: NAME_FRM-HH-MM-SS-FF")
    hours, minutes, seconds, frames = (int(match[i]) for i in range(2, 6))
    if minutes >= 60 or seconds >= 60:
        raise ValueError(f"'{name}' is not a frame name: minutes and seconds (HH-MM-SS-FF) are below 60")
    return match["stem"], Timecode(hours, minutes, seconds, frames)
