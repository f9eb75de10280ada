"""The value VideoIndex: where every frame of a film is in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np

SEEK_GAP = 4  # frames; a shorter gap between keyframes is decoded through


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """Where every frame of a film is in time, and how it is to be shown.

    Attributes:
        pts: presentation times in units of `time_base`, rising; the position in it is the ordinal.
        rate: average frames per second, a broadcast rate where it is within a thousandth of one; where a film lacks
            some frames, the rate at which the others stand.
        keyframes: ordinals from which decoding can start, rising.
        width_pixels, height_pixels: as shown, turned upright and with square pixels.
        flip: how the stored picture is turned upright, as `orientation.turn` takes it.
        codec: FFmpeg's name.
        duration_seconds: from the first frame to the end of the last.
        stream: number of the stream in its file.
        exact: True where the container's times were kept; False where some were missing or out of order and were
            filled in by counting, so that frames are found by counting too.
        captured_at: ISO 8601 where the file states it.
        warnings: what a person should know, such as a film that is cut off.
        seek_gap: frames; over a shorter gap, decoding takes less time than seeking.
        start_timecode: SMPTE timecode that the file states for the first frame, `01:00:00;00` where it is drop-frame.
        interlaced: each frame holds two fields, which were taken one after the other.
        notes: what a person may want to know and that costs no frame.
        seekable: the times of frames after a seek are those of the index; else all is decoded from the beginning.
        constant_rate: every frame stands where counting at `rate` puts it, to an eighth of a frame or to a tick. Not so
            where frames are missing: the ordinal is then less than the slot.
    """

    pts: tuple[int, ...]
    time_base: Fraction
    rate: Fraction
    keyframes: tuple[int, ...]
    width_pixels: int
    height_pixels: int
    codec: str
    duration_seconds: Fraction
    flip: int = 0
    stream: int = 0
    exact: bool = True
    captured_at: str | None = None
    warnings: tuple[str, ...] = ()
    seek_gap: int = SEEK_GAP
    start_timecode: str | None = None
    interlaced: bool = False
    notes: tuple[str, ...] = ()
    seekable: bool = True
    constant_rate: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not self.pts or any(later <= sooner for sooner, later in pairwise(self.pts)):
            raise ValueError("a film has at least one frame, and its presentation times rise")
        if self.time_base <= 0 or self.rate <= 0 or self.width_pixels < 1 or self.height_pixels < 1:
            raise ValueError(f"a film has a time base, a rate and a size above 0, got {self.rate=}, {self.time_base=}")
        frames_per_tick = float(self.time_base * self.rate)
        slots = (np.array(self.pts, np.int64) - self.pts[0]) * frames_per_tick
        astray = float(np.abs(slots - np.arange(len(self.pts))).max())
        object.__setattr__(self, "constant_rate", astray <= min(max(0.125, frames_per_tick), 0.5))

    @property
    def frame_count(self) -> int:
        return len(self.pts)

    def seconds_at(self, ordinal: int) -> Fraction:
        """Return the time of a frame, counted from the first."""
        return (self.pts[ordinal] - self.pts[0]) * self.time_base

    @property
    def rounding_seconds(self) -> Fraction:
        """How far a stored time may stand from the true one; 0 where frames last a whole number of ticks.

        Matroska keeps milliseconds, so that frame 2 at 24 per second is stored as 0.083 s, just before its slot.
        A tick, but never more than an eighth of a frame.
        """
        if (1 / self.rate) % self.time_base == 0:
            return Fraction(0)
        return min(self.time_base, 1 / (8 * self.rate))
