"""The measures of stored photographs, taken once each and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from rushes.datasets.kept_measures import measure_each
from rushes.errors import MediaError
from rushes.footage.photo_measures import LONG_SIDE, VERSION, PhotoMeasures, measure_photograph
from rushes.footage.picture import PictureSize
from rushes.footage.pictures import read_still
from rushes.footage.subject import Faces
from rushes.labels.manifest import ManifestRow
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file

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

    def measure(path: Path) -> Sequence[float]:
        return astuple(
            measure_photograph(read_still(path, size=PictureSize(long_side=LONG_SIDE)).pixels, faces=detector)
        )

    found = measure_each(
        rows,
        measure,
        project_root=project_root,
        folder=cache_folder / _folder_name(faces),
        part_size=_PART_SIZE,
        what="measuring photographs",
        threads=threads,
        progress=progress,
    )
    return {
        frame: one if isinstance(one, MediaError) else PhotoMeasures(*map(float, one)) for frame, one in found.items()
    }


def _folder_name(faces: Path | None) -> str:
    """Return the folder of measures that were taken alike: as this version takes them, with this detector."""
    detector = f"-{digest_of_file(faces)[:12]}" if faces is not None else ""
    return f"photo-measures-{VERSION}{detector}"
