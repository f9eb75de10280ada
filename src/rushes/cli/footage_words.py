"""Words about footage on the command line, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rushes.errors import UsageError, did_you_mean
from rushes.project import PICTURE_FORMATS, RAW_DEVELOPMENTS

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.footage.picture import PictureFormat, PictureSize
    from rushes.footage.raw import Development
    from rushes.footage.sampling import Sampling


def parse_sampling(
    every: str | None,
    fps: str | None,
    *,
    every_frame: bool,
    keyframes: bool,
    default: str,
    at: Path | None = None,
    per_shot: int | None = None,
) -> Sampling:
    """Return which frames of a film are wanted; of the words one may be given, or `every` with `keyframes`.

    Args:
        at: a sheet of times.
        per_shot: frames of each shot.

    Raises:
        UsageError: words are given that do not go together, or one is not what it should be.
        SheetError: the sheet of times cannot be read, or has faulty rows.
    """
    from rushes.footage.sampling import AtRate, Every, EveryFrame, EveryKeyframe, Keyframes, PerShot
    from rushes.footage.times_sheet import read_times_sheet
    from rushes.timecode import parse_duration, parse_rate

    together = keyframes and every is not None
    if (
        sum((every is not None, fps is not None, every_frame, keyframes, at is not None, per_shot is not None))
        > 1 + together
    ):
        raise UsageError(
            "--every, --fps, --every-frame, --keyframes, --at and --per-shot exclude one another; give one of them. "
            "Only --every and --keyframes go together"
        )
    if at is not None:
        return read_times_sheet(at)
    if per_shot is not None and per_shot < 1:
        raise UsageError(f"--per-shot {per_shot}: a shot is shown by at least one frame")
    if per_shot is not None:
        return PerShot(per_shot)
    try:
        if every_frame:
            return EveryFrame()
        if together:
            return EveryKeyframe(parse_duration(every or default))
        if keyframes:
            return Keyframes()
        if fps is not None:
            return AtRate(parse_rate(fps))
        return Every(parse_duration(every or default))
    except ValueError as error:
        raise UsageError(f"{'--fps' if fps is not None else '--every'}: {error}") from error


def parse_picture_size(text: str, option: str = "--size") -> PictureSize:
    """Return the size that `640` or `640x360` means."""
    from rushes.footage.picture import parse_size

    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def parse_format(text: str) -> PictureFormat:
    """Return the format of picture files that a word means."""
    if text not in PICTURE_FORMATS:
        raise UsageError(f"--format {text}: no such format. {did_you_mean(text, PICTURE_FORMATS)}")
    return cast("PictureFormat", text)


def parse_development(text: str) -> Development:
    """Return the way from a raw to pixels that a word means."""
    if text not in RAW_DEVELOPMENTS:
        raise UsageError(f"--raw {text}: {did_you_mean(text, RAW_DEVELOPMENTS)}")
    return cast("Development", text)
