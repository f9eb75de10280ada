"""Camera raws as upright RGB pixels: the preview inside, or a development at half or full size."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.capture_time import parse_exif_time
from rushes.footage.exif_tags import read_exif_tags
from rushes.footage.kinds import require_content
from rushes.footage.orientation import turn
from rushes.footage.photo import capture_time_of_bytes, read_photo_bytes
from rushes.footage.picture import PictureSize, resize, resize_exactly
from rushes.footage.raw_extent import missing_bytes
from rushes.footage.raw_preview import read_preview_alone
from rushes.footage.still import Still
from rushes.storage.places import Place
from rushes.storage.reading import read_place, size_of_place

if TYPE_CHECKING:
    import rawpy

PREVIEW_LONG_SIDE = 1000  # a preview of this many pixels is enough for every model
_MOSTLY = 0.5  # share of white from which on the stated white is doubted
_COPY = "Copy it again from the card"

# How a raw becomes pixels: the preview where it is enough and else half size, always half size, always full size.
Development = Literal["preview", "half", "full"]


def read_raw(path: Place, *, size: PictureSize | None = None, development: Development = "preview") -> Still:
    """Return a camera raw as it is to be seen.

    Args:
        size: what the pixels are brought to; a preview is then decoded no larger than that needs. None leaves them.
        development: `preview` takes the preview that the camera stored where it is enough (see `is_enough`) and else
            develops at half size; `half` and `full` develop. All develop with the camera's white balance.

    Returns:
        The photograph, turned as the camera was held. Where the raw is cut off, or of a camera that LibRaw does not
        know, a preview that is enough stands for it, and `flaw` says so.

    Raises:
        MediaError: it is no raw that LibRaw knows, it holds no pixels, or they are cut off and no preview is enough.
    """
    import rawpy

    require_content(path)
    try:
        with rawpy.imread(_for_libraw(path)) as raw:
            whole, preview, flaw = _size_as_shown(raw), _read_preview(raw, path, size), ""
            enough = preview is not None and is_enough((preview.width_pixels, preview.height_pixels), whole, size)
            if preview is not None and enough and development == "preview":
                pixels, flaw = preview.pixels, flaw_of_raw(path)
            else:
                try:
                    pixels = _develop(raw, path, half=development != "full")
                    pixels = pixels if size is None else resize(pixels, size)
                except rawpy.LibRawIOError as error:
                    if preview is None or not enough:
                        raise MediaError(path, _cut_off(error, path, whole, preview)) from error
                    pixels = preview.pixels
                    flaw = f"is cut off ({_said(error)}): it can be seen and not developed. {_COPY}"
    except rawpy.LibRawError as error:
        shown = read_preview_alone(path, size=size) if isinstance(error, rawpy.LibRawFileUnsupportedError) else None
        if shown is None or development != "preview":
            raise MediaError(path, _reason(error, path)) from error
        flaw = f"LibRaw does not know it ({_said(error)}): its preview is shown, and it cannot be developed"
        return replace(shown, captured_at=_stated_time(path) or shown.captured_at, flaw=flaw)
    captured_at = _stated_time(path) or (preview.captured_at if preview is not None else None)
    return Still(pixels, *whole, path.suffix.lower()[1:], captured_at, flaw=flaw)


def flaw_of_raw(path: Place) -> str:
    """Return what is wrong with a raw of which only the preview is looked at; "" where nothing shows."""
    missing = missing_bytes(path)
    return f"is cut off ({missing}): it can be seen and not developed. {_COPY}" if missing else ""


def describe_raw(path: Place) -> tuple[tuple[int, int], str | None]:
    """Return the (width, height) of a raw as it is to be shown, and when it was taken; its pixels are not read.

    The time is `2024-05-01T12:30:00.25+02:00`, with the fraction and the offset where they are stated.

    Raises:
        MediaError: it is no raw that LibRaw knows.
    """
    import rawpy

    require_content(path)
    captured_at = _stated_time(path)
    try:
        with rawpy.imread(_for_libraw(path)) as raw:
            return _size_as_shown(raw), captured_at or _time_of_preview(raw, path)
    except rawpy.LibRawError as error:
        raise MediaError(path, _reason(error, path)) from error


def _for_libraw(path: Place) -> str | BinaryIO:
    """Return what LibRaw reads a raw from: its path, or the bytes of one in a store."""
    return str(path) if isinstance(path, Path) else io.BytesIO(read_place(path))


def _time_of_preview(raw: rawpy.RawPy, path: Place) -> str | None:
    """Return the capture time in the preview's EXIF, which is the camera's or LibRaw's.

    rawpy states a time too, but unpacks every pixel before it does.
    """
    import rawpy

    try:
        data = raw.extract_thumb().data
        return _believed(capture_time_of_bytes(data, path)) if isinstance(data, bytes) else None
    except (rawpy.LibRawError, MediaError):
        return None


def is_enough(preview: tuple[int, int], raw: tuple[int, int], wanted: PictureSize | None = None) -> bool:
    """Return whether a preview can stand for a raw; both are (width, height), upright.

    It can where half of the raw's size would hold no more, and where it fills the wanted size; without a wanted
    size, from PREVIEW_LONG_SIDE pixels on.
    """
    if max(preview) >= max(raw) / 2:
        return True
    if wanted is None:
        return max(preview) >= PREVIEW_LONG_SIDE
    width, height = wanted.applied_to(*raw)
    if wanted.long_side is not None:
        return max(preview) >= max(width, height)
    return preview[0] >= min(width, raw[0]) and preview[1] >= min(height, raw[1])


def _size_as_shown(raw: rawpy.RawPy) -> tuple[int, int]:
    width, height = int(raw.sizes.width), int(raw.sizes.height)
    return (height, width) if raw.sizes.flip & 4 else (width, height)


def _read_preview(raw: rawpy.RawPy, path: Place, size: PictureSize | None) -> Still | None:
    """Return the preview inside, upright and brought to a size; None where there is none that can be read."""
    import rawpy

    flip = raw.sizes.flip
    try:
        data = raw.extract_thumb().data
    except rawpy.LibRawError:  # none stored, or of a format that LibRaw does not unpack
        return None
    if not isinstance(data, bytes):
        pixels = np.asarray(data, np.uint8)
        if pixels.ndim != 3:
            return None
        still = Still(pixels, pixels.shape[1], pixels.shape[0], "bitmap")
    else:
        # Which side a width and a height are meant for shows only when the preview is read.
        may_turn = size is not None and size.long_side is None and flip & 4
        try:
            still = read_photo_bytes(data, path, size=None if may_turn else size)
        except MediaError:
            return None
    # Some cameras store the preview as it is to be seen: turned already, by its own EXIF or by its longer side.
    lies_as_sensor = (still.width_pixels >= still.height_pixels) == (raw.sizes.width >= raw.sizes.height)
    if still.orientation != 1 or (flip & 4 and not lies_as_sensor):
        flip = 0
    width, height = still.width_pixels, still.height_pixels
    width, height = (height, width) if flip & 4 else (width, height)
    pixels = turn(still.pixels, flip)
    pixels = pixels if size is None else resize_exactly(pixels, *size.applied_to(width, height))
    return Still(pixels, width, height, still.format, _believed(still.captured_at))


def _believed(time: str | None) -> str | None:
    """Return the capture time of a preview; None where LibRaw, which adds its own EXIF, did not know it."""
    return None if time is None or time.startswith("1970-01-01T00:00:00") else time


def _develop(raw: rawpy.RawPy, path: Place, *, half: bool) -> npt.NDArray[np.uint8]:
    pixels: npt.NDArray[np.uint8] = raw.postprocess(half_size=half, use_camera_wb=True, output_bps=8)
    white = _true_white(raw) if _is_mostly_white(pixels) else None
    if white is not None:
        pixels = raw.postprocess(half_size=half, use_camera_wb=True, output_bps=8, user_sat=white)
    if pixels.max() == 0 and raw.raw_image.min() == raw.raw_image.max():
        raise MediaError(path, f"holds no pixels: every value of its sensor is the same. {_COPY}")
    return np.ascontiguousarray(pixels)


def _is_mostly_white(pixels: npt.NDArray[np.uint8]) -> bool:
    return float((pixels[::8, ::8].min(axis=2) >= 250).mean()) > _MOSTLY


def _true_white(raw: rawpy.RawPy) -> int | None:
    """Return the white that a raw must have, where most of it lies far beyond the white that LibRaw states.

    LibRaw takes the files of some film scanners for ones of 8 bits, so that all of a picture of 16 bits is white. A
    camera's overexposed values end near its white, so that half of them can never lie at twice of it.
    """
    values = raw.raw_image[::8, ::8]
    if raw.white_level is None or float(np.median(values)) < 2 * raw.white_level:
        return None
    return int(2 ** np.ceil(np.log2(float(values.max()) + 1))) - 1


def _cut_off(error: Exception, path: Place, whole: tuple[int, int], preview: Still | None) -> str:
    """Return what is wrong with a raw that LibRaw knows and cannot read to its end, and what was found in it."""
    found = "there is none" if preview is None else f"it has {preview.width_pixels}x{preview.height_pixels}"
    return (
        f"is cut off ({_said(error)}; {size_of_place(path):,} bytes for {whole[0]}x{whole[1]} pixels), and the preview "
        f"inside is not enough ({found}). {_COPY}"
    )


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _reason(error: Exception, path: Place) -> str:
    import rawpy

    if isinstance(error, rawpy.LibRawFileUnsupportedError):
        return f"is not a camera raw that LibRaw knows ({_said(error)}). Check that it was copied whole"
    if isinstance(error, rawpy.LibRawIOError):
        return f"is cut off or no camera raw ({_said(error)}; {size_of_place(path):,} bytes). {_COPY}"
    return f"cannot be developed ({_said(error)}). {_COPY}"


def _stated_time(path: Place) -> str | None:
    """Return the capture time in the EXIF of a raw, with its fraction; None where it states none there."""
    tags = read_exif_tags(path)
    names = (
        ("EXIF DateTimeOriginal", "EXIF SubSecTimeOriginal", "EXIF OffsetTimeOriginal"),
        ("Image DateTime", "EXIF SubSecTime", "EXIF OffsetTime"),
    )
    times = (parse_exif_time(*(str(tags.get(name) or "") for name in of_one_time)) for of_one_time in names)
    return next((time for time in times if time), None)
