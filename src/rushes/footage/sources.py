"""Media files as sources: what they are, how large, how long, and by which digest they are known."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.kinds import kind_of, require_content
from rushes.footage.source import Source
from rushes.footage.video import VideoIndex
from rushes.storage.files import digest_of_bytes, digest_of_file
from rushes.storage.places import Place, Remote
from rushes.storage.reading import digest_of_remote_film, held

_NOT_IN_A_NAME = re.compile(r"[^\w.\-]+")
_NAME_BYTES = 160  # a frame's name adds 30 to it, and file systems allow 255


def read_source(
    path: Place, *, name: str | None = None, group: str, digest: str | None = None
) -> tuple[Source, VideoIndex | None]:
    """Return what a media file is, with the index of its frames where it is a film.

    Args:
        name: what frames are named after; None makes it from the file's name.
        group: what must never stand on both sides of a split.
        digest: SHA-256 of the file in hex, where it is known; None computes it.

    Raises:
        MediaError: the file is missing, a folder, empty, cut off, or nothing that can be read as footage.
    """
    if kind_of(path) == "video":
        return _read_film(path, name or source_name(path), group, digest)
    return read_still(path, name=name, group=group, digest=digest)[0], None


def read_still(
    path: Place, *, name: str | None = None, group: str, digest: str | None = None
) -> tuple[Source, npt.NDArray[np.uint8]]:
    """Return what a photograph or a raw is, with its pixels: both from one reading.

    Raises:
        MediaError: as `read_source`.
    """
    with held(path) as remote:
        require_content(path)
        if remote is not None:
            remote.read_whole()
        return _read_still(path, name, group, digest)


def digest_of_place(path: Place, *, stopped: Callable[[], bool] = lambda: False) -> str:
    """Return the digest by which a media file is known, in hex.

    The SHA-256 of its bytes; of a film in a store, which is not read whole, one of what the store vouches for.

    Args:
        stopped: asked now and then; where it says so, an InterruptedError is raised.

    Raises:
        MediaError: a remote file cannot be read, or is a photograph too large to be read whole.
        OSError: a local one cannot be read.
    """
    with held(path) as remote:
        if isinstance(path, Path) or remote is None:
            return digest_of_file(Path(str(path)), stopped=stopped)
        if kind_of(path) == "video":
            return digest_of_remote_film(remote, stopped=stopped)
        return digest_of_bytes(remote.read_whole())


def address_of(path: Place) -> str:
    """Return where a file is, for the catalog: an absolute path, or the address without what opens it."""
    return str(path) if isinstance(path, Remote) else os.path.abspath(path)  # noqa: PTH100  (links are not followed)


def _read_still(path: Place, name: str | None, group: str, digest: str | None) -> tuple[Source, npt.NDArray[np.uint8]]:
    kind = kind_of(path)
    if kind == "raw":
        from rushes.footage.raw import capture_time_of_raw, read_raw, size_of_raw

        width, height = size_of_raw(path)
        pixels, codec, captured_at = read_raw(path), path.suffix.lower()[1:], capture_time_of_raw(path)
    else:
        from rushes.footage.photo import capture_time, read_photo, stored_format

        try:
            pixels = read_photo(path)
        except MediaError as error:
            if kind is None:
                extension = f"'{path.suffix}'" if path.suffix else "no extension"
                raise MediaError(path, f"is no footage that rushes knows (it has {extension})") from error
            raise
        height, width = pixels.shape[:2]
        codec, captured_at = stored_format(path), capture_time(path)
    return Source(
        digest=digest or digest_of_place(path),
        path=address_of(path),
        name=name or source_name(path),
        group=group,
        kind="raw" if kind == "raw" else "photo",
        width_pixels=width,
        height_pixels=height,
        codec=codec,
        captured_at=captured_at,
    ), pixels


def source_name(path: Place) -> str:
    """Return a name for a source, from its file's: letters, digits, `-`, `_` and dots; `My film (1).mp4` → `My-film-1`.

    Letters of any script are kept. Two files may get one name: it is the caller's to tell them apart.
    """
    cleaned = _NOT_IN_A_NAME.sub("-", unicodedata.normalize("NFC", path.stem)).strip("-._")
    return cleaned.encode()[:_NAME_BYTES].decode(errors="ignore").rstrip("-._") or "source"


def _read_film(path: Place, name: str, group: str, digest: str | None) -> tuple[Source, VideoIndex]:
    from rushes.footage.video import index_video

    index = index_video(path)
    source = Source(
        digest=digest or digest_of_place(path),
        path=address_of(path),
        name=name,
        group=group,
        kind="video",
        width_pixels=index.width_pixels,
        height_pixels=index.height_pixels,
        codec=index.codec,
        start_pts=index.pts[0],
        rate=index.rate,
        frame_count=index.frame_count,
        duration_seconds=index.duration_seconds,
        captured_at=index.captured_at,
    )
    return source, index
