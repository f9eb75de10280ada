"""Prepared pictures of one shape, kept in a folder under digests; what is spoilt is prepared again."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.storage.files import digest_of_bytes, sweep_temporaries, whole_file
from rushes.storage.limits import stated_limit

Pixels = npt.NDArray[np.uint8]

LIMIT_BYTES = 64 << 30  # of all shapes together
LIMIT_VARIABLE = "RUSHES_PIXELS_GIB"
PART_BYTES = 64 << 20
_WRITTEN_SECONDS = 3600.0  # longer than a part takes to be written
_FREE_SHARE = 0.1  # of the disk, which is left to others


_log = logging.getLogger(__name__)


class KeptPixels:
    """Pictures as a network takes them, mapped from disk; may be used by several threads and processes.

    A picture that was prepared once is never decoded again. Where the disk is nearly full, nothing more is kept.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int], *, part_bytes: int = PART_BYTES) -> None:
        """Open what is kept; parts that cannot be read are removed.

        Args:
            folder: for pictures of this shape alone, made on the first that is kept.
            shape: (height, width, channels).
            part_bytes: of pictures that wait in memory until they are written together.
        """
        self._folder = folder
        self._shape = shape
        self._size = int(np.prod(shape))
        self._per_part = max(1, part_bytes // self._size)
        self._lock = threading.Lock()
        self._places: dict[str, tuple[Pixels, int]] = {}
        self._waiting: dict[str, Pixels] = {}
        self._is_full = False
        for path in sorted(folder.glob("part-*.npy")):
            self._open_part(path)
        if folder.is_dir():
            sweep_temporaries(folder)
            os.utime(folder)

    def __len__(self) -> int:
        return len(self._places) + len(self._waiting)

    def get(self, digest: str) -> Pixels | None:
        """Return the picture of a digest, (height, width, channels), to be read only; None where it is not kept."""
        with self._lock:
            waiting = self._waiting.get(digest)
            place = self._places.get(digest)
        if waiting is not None:
            return waiting
        return place[0][place[1]] if place is not None else None

    def put(self, digest: str, pixels: Pixels) -> None:
        """Keep a picture; it is written with others, at the latest by `flush`."""
        with self._lock:
            if self._is_full or digest in self._places:
                return
            self._waiting[digest] = pixels
            if len(self._waiting) < self._per_part:
                return
            ready, self._waiting = self._waiting, {}
            self._write(ready)

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            ready, self._waiting = self._waiting, {}
            if ready:
                self._write(ready)

    def _write(self, ready: Mapping[str, Pixels]) -> None:
        """Write pictures as one part: the pixels first, then the names that make it count."""
        names = "\n".join(ready)
        path = self._folder / f"part-{digest_of_bytes(names.encode())[:16]}.npy"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            disk = shutil.disk_usage(self._folder)
            self._is_full = disk.free - len(ready) * self._size < _FREE_SHARE * disk.total
            if self._is_full:
                return
            with whole_file(path) as temporary, temporary.open("wb") as file:
                np.save(file, np.stack(list(ready.values())))
            with whole_file(path.with_suffix(".txt")) as temporary:
                temporary.write_text(names, encoding="ascii")
        except OSError as error:  # a quota, a folder that may not be written: pictures are then decoded each time
            _log.warning("prepared pictures are not kept any more: %s: %s", self._folder, error.strerror or error)
            self._is_full = True
            return
        self._open_part(path)

    def _open_part(self, path: Path) -> None:
        names_path = path.with_suffix(".txt")
        try:
            names = names_path.read_text(encoding="ascii").split("\n")
            pixels = np.load(path, mmap_mode="r", allow_pickle=False)
            if pixels.dtype != np.uint8 or pixels.shape != (len(names), *self._shape):
                raise ValueError(pixels.shape)
        except FileNotFoundError:  # another process is writing it, or was killed at that
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _WRITTEN_SECONDS:
                    path.unlink()
            return
        except (OSError, ValueError, EOFError):
            path.unlink(missing_ok=True)
            names_path.unlink(missing_ok=True)
            return
        for place, name in enumerate(names):
            self._places[name] = (pixels, place)


def make_room(folder: Path, *, keep: str, limit_bytes: int | None = None) -> None:
    """Remove the shapes that were used longest ago until what is left is within the limit.

    Args:
        folder: in which every shape, or whatever else goes as a whole, has a folder of its own; the time of that folder
            says when it was used.
        keep: name of the one that is about to be used.
        limit_bytes: None takes what LIMIT_VARIABLE says, and LIMIT_BYTES where it says nothing.

    Raises:
        UsageError: LIMIT_VARIABLE says no number.
    """
    limit = stated_limit(LIMIT_VARIABLE, otherwise=LIMIT_BYTES) if limit_bytes is None else limit_bytes
    if not folder.is_dir():
        return
    shapes = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    sizes = {path: sum(file.stat().st_size for file in path.rglob("part-*")) for path in shapes}
    for path in shapes:
        if sum(sizes.values()) <= limit:
            return
        if path.name != keep:
            shutil.rmtree(path, ignore_errors=True)
            sizes.pop(path)
