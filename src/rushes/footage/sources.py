"""Media files as sources: what they are, how large, how long, and by which digest they are known."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import MediaError
from rushes.footage.kinds import kind_of, require_content
from rushes.footage.source import Source
from rushes.footage.still import Still
from rushes.footage.video_index import VideoIndex
from rushes.storage.files import digest_of_bytes, digest_of_file
from rushes.storage.places import Place, Remote
from rushes.storage.reading import digest_of_remote_film, held, held_whole

if TYPE_CHECKING:
    from rushes.footage.picture import PictureSize
    from rushes.footage.raw import Development

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
    path: Place,
    *,
    name: str | None = None,
    group: str,
    digest: str | None = None,
    size: PictureSize | None = None,
    development: Development = "preview",
    companion: Place | None = None,
) -> tuple[Source, Still]:
    """Return what a photograph or a raw is, with its pixels: both from one reading.

    A photograph is one by its content: a JPEG that is called `.nef` is read as the JPEG that it is.

    Args:
        size, development: as `read_raw` takes them.
        companion: a picture that the camera wrote beside a raw. It is shown for the raw, unless the raw is to be
            developed or the picture is too small.

    Raises:
        MediaError: as `read_source`; its path is the companion's where that cannot be read.
    """
    from rushes.footage.photo import is_photo

    with held_whole(path):
        require_content(path)
        is_raw = kind_of(path) == "raw" and not is_photo(path)
        still = _read_raw(path, companion, size, development) if is_raw else _read_photo(path, size)
        source = Source(
            digest=digest or digest_of_place(path),
            path=address_of(path),
            name=name or source_name(path),
            group=group,
            kind="raw" if is_raw else "photo",
            width_pixels=still.width_pixels,
            height_pixels=still.height_pixels,
            codec=still.format,
            captured_at=still.captured_at,
        )
        return source, still


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


def capture_time_of_still(path: Place) -> str | None:
    """Return when a photograph or a raw was taken, ISO 8601; None where it does not say.

    Raises:
        MediaError: it does not begin as a photograph or a raw does.
    """
    from rushes.footage.photo import capture_time, is_photo
    from rushes.footage.raw import describe_raw

    require_content(path)
    if kind_of(path) != "raw" or is_photo(path):
        return capture_time(path)
    with held_whole(path):
        return describe_raw(path)[1]


def _read_photo(path: Place, size: PictureSize | None) -> Still:
    from rushes.footage.photo import read_photo

    try:
        return read_photo(path, size=size)
    except MediaError as error:
        if kind_of(path) is None:
            extension = f"'{path.suffix}'" if path.suffix else "no extension"
            raise MediaError(path, f"is no footage that rushes knows (it has {extension})") from error
        raise


def _read_raw(path: Place, companion: Place | None, size: PictureSize | None, development: Development) -> Still:
    from rushes.footage.raw import read_raw

    shown = show_by_companion(path, companion, size) if companion is not None and development == "preview" else None
    return shown or read_raw(path, size=size, development=development)


def show_by_companion(raw: Place, companion: Place, size: PictureSize | None) -> Still | None:
    """Return a raw as its companion shows it; None where the companion is not enough.

    Raises:
        MediaError: one of them cannot be read.
    """
    from rushes.footage.photo import read_photo
    from rushes.footage.raw import describe_raw, flaw_of_raw, is_enough

    whole, captured_at = describe_raw(raw)
    with held_whole(companion):
        shown = read_photo(companion, size=size)
    if not is_enough((shown.width_pixels, shown.height_pixels), whole, size):
        return None
    return Still(shown.pixels, *whole, raw.suffix.lower()[1:], captured_at or shown.captured_at, flaw=flaw_of_raw(raw))


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
        start_timecode=index.start_timecode,
    )
    return source, index
