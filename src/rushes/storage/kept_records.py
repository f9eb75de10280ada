"""Records of any size, kept in a folder under digests, many to a file; what is spoilt is made again."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rushes.storage.files import digest_of_bytes, sweep_temporaries, whole_file

PART_BYTES = 64 << 20
_WRITTEN_SECONDS = 3600.0  # longer than a part takes to be written
_FREE_SHARE = 0.1  # of the disk, which is left to others

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a record is, and what its bytes sum up to."""

    part: Path
    start: int
    size: int
    check: int


class KeptRecords:
    """Bytes under digests, on disk; may be used by several threads and processes.

    It is to records what `KeptPixels` is to pictures of one shape, and its folders give way to others in the same
    manner, by `make_room`. Where the disk is nearly full, nothing more is kept.

    Attributes:
        unkept: why what was put is not kept any more; None while it is.
    """

    def __init__(self, folder: Path, *, part_bytes: int = PART_BYTES) -> None:
        """Open what is kept; parts that cannot be read are removed.

        Args:
            folder: for records of one kind, made on the first that is kept.
            part_bytes: of records that wait in memory until they are written together.
        """
        self._folder = folder
        self._part_bytes = part_bytes
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        self._waiting: dict[str, bytes] = {}
        self._waiting_bytes = 0
        self.unkept: str | None = None
        for path in sorted(folder.glob("part-*.bin")):
            self._open_part(path)
        if folder.is_dir():
            sweep_temporaries(folder)
            with suppress(OSError):  # nothing may be written there; what is kept can be read
                os.utime(folder)

    def __len__(self) -> int:
        return len(self._places) + len(self._waiting)

    def __contains__(self, digest: str) -> bool:
        with self._lock:
            return digest in self._waiting or digest in self._places

    def get(self, digest: str) -> bytes | None:
        """Return the record of a digest; None where it is not kept, or is spoilt, with which its whole part goes."""
        with self._lock:
            waiting, place = self._waiting.get(digest), self._places.get(digest)
        if waiting is not None or place is None:
            return waiting
        try:
            with place.part.open("rb") as file:  # not held open: there are hundreds of parts, and few handles
                file.seek(place.start)
                data = file.read(place.size)
        except FileNotFoundError:
            data = b""
        if len(data) == place.size and zlib.crc32(data) == place.check:
            return data
        _log.warning("%s is spoilt; what it kept is made again", place.part)
        with self._lock:
            self._places = {name: one for name, one in self._places.items() if one.part != place.part}
            _remove(place.part)
        return None

    def put(self, digest: str, data: bytes) -> bool:
        """Keep a record, and return whether it is kept; it is written with others, at the latest by `flush`."""
        with self._lock:
            if digest in self._places:
                return True
            if self.unkept is not None:
                return False
            self._waiting_bytes += len(data) - len(self._waiting.get(digest, b""))
            self._waiting[digest] = data
            if self._waiting_bytes >= self._part_bytes:
                self._write()
            return digest in self._waiting or digest in self._places

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            if self._waiting:
                self._write()

    def _write(self) -> None:
        """Write what waits as one part: the records first, then the list that makes them count."""
        ready, self._waiting, size, self._waiting_bytes = self._waiting, {}, self._waiting_bytes, 0
        text = _list_of(ready)
        path = self._folder / f"part-{digest_of_bytes(text.encode())[:16]}.bin"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            disk = shutil.disk_usage(self._folder)
            if disk.free - size < _FREE_SHARE * disk.total:
                self.unkept = "the disk is nearly full"
                return
            with whole_file(path) as temporary, temporary.open("wb") as file:
                file.writelines(ready.values())
            with whole_file(path.with_suffix(".txt")) as temporary:
                temporary.write_text(text, encoding="ascii")
        except OSError as error:  # a quota, a folder that may not be written: records are then made each time
            _log.warning("records are not kept any more: %s: %s", self._folder, error.strerror or error)
            self.unkept = error.strerror or str(error)
            return
        self._open_part(path)

    def _open_part(self, path: Path) -> None:
        try:
            lines = path.with_suffix(".txt").read_text(encoding="ascii").splitlines()
            size_of_part = path.stat().st_size
            found: dict[str, _Place] = {}
            start = 0
            for line in lines:
                name, size, check = line.split()
                found[name] = _Place(path, start, int(size), int(check))
                start += int(size)
            if start != size_of_part:
                raise ValueError(start)
        except FileNotFoundError:  # another process is writing it, or was killed at that
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _WRITTEN_SECONDS:
                    path.unlink()
            return
        except ValueError:
            _remove(path)
            return
        except OSError as error:  # no more handles, no right to read: the part may be whole
            _log.warning("%s cannot be read: %s", path, error.strerror or error)
            return
        self._places |= found


def _list_of(records: Mapping[str, bytes]) -> str:
    """Return what is written beside a part: of each record its digest, its size and its checksum."""
    return "\n".join(f"{digest} {len(data)} {zlib.crc32(data)}" for digest, data in records.items())


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.unlink(missing_ok=True)
        part.with_suffix(".txt").unlink(missing_ok=True)
