"""A camera raw for measuring: a DNG of 24 megapixels with the preview that cameras put inside."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.harness import CACHE
from rushes.storage.files import write_bytes

WIDTH, HEIGHT = 6000, 4000
_BLACK, _WHITE = 512, 16383  # of a sensor of 14 bits

# The types and tags of TIFF 6.0, TIFF/EP and DNG 1.4 that are needed here.
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 2, 3, 4, 5, 10
_PACK = {_BYTE: "B", _SHORT: "H", _LONG: "I", _RATIONAL: "II", _SRATIONAL: "ii"}
_PREVIEW_COLORS, _MOSAIC = 6, 32803  # YCbCr, colour filter array

Entry = tuple[int, int, tuple[int, ...] | bytes]  # tag, type, values


def make_raw(*, preview_width: int) -> Path:
    """Return a DNG whose mosaic is stored plainly, with a JPEG preview of that width; made once and then kept."""
    path = CACHE / f"raw-{WIDTH}x{HEIGHT}-preview{preview_width}.dng"
    if not path.is_file():
        picture = _picture()
        write_bytes(path, format_dng(_mosaic(picture), _jpeg(picture, preview_width), preview_width))
    return path


def format_dng(
    mosaic: npt.NDArray[np.uint16], preview: bytes, preview_width: int, *, orientation: int = 1, taken: str = ""
) -> bytes:
    """Return the bytes of a DNG.

    Args:
        mosaic: (height, width), one colour per pixel, red at the top left, blue diagonally below.
        preview: JPEG of the whole picture, three by two.
        orientation: 1 to 8, as EXIF counts.
        taken: capture time as EXIF writes it, `2024:05:01 12:30:00`; "" states none.
    """
    height, width = mosaic.shape
    about: list[Entry] = [
        (254, _LONG, (1,)),  # a reduced picture
        *_strip(preview_width, preview_width * height // width, bits=(8, 8, 8), compression=7, colors=_PREVIEW_COLORS),
        (271, _ASCII, b"rushes\0"),
        (272, _ASCII, b"benchmark\0"),
        (273, _LONG, (0,)),
        (274, _SHORT, (orientation,)),
        (279, _LONG, (len(preview),)),
        (330, _LONG, (0,)),
        (50706, _BYTE, (1, 4, 0, 0)),
        (50708, _ASCII, b"rushes benchmark\0"),
        (50721, _SRATIONAL, (10000, 10000, 0, 1, 0, 1, 0, 1, 10000, 10000, 0, 1, 0, 1, 0, 1, 10000, 10000)),
        (50728, _RATIONAL, (1, 2, 1, 1, 2, 3)),
        (50778, _SHORT, (21,)),
        *([(306, _ASCII, taken.encode() + b"\0")] if taken else []),
    ]
    sensor: list[Entry] = [
        (254, _LONG, (0,)),
        *_strip(width, height, bits=(16,), compression=1, colors=_MOSAIC),
        (273, _LONG, (0,)),
        (279, _LONG, (mosaic.nbytes,)),
        (33421, _SHORT, (2, 2)),
        (33422, _BYTE, (0, 1, 1, 2)),
        (50714, _SHORT, (_BLACK,)),
        (50717, _SHORT, (_WHITE,)),
    ]
    at_sensor = 8 + len(_directory(about, at=8))
    at_preview = at_sensor + len(_directory(sensor, at=at_sensor))
    at_mosaic = at_preview + len(preview) + len(preview) % 2
    about = _with(about, {273: at_preview, 330: at_sensor})
    sensor = _with(sensor, {273: at_mosaic})
    parts = [b"II*\0" + struct.pack("<I", 8), _directory(about, at=8), _directory(sensor, at=at_sensor)]
    parts += [preview + b"\0" * (len(preview) % 2), mosaic.astype("<u2").tobytes()]
    return b"".join(parts)


def _strip(width: int, height: int, *, bits: tuple[int, ...], compression: int, colors: int) -> list[Entry]:
    return [
        (256, _LONG, (width,)),
        (257, _LONG, (height,)),
        (258, _SHORT, bits),
        (259, _SHORT, (compression,)),
        (262, _SHORT, (colors,)),
        (277, _SHORT, (len(bits),)),
        (278, _LONG, (height,)),
        (284, _SHORT, (1,)),
    ]


def _with(entries: list[Entry], places: dict[int, int]) -> list[Entry]:
    return [(tag, kind, (places[tag],) if tag in places else values) for tag, kind, values in entries]


def _directory(entries: list[Entry], *, at: int) -> bytes:
    """Return an image file directory with its longer values behind it, as it stands `at` bytes into the file."""
    ordered = sorted(entries, key=lambda entry: entry[0])
    after = at + 2 + 12 * len(ordered) + 4
    head, tail = struct.pack("<H", len(ordered)), b""
    for tag, kind, values in ordered:
        if isinstance(values, bytes):
            data, count = values, len(values)
        else:
            each = len(_PACK[kind])
            data, count = struct.pack(f"<{_PACK[kind] * (len(values) // each)}", *values), len(values) // each
        place = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", after + len(tail))
        tail += data + b"\0" * (len(data) % 2) if len(data) > 4 else b""
        head += struct.pack("<HHI", tag, kind, count) + place
    return head + struct.pack("<I", 0) + tail


def _picture() -> npt.NDArray[np.uint8]:
    """Return (height, width, 3) uint8 whose detail falls off with its fineness, as in photographs."""
    import cv2

    dice = np.random.default_rng(0)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for cells in (3, 6, 12, 24, 48, 96, 192, 384, 768, 1536):
        coarse = dice.normal(0, 80 / cells**0.5, (cells * 2 // 3, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    picture += dice.normal(0, 2, (HEIGHT, WIDTH, 1)).astype(np.float32)
    return np.clip(picture + 110, 0, 255).astype(np.uint8)


def _mosaic(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    linear = ((picture / 255.0) ** 2.2 * (_WHITE - _BLACK) + _BLACK).astype(np.uint16)
    mosaic = linear[:, :, 1].copy()
    mosaic[0::2, 0::2] = linear[0::2, 0::2, 0]
    mosaic[1::2, 1::2] = linear[1::2, 1::2, 2]
    return mosaic


def _jpeg(picture: npt.NDArray[np.uint8], width: int) -> bytes:
    from rushes.footage.picture import PictureSize, encode_picture, resize

    return encode_picture(resize(picture, PictureSize(long_side=width)), "jpeg", 85)
