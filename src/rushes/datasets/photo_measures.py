"""The measures of stored photographs, taken once each and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path

from rushes.datasets.kept_measures import Measure, measure_each
from rushes.errors import MediaError
from rushes.footage.photo_measures import LONG_SIDE, VERSION, PhotoMeasures, measure_photograph
from rushes.footage.picture import PictureSize
from rushes.footage.pictures import read_still
from rushes.footage.subject import Faces
from rushes.labels.manifest import ManifestRow
from rushes.progress import Progress, silent
from rushes.scale.engine import Engine, Seat
from rushes.storage.files import digest_of_file

_TOGETHER = 32  # photographs that a process measures between two writes
_FACES = "faces"  # the detector's name among the files that an engine takes along


def read_photo_measures(
    rows: Sequence[ManifestRow],
    *,
    project_root: Path,
    cache_folder: Path,
    faces: Path | None = None,
    threads: int | None = None,
    engine: Engine | None = None,
    progress: Progress = silent,
) -> dict[str, PhotoMeasures | MediaError]:
    """Return frame id -> the measures of its picture, or why it cannot be read; what was measured once is kept.

    A picture is measured as it is stored, at LONG_SIDE at most. Frames that are kept smaller than their originals are
    measured small, so what is compared with them later must be brought to the same size first.

    Args:
        cache_folder: of the project; it may be emptied at any time.
        faces: file of the face detector; what is said of faces is unknown without.
        threads: that read and measure in this process; None takes one per core.
        engine: that measures what is not kept; None measures in this process.

    Raises:
        WeightsError: `faces` is missing, or no such detector.
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    if faces is not None:
        Faces(faces)  # what is wrong with it is said before anything is measured
    found = measure_each(
        rows,
        _build,
        project_root=project_root,
        folder=cache_folder / _folder_name(faces),
        together=_TOGETHER,
        what="measuring photographs",
        files={_FACES: faces} if faces is not None else None,
        threads=threads,
        engine=engine,
        progress=progress,
    )
    return {
        frame: one if isinstance(one, MediaError) else PhotoMeasures(*map(float, one)) for frame, one in found.items()
    }


def _build(seat: Seat) -> Measure:
    file = seat.files.get(_FACES)
    return partial(_measure, Faces(file) if file is not None else None)


def _measure(detector: Faces | None, path: Path) -> Sequence[float]:
    pixels = read_still(path, size=PictureSize(long_side=LONG_SIDE)).pixels
    return astuple(measure_photograph(pixels, faces=detector))


def _folder_name(faces: Path | None) -> str:
    """Return the folder of measures that were taken alike: as this version takes them, with this detector."""
    detector = f"-{digest_of_file(faces)[:12]}" if faces is not None else ""
    return f"photo-measures-{VERSION}{detector}"
