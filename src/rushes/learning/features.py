"""A frozen backbone's features of pictures, computed once each and kept under what decided them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.content import content_of
from rushes.datasets.preprocessing import Preprocessing
from rushes.labels.manifest import ManifestRow
from rushes.learning.samples import UnusableSample, read_pictures
from rushes.models.backbones import Backbone
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes, write_json
from rushes.storage.kept_vectors import read_vectors, write_vectors

_SCHEMA = "features/1"
_PART_SIZE = 256  # pictures computed between two writes, filled up to a whole batch: what a kill can cost

Extract = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]


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
    progress: Progress = silent,
) -> Features:
    """Return the features of rows, in order; only those that the cache lacks are computed, and then kept there.

    Args:
        extract: (batch, height, width, channels) uint8 -> (batch, features) float32.
        about: what `describe_features` returned.
        cache_folder: where the features of all backbones are kept; it may be emptied at any time.
    """
    folder = _folder_of(about, cache_folder)
    write_json(folder / "about.json", about)
    digests = {row.frame_id: content_of(row, project_root) for row in rows}
    known = read_vectors(folder, set(digests.values()))
    missing = [row for row in rows if digests[row.frame_id] not in known]
    waiting = _Waiting(folder, digests)
    lost: list[UnusableSample] = []
    # One reader for all: pictures of the next part are read while this one is computed and written.
    read = read_pictures(missing, project_root=project_root, preprocessing=preprocessing, threads=threads)
    for done, (row, picture) in enumerate(read, start=1):
        if isinstance(picture, UnusableSample):
            lost.append(picture)
        else:
            waiting.add(row, picture)
        if len(waiting.pictures) == batch_size or done == len(missing):
            waiting.compute(extract)
            if len(waiting.rows) >= _PART_SIZE or done == len(missing):
                known |= waiting.write()
            progress(done, len(missing), "computing features")
    there = tuple(row for row in rows if digests[row.frame_id] in known)
    values = np.stack([known[digests[row.frame_id]] for row in there]) if there else np.empty((0, 0), np.float32)
    return Features(there, values, tuple(lost), computed_count=len(missing) - len(lost))


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

    def compute(self, extract: Extract) -> None:
        if self.pictures:
            self._computed.append(extract(np.stack(self.pictures)))
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
