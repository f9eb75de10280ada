"""Words about footage on the command line, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rushes.errors import UsageError, did_you_mean
from rushes.project import PICTURE_FORMATS, RAW_DEVELOPMENTS

if TYPE_CHECKING:
    from rushes.footage.picture import PictureFormat, PictureSize
    from rushes.footage.raw import Development
    from rushes.footage.sampling import Sampling


def parse_sampling(every: str | None, fps: str | None, *, every_frame: bool, keyframes: bool, default: str) -> Sampling:
    """Return which frames of a film are wanted; at most one of the words may be given.

    Raises:
        UsageError: several are given, or one is not what it should be.
    """
    from rushes.footage.sampling import AtRate, Every, EveryFrame, Keyframes
    from rushes.timecode import parse_duration, parse_rate

    if sum((every is not None, fps is not None, every_frame, keyframes)) > 1:
        raise UsageError("--every, --fps, --every-frame and --keyframes exclude one another; give one of them")
    try:
        if every_frame:
            return EveryFrame()
        if keyframes:
            return Keyframes()
        if fps is not None:
            return AtRate(parse_rate(fps))
        return Every(parse_duration(every or default))
    except ValueError as error:
        raise UsageError(f"{'--fps' if fps is not None else '--every'}: {error}") from error


def parse_picture_size(text: str) -> PictureSize:
    """Return the size that `640` or `640x360` means."""
    from rushes.footage.picture import parse_size

    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError(f"--size: {error}") from error


def parse_format(text: str) -> PictureFormat:
    """Return the format of picture files that a word means."""
    if text not in PICTURE_FORMATS:
        raise UsageError(f"--format {text}: {did_you_mean(text, PICTURE_FORMATS)}")
    return cast("PictureFormat", text)


def parse_development(text: str) -> Development:
    """Return the way from a raw to pixels that a word means."""
    if text not in RAW_DEVELOPMENTS:
        raise UsageError(f"--raw {text}: {did_you_mean(text, RAW_DEVELOPMENTS)}")
    return cast("Development", text)
