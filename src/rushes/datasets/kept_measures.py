"""Numbers measured of stored pictures, once each, and kept."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rushes.datasets.content import content_of
from rushes.errors import MediaError, UnreachableError
from rushes.labels.manifest import ManifestRow
from rushes.progress import Progress
from rushes.scale.engine import Engine, Lost, Seat, Work
from rushes.scale.filling import fill_vectors
from rushes.storage.kept_vectors import read_vectors, write_vectors
from rushes.storage.pictures import FETCHES, Pictures, is_remote, without_query

_SECONDS = 120.0  # that a picture may take, where it can be waited for: what hangs is listed

Floats = npt.NDArray[np.float32]
# What gives the numbers of a picture's file, as many for each; called by several threads.
Measure: TypeAlias = Callable[[Path], Sequence[float]]


def measure_each(
    rows: Sequence[ManifestRow],
    build: Callable[[Seat], Measure],
    *,
    project_root: Path,
    folder: Path,
    together: int,
    what: str,
    files: Mapping[str, Path] | None = None,
    threads: int | None,
    engine: Engine | None,
    progress: Progress,
) -> dict[str, Floats | MediaError]:
    """Return frame id -> the numbers of its picture, or why it cannot be read; what was measured once is kept.

    Args:
        build: called once in each process that measures; it is sent there.
        folder: in which the numbers are kept; it may be emptied at any time.
        together, files: as `Work` has them; `together` is what a kill can cost for each process.
        what: is done, for a person: `measuring pictures`.
        threads: that read and measure in this process; None takes one per core.
        engine: that measures what is not kept; None measures in this process.

    Raises:
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    digests = {row.frame_id: content_of(row, project_root) for row in rows}
    known = read_vectors(folder, set(digests.values()))
    missing = [row for row in rows if digests[row.frame_id] not in known]
    lost: dict[str, MediaError] = {}
    if missing:
        work: Work[ManifestRow, MediaError | None] = Work(
            partial(_build, build, project_root, platform.node()),
            what,
            files=files or {},
            fills=folder,
            together=together,
            seconds=_SECONDS,
            worth=None,  # threads of one process keep every core busy: docs/decisions/2026-11-26-filled-by-many.md
            name_of=_name_of,
        )
        for row, why in fill_vectors(work, missing, engine=engine, threads=threads or 0, progress=progress):
            lost[row.frame_id] = MediaError(_name_of(row), why.reason) if isinstance(why, Lost) else why
        known |= read_vectors(folder, {digests[row.frame_id] for row in missing})
    return {frame: lost[frame] if frame in lost else known[key] for frame, key in digests.items()}


def _name_of(row: ManifestRow) -> str:
    return without_query(row.img_ref)


def _build(
    build: Callable[[Seat], Measure], project_root: Path, machine: str, seat: Seat
) -> Callable[[Sequence[ManifestRow]], list[MediaError | None]]:
    """Return what measures the pictures of some rows and keeps the numbers; it answers why, for each that it cannot."""
    measure, pictures = build(seat), Pictures(project_root, machine=machine)

    def measure_rows(rows: Sequence[ManifestRow]) -> list[MediaError | None]:
        far = any(is_remote(row.img_ref) for row in rows)  # most of the time they are waited for
        with ThreadPoolExecutor(max(seat.threads, FETCHES) if far else seat.threads) as pool:
            found = list(pool.map(lambda row: _measured(row, measure, pictures), rows))
        kept = {
            content_of(row, project_root): one
            for row, one in zip(rows, found, strict=True)
            if not isinstance(one, MediaError)
        }
        if kept:
            write_vectors(seat.folder, list(kept), np.array(list(kept.values()), np.float32))
        return [one if isinstance(one, MediaError) else None for one in found]

    return measure_rows


def _measured(row: ManifestRow, measure: Measure, pictures: Pictures) -> Sequence[float] | MediaError:
    try:
        with pictures.held(row.img_ref, sha256=row.sha256) as path:
            return measure(path)
    except UnreachableError:
        raise
    except MediaError as error:
        return MediaError(without_query(row.img_ref), error.reason)
    except OSError as error:
        return MediaError(without_query(row.img_ref), f"the file cannot be read ({error.strerror or error})")
