"""Watching a film: its frames decoded once, and handed to everything that wants to see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rushes.footage.video import DecodedFrame, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes
from rushes.storage.kept_records import KeptRecords
from rushes.storage.places import Place

Pixels = npt.NDArray[np.uint8]
LOST = b""  # what is kept of a frame that could not be decoded, so that it is not tried each time
_AT_ONCE = 8  # pictures handed over together; more are no faster, and a 4K frame is 25 MB


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
        """Write what waits."""


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


def keeper_of(watcher: Watcher, cache_folder: Path | None) -> Keeper:
    """Return where a watcher's words are kept in a project's cache; without a cache, in memory."""
    if cache_folder is None:
        return InMemory()
    return KeptRecords(cache_folder / "looks" / digest_of_bytes(watcher.key.encode())[:24])


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


def watch_film(
    film: Place,
    index: VideoIndex,
    watches: Mapping[str, Watch],
    *,
    source: str,
    threads: int = 0,
    progress: Progress = silent,
) -> dict[str, dict[int, Any]]:
    """Return what each watcher says of its frames: name -> ordinal -> its words; a frame that is lost has none.

    Frames that some watcher has not seen yet are decoded, each once for all who lack it.

    Args:
        source: digest of the film.
        threads: for decoding; 0 takes one per core.
        progress: told of frames.

    Raises:
        MediaError: the film cannot be opened.
    """
    lacking = find_lacking(watches, source)
    said: dict[str, dict[int, Any]] = {name: _kept_words(watch, source) for name, watch in watches.items()}
    waiting: dict[str, list[tuple[int, Pixels]]] = {name: [] for name in watches}

    def see(name: str) -> None:
        watch, batch = watches[name], waiting[name]
        for (ordinal, _), words in zip(batch, watch.watcher.see([pixels for _, pixels in batch]), strict=True):
            watch.keeper.put(name_of_frame(source, ordinal), words)  # on a full disk it is not kept
            said[name][ordinal] = words
        batch.clear()

    try:
        decoded = decode_frames(film, index, sorted(lacking), threads=threads, deinterlace=True)
        for done, frame in enumerate(decoded, start=1):
            for name in lacking[frame.ordinal]:
                if not isinstance(frame, DecodedFrame):
                    watches[name].keeper.put(name_of_frame(source, frame.ordinal), LOST)
                    continue
                waiting[name].append((frame.ordinal, frame.pixels))
                if len(waiting[name]) == _AT_ONCE:
                    see(name)
            progress(done, len(lacking), "frames looked at")
        for name, batch in waiting.items():
            if batch:
                see(name)
    finally:  # what was seen before a film breaks off, or a person stops it, is not lost
        for watch in watches.values():
            watch.keeper.flush()
    return said


def find_lacking(watches: Mapping[str, Watch], source: str) -> dict[int, list[str]]:
    """Return ordinal -> the watchers, by name, that have not seen the frame yet; {} where all is kept."""
    lacking: dict[int, list[str]] = {}
    for name, watch in watches.items():
        for ordinal in watch.ordinals:
            if watch.keeper.get(name_of_frame(source, ordinal)) is None:
                lacking.setdefault(ordinal, []).append(name)
    return lacking


def _kept_words(watch: Watch, source: str) -> dict[int, Any]:
    words = ((ordinal, watch.keeper.get(name_of_frame(source, ordinal))) for ordinal in watch.ordinals)
    return {ordinal: said for ordinal, said in words if said is not None and said != LOST}


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
