"""PictureCache: pictures that were made once, in a folder under a size limit, the lately used ones in memory too."""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from rushes.storage.files import sweep_temporaries, write_bytes
from rushes.storage.limits import stated_limit

LIMIT_VARIABLE = "RUSHES_REVIEW_CACHE_GIB"
LIMIT_BYTES = 8 << 30  # 5,000 photographs take about 2.5 GB
_MEMORY_BYTES = 192 << 20
_LEFT_SHARE = 0.9  # of the limit, once it was reached
_JPEG_END = b"\xff\xd9"

_log = logging.getLogger(__name__)


class PictureCache:
    """JPEGs under keys of hex digits; may be used by several threads. Of several processes each minds its own limit."""

    def __init__(self, folder: Path, *, limit_bytes: int | None = None, memory_bytes: int = _MEMORY_BYTES) -> None:
        """Open what is kept.

        Args:
            limit_bytes: None takes what LIMIT_VARIABLE says, and LIMIT_BYTES where it says nothing.

        Raises:
            UsageError: LIMIT_VARIABLE says no number.
        """
        self._folder = folder
        self._limit = stated_limit(LIMIT_VARIABLE, otherwise=LIMIT_BYTES) if limit_bytes is None else limit_bytes
        self._memory_limit = memory_bytes
        self._lock = threading.Lock()
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._memory_bytes = 0
        self._keeps = True
        self._sizes = _sizes_in(folder)  # the one used longest ago first
        self._bytes = sum(self._sizes.values())

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return key in self._sizes or key in self._memory

    def held(self, key: str) -> bytes | None:
        """Return a picture that is in memory, at once; None of any other."""
        with self._lock:
            data = self._memory.get(key)
            if data is not None:
                self._memory.move_to_end(key)
            return data

    def get(self, key: str) -> bytes | None:
        """Return a picture; None where it is not kept, or is spoilt."""
        data = self.held(key)
        if data is not None:
            return data
        with self._lock:
            if key not in self._sizes:
                return None
        try:
            data = self._path(key).read_bytes()
            if not data.endswith(_JPEG_END):
                raise ValueError(key)
        except (OSError, ValueError):  # removed by hand, or by another process; or half written as the power failed
            with self._lock:
                self._bytes -= self._sizes.pop(key, 0)
            return None
        with suppress(OSError):
            os.utime(self._path(key))
        with self._lock:
            if key in self._sizes:
                self._sizes.move_to_end(key)
            self._remember(key, data)
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep a picture; where the disk cannot take it, in memory only."""
        with self._lock:
            self._remember(key, data)
            if not self._keeps:
                return
        try:
            write_bytes(self._path(key), data)
        except OSError as error:
            _log.warning("pictures are not kept any more: %s: %s", self._folder, error.strerror or error)
            self._keeps = False
            return
        with self._lock:
            self._bytes += len(data) - self._sizes.pop(key, 0)
            self._sizes[key] = len(data)
            gone = self._surplus()
        for name in gone:
            with suppress(OSError):
                self._path(name).unlink()

    def _surplus(self) -> list[str]:
        """Return the keys, no longer counted, that have to go for the limit."""
        gone: list[str] = []
        if self._bytes > self._limit:
            while len(self._sizes) > 1 and self._bytes > _LEFT_SHARE * self._limit:
                name, size = self._sizes.popitem(last=False)
                self._bytes -= size
                gone.append(name)
        return gone

    def _remember(self, key: str, data: bytes) -> None:
        self._memory_bytes += len(data) - len(self._memory.pop(key, b""))
        self._memory[key] = data
        while self._memory_bytes > self._memory_limit:
            _, dropped = self._memory.popitem(last=False)
            self._memory_bytes -= len(dropped)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.jpg"


def _sizes_in(folder: Path) -> OrderedDict[str, int]:
    found: list[tuple[float, str, int]] = []
    if folder.is_dir():
        for part in sorted(path for path in folder.iterdir() if path.is_dir()):
            sweep_temporaries(part)
            for entry in os.scandir(part):
                with suppress(OSError):
                    state = entry.stat()
                    if entry.name.endswith(".jpg") and not entry.name.startswith("."):
                        found.append((state.st_mtime, entry.name.removesuffix(".jpg"), state.st_size))
    return OrderedDict((key, size) for _, key, size in sorted(found))
