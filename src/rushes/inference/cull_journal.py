"""Journal: what a cull changed on disk, with what stood there before, in files that a kill leaves whole."""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

from rushes.errors import CullError
from rushes.storage.files import digest_of_bytes

JOURNAL_FILE = "journal.jsonl"
IMAGES_FILE = "journal.images"
LOCK_FILE = "lock"
_SCHEMA = "cull-journal/1"

Act = Literal["apply", "undo"]
Kind = Literal["write", "copy", "link", "folder"]
Status = Literal["begun", "done", "undone", "dropped"]


@dataclass(frozen=True, slots=True)
class Before:
    """A file as it was.

    Attributes:
        offset, stored_bytes: where its bytes are in the file of images, compressed.
        digest: of its bytes.
        mode, uid, gid, mtime_ns: as the system states them.
    """

    offset: int
    stored_bytes: int
    digest: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Intent:
    """A change that is about to be made.

    Attributes:
        key: of the step that it is part of; the same whenever that step is tried.
        path: what is changed, absolute.
        digest: of what is to stand there; "" of a link or a folder, and of a copy until it is done.
        before: its bytes and what the system says of it; None where nothing stands there.
        source: the file that a copy or link is of, or that must be there for it to be removed; "" where there is none.
        photograph: that a sidecar is of; "" of all else.
    """

    key: str
    kind: Kind
    path: str
    digest: str = ""
    before: tuple[bytes, os.stat_result] | None = None
    source: str = ""
    photograph: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """An intent as the journal holds it.

    Attributes:
        number: its place in the journal, from 0.
        at: when it was begun, nanoseconds since the epoch.
        status: begun, and perhaps carried out; done; undone; dropped where it was given up and never carried out.
    """

    number: int
    key: str
    kind: Kind
    path: str
    digest: str
    before: Before | None
    source: str
    at: int
    status: Status = "begun"
    photograph: str = ""

    @property
    def stands(self) -> bool:
        """Whether it is in force, as far as the journal knows."""
        return self.status in ("begun", "done")


@dataclass(slots=True)
class History:
    """What a journal says.

    Attributes:
        changes: by number.
        facts: of the first session: name and folder of the cull, and whatever was noted with it.
        act: of the last session; None where there was none.
        left: steps that the last session left over; None where it never came to its end.
        failed: what it could not do, as it listed it.
    """

    changes: dict[int, Change] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    act: Act | None = None
    left: int | None = None
    failed: int = 0

    def take(self, record: Mapping[str, Any]) -> None:
        """Take in one line."""
        if "begin" in record:
            if record["schema"] != _SCHEMA:
                raise ValueError(f"the schema is {record['schema']!r}, this rushes reads {_SCHEMA!r}")
            self.act, self.left = record["begin"], None
            self.facts = self.facts or dict(record["facts"])
        elif "end" in record:
            self.left, self.failed = record["left"], record["failed"]
        elif "change" in record:
            before = None if record["before"] is None else Before(*record["before"])
            change = Change(
                record["change"], record["key"], record["kind"], record["path"], record["digest"], before,
                record["source"], record["at"], photograph=record.get("photograph", ""),
            )  # fmt: skip
            self.changes[change.number] = change
        else:
            status = cast("Status", record["status"])
            for number, digest in zip(record["numbers"], record["digests"], strict=True):
                change = self.changes[number]
                self.changes[number] = replace(change, status=status, digest=digest or change.digest)

    def standing(self) -> list[Change]:
        """Return the changes in force, in the order in which they were begun."""
        return [change for change in self.changes.values() if change.stands]

    def last_by_key(self) -> dict[str, Change]:
        """Return the last change in force of each step."""
        return {change.key: change for change in self.standing()}


class Journal:
    """The journal of one cull, open to be written to. One Journal is used by one thread, but for `image`.

    Raises, whatever is called: OSError where it cannot be written; what it held before is left whole.
    """

    def __init__(self, history: History, lines: _Appended, images: _Appended) -> None:
        self.history = history
        self._lines, self._images = lines, images

    def begin(self, act: Act, facts: Mapping[str, Any]) -> None:
        """Note that a session begins."""
        first = {} if self.history.facts else dict(facts)
        self._note({"begin": act, "schema": _SCHEMA, "at": time.time_ns(), "facts": first})
        self._lines.sync()

    def end(self, act: Act, *, left: int, failed: int) -> None:
        """Note that a session came to its end, with so many steps left over and so many that failed."""
        self._note({"end": act, "left": left, "failed": failed})
        self._lines.sync()

    def intend(self, intents: Sequence[Intent]) -> list[Change]:
        """Note changes, with what stands at their places, on disk before this returns."""
        if not intents:
            return []
        packed = [zlib.compress(one.before[0], 1) if one.before else b"" for one in intents]
        offset = self._images.append(b"".join(packed))
        self._images.sync()
        records: list[dict[str, Any]] = []
        first, now = len(self.history.changes), time.time_ns()
        for number, (intent, stored) in enumerate(zip(intents, packed, strict=True), start=first):
            before = None
            if intent.before is not None:
                data, found = intent.before
                before = [offset, len(stored), digest_of_bytes(data), found.st_mode & 0o7777, found.st_uid,
                          found.st_gid, found.st_mtime_ns]  # fmt: skip
                offset += len(stored)
            records.append(
                {
                    "change": number,
                    "key": intent.key,
                    "kind": intent.kind,
                    "path": intent.path,
                    "digest": intent.digest,
                    "before": before,
                    "source": intent.source,
                    "at": now,
                    **({"photograph": intent.photograph} if intent.photograph else {}),
                }
            )
        self._note(*records)
        self._lines.sync()
        return [self.history.changes[record["change"]] for record in records]

    def mark(self, changes: Sequence[Change], status: Status) -> None:
        """Note what became of changes, and digests that were not known when they were begun.

        The system keeps it if this process dies; the next sync brings it to disk.
        """
        if changes:
            numbers = [change.number for change in changes]
            before = self.history.changes
            digests = [change.digest if change.digest != before[change.number].digest else "" for change in changes]
            self._note({"status": status, "numbers": numbers, "digests": digests})

    def image(self, before: Before) -> bytes:
        """Return the bytes of a file as they were.

        Raises:
            ValueError: the journal does not hold them any more.
        """
        try:
            data = zlib.decompress(self._images.read(before.offset, before.stored_bytes))
        except zlib.error as error:
            raise ValueError("what stood there before is damaged in the journal") from error
        if digest_of_bytes(data) != before.digest:
            raise ValueError("what stood there before is damaged in the journal")
        return data

    def _note(self, *records: Mapping[str, Any]) -> None:
        self._lines.append("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in records).encode())
        for record in records:
            self.history.take(record)


class _Appended:
    """A file that only grows; a write that fails takes back what it wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        self._size = os.fstat(self._handle).st_size
        self._synced = True

    def append(self, data: bytes) -> int:
        """Write bytes at the end; return where they begin."""
        start = self._size
        if not data:
            return start
        try:
            os.lseek(self._handle, start, os.SEEK_SET)
            left = memoryview(data)
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._handle, start)
            raise
        self._size, self._synced = start + len(data), False
        return start

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes; threads may do so beside each other."""
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(count)

    def cut(self, size: int) -> None:
        os.ftruncate(self._handle, size)
        self._size = size

    def sync(self) -> None:
        if not self._synced:
            os.fsync(self._handle)
            self._synced = True

    def close(self) -> None:
        with suppress(OSError):
            self.sync()
        os.close(self._handle)


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """Open the journal of a cull to go on with, or begin one; no other process has it meanwhile.

    Raises:
        CullError: another process has it, or it is damaged.
        OSError: it cannot be written.
    """
    with _alone(folder):
        history, whole_bytes = _read(folder)
        lines = _Appended(folder / JOURNAL_FILE)
        images = _Appended(folder / IMAGES_FILE)
        try:
            lines.cut(whole_bytes)
            sync_folder(folder)
            yield Journal(history, lines, images)
        finally:
            images.close()
            lines.close()


def read_history(folder: Path) -> History:
    """Return what the journal of a cull says; an empty one where there is none.

    Raises:
        CullError: it is damaged.
    """
    return _read(folder)[0]


def sync_folder(folder: Path) -> None:
    """See to it that no power failure loses the names in a folder, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(folder: Path) -> tuple[History, int]:
    """Return what a journal says, and how many bytes of it are whole lines."""
    path = folder / JOURNAL_FILE
    history = History()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return history, 0
    whole, end, _ = data.rpartition(b"\n")
    for number, line in enumerate(whole.split(b"\n") if end else [], start=1):
        try:
            history.take(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise CullError(
                f"{path}, line {number}: is damaged ({error}). Nothing was changed. Put the file back from a backup"
            ) from error
    return history, len(whole) + len(end)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a cull; the system lets go of it when this process ends, however it does."""
    try:
        import fcntl
    except ImportError:  # a system without such locks
        yield
        return
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CullError(
                f"{folder}: another process is carrying out or undoing this cull. Wait for it to end"
            ) from None
        except OSError:  # some network file systems have no such lock
            pass
        yield
