"""What can be measured of a picture without a model: its size, and how bright, contrasty and sharp it is."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.cores import count_cores
from rushes.datasets.content import content_of
from rushes.errors import MediaError, UnreachableError
from rushes.footage.picture import PictureSize, resize
from rushes.footage.pictures import read_still
from rushes.labels.manifest import ManifestRow
from rushes.progress import Progress, silent
from rushes.storage.kept_vectors import read_vectors, write_vectors
from rushes.storage.pictures import Pictures, without_query

_FOLDER = "facts-1"  # another number where they are measured otherwise
# What pictures are shrunk to before they are measured, so that those of all sizes can be held against each other.
_MEASURED = PictureSize(long_side=512)
_CLIPPED_LOW, _CLIPPED_HIGH = 4, 251  # luma at and beyond which there is no detail left
_PART_SIZE = 512  # pictures measured between two writes


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
    progress: Progress = silent,
) -> dict[str, PictureFacts | MediaError]:
    """Return frame id -> the facts of its picture, or why it cannot be read; what was measured once is kept.

    Args:
        cache_folder: of the project; it may be emptied at any time.
        threads: that read pictures; None takes one per core.

    Raises:
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    folder = cache_folder / _FOLDER
    digests = {row.frame_id: content_of(row, project_root) for row in rows}
    known = read_vectors(folder, set(digests.values()))
    missing = [row for row in rows if digests[row.frame_id] not in known]
    lost: dict[str, MediaError] = {}
    with (
        Pictures(project_root) as pictures,
        ThreadPoolExecutor(threads or count_cores(), thread_name_prefix="facts") as pool,
    ):
        for start in range(0, len(missing), _PART_SIZE):
            part = missing[start : start + _PART_SIZE]
            for row in part:
                pictures.fetch_ahead(row.img_ref, sha256=row.sha256)
            measured: dict[str, PictureFacts] = {}
            found = pool.map(lambda row: _measure(row, pictures), part)
            for done, (row, facts) in enumerate(zip(part, found, strict=True), start=start + 1):
                if isinstance(facts, MediaError):
                    lost[row.frame_id] = facts
                else:
                    measured[digests[row.frame_id]] = facts
                progress(done, len(missing), "measuring pictures")
            if measured:
                values = np.array([astuple(one) for one in measured.values()], np.float32)
                write_vectors(folder, list(measured), values)
                known |= dict(zip(measured, values, strict=True))
    return {frame: lost.get(frame) or _facts_of(known[key]) for frame, key in digests.items()}


def _measure(row: ManifestRow, pictures: Pictures) -> PictureFacts | MediaError:
    try:
        with pictures.held(row.img_ref, sha256=row.sha256) as path:
            still = read_still(path, size=_MEASURED)
            return replace(measure_picture(still.pixels), width=still.width_pixels, height=still.height_pixels)
    except UnreachableError:
        raise
    except MediaError as error:
        return MediaError(without_query(row.img_ref), error.reason)
    except OSError as error:
        return MediaError(without_query(row.img_ref), f"the file cannot be read ({error.strerror or error})")


def _facts_of(values: npt.NDArray[np.float32]) -> PictureFacts:
    width, height, *measured = (float(value) for value in values)
    return PictureFacts(int(width), int(height), *measured)
