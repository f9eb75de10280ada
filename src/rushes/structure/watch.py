"""Watching a film: its frames decoded once, and handed to everything that wants to see them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rushes.footage.video import DecodedFrame, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes
from rushes.storage.kept_pixels import make_room
from rushes.storage.kept_records import KeptRecords
from rushes.storage.places import Place

Pixels = npt.NDArray[np.uint8]
LOST = b""  # what is kept of a frame that could not be decoded, so that it is not tried each time
FOLDER = "looks"  # in the cache; below it one folder of each film
_AT_ONCE = 8  # pictures handed over together; more are no faster, and a 4K frame is 25 MB
_FLUSH_SECONDS = 20.0  # of looking that a kill can cost

_log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Something that looks at pictures and says what it saw, in words that its keeper can keep: bytes, mostly.

    Attributes:
        key: all that decides what it says of a picture, beside the picture, as text.
    """

    key: str

    def see(self, pictures: Sequence[Pixels]) -> Sequence[Any]:
        """Return what is seen in each of several RGB pictures, (height, width, 3)."""


class Keeper(Protocol):
    """Where what a watcher says is kept: frame by frame, under a film's digest and an ordinal (`name_of_frame`)."""

    def get(self, name: str) -> Any:
        """Return what was kept under a name; None where nothing is."""

    def put(self, name: str, data: Any) -> object:
        """Keep it under a name."""

    def flush(self) -> None:
        """Write what waits.

        Raises:
            OSError: what was put could not be written, now or earlier.
        """


@dataclass(frozen=True, slots=True)
class Watch:
    """What one watcher is to see of a film.

    Attributes:
        ordinals: of the frames, rising.
        keeper: where what it says is kept.
    """

    watcher: Watcher
    ordinals: tuple[int, ...]
    keeper: Keeper


@dataclass(frozen=True, slots=True)
class Known:
    """What watchers said of their frames before.

    Attributes:
        said: name -> ordinal -> its words; a frame that is lost has none.
        lacking: ordinal -> the watchers, by name, that have not seen the frame yet.
    """

    said: Mapping[str, Mapping[int, Any]]
    lacking: Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Watched:
    """What watchers say of their frames.

    Attributes:
        said: name -> ordinal -> its words; a frame that is lost has none.
        unkept: name -> why what it says could not be kept for the next time.
    """

    said: Mapping[str, Mapping[int, Any]]
    unkept: Mapping[str, str]


def keeper_of(watcher: Watcher, cache_folder: Path | None, *, source: str) -> Keeper:
    """Return where a watcher's words about one film are kept in a project's cache; without a cache, in memory.

    Each film has a folder of its own, so that what is kept of others costs nothing, and the films that were asked for
    longest ago can give way.
    """
    if cache_folder is None:
        return InMemory()
    of_film = cache_folder / FOLDER / _folder_of(source)
    with suppress(OSError):  # there is none yet, or nothing may be written there
        os.utime(of_film)
    return _OnDisk(KeptRecords(of_film / digest_of_bytes(watcher.key.encode())[:24]))


def make_room_for_looks(cache_folder: Path | None, *, source: str) -> None:
    """Remove what is kept of the films that were asked for longest ago, as far as the limit of the cache asks for it.

    Args:
        source: digest of the film that is about to be looked at.

    Raises:
        UsageError: the limit that the environment states is no number.
    """
    if cache_folder is not None:
        make_room(cache_folder / FOLDER, keep=_folder_of(source))


def _folder_of(source: str) -> str:
    return source[:16]


class _OnDisk:
    """Keeps records, and says at `flush` where they could not be written."""

    def __init__(self, records: KeptRecords) -> None:
        self._records = records

    def get(self, name: str) -> bytes | None:
        return self._records.get(name)

    def put(self, name: str, data: bytes) -> None:
        self._records.put(name, data)

    def flush(self) -> None:
        self._records.flush()
        if self._records.unkept is not None:
            raise OSError(self._records.unkept)


class InMemory:
    """Keeps for as long as it lives."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Return what was kept under a name."""
        return self._kept.get(name)

    def put(self, name: str, data: Any) -> None:
        """Keep it under a name."""
        self._kept[name] = data

    def flush(self) -> None:
        """Nothing waits."""


def read_known(watches: Mapping[str, Watch], source: str) -> Known:
    """Return what watchers said of a film before, and what they have not seen yet.

    Args:
        source: digest of the film.
    """
    said: dict[str, dict[int, Any]] = {name: {} for name in watches}
    lacking: dict[int, list[str]] = {}
    for name, watch in watches.items():
        for ordinal in watch.ordinals:
            words = watch.keeper.get(name_of_frame(source, ordinal))
            if words is None:
                lacking.setdefault(ordinal, []).append(name)
            elif words != LOST:
                said[name][ordinal] = words
    return Known(said, lacking)


def watch_film(
    film: Place,
    index: VideoIndex,
    watches: Mapping[str, Watch],
    *,
    source: str,
    known: Known | None = None,
    threads: int = 0,
    flush_seconds: float = _FLUSH_SECONDS,
    progress: Progress = silent,
) -> Watched:
    """Return what each watcher says of its frames.

    Frames that some watcher has not seen yet are decoded, each once for all who lack it. What is said is written while
    the film is watched, so that little is lost where this is killed; where it cannot be written, it is returned all the
    same.

    Args:
        source: digest of the film.
        known: what `read_known` says of it; None reads it here.
        threads: for decoding; 0 takes one per core.
        flush_seconds: after which what was said is written.
        progress: told of frames.

    Raises:
        MediaError: the film cannot be opened.
    """
    known = read_known(watches, source) if known is None else known
    lacking = known.lacking
    watching = _Watching(watches, source, {name: dict(words) for name, words in known.said.items()})
    written = time.monotonic()
    try:
        decoded = decode_frames(film, index, sorted(lacking), threads=threads, deinterlace=True)
        for done, frame in enumerate(decoded, start=1):
            for name in lacking[frame.ordinal]:
                watching.take(name, frame.ordinal, frame.pixels if isinstance(frame, DecodedFrame) else None)
            if time.monotonic() - written >= flush_seconds:
                watching.flush()
                written = time.monotonic()
            progress(done, len(lacking), "frames looked at")
        watching.see_the_rest()
    finally:  # what was seen before a film breaks off, or a person stops it, is not lost
        watching.flush()
    return Watched(watching.said, watching.unkept)


class _Watching:
    """Hands frames to watchers, several together, and keeps what they say."""

    def __init__(self, watches: Mapping[str, Watch], source: str, said: dict[str, dict[int, Any]]) -> None:
        self._watches, self._source = watches, source
        self._waiting: dict[str, list[tuple[int, Pixels]]] = {name: [] for name in watches}
        self.said = said
        self.unkept: dict[str, str] = {}

    def take(self, name: str, ordinal: int, pixels: Pixels | None) -> None:
        """Take a frame for a watcher; None of one that is lost."""
        if pixels is None:
            self._watches[name].keeper.put(name_of_frame(self._source, ordinal), LOST)
            return
        self._waiting[name].append((ordinal, pixels))
        if len(self._waiting[name]) == _AT_ONCE:
            self._see(name)

    def see_the_rest(self) -> None:
        for name, batch in self._waiting.items():
            if batch:
                self._see(name)

    def flush(self) -> None:
        """Write what was said; what one keeper cannot write keeps no other from it."""
        for name, watch in self._watches.items():
            try:
                watch.keeper.flush()
            except OSError as error:
                if name not in self.unkept:
                    _log.info("what is seen (%s) cannot be kept: %s", name, error)
                self.unkept[name] = error.strerror or str(error)
            else:
                self.unkept.pop(name, None)

    def _see(self, name: str) -> None:
        watch, batch = self._watches[name], self._waiting[name]
        for (ordinal, _), words in zip(batch, watch.watcher.see([pixels for _, pixels in batch]), strict=True):
            watch.keeper.put(name_of_frame(self._source, ordinal), words)
            self.said[name][ordinal] = words
        batch.clear()


def name_of_frame(source: str, ordinal: int) -> str:
    """Return what the words about a frame are kept under."""
    return f"{source}:{ordinal}"


def ordinal_of_name(name: str) -> int:
    """Return the frame that `name_of_frame` named."""
    return int(name.rpartition(":")[2])


def pack_rows(rows: npt.NDArray[Any]) -> bytes:
    """Return one vector as bytes, in half precision: what is compared by cosines loses nothing that counts."""
    return np.ascontiguousarray(rows, np.float16).tobytes()


def unpack_rows(words: Sequence[bytes]) -> npt.NDArray[np.float32]:
    """Return vectors that `pack_rows` packed, (vectors, length) float32."""
    return np.stack([np.frombuffer(one, np.float16) for one in words]).astype(np.float32)
