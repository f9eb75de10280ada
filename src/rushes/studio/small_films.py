"""Which films a browser plays as they are, and the small ones that are made of all others."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from rushes.errors import MediaError
from rushes.footage.small_film import write_small_film
from rushes.footage.source import Source
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress
from rushes.storage.limits import stated_limit
from rushes.storage.places import Place

LIMIT_VARIABLE = "RUSHES_PREVIEW_CACHE_GIB"
LIMIT_BYTES = 8 << 30  # about forty hours
# Container by its first bytes -> media type, and the codecs that browsers play in it.
_MP4, _WEBM = "video/mp4", "video/webm"
_PLAYED = {_MP4: frozenset({"h264", "av1", "vp9"}), _WEBM: frozenset({"vp8", "vp9", "av1"})}
_EBML = b"\x1aE\xdf\xa3"

_log = logging.getLogger(__name__)


def playable_type(path: Place, codec: str) -> str | None:
    """Return the media type of a film that browsers play as it is; None of any other, and of what is in a store.

    The file's first bytes decide, not its name: H.264, AV1 or VP9 in MP4 or MOV, VP8, VP9 or AV1 in WebM. A browser may
    refuse it all the same (10 bits, 4:2:2); then the small film is what there is.
    """
    if not isinstance(path, Path):
        return None
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return None
    if head[4:8] == b"ftyp":
        kind = _MP4
    elif head.startswith(_EBML) and b"webm" in head:
        kind = _WEBM
    else:
        return None
    return kind if codec in _PLAYED[kind] else None


class SmallFilms:
    """Small films in the project's cache, under a limit: those that were looked at longest ago go first."""

    def __init__(self, folder: Path, *, limit_bytes: int | None = None) -> None:
        """Make nothing yet.

        Args:
            limit_bytes: None takes what LIMIT_VARIABLE says, and LIMIT_BYTES where it says nothing.

        Raises:
            UsageError: LIMIT_VARIABLE says no number.
        """
        self._folder = folder
        self._limit = stated_limit(LIMIT_VARIABLE, otherwise=LIMIT_BYTES) if limit_bytes is None else limit_bytes

    def find(self, source: Source) -> Path | None:
        """Return the small film of a source; None where it was not made."""
        path = self._path(source)
        if not path.is_file():
            return None
        with suppress(OSError):
            os.utime(path)
        return path

    def make(self, source: Source, film: Place, index: VideoIndex, *, threads: int, progress: Progress) -> None:
        """Make the small film of a source, and make room for it.

        Raises:
            MediaError: the film cannot be read, or the disk does not take it.
        """
        try:
            write_small_film(film, index, self._path(source), threads=threads, progress=progress)
        except OSError as error:
            reason = f"no small film could be written ({error.strerror or error}). Make room"
            raise MediaError(source.name, reason) from error
        self._make_room(keep=self._path(source))

    def _path(self, source: Source) -> Path:
        return self._folder / f"{source.digest}.mp4"

    def _make_room(self, *, keep: Path) -> None:
        found = [(path.stat().st_mtime_ns, path.stat().st_size, path) for path in self._folder.glob("*.mp4")]
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._limit:
                return
            if path != keep:
                _log.info("%s is removed: small films take more than %d bytes", path, self._limit)
                path.unlink(missing_ok=True)
                total -= size
