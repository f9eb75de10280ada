"""Camera raws as upright RGB pixels: the preview inside, or a half-size development."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.kinds import require_content
from rushes.footage.orientation import turn
from rushes.footage.photo import parse_exif_time, read_photo_bytes
from rushes.storage.places import Place
from rushes.storage.reading import read_place, size_of_place

if TYPE_CHECKING:
    import rawpy

PREVIEW_LONG_SIDE = 1000  # a preview of this many pixels is enough for every model


def read_raw(path: Place) -> npt.NDArray[np.uint8]:
    """Return a camera raw as it is to be seen.

    The preview that the camera stored is taken where its long side has PREVIEW_LONG_SIDE pixels or half of the
    raw's; otherwise the raw is developed at half size with the camera's white balance.

    Returns:
        (height, width, 3), RGB, turned as the camera was held.

    Raises:
        MediaError: it is no raw that LibRaw knows, its pixels are cut off, or it holds none.
    """
    import rawpy

    require_content(path)
    try:
        with rawpy.imread(_for_libraw(path)) as raw:
            preview = _preview(raw, path)
            return preview if preview is not None else _develop(raw, path)
    except rawpy.LibRawError as error:
        raise MediaError(path, _reason(error, path)) from error


def size_of_raw(path: Place) -> tuple[int, int]:
    """Return (width, height) in pixels of a raw as it is to be shown, without reading its pixels.

    Raises:
        MediaError: it is no raw that LibRaw knows.
    """
    import rawpy

    require_content(path)
    try:
        with rawpy.imread(_for_libraw(path)) as raw:
            width, height = int(raw.sizes.width), int(raw.sizes.height)
            return (height, width) if raw.sizes.flip & 4 else (width, height)
    except rawpy.LibRawError as error:
        raise MediaError(path, _reason(error, path)) from error


def _for_libraw(path: Place) -> str | BinaryIO:
    """Return what LibRaw reads a raw from: its path, or the bytes of one in a store."""
    return str(path) if isinstance(path, Path) else io.BytesIO(read_place(path))


def is_enough(preview: tuple[int, int], raw: tuple[int, int]) -> bool:
    """Return whether a preview of this (width, height) can stand for a raw of that one."""
    return max(preview) >= min(PREVIEW_LONG_SIDE, max(raw) / 2)


def _preview(raw: rawpy.RawPy, path: Place) -> npt.NDArray[np.uint8] | None:
    import rawpy

    try:
        thumb = raw.extract_thumb()
    except rawpy.LibRawError:  # none stored, or of a format that LibRaw does not unpack
        return None
    if thumb.format == rawpy.ThumbFormat.JPEG:
        try:
            pixels = read_photo_bytes(bytes(thumb.data), path)
        except MediaError:
            return None
    else:
        pixels = np.asarray(thumb.data, np.uint8)
    sizes = raw.sizes
    if pixels.ndim != 3 or not is_enough(pixels.shape[1::-1], (sizes.width, sizes.height)):
        return None
    # Some cameras store the preview as it is to be seen: turned already, if its long side is not the sensor's.
    lies_as_sensor = (pixels.shape[1] >= pixels.shape[0]) == (sizes.width >= sizes.height)
    return turn(pixels, sizes.flip) if lies_as_sensor or not sizes.flip & 4 else pixels


def _develop(raw: rawpy.RawPy, path: Place) -> npt.NDArray[np.uint8]:
    pixels: npt.NDArray[np.uint8] = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8)
    if pixels.max() == 0 and raw.raw_image.min() == raw.raw_image.max():
        raise MediaError(path, "holds no pixels: every value of its sensor is the same. Copy it again from the card")
    return np.ascontiguousarray(pixels)


def _reason(error: Exception, path: Place) -> str:
    import rawpy

    said = error.args[0] if error.args else ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if isinstance(error, rawpy.LibRawFileUnsupportedError):
        return f"is not a camera raw that LibRaw knows ({text}). Check that it was copied whole"
    if isinstance(error, rawpy.LibRawIOError):
        return f"is cut off or no camera raw ({text}; {size_of_place(path):,} bytes). Copy it again from the card"
    return f"cannot be developed ({text}). Copy it again from the card"


def capture_time_of_raw(path: Place) -> str | None:
    """Return when a raw was taken, `2024-05-01T12:30:00`, where its EXIF says so."""
    import exifread

    with path.open("rb") as file:
        try:
            tags = exifread.process_file(file, details=False, extract_thumbnail=False)
        except Exception:  # a damaged EXIF block raises whatever its bytes lead to; the picture may still be good
            return None
    return parse_exif_time(str(tags.get("EXIF DateTimeOriginal") or tags.get("Image DateTime") or ""))
