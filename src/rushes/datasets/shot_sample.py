"""A shot as a sample, and samples stacked as a network takes them; NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing

if TYPE_CHECKING:
    from rushes.footage.movement import MotionSeries

FrameChoice = Literal["even", "scan"]
MOST_STEPS = 128  # of a series; a longer one is averaged down to so many

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ShotReading:
    """What of each shot is read.

    Attributes:
        preprocessing: how each frame becomes a picture; bars are found once for a shot, over all its frames.
        frames: how many frames of a shot are looked at, at most.
        choice: `even` over the whole shot, or by the `scan`.
        subject: whether maps of where the subject is are made.
        faces: file of a YuNet face detector for these maps, and its digest; None finds subjects by what stands out.
    """

    preprocessing: Preprocessing
    frames: int = 16
    choice: FrameChoice = "even"
    subject: bool = False
    faces: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ValueError(f"a shot is shown by at least one frame, got {self.frames}")
        if self.choice not in ("even", "scan"):
            raise ValueError(f"frames are chosen 'even' or by the 'scan', got '{self.choice}'")


@dataclass(frozen=True, slots=True, eq=False)
class ShotSample:
    """What is read of one shot.

    Attributes:
        pixels: (n, height, width, channels) uint8, n from 1 to `ShotReading.frames`, in presentation order; n is 0
            where the motion alone is looked at.
        ordinals: (n,) int64, of these frames in the film, rising.
        subject: (n, GRID, GRID) uint8, where the subject is in each prepared frame, 0 to 255; None where not asked for.
        series: the camera's motion, pair by pair.
        aggregates: (FEATURES,) float32, the same motion in numbers for the whole shot.
        cuts: ordinals of cuts that were found well inside the shot: the list of shots may be wrong.
        notes: what a person should know of it, in words.
    """

    pixels: Pixels
    ordinals: npt.NDArray[np.int64]
    subject: Pixels | None
    series: MotionSeries
    aggregates: Floats
    cuts: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnusableShot:
    """A shot that cannot be read, and why."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class StackedShots:
    """Samples of a batch in arrays; what a sample lacks is 0 and masked out.

    Attributes:
        pixels: (batch, time, height, width, channels) uint8.
        mask: (batch, time) bool: there is a frame.
        subject: (batch, time, grid, grid) float32, 0 to 1; None where the samples have none.
        series: (batch, pairs, columns) float32, as long as the longest of the batch, at least 1.
        series_mask: (batch, pairs) bool: there is a pair.
        aggregates: (batch, FEATURES) float32.
    """

    pixels: Pixels
    mask: Flags
    subject: Floats | None
    series: Floats
    series_mask: Flags
    aggregates: Floats


def stack_samples(samples: Sequence[ShotSample], frames: int) -> StackedShots:
    """Return samples side by side, each with room for so many frames.

    Raises:
        ValueError: there is none, one has more frames than there is room for, or only some have maps of the subject.
    """
    if not samples:
        raise ValueError("a batch is of at least one shot")
    most = max(len(sample.pixels) for sample in samples)
    if most > frames:
        raise ValueError(f"a sample has {most} frames, and there is room for {frames}")
    series = [shorten_series(np.asarray(sample.series.values, np.float32)) for sample in samples]
    pairs = max(1, *(len(one) for one in series))
    stacked_series, series_mask = _padded(series, pairs)
    pixels, mask = _padded([sample.pixels for sample in samples], frames)
    maps = [sample.subject for sample in samples if sample.subject is not None]
    if maps and len(maps) < len(samples):
        raise ValueError(f"{len(maps)} of {len(samples)} samples have maps of the subject; all have, or none")
    subject = np.asarray(_padded(maps, frames)[0] / 255, np.float32) if maps else None
    aggregates = np.stack([sample.aggregates for sample in samples]).astype(np.float32)
    return StackedShots(pixels, mask, subject, stacked_series, series_mask, aggregates)


def shorten_series(series: Floats, most: int = MOST_STEPS) -> Floats:
    """Return a series of at most so many steps: of a longer one, the means of equally long parts.

    Args:
        series: (pairs, columns); of NaN, as stands where nothing was measured, the mean is taken without it.
    """
    if len(series) <= most:
        return np.nan_to_num(series, nan=0.0)
    edges = np.arange(most) * len(series) // most
    known = np.isfinite(series)
    counts = np.add.reduceat(known.astype(np.float32), edges)
    sums = np.add.reduceat(np.where(known, series, 0), edges)
    return np.asarray(sums / np.maximum(counts, 1), np.float32)


def _padded(arrays: Sequence[npt.NDArray[Any]], length: int) -> tuple[npt.NDArray[Any], Flags]:
    """Return arrays of one shape but for their lengths stacked, with zeros behind each, and where there are none."""
    stacked = np.zeros((len(arrays), length, *arrays[0].shape[1:]), arrays[0].dtype)
    mask = np.zeros((len(arrays), length), np.bool_)
    for place, array in enumerate(arrays):
        stacked[place, : len(array)] = array
        mask[place, : len(array)] = True
    return stacked, mask
