"""Pictures of films for the page: one of each shot, one of each source, made by few threads and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from rushes.catalog.catalog import StoredFrame
from rushes.footage.photo import read_photo
from rushes.footage.picture import PictureSize, encode_picture, resize
from rushes.footage.shot import Shot
from rushes.footage.source import Source
from rushes.footage.sources import read_still
from rushes.footage.video import DecodedFrame, decode_frames
from rushes.review.picture_cache import PictureCache
from rushes.storage.files import digest_of_bytes
from rushes.structure.portraits import QUALITY, cut_face, portrait_key
from rushes.studio.films import Films
from rushes.studio.works import FullError

SIDE = 320
_AT_ONCE = 12  # shots whose pictures are made together: one opening of the film, side by side in the strip
_THREADS = 2
_MOST_WAITING = 256
_QUALITY = 80
_POSTER_AT = 0.1  # of a film that was not scanned and gave no frames: past its black beginning
_SCHEMA = "film-picture/1"


class FilmPictures:
    """Makes pictures in threads of its own; who asks for one that is being made waits for that."""

    def __init__(self, films: Films, cache: PictureCache) -> None:
        """Begin no thread before the first is asked for."""
        self._films, self.cache = films, cache
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="film-pictures")
        self._lock = threading.Lock()
        self._begun: dict[str, Future[None]] = {}

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def ask_shot(self, source: Source, number: int) -> tuple[str, Future[None] | None]:
        """Return the key of a shot's picture in the cache, and when it is made; None where it is there.

        Raises:
            MediaError: the film cannot be read.
            IndexError: it has no such shot.
            FullError: too many wait.
        """
        found = self._films.shots(source)
        if found is None or not 1 <= number <= len(found.timeline.shots):
            raise IndexError(number)
        shots = [place.shot for place in found.timeline.shots]
        key = _key_of(source, shots[number - 1].typical)
        if key in self.cache:
            return key, None
        first = (number - 1) // _AT_ONCE * _AT_ONCE
        together = shots[first : first + _AT_ONCE]
        return key, self._ask(f"{source.digest}:{first}", lambda: self._make_shots(source, together))

    def ask_poster(self, source: Source) -> tuple[str, Future[None] | None]:
        """Return the key of the picture that stands for a source, and when it is made; None where it is there.

        Raises:
            FullError: too many wait.
        """
        state = self._films.scan_state(source)
        key = digest_of_bytes(f"{_SCHEMA} poster {source.digest} {state} {SIDE}".encode())
        if key in self.cache:
            return key, None
        return key, self._ask(key, lambda: self._make_poster(source, key))

    def ask_face(
        self, source: Source, ordinal: int, box: tuple[float, float, float, float], cache: PictureCache
    ) -> tuple[str, Future[None] | None]:
        """Return the key of the picture of a face in another cache, and when it is made; None where it is there.

        Args:
            ordinal: of the frame that shows it.
            box: left, top, width and height of the face, as shares of the picture's sides.

        Raises:
            FullError: too many wait.
        """
        key = portrait_key(source.digest, ordinal, box)
        if key in cache:
            return key, None
        return key, self._ask(key, lambda: self._make_face(source, key, ordinal, box, cache))

    def _make_face(
        self, source: Source, key: str, ordinal: int, box: tuple[float, float, float, float], cache: PictureCache
    ) -> None:
        place, index = self._films.place(source), self._films.index(source)
        for frame in decode_frames(place, index, [ordinal], threads=_THREADS, deinterlace=True):
            if isinstance(frame, DecodedFrame):
                cache.put(key, encode_picture(cut_face(frame.pixels, box), "jpeg", QUALITY))

    def _ask(self, name: str, make: Callable[[], None]) -> Future[None]:
        with self._lock:
            begun = self._begun.get(name)
            if begun is not None:
                return begun
            if len(self._begun) >= _MOST_WAITING:
                raise FullError("too many pictures are waited for. Try again in a moment")
            future = self._begun[name] = self._pool.submit(make)
        future.add_done_callback(lambda _: self._end(name))
        return future

    def _end(self, name: str) -> None:
        with self._lock:
            self._begun.pop(name, None)

    def _make_shots(self, source: Source, shots: list[Shot]) -> None:
        wanted = {shot.typical for shot in shots if _key_of(source, shot.typical) not in self.cache}
        place, index = self._films.place(source), self._films.index(source)
        for frame in decode_frames(place, index, sorted(wanted), threads=_THREADS):
            if isinstance(frame, DecodedFrame):
                self.cache.put(_key_of(source, frame.ordinal), _small(frame.pixels))

    def _make_poster(self, source: Source, key: str) -> None:
        for frame in _best_frames(self._films.frames(source)):
            path = self._films.picture_of(frame)
            if path is not None:
                self.cache.put(key, _small(read_photo(path, size=PictureSize(long_side=SIDE)).pixels))
                return
        if source.kind != "video":
            _, still = read_still(self._films.place(source), group=source.group, size=PictureSize(long_side=SIDE))
            self.cache.put(key, _small(still.pixels))
            return
        found = self._films.shots(source)
        index = self._films.index(source)
        shots = found.timeline.shots if found is not None else ()
        ordinal = shots[len(shots) // 2].shot.typical if shots else round(_POSTER_AT * (index.frame_count - 1))
        for decoded in decode_frames(self._films.place(source), index, [ordinal], threads=1):
            if isinstance(decoded, DecodedFrame):
                self.cache.put(key, _small(decoded.pixels))


def _best_frames(frames: Sequence[StoredFrame]) -> list[StoredFrame]:
    """Return the frames that may stand for a source: the one in the middle, or else the first."""
    middle = len(frames) // 2
    return [*frames[middle : middle + 1], *frames[:1]]


def _key_of(source: Source, ordinal: int) -> str:
    return digest_of_bytes(f"{_SCHEMA} frame {source.digest} {ordinal} {SIDE}".encode())


def _small(pixels: npt.NDArray[np.uint8]) -> bytes:
    return encode_picture(resize(pixels, PictureSize(long_side=SIDE)), "jpeg", _QUALITY)
