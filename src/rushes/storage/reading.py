"""Places as bytes: opened for seeking, read whole, and what of a remote one was fetched."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from rushes.errors import MediaError, StoreError
from rushes.storage.places import Place, Remote
from rushes.storage.stores import Answer, Changed, State, StoredObject, is_other

BLOCK_BYTES = 256 << 10  # a jump to one frame costs about this much
BLOCKS_KEPT = 64  # of one object, 16 MiB in all, where it has one or two readers
BLOCKS_KEPT_EACH = 32  # for each reader beyond them, so that none pushes out what another is about to read
BLOCKS_AHEAD = 16  # in one request at most, 4 MiB, where it is read in order
_STREAMS = 64  # places at which reading in order is looked for
MAX_WHOLE_BYTES = 512 << 20  # of a photograph or a raw, which are read whole
_ENDS_BYTES = 64 << 10  # of either end, that the digest of a remote film looks at
CHANGED = "changed while it was read. Run this again when nothing writes to it any more"
REMOVED = "was removed or moved while it was read. Put it back, then run this again"


@dataclass(frozen=True, slots=True)
class Fetched:
    """How much of an object came over the network: `fetched_bytes` of `size_bytes`, in `requests` answers."""

    path: str
    size_bytes: int
    fetched_bytes: int
    requests: int


class RemoteObject:
    """An object in a store, read by range through a few blocks kept in memory; may be used by several threads.

    The first answer fixes its state. Where a later one is of another state, reading fails, so that no reader gets
    bytes of two versions. What failed once fails from then on.
    """

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.failure: MediaError | StoreError | None = (
            None  # the first; what reads through a library may never see it raised
        )
        self.readers = 0  # open files
        self._stored = StoredObject(remote)
        self._lock = threading.RLock()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._whole: bytes | None = None
        self._state: State | None = None
        # The block behind those that a request fetched, with how many it asked for: several readers may each be
        # reading in order, at places of their own.
        self._streams: OrderedDict[int, int] = OrderedDict()
        self._fetched = self._requests = 0

    @property
    def state(self) -> State:
        """What the store vouches for."""
        with self._lock:
            if self._state is None:
                self._fetch(0, BLOCK_BYTES)
            assert self._state is not None  # an answer states it
            return self._state

    def look(self) -> State:
        """Return what the store vouches for, at the price of one byte where nothing was read yet."""
        with self._lock:
            if self._state is None:
                answer = self._ask(0, 1)
                if len(answer.data) == answer.state.size_bytes:  # all of it, from a server that knows no ranges
                    self._whole = answer.data
            assert self._state is not None  # an answer states it
            return self._state

    def expect(self, state: State) -> None:
        """Read the object as it was in an earlier reading, by whichever process; in another state, reading fails.

        Raises:
            MediaError: what was read here already is of another state.
        """
        with self._lock:
            if self._state is None:
                self._state = state
            elif is_other(self._state, state):
                raise self._changed()

    @property
    def size_bytes(self) -> int:
        return self.state.size_bytes

    @property
    def fetched(self) -> Fetched:
        """How much was fetched so far."""
        size = self._state.size_bytes if self._state else 0
        return Fetched(str(self.remote), size, self._fetched, self._requests)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes [start, stop), fewer where the object ends before.

        Raises:
            MediaError: they cannot be had, or the object changed since it was first read.
        """
        with self._lock:
            stop = min(stop, self.size_bytes)
            if start >= stop:
                return b""
            if self._whole is not None:
                return self._whole[start:stop]
            first, last = start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES
            pieces = [self._block(number) for number in range(first, last + 1)]
            if self._whole is not None:  # the server sent all, where a block was asked for
                return self._whole[start:stop]
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            return data[start - first * BLOCK_BYTES : stop - first * BLOCK_BYTES]

    def read_whole(self) -> bytes:
        """Return all bytes and keep them, so that whoever reads the object again fetches nothing.

        Raises:
            MediaError: as `read`; also where there are more than MAX_WHOLE_BYTES.
        """
        with self._lock:
            if self._whole is None:
                if self.size_bytes > MAX_WHOLE_BYTES:
                    reason = f"has {self.size_bytes:,} bytes, more than the {MAX_WHOLE_BYTES:,} that a picture may have"
                    raise MediaError(self.remote, f"{reason}. Shrink it first")
                self._whole = self.read(0, self.size_bytes)
                self._blocks.clear()
            return self._whole

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            ahead = min(2 * self._streams.pop(number, 0) or 1, BLOCKS_AHEAD)
            stop = number + 1
            while stop < number + ahead and stop not in self._blocks:
                stop += 1
            self._fetch(number * BLOCK_BYTES, min(stop * BLOCK_BYTES, self.size_bytes))
            self._streams[stop] = ahead
            if len(self._streams) > _STREAMS:
                self._streams.popitem(last=False)
            if self._whole is not None:
                return b""
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, start: int, stop: int) -> None:
        answer = self._ask(start, stop)
        if answer.start == 0 and len(answer.data) == answer.state.size_bytes:
            self._whole = answer.data
            self._blocks.clear()
            return
        for place in range(0, len(answer.data), BLOCK_BYTES):
            self._blocks[(answer.start + place) // BLOCK_BYTES] = answer.data[place : place + BLOCK_BYTES]
        while len(self._blocks) > max(BLOCKS_KEPT, BLOCKS_KEPT_EACH * self.readers):
            self._blocks.popitem(last=False)

    def _ask(self, start: int, stop: int) -> Answer:
        if (
            self.failure is not None
        ):  # FFmpeg asks on and on, and each time the store would be given its time to recover
            if isinstance(self.failure, StoreError):
                raise type(self.failure)(str(self.failure))
            raise type(self.failure)(self.remote, self.failure.reason)
        try:
            answer = self._stored.fetch(start, stop, known=self._state)
        except Changed:
            raise self._changed() from None
        except (MediaError, StoreError) as error:
            self.failure = error
            raise
        self._state = self._state or answer.state
        self._fetched += len(answer.data)
        self._requests += 1
        return answer

    def _changed(self) -> MediaError:
        reason = "changed while it was read. Run this again once it is no longer written to"
        self.failure = failure = MediaError(self.remote, reason)
        return failure


class RemoteFile(io.RawIOBase):
    """A remote object as a file open for reading; one reader at a time, as with any file."""

    def __init__(self, remote: Remote) -> None:
        super().__init__()
        self.object = _take(remote, reading=1)
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            place = self.object.size_bytes + offset
        else:
            place = offset + (self._place if whence == io.SEEK_CUR else 0)
        if place < 0:
            raise ValueError(f"a place in a file is 0 or more, got {place}")
        self._place = place
        return place

    def read(self, size: int | None = -1) -> bytes:
        stop = self.object.size_bytes if size is None or size < 0 else self._place + size
        data = self.object.read(self._place, stop)
        self._place += len(data)
        return data

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # a writable buffer
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Close it; what is of no file is raised, though a library took it for damage or for the end of the file."""
        self.close()
        failure = self.object.failure
        if isinstance(failure, StoreError) and not isinstance(error, StoreError):
            raise failure from error

    def close(self) -> None:
        if not self.closed:
            _let_go(self.object, reading=1)
        super().close()


_open: dict[Remote, tuple[RemoteObject, int]] = {}  # with how many hold each
_opening = threading.RLock()  # a file that nobody closed is closed by the collector, in whichever thread it wakes up


def _take(remote: Remote, *, reading: int = 0) -> RemoteObject:
    with _opening:
        found, readers = _open.get(remote) or (RemoteObject(remote), 0)
        _open[remote] = found, readers + 1
        found.readers += reading
        return found


def _let_go(found: RemoteObject, *, reading: int = 0) -> None:
    with _opening:
        found.readers -= reading
        known, readers = _open.get(found.remote, (None, 0))
        if known is not found:
            return
        if readers > 1:
            _open[found.remote] = found, readers - 1
        else:
            del _open[found.remote]


def local_state(path: Place) -> tuple[int, int] | None:
    """Return the size and the time of the last change of a local file; None where it is gone, or in a store.

    A store is asked for the state of an object with each answer.
    """
    try:
        state = path.stat() if isinstance(path, Path) else None
    except OSError:
        return None
    return None if state is None else (state.st_size, state.st_mtime_ns)


def require_unchanged(path: Place, before: tuple[int, int | str] | None) -> None:
    """Raise MediaError where a local file is no longer in the state in which its reading began.

    An object in a store is read in one state, or reading it fails.
    """
    if isinstance(path, Path) and (now_is := local_state(path)) != before:
        raise MediaError(path, REMOVED if now_is is None else CHANGED)


def open_place(place: Place) -> BinaryIO:
    """Open a file or a remote object for reading; readers of one object at the same time share what was fetched.

    Raises:
        OSError: a local file cannot be opened.
        MediaError: in reading, where the store does not give what is asked for.
        UsageError: the environment says what cannot be followed.
        MissingExtraError: the extra `cloud` is not installed.
    """
    if isinstance(place, Path):
        return place.open("rb")
    return RemoteFile(place)  # type: ignore[return-value]  # a raw file reads as many bytes as are asked for


@contextmanager
def held(place: Place) -> Iterator[RemoteObject | None]:
    """Keep a remote place open over several readings, so that all see one version of it and fetch nothing twice.

    Gives the object, or None for a local path, which needs no holding.
    """
    if isinstance(place, Path):
        yield None
        return
    found = _take(place)
    try:
        yield found
    finally:
        _let_go(found)


@contextmanager
def held_whole(place: Place) -> Iterator[None]:
    """Keep a remote place open with all its bytes: few requests, where decoders of pictures read in small pieces.

    Raises:
        MediaError: it cannot be read, or has more than MAX_WHOLE_BYTES.
    """
    with held(place) as found:
        if found is not None:
            found.read_whole()
        yield


def failure_of(file: IO[bytes]) -> MediaError | StoreError | None:
    """Return why a reading of a remote file failed, where it did; a library may have taken it for the file's end."""
    return file.object.failure if isinstance(file, RemoteFile) else None


def size_of_place(place: Place) -> int:
    """Return the size in bytes.

    Raises:
        MediaError: a remote place cannot be read.
        OSError: a local one cannot.
    """
    if isinstance(place, Path):
        return place.stat().st_size
    with held(place) as found:
        assert found is not None  # of a remote place
        return found.size_bytes


def read_place(place: Place) -> bytes:
    """Return all bytes of a file, which must not be larger than a picture may be where it is remote.

    Raises:
        MediaError: a remote place cannot be read, or has more than MAX_WHOLE_BYTES.
        OSError: a local one cannot.
    """
    if isinstance(place, Path):
        return place.read_bytes()
    with held(place) as found:
        assert found is not None  # of a remote place
        return found.read_whole()


def exists(place: Place) -> bool:
    """Return whether a file is at a place, and may be read."""
    if isinstance(place, Path):
        return place.is_file()
    try:
        size_of_place(place)
    except MediaError:
        return False
    return True


def digest_of_remote_film(found: RemoteObject, *, stopped: Callable[[], bool] = lambda: False) -> str:
    """Return the digest by which a film in a store is known, in hex; docs/formats.md describes it.

    It is made of what the store vouches for and of both ends of the film, not of all its bytes. Where the store
    vouches for nothing but the size, it is the SHA-256 of all bytes after all.

    Args:
        stopped: asked now and then; where it says so, an InterruptedError is raised.
    """
    size, stamp = found.size_bytes, found.state.stamp
    if not stamp:
        digest = hashlib.sha256()
        for start in range(0, size, BLOCK_BYTES):
            digest.update(found.read(start, start + BLOCK_BYTES))
            if stopped():
                raise InterruptedError("stopped")
        return digest.hexdigest()
    ends = [found.read(0, _ENDS_BYTES), found.read(max(0, size - _ENDS_BYTES), size)]
    lines = ["remote/1", str(size), stamp, *(hashlib.sha256(end).hexdigest() for end in ends)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
