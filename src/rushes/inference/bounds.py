"""Bounds: how much of a film is looked at for somebody who is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rushes.errors import MediaError
from rushes.footage.video_index import VideoIndex
from rushes.storage.places import Place


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a film may be at the most.

    Attributes:
        frames: that are sampled.
        pixels: of one of its pictures.
    """

    duration_seconds: float
    frames: int
    pixels: int

    def check(self, path: Place, index: VideoIndex) -> None:
        """Raise MediaError where a film is too long, or its pictures too large."""
        if index.duration_seconds > self.duration_seconds:
            lasts = float(index.duration_seconds)
            raise MediaError(path, f"lasts {lasts:,.0f} s; {self.duration_seconds:,.0f} s are taken at the most. "
                                   "Send a part of it")  # fmt: skip
        if index.width_pixels * index.height_pixels > self.pixels:
            size = f"{index.width_pixels:,} x {index.height_pixels:,}"
            raise MediaError(path, f"shows {size} pixels; {self.pixels:,} are taken at the most. "
                                   "Send it smaller")  # fmt: skip

    def check_sampled(self, path: Place, ordinals: Sequence[int]) -> None:
        """Raise MediaError where too many frames are asked for."""
        if len(ordinals) > self.frames:
            raise MediaError(path, f"is to be looked at in {len(ordinals):,} frames; {self.frames:,} are the most. "
                                   "Ask for fewer: a longer interval")  # fmt: skip
