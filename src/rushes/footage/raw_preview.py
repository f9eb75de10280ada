"""The preview inside a raw that LibRaw does not know: the largest JPEG that the file holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rushes.footage.orientation import flip_of_orientation, turn
from rushes.footage.photo import read_photo_bytes
from rushes.footage.picture import PictureSize
from rushes.footage.still import Still
from rushes.storage.places import Place
from rushes.storage.reading import open_place, read_place

LEAST_LONG_SIDE = 640  # pixels of a preview that can stand for a photograph: what a project keeps of each
_START = b"\xff\xd8\xff"
_SEEN_FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive; 0xC3 is a sensor, packed without loss
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_preview_alone(path: Place, *, size: PictureSize | None = None) -> Still | None:
    """Return the largest JPEG in a file, upright; None where there is none of LEAST_LONG_SIDE.

    Raises:
        MediaError: the JPEG is damaged.
    """
    data = path.read_bytes() if isinstance(path, Path) else read_place(path)
    found = max(_jpegs_in(data), key=lambda jpeg: jpeg[1] * jpeg[2], default=None)
    if found is None or max(found[1:]) < LEAST_LONG_SIDE:
        return None
    still = read_photo_bytes(data[found[0] :], path, size=size)
    flip = 0 if still.orientation != 1 else _stated_flip(path)
    pixels = turn(still.pixels, flip)
    width, height = still.width_pixels, still.height_pixels
    width, height = (height, width) if flip & 4 else (width, height)
    return Still(pixels, width, height, path.suffix.lower()[1:], still.captured_at)


def _jpegs_in(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Give where each JPEG that a screen can show begins, with its width and height.

    A JPEG counts where its segments lead to a frame header.
    """
    at = data.find(_START)
    while at >= 0:
        size = _frame_of(data, at + 2)
        if size is not None:
            yield (at, *size)
        at = data.find(_START, at + 2)


def _frame_of(data: bytes, at: int) -> tuple[int, int] | None:
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in _FRAMES:
            height, width = int.from_bytes(data[at + 5 : at + 7]), int.from_bytes(data[at + 7 : at + 9])
            return (width, height) if marker in _SEEN_FRAMES and width and height else None
        if marker == 0xDA or length < 2:
            return None
        at += 2 + length
    return None


def _stated_flip(path: Place) -> int:
    """Return how the camera was held, as LibRaw counts, by the first directory of a raw that is a TIFF inside."""
    import exifread

    with open_place(path) as file:
        try:
            tags = exifread.process_file(file, details=False, extract_thumbnail=False)
        except Exception:  # a damaged EXIF block raises whatever its bytes lead to; the picture may still be good
            return 0
    values = getattr(tags.get("Image Orientation"), "values", None)
    stated = values[0] if isinstance(values, list) and values and isinstance(values[0], int) else 1
    return flip_of_orientation(stated)
