"""The EXIF tags of photographs and raws, read from the first part of the file and by name: `EXIF ExposureTime`."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from rushes.errors import MediaError, RushesError
from rushes.storage.places import Place
from rushes.storage.reading import open_place

# CR3 is an ISO base media file; Canon's box in `moov` holds a TIFF each for the picture, its EXIF and its maker note.
_CANON_BOX = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_TIFFS = {b"CMT1": "Image", b"CMT2": "EXIF", b"CMT3": "MakerNote"}
_MOST_BOX_BYTES = 1 << 24
_FUJI, _FUJI_JPEG_AT = b"FUJIFILMCCD-RAW", 84  # a RAF says there where its JPEG lies, which states the EXIF


def read_exif_tags(path: Place, *, maker_note: bool = False) -> Mapping[str, Any]:
    """Return name -> tag of a photograph's EXIF, as exifread has them; nothing where it is missing or damaged.

    What a CR3 and a RAF state is read too, from the boxes and the JPEG in which they state it.

    Args:
        maker_note: read Canon's, which states how far away the camera focused; it takes some milliseconds.

    Raises:
        MediaError: the file cannot be read.
        UnreachableError: its store does not answer.
    """
    try:
        with open_place(path) as file:
            start = file.read(100)
            if start[4:12] == b"ftypcrx ":
                return _tags_of_cr3(file)
            if start.startswith(_FUJI):
                file.seek(int.from_bytes(start[_FUJI_JPEG_AT : _FUJI_JPEG_AT + 4]))
                return _tags_of(io.BytesIO(file.read(1 << 16)))  # EXIF takes one segment of a JPEG, which ends there
            tags = _tags_of(file)
            if maker_note and str(tags.get("Image Make") or "").startswith("Canon"):
                return _tags_of(file, details=True) or tags
            return tags
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror or error})") from error


def _tags_of(file: BinaryIO, *, details: bool = False) -> dict[str, Any]:
    import exifread

    logging.getLogger("exifread").setLevel(logging.CRITICAL)  # a file without EXIF is no news
    try:
        return dict(exifread.process_file(file, details=details, extract_thumbnail=False))
    except (RushesError, OSError):
        raise
    except Exception:  # a damaged EXIF block raises whatever its bytes lead to; the picture may still be good
        return {}


def _tags_of_cr3(file: BinaryIO) -> dict[str, Any]:
    size = file.seek(0, 2)
    tags: dict[str, Any] = {}
    for kind, start, stop in _boxes(file, 0, size):
        if kind != b"moov":
            continue
        for inner, inner_start, inner_stop in _boxes(file, start, stop):
            file.seek(inner_start)
            if inner != b"uuid" or file.read(16) != _CANON_BOX:
                continue
            for name, at, end in _boxes(file, inner_start + 16, inner_stop):
                if name in _TIFFS and end - at <= _MOST_BOX_BYTES:
                    file.seek(at)
                    found = _tags_of(io.BytesIO(file.read(end - at)))
                    tags |= {tag.replace("Image", _TIFFS[name], 1): value for tag, value in found.items()}
        break
    return tags


def _boxes(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box between two places of the file, and where its content starts and stops."""
    while start + 8 <= stop:
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            return
        size, content = int.from_bytes(head[:4]), start + 8
        if size == 1:
            size, content = int.from_bytes(head[8:16]), start + 16
        end = stop if size == 0 else start + size
        if not content <= end <= stop:
            return
        yield head[4:8], content, end
        start = end
