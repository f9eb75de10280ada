"""The measures of stored photographs, taken once each and kept."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path

import numpy as np

from rushes.cores import count_cores
from rushes.datasets.content import content_of
from rushes.errors import MediaError, UnreachableError
from rushes.footage.photo_measures import LONG_SIDE, VERSION, PhotoMeasures, measure_photograph
from rushes.footage.picture import PictureSize
from rushes.footage.pictures import read_still
from rushes.footage.subject import Faces
from rushes.labels.manifest import ManifestRow
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file
from rushes.storage.kept_vectors import read_vectors, write_vectors
from rushes.storage.pictures import Pictures, without_query

_PART_SIZE = 256  # pictures measured between two writes


def read_photo_measures(
    rows: Sequence[ManifestRow],
    *,
    project_root: Path,
    cache_folder: Path,
    faces: Path | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> dict[str, PhotoMeasures | MediaError]:
    """Return frame id -> the measures of its picture, or why it cannot be read; what was measured once is kept.

    A picture is measured as it is stored, at LONG_SIDE at most. Frames that are kept smaller than their originals are
    measured small, so what is compared with them later must be brought to the same size first.

    Args:
        cache_folder: of the project; it may be emptied at any time.
        faces: file of the face detector; what is said of faces is unknown without.
        threads: that read and measure; None takes one per core.

    Raises:
        WeightsError: `faces` is missing, or no such detector.
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    detector = Faces(faces) if faces is not None else None
    folder = cache_folder / _folder_name(faces)
    digests = {row.frame_id: content_of(row, project_root) for row in rows}
    known = read_vectors(folder, set(digests.values()))
    missing = [row for row in rows if digests[row.frame_id] not in known]
    lost: dict[str, MediaError] = {}
    with (
        Pictures(project_root) as pictures,
        ThreadPoolExecutor(threads or count_cores(), thread_name_prefix="measures") as pool,
    ):
        for start in range(0, len(missing), _PART_SIZE):
            part = missing[start : start + _PART_SIZE]
            for row in part:
                pictures.fetch_ahead(row.img_ref, sha256=row.sha256)
            measured: dict[str, PhotoMeasures] = {}
            found = pool.map(lambda row: _measure(row, pictures, detector), part)
            for done, (row, one) in enumerate(zip(part, found, strict=True), start=start + 1):
                if isinstance(one, MediaError):
                    lost[row.frame_id] = one
                else:
                    measured[digests[row.frame_id]] = one
                progress(done, len(missing), "measuring photographs")
            if measured:
                values = np.array([astuple(one) for one in measured.values()], np.float32)
                write_vectors(folder, list(measured), values)
                known |= dict(zip(measured, values, strict=True))
    return {frame: lost.get(frame) or PhotoMeasures(*map(float, known[key])) for frame, key in digests.items()}


def _folder_name(faces: Path | None) -> str:
    """Return the folder of measures that were taken alike: as this version takes them, with this detector."""
    detector = f"-{digest_of_file(faces)[:12]}" if faces is not None else ""
    return f"photo-measures-{VERSION}{detector}"


def _measure(row: ManifestRow, pictures: Pictures, faces: Faces | None) -> PhotoMeasures | MediaError:
    try:
        with pictures.held(row.img_ref, sha256=row.sha256) as path:
            return measure_photograph(read_still(path, size=PictureSize(long_side=LONG_SIDE)).pixels, faces=faces)
    except UnreachableError:
        raise
    except MediaError as error:
        return MediaError(without_query(row.img_ref), error.reason)
    except OSError as error:
        return MediaError(without_query(row.img_ref), f"the file cannot be read ({error.strerror or error})")
