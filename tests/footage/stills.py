"""Photographs and raws of four coloured quarters, so that every turn shows."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from rushes.datasets.synthetic.dng import format_dng
from rushes.datasets.synthetic.exif import StatedExif

QUARTERS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30)]  # top left, top right, bottom left and right
UNDO = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # orientation -> Image.Transpose that stores an upright picture so


def quarters(width: int = 80, height: int = 60) -> npt.NDArray[np.uint8]:
    pixels = np.zeros((height, width, 3), np.uint8)
    for place, color in enumerate(QUARTERS):
        row, column = divmod(place, 2)
        pixels[row * height // 2 : (row + 1) * height // 2, column * width // 2 : (column + 1) * width // 2] = color
    return pixels


def looks_like_quarters(pixels: npt.NDArray[np.uint8], slack: int = 12) -> bool:
    height, width = pixels.shape[:2]
    places = [(height // 4, width // 4), (height // 4, width * 3 // 4), (height * 3 // 4, width // 4),
              (height * 3 // 4, width * 3 // 4)]  # fmt: skip
    found = np.array([pixels[place] for place in places], int)
    return bool(np.abs(found - QUARTERS).max() <= slack)


def stored_as(image: Image.Image, orientation: int) -> Image.Image:
    """Return an upright image as a camera held otherwise would have stored it."""
    return image.transpose(Image.Transpose(UNDO[orientation])) if orientation > 1 else image


def dated(time: str, *, fraction: str = "", offset: str = "", orientation: int = 1) -> Image.Exif:
    """Return EXIF with the time of capture."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    tags = {0x9003: time, 0x9291: fraction, 0x9011: offset}
    exif.get_ifd(0x8769).update({tag: value for tag, value in tags.items() if value})
    return exif


def png_that_states(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header states a size."""
    small = io.BytesIO()
    Image.new("1", (1, 1)).save(small, "PNG")
    data = bytearray(small.getvalue())
    data[16:24] = width.to_bytes(4) + height.to_bytes(4)
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    return bytes(data)


def write_jpeg(
    path: Path, pixels: npt.NDArray[np.uint8] | None = None, *, taken: str = "2024:05:01 12:30:00", quality: int = 92
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(quarters(1200, 800) if pixels is None else pixels)
    image.save(path, exif=dated(taken) if taken else Image.Exif(), quality=quality)
    return path


def write_raw(
    path: Path,
    *,
    sensor: tuple[int, int] = (1200, 800),
    preview_width: int = 720,
    orientation: int = 1,
    taken: str = "2024:05:01 12:30:00",
    level: int = 3000,
    own_exif: bool = False,
) -> Path:
    """Write a DNG whose sensor is grey and whose preview shows the quarters as the sensor lay.

    Args:
        own_exif: the preview states its orientation itself, as those of Fujifilm and Panasonic do.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = sensor
    upright = (preview_width, preview_width * height // width)
    image = Image.fromarray(quarters(*(upright[::-1] if orientation > 4 else upright)))
    at = path.with_suffix(".preview.jpg")
    exif = dated(taken.replace(":05:", ":06:"), orientation=orientation).tobytes() if own_exif else b""
    stored_as(image, orientation).save(at, quality=92, exif=exif)
    preview = at.read_bytes()
    if own_exif:  # cameras write it first, Pillow behind a JFIF header
        preview = preview[:2] + preview[4 + int.from_bytes(preview[4:6]) :]
    mosaic = np.full((height, width), level, np.uint16)
    stated = StatedExif("rushes", "benchmark", taken=taken, orientation=orientation)
    path.write_bytes(format_dng(mosaic, preview, preview_width, stated=stated))
    at.unlink()
    return path
