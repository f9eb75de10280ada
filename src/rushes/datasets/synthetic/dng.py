"""Camera raws made from pictures: a DNG that LibRaw develops, with the preview that cameras put inside."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rushes.datasets.synthetic.exif import (
    ASCII,
    BYTE,
    LONG,
    RATIONAL,
    SHORT,
    SRATIONAL,
    Entry,
    StatedExif,
    exif_entries,
    format_directory,
    image_entries,
)

BLACK, WHITE = 512, 16383  # of a sensor of 14 bits
_PREVIEW_COLORS, _MOSAIC = 6, 32803  # YCbCr, colour filter array
_D65 = 21
# XYZ to linear sRGB (IEC 61966-2-1) in ten thousandths: a sensor that sees the colours of a screen.
_SENSOR_COLORS = (32406, -15372, -4986, -9689, 18758, 415, 557, -2040, 10570)
# What an 8-bit value of sRGB is in light, as a value of the sensor.
_LIGHT = np.arange(256) / 255.0
_LIGHT = np.where(_LIGHT <= 0.04045, _LIGHT / 12.92, ((_LIGHT + 0.055) / 1.055) ** 2.4)
_VALUES = np.round(_LIGHT * (WHITE - BLACK) + BLACK).astype(np.uint16)


def mosaic_of(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """Return what a sensor sees of a picture: one colour per pixel, red at the top left, blue diagonally below.

    Args:
        pixels: (height, width, 3), sRGB.

    Returns:
        (height, width), BLACK to WHITE, proportional to the light.
    """
    mosaic = _VALUES[pixels[:, :, 1]]
    mosaic[0::2, 0::2] = _VALUES[pixels[0::2, 0::2, 0]]
    mosaic[1::2, 1::2] = _VALUES[pixels[1::2, 1::2, 2]]
    return mosaic


def dng_of(
    pixels: npt.NDArray[np.uint8],
    stated: StatedExif,
    *,
    sensor: tuple[int, int] | None = None,
    preview_long_side: int = 1620,
    xmp: bytes = b"",
) -> bytes:
    """Return the bytes of a DNG that shows a picture, developed and as its preview.

    LibRaw brightens what it develops, unless told not to, until one pixel in a hundred is white.

    Args:
        pixels: (height, width, 3), RGB, as the sensor lay.
        stated: what its EXIF says.
        sensor: width and height that the picture is brought to, each even; None keeps its own.
        preview_long_side: pixels; a preview is never larger than the sensor.
        xmp: a packet to be embedded; b"" embeds none.
    """
    import cv2

    from rushes.footage.picture import PictureSize, encode_picture, resize

    if sensor is not None and sensor != (pixels.shape[1], pixels.shape[0]):
        pixels = np.asarray(cv2.resize(pixels, sensor, interpolation=cv2.INTER_CUBIC), np.uint8)
    preview = resize(pixels, PictureSize(long_side=preview_long_side))
    return format_dng(
        mosaic_of(pixels), encode_picture(preview, "jpeg", 88), preview.shape[1], preview.shape[0], stated=stated,
        xmp=xmp,
    )  # fmt: skip


def format_dng(
    mosaic: npt.NDArray[np.uint16],
    preview: bytes,
    preview_width: int,
    preview_height: int | None = None,
    *,
    stated: StatedExif | None = None,
    xmp: bytes = b"",
) -> bytes:
    """Return the bytes of a DNG (1.4) whose mosaic is stored plainly.

    Args:
        mosaic: (height, width), as `mosaic_of` makes it.
        preview: JPEG of the whole picture.
        preview_height: None where the preview has the sensor's shape.
        stated: what its EXIF says; a maker and a model must be there, and are made up where they are not.
        xmp: a packet to be embedded; b"" embeds none.
    """
    height, width = mosaic.shape
    said = StatedExif() if stated is None else stated
    if not said.model:
        said = _named(said)
    shown = preview_height or preview_width * height // width
    about: list[Entry] = [
        (254, LONG, (1,)),  # a reduced picture
        *_strip(preview_width, shown, bits=(8, 8, 8), compression=7, colors=_PREVIEW_COLORS),
        *image_entries(said),
        (273, LONG, (0,)),
        (279, LONG, (len(preview),)),
        (330, LONG, (0,)),
        (34665, LONG, (0,)),
        *([(700, BYTE, xmp)] if xmp else []),
        (50706, BYTE, (1, 4, 0, 0)),
        (50708, ASCII, f"{said.maker} {said.model}".encode() + b"\0"),
        (50721, SRATIONAL, tuple(n for value in _SENSOR_COLORS for n in (value, 10000))),
        (50728, RATIONAL, (1, 1, 1, 1, 1, 1)),
        (50778, SHORT, (_D65,)),
    ]
    sensor: list[Entry] = [
        (254, LONG, (0,)),
        *_strip(width, height, bits=(16,), compression=1, colors=_MOSAIC),
        (273, LONG, (0,)),
        (279, LONG, (mosaic.nbytes,)),
        (33421, SHORT, (2, 2)),
        (33422, BYTE, (0, 1, 1, 2)),
        (50714, SHORT, (BLACK,)),
        (50717, SHORT, (WHITE,)),
    ]
    exif = exif_entries(said)
    at_exif = 8 + len(format_directory(about, at=8))
    at_sensor = at_exif + len(format_directory(exif, at=at_exif))
    at_preview = at_sensor + len(format_directory(sensor, at=at_sensor))
    at_mosaic = at_preview + len(preview) + len(preview) % 2
    about = _with(about, {273: at_preview, 330: at_sensor, 34665: at_exif})
    sensor = _with(sensor, {273: at_mosaic})
    parts = [b"II*\0" + struct.pack("<I", 8), format_directory(about, at=8), format_directory(exif, at=at_exif)]
    parts += [format_directory(sensor, at=at_sensor), preview + b"\0" * (len(preview) % 2)]
    return b"".join([*parts, mosaic.astype("<u2").tobytes()])


def _named(stated: StatedExif) -> StatedExif:
    return replace(stated, maker=stated.maker or "rushes", model="generated")


def _strip(width: int, height: int, *, bits: tuple[int, ...], compression: int, colors: int) -> list[Entry]:
    return [
        (256, LONG, (width,)),
        (257, LONG, (height,)),
        (258, SHORT, bits),
        (259, SHORT, (compression,)),
        (262, SHORT, (colors,)),
        (277, SHORT, (len(bits),)),
        (278, LONG, (height,)),
        (284, SHORT, (1,)),
    ]


def _with(entries: list[Entry], places: dict[int, int]) -> list[Entry]:
    return [(tag, kind, (places[tag],) if tag in places else values) for tag, kind, values in entries]
