"""A frozen backbone's features of pictures, computed once each and kept under what decided them."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rushes.datasets.content import content_of
from rushes.datasets.preprocessing import Preprocessing
from rushes.labels.manifest import ManifestRow
from rushes.learning.samples import UnusableSample, read_pictures
from rushes.models.backbones import Backbone
from rushes.progress import Progress, silent
from rushes.scale.engine import Engine, Seat, Work
from rushes.scale.filling import fill_vectors
from rushes.storage.files import digest_of_bytes, write_json
from rushes.storage.kept_vectors import read_vectors, write_vectors
from rushes.storage.pictures import without_query

_SCHEMA = "features/1"
_WHAT = "computing features"
_PART_SIZE = 256  # pictures computed between two writes, filled up to a whole batch: what a kill can cost

_LEAST_TOGETHER = 16  # pictures that a process is given at once: whole batches of a CPU, and no crumbs of parts
_SECONDS = 120.0  # that a picture may take, where it can be waited for: what hangs is listed
_CHUNKS_EACH = 4  # that each process is given at least, where there are enough: none waits long for the slowest

Extract = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
# Called once in a process: gives what computes there, and how many pictures it is best given at once.
BuildExtract: TypeAlias = Callable[[Seat], tuple[Extract, int]]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who computes features in place of this process.

    Attributes:
        build: loads the network in each process; it is sent there.
        files: that it reads, as `Work.files`.
        takes_gpu: as `Work.takes_gpu`.
    """

    engine: Engine
    build: BuildExtract
    files: Mapping[str, Path]
    takes_gpu: bool = True


@dataclass(frozen=True, slots=True)
class Features:
    """What a frozen backbone sees in pictures.

    Attributes:
        rows: (samples,) of the manifest.
        values: (samples, features) float32.
        lost: samples whose picture cannot be used.
        computed_count: how many were not in the cache.
    """

    rows: tuple[ManifestRow, ...]
    values: npt.NDArray[np.float32]
    lost: tuple[UnusableSample, ...]
    computed_count: int


def describe_features(backbone: Backbone, *, weights_digest: str, preprocessing: Preprocessing) -> dict[str, Any]:
    """Return all that decides a picture's features, beside the picture, as plain values."""
    return {
        "schema": _SCHEMA,
        "backbone": backbone.to_table(),
        "weights": weights_digest,
        "preprocessing": preprocessing.to_table(),
    }


def compute_features(
    rows: Sequence[ManifestRow],
    *,
    extract: Extract,
    about: dict[str, Any],
    cache_folder: Path,
    project_root: Path,
    preprocessing: Preprocessing,
    batch_size: int,
    threads: int,
    elsewhere: Elsewhere | None = None,
    progress: Progress = silent,
) -> Features:
    """Return the features of rows, in order; only those that the cache lacks are computed, and then kept there.

    Args:
        extract: (batch, height, width, channels) uint8 -> (batch, features) float32.
        about: what `describe_features` returned.
        cache_folder: where the features of all backbones are kept; it may be emptied at any time.
        elsewhere: who computes what the cache lacks; None computes it here by `extract`.
    """
    folder = _folder_of(about, cache_folder)
    write_json(folder / "about.json", about)
    digests = {row.frame_id: content_of(row, project_root) for row in rows}
    known = read_vectors(folder, set(digests.values()))
    missing = [row for row in rows if digests[row.frame_id] not in known]
    lost: list[UnusableSample] = []
    asked = len(missing)
    if elsewhere is not None and missing:
        lost += _fill(missing, folder, elsewhere, preprocessing=preprocessing, project_root=project_root,
                      progress=progress)  # fmt: skip
        known |= read_vectors(folder, {digests[row.frame_id] for row in missing})
        refused = {one.row.frame_id for one in lost}
        missing = [row for row in missing if digests[row.frame_id] not in known and row.frame_id not in refused]
    waiting = _Waiting(folder, digests)
    computed, unusable = _compute(
        missing,
        waiting,
        extract=extract,
        preprocessing=preprocessing,
        project_root=project_root,
        batch_size=batch_size,
        threads=threads,
        progress=progress,
    )
    known |= computed
    lost += unusable
    there = tuple(row for row in rows if digests[row.frame_id] in known)
    values = np.stack([known[digests[row.frame_id]] for row in there]) if there else np.empty((0, 0), np.float32)
    return Features(there, values, tuple(lost), computed_count=asked - len(lost))


def _compute(
    missing: Sequence[ManifestRow],
    waiting: _Waiting,
    *,
    extract: Extract,
    preprocessing: Preprocessing,
    project_root: Path,
    machine: str = "",
    batch_size: int,
    threads: int,
    progress: Progress,
) -> tuple[dict[str, npt.NDArray[np.float32]], list[UnusableSample]]:
    """Compute features and write them, part by part; return them under their digests, and what cannot be used."""
    known: dict[str, npt.NDArray[np.float32]] = {}
    lost: list[UnusableSample] = []
    # One reader for all: pictures of the next part are read while this one is computed and written.
    read = read_pictures(
        missing, project_root=project_root, preprocessing=preprocessing, threads=threads, machine=machine
    )
    for done, (row, picture) in enumerate(read, start=1):
        if isinstance(picture, UnusableSample):
            lost.append(picture)
        else:
            waiting.add(row, picture)
        if len(waiting.pictures) == batch_size or done == len(missing):
            waiting.compute(extract, batch_size)
            if len(waiting.rows) >= _PART_SIZE or done == len(missing):
                known |= waiting.write()
            progress(done, len(missing), _WHAT)
    return known, lost


def _fill(
    missing: Sequence[ManifestRow],
    folder: Path,
    elsewhere: Elsewhere,
    *,
    preprocessing: Preprocessing,
    project_root: Path,
    progress: Progress,
) -> list[UnusableSample]:
    """Have features computed by an engine and kept in a folder; return what cannot be used, or was lost."""
    engine = elsewhere.engine
    chunks = _CHUNKS_EACH * max(1, engine.workers)
    work: Work[ManifestRow, UnusableSample | None] = Work(
        partial(_build, elsewhere.build, preprocessing, project_root, platform.node()),
        _WHAT,
        files=elsewhere.files,
        fills=folder,
        together=min(_PART_SIZE, max(_LEAST_TOGETHER, -(-len(missing) // chunks))),
        at_once=_LEAST_TOGETHER,
        seconds=_SECONDS,
        worth=None,  # torch keeps every core of one process busy: docs/decisions/2026-11-26-filled-by-many.md
        takes_gpu=elsewhere.takes_gpu,
        name_of=_name_of,
    )
    lost = fill_vectors(work, missing, engine=engine, progress=progress)
    return [UnusableSample(row, why.reason) for row, why in lost]


def _name_of(row: ManifestRow) -> str:
    return without_query(row.img_ref)


def _build(
    build: BuildExtract, preprocessing: Preprocessing, project_root: Path, machine: str, seat: Seat
) -> Callable[[Sequence[ManifestRow]], list[UnusableSample | None]]:
    """Return what computes the features of some rows and keeps them; it answers why, for each that it cannot use."""
    extract, batch_size = build(seat)

    def compute(rows: Sequence[ManifestRow]) -> list[UnusableSample | None]:
        digests = {row.frame_id: content_of(row, project_root) for row in rows}
        _, lost = _compute(
            rows,
            _Waiting(seat.folder, digests),
            extract=extract,
            preprocessing=preprocessing,
            project_root=project_root,
            machine=machine,
            batch_size=batch_size,
            threads=seat.threads,
            progress=silent,
        )
        why = {one.row.frame_id: one for one in lost}
        return [why.get(row.frame_id) for row in rows]

    return compute


def read_features(rows: Sequence[ManifestRow], *, about: dict[str, Any], cache_folder: Path) -> npt.NDArray[np.float32]:
    """Return (found, features) of those rows that the cache holds and whose digest the manifest says; reads no picture.

    Args:
        about, cache_folder: as `compute_features` takes them.
    """
    known = read_vectors(_folder_of(about, cache_folder), {row.sha256 for row in rows if row.sha256})
    return np.stack(list(known.values())) if known else np.empty((0, 0), np.float32)


def _folder_of(about: dict[str, Any], cache_folder: Path) -> Path:
    return cache_folder / digest_of_bytes(json.dumps(about, sort_keys=True).encode())[:24]


class _Waiting:
    """Pictures that wait for a batch to be full, and features that wait for a part to be.

    Attributes:
        rows: (waiting,) those whose features are not yet written.
        pictures: of the last of these, whose features are not yet computed.
    """

    def __init__(self, folder: Path, digests: Mapping[str, str]) -> None:
        self.folder, self.digests = folder, digests
        self.rows: list[ManifestRow] = []
        self.pictures: list[npt.NDArray[np.uint8]] = []
        self._computed: list[npt.NDArray[np.float32]] = []

    def add(self, row: ManifestRow, picture: npt.NDArray[np.uint8]) -> None:
        self.rows.append(row)
        self.pictures.append(picture)

    def compute(self, extract: Extract, batch_size: int) -> None:
        """Compute the features of the pictures, by whole batches.

        The last bits of a picture's features depend on how many are computed with it, not on which: a short batch is
        filled up, so that they are the same however the work was divided.
        """
        if self.pictures:
            count = len(self.pictures)
            filling = [self.pictures[-1]] * (batch_size - count)
            self._computed.append(extract(np.stack([*self.pictures, *filling]))[:count])
            self.pictures.clear()

    def write(self) -> dict[str, npt.NDArray[np.float32]]:
        """Write what is computed as one part, and return digest -> features of it."""
        if not self.rows:
            return {}
        values = np.concatenate(self._computed)
        names = [self.digests[row.frame_id] for row in self.rows]
        write_vectors(self.folder, names, values)
        self.rows.clear()
        self._computed.clear()
        return dict(zip(names, values, strict=True))
