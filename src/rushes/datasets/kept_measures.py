"""Numbers measured of stored pictures, once each, and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.cores import count_cores
from rushes.datasets.content import content_of
from rushes.errors import MediaError, UnreachableError
from rushes.labels.manifest import ManifestRow
from rushes.progress import Progress
from rushes.storage.kept_vectors import read_vectors, write_vectors
from rushes.storage.pictures import Pictures, without_query

Floats = npt.NDArray[np.float32]


def measure_each(
    rows: Sequence[ManifestRow],
    measure: Callable[[Path], Sequence[float]],
    *,
    project_root: Path,
    folder: Path,
    part_size: int,
    what: str,
    threads: int | None,
    progress: Progress,
) -> dict[str, Floats | MediaError]:
    """Return frame id -> the numbers of its picture, or why it cannot be read; what was measured once is kept.

    Args:
        measure: gives the numbers of a picture's file, as many for each; called by several threads.
        folder: in which the numbers are kept; it may be emptied at any time.
        part_size: pictures that are measured between two writes.
        what: is done, for a person: `measuring pictures`.
        threads: that read and measure; None takes one per core.

    Raises:
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    digests = {row.frame_id: content_of(row, project_root) for row in rows}
    known = read_vectors(folder, set(digests.values()))
    missing = [row for row in rows if digests[row.frame_id] not in known]
    lost: dict[str, MediaError] = {}
    with (
        Pictures(project_root) as pictures,
        ThreadPoolExecutor(threads or count_cores(), thread_name_prefix="measures") as pool,
    ):
        for start in range(0, len(missing), part_size):
            part = missing[start : start + part_size]
            for row in part:
                pictures.fetch_ahead(row.img_ref, sha256=row.sha256)
            measured: dict[str, Sequence[float]] = {}
            found = pool.map(lambda row: _measure(row, measure, pictures), part)
            for done, (row, one) in enumerate(zip(part, found, strict=True), start=start + 1):
                if isinstance(one, MediaError):
                    lost[row.frame_id] = one
                else:
                    measured[digests[row.frame_id]] = one
                progress(done, len(missing), what)
            if measured:
                values = np.array(list(measured.values()), np.float32)
                write_vectors(folder, list(measured), values)
                known |= dict(zip(measured, values, strict=True))
    return {frame: lost[frame] if frame in lost else known[key] for frame, key in digests.items()}


def _measure(
    row: ManifestRow, measure: Callable[[Path], Sequence[float]], pictures: Pictures
) -> Sequence[float] | MediaError:
    try:
        with pictures.held(row.img_ref, sha256=row.sha256) as path:
            return measure(path)
    except UnreachableError:
        raise
    except MediaError as error:
        return MediaError(without_query(row.img_ref), error.reason)
    except OSError as error:
        return MediaError(without_query(row.img_ref), f"the file cannot be read ({error.strerror or error})")
