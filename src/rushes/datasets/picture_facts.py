"""What can be measured of a picture without a model: its size, and how bright, contrasty and sharp it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.datasets.kept_measures import Measure, measure_each
from rushes.errors import MediaError
from rushes.footage.picture import PictureSize, resize
from rushes.footage.pictures import read_still
from rushes.labels.manifest import ManifestRow
from rushes.progress import Progress, silent
from rushes.scale.engine import Engine, Seat

_FOLDER = "facts-1"  # another number where they are measured otherwise
# What pictures are shrunk to before they are measured, so that those of all sizes can be held against each other.
_MEASURED = PictureSize(long_side=512)
_CLIPPED_LOW, _CLIPPED_HIGH = 4, 251  # luma at and beyond which there is no detail left
_TOGETHER = 128  # pictures that a process measures between two writes


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What was measured of one picture, shrunk to a long side of 512 pixels where it is larger.

    Attributes:
        width, height: pixels of the picture as it is stored, upright.
        brightness: mean of the luma (BT.601), 0 to 1.
        contrast: standard deviation of the luma, 0 to 0.5.
        sharpness: mean squared step of the luma between neighbouring pixels, in steps of 8 bits; noise and fine
            texture count as sharp.
        clipped_dark, clipped_bright: share of pixels, 0 to 1, that are all but black, or all but white.
    """

    width: int
    height: int
    brightness: float
    contrast: float
    sharpness: float
    clipped_dark: float
    clipped_bright: float

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height


def measure_picture(pixels: npt.NDArray[np.uint8]) -> PictureFacts:
    """Return the facts of (height, width, 3) RGB pixels, uint8, not empty."""
    import cv2

    height, width = pixels.shape[:2]
    luma = cv2.cvtColor(resize(pixels, _MEASURED), cv2.COLOR_RGB2GRAY)
    steps = [np.diff(luma.astype(np.float32), axis=axis).ravel() for axis in (0, 1)]
    return PictureFacts(
        width=width,
        height=height,
        brightness=float(luma.mean()) / 255,
        contrast=float(luma.std()) / 255,
        sharpness=float(np.mean(np.square(np.concatenate(steps)))) if sum(map(len, steps)) else 0.0,
        clipped_dark=float((luma <= _CLIPPED_LOW).mean()),
        clipped_bright=float((luma >= _CLIPPED_HIGH).mean()),
    )


def read_picture_facts(
    rows: Sequence[ManifestRow],
    *,
    project_root: Path,
    cache_folder: Path,
    threads: int | None = None,
    engine: Engine | None = None,
    progress: Progress = silent,
) -> dict[str, PictureFacts | MediaError]:
    """Return frame id -> the facts of its picture, or why it cannot be read; what was measured once is kept.

    Args:
        cache_folder: of the project; it may be emptied at any time.
        threads: that read pictures in this process; None takes one per core.
        engine: that measures what is not kept; None measures in this process.

    Raises:
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    found = measure_each(
        rows,
        _build,
        project_root=project_root,
        folder=cache_folder / _FOLDER,
        together=_TOGETHER,
        what="measuring pictures",
        threads=threads,
        engine=engine,
        progress=progress,
    )
    return {frame: one if isinstance(one, MediaError) else _facts_of(one) for frame, one in found.items()}


def _build(seat: Seat) -> Measure:
    return _measure


def _measure(path: Path) -> Sequence[float]:
    still = read_still(path, size=_MEASURED)
    return astuple(replace(measure_picture(still.pixels), width=still.width_pixels, height=still.height_pixels))


def _facts_of(values: npt.NDArray[np.float32]) -> PictureFacts:
    width, height, *measured = (float(value) for value in values)
    return PictureFacts(int(width), int(height), *measured)
