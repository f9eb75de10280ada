"""Files from the network on this machine's disk: taken in piece by piece, judged by content, removed in the end."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from rushes.api.refusals import Refused
from rushes.footage.sniffing import HEAD_BYTES, TAKEN, kind_of_suffix, names_other_files, sniff
from rushes.footage.source import MediaKind

WRITTEN_AT_ONCE = 1 << 20  # bytes kept in memory before they are written
SLOWEST = 128 << 10  # bytes a second, over and above the seconds that every body has
_PREFIX = "rushes-spool-"
_UNLOCKED = ".rushes-spool-"  # a folder that is being made
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What may be sent in one request.

    Attributes:
        file_bytes: of one file, where it is a film.
        still_bytes: of one file, where it is a picture or a camera raw.
        body_bytes: of a whole body, with all files and fields.
        files: how many.
        seconds: within which a body has to arrive, plus what its bytes take at SLOWEST a second.
        idle_seconds: within which some more of it has to arrive.
        fields: how many.
        field_bytes: of one field.
    """

    file_bytes: int = 8 << 30
    still_bytes: int = 256 << 20
    body_bytes: int = (8 << 30) + (1 << 20)
    files: int = 1
    seconds: float = 60.0
    idle_seconds: float = 30.0
    fields: int = 32
    field_bytes: int = 4096

    def __post_init__(self) -> None:
        above = (self.file_bytes, self.still_bytes, self.body_bytes, self.files, self.seconds, self.idle_seconds)
        if min(above) <= 0 or min(self.fields, self.field_bytes) < 0:
            raise ValueError(f"limits are above 0, got {self}")

    def bytes_of(self, kind: MediaKind) -> int:
        """Return how large a file of a kind may be."""
        return self.file_bytes if kind == "video" else min(self.still_bytes, self.file_bytes)

    def seconds_of(self, received: int) -> float:
        """Return how long a body may have taken of which so many bytes have arrived."""
        return self.seconds + received / SLOWEST


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was taken in, named by us with the suffix of its content; `digest` is its SHA-256, in hex."""

    path: Path
    kind: MediaKind
    digest: str
    bytes: int

    def close(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)


class Incoming:
    """One file on its way in: judged by its first bytes, hashed and written as it comes.

    `add` is quick and touches no disk. `write` and `settle` do, and are to be called in a thread, one at a time.
    """

    def __init__(self, folder: Path, limits: UploadLimits, *, what: str) -> None:
        """Take a file into a folder; `what` is what it is called in refusals ("file 2")."""
        self._limits, self._what = limits, what
        self._path = folder / secrets.token_hex(16)
        self._waiting = bytearray()
        self._head = b""
        self._file: BinaryIO | None = None
        self._sha = hashlib.sha256()
        self._bytes = 0
        self._kind: MediaKind | None = None  # once enough came to tell

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it has come."""
        return self._bytes == 0

    def add(self, data: bytes | memoryview, *, announced: int = 0) -> None:
        """Take the next bytes.

        Args:
            announced: how many bytes the file is to have at least, where that is known.

        Raises:
            Refused: it is nothing that is taken, or larger than its kind may be.
        """
        if len(self._head) < HEAD_BYTES:  # kept apart: what waits may be written before enough came to judge it
            self._head += bytes(data[: HEAD_BYTES - len(self._head)])
        self._waiting += data
        self._bytes += len(data)
        if self._kind is None and self._bytes >= HEAD_BYTES:
            self._judge()
        self.check_size(announced)

    def write(self) -> None:
        """Write what waits.

        Raises:
            Refused: there is no room.
        """
        with refusing_where_full():
            if self._file is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
                self._file = os.fdopen(os.open(self._path, flags, 0o600), "wb", buffering=0)
            left = memoryview(self._waiting)
            while left:
                left = left[self._file.write(left) :]
        self._sha.update(self._waiting)
        self._waiting = bytearray()

    def settle(self) -> Upload:
        """Return the file, whole, under its final name.

        Raises:
            Refused: it is empty, nothing that is taken, or there is no room.
        """
        if self._bytes == 0:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{self._what} is empty (0 bytes). Send it again")
        if self._kind is None:
            self._judge()
        self.check_size(0)
        if self._file is None:  # all of it is still in memory, so that it gets its name at once
            suffix = sniff(self._head, file=io.BytesIO(self._waiting))
            self._path = self._path.with_name(f"{self._path.name}{suffix}")
            self.write()
            self._close()
        else:
            self.write()
            self._close()
            with refusing_where_full(), self._path.open("rb", buffering=0) as file:
                suffix = sniff(self._head, file=file)
                self._path = self._path.rename(self._path.with_name(f"{self._path.name}{suffix}"))
        assert suffix is not None  # or it was refused
        return Upload(self._path, kind_of_suffix(suffix), self._sha.hexdigest(), self._bytes)

    def drop(self) -> None:
        """Remove it."""
        self._close()
        self._waiting = bytearray()
        self._path.unlink(missing_ok=True)

    def _judge(self) -> None:
        """Find by the first bytes whether it is taken, and what it is."""
        suffix = sniff(self._head)
        if suffix is None:
            found = names_other_files(self._head) or "no picture, camera raw or film by its content"
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{self._what} is {found}. {TAKEN}")
        self._kind = kind_of_suffix(suffix)

    def check_size(self, announced: int) -> None:
        """Raise Refused where it is larger than its kind may be, or is to be, by how many bytes it announces."""
        kind = self._kind or "video"
        most = self._limits.bytes_of(kind)
        if max(self._bytes, announced) > most:
            name = "a film" if kind == "video" else "a picture or camera raw"
            said = f"{self._what} is larger than {name} may be here ({most:,} bytes). Send a smaller one"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def refusing_where_full() -> Iterator[None]:
    """Turn what a disk says into a refusal."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            said = "there is no room on the server's disk for what was sent. Send less, or try again later"
            raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, said) from error
        said = "the server cannot write what was sent to its disk. Its log says more"
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, said) from error


def refuse_without_room(folder: Path, wanted: int) -> None:
    """Raise Refused where a folder's disk has less room than is wanted."""
    with refusing_where_full():
        if shutil.disk_usage(folder).free < wanted:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def spool_folder(parent: Path) -> Iterator[Path]:
    """Give a folder below `parent` for this process's uploads, for its user alone; it is removed in the end.

    What processes that are gone left there is removed first. A folder is in use as long as its owner holds the lock on
    it, which the system lets go of when the process ends, however it does. Where the system has no such locks, what a
    killed process left stays.
    """
    parent.mkdir(parents=True, exist_ok=True)
    sweep(parent)
    name = secrets.token_hex(8)
    made = parent / f"{_UNLOCKED}{name}"
    made.mkdir(mode=0o700)
    with _locked(made):
        folder = made.rename(parent / f"{_PREFIX}{name}")  # by this name it is locked
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path) -> int:
    """Remove the folders of processes that are gone, and return how many; those of others are left."""
    removed = 0
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError), _locked(folder) as locked:
            if locked:
                shutil.rmtree(folder, ignore_errors=True)
                removed += not folder.exists()
    return removed


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder, and tell whether it is held.

    Raises:
        OSError: another holds it, or it is no folder.
    """
    try:
        import fcntl
    except ImportError:
        yield False
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    finally:
        os.close(handle)
