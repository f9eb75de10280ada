"""Pictures as RGB pixels: their sizes, resized, and held as bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError

PictureFormat = Literal["jpeg", "webp", "png"]
_SIZE = re.compile(r"^\s*(\d{1,5})(?:\s*[xX×]\s*(\d{1,5}))?\s*$")


@dataclass(frozen=True, slots=True)
class PictureSize:
    """The size that pictures are brought to: a long side, or a width with a height.

    Attributes:
        long_side: pixels of the longer side at most; the aspect is kept and nothing is enlarged.
        width, height: pixels, exactly; the aspect is not kept.
    """

    long_side: int | None = None
    width: int | None = None
    height: int | None = None

    def __post_init__(self) -> None:
        exact = (self.width, self.height)
        one_way = exact == (None, None) if self.long_side is not None else None not in exact
        if not one_way or any(side is not None and side < 1 for side in (self.long_side, *exact)):
            raise ValueError(f"a picture size is a long side, or a width with a height, above 0; got {self!r}")

    def __str__(self) -> str:
        return f"{self.long_side}" if self.long_side is not None else f"{self.width}x{self.height}"

    def applied_to(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) that a picture of this width and height is brought to."""
        if self.long_side is None:
            return self.width or width, self.height or height
        scale = min(1.0, self.long_side / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


def parse_size(text: str) -> PictureSize:
    """Read `640` (the long side) or `640x360` (width and height).

    Raises:
        ValueError: the text is neither; the message says what was found and what is allowed.
    """
    match = _SIZE.match(text)
    sides = [int(side) for side in match.groups() if side is not None] if match else []
    if not sides or min(sides) < 1:
        raise ValueError(
            f"'{text}' is not a picture size. Allowed: 640 (the long side in pixels) or 640x360 (width x height)"
        )
    return PictureSize(long_side=sides[0]) if len(sides) == 1 else PictureSize(width=sides[0], height=sides[1])


def resize(pixels: npt.NDArray[np.uint8], size: PictureSize) -> npt.NDArray[np.uint8]:
    """Return pixels brought to a size; where that is the size they have, the same array.

    Args:
        pixels: (height, width, 3).
    """
    height, width = pixels.shape[:2]
    return resize_exactly(pixels, *size.applied_to(width, height))


def resize_exactly(pixels: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return pixels at this width and height; averaged where they shrink, cubic where they grow."""
    import cv2

    if pixels.shape[:2] == (height, width):
        return pixels
    shrinks = width <= pixels.shape[1] and height <= pixels.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=how), np.uint8)


def encode_picture(pixels: npt.NDArray[np.uint8], format: PictureFormat = "jpeg", quality: int = 90) -> bytes:
    """Return pixels as the bytes of a picture file.

    Args:
        pixels: (height, width, 3), RGB; as PNG also (height, width, 4), RGBA.
        quality: 1 to 100, for JPEG and WebP; PNG is lossless.

    Raises:
        ValueError: no such format, quality or shape.
    """
    import cv2

    channels = (3, 4) if format == "png" else (3,)
    if pixels.ndim != 3 or pixels.shape[2] not in channels or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise ValueError(f"a picture is (height, width, 3) uint8, got {pixels.shape} {pixels.dtype}")
    if not 1 <= quality <= 100:
        raise ValueError(f"quality is 1 to 100, got {quality}")
    options = {
        "jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality]),
        "webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, quality]),
        "png": (".png", [cv2.IMWRITE_PNG_COMPRESSION, 3]),
    }
    if format not in options:
        raise ValueError(f"'{format}' is not a picture format. Allowed: {', '.join(options)}")
    extension, settings = options[format]
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    encoded, data = cv2.imencode(extension, cv2.cvtColor(np.ascontiguousarray(pixels), order), settings)
    if not encoded:
        raise ValueError(f"OpenCV could not write {pixels.shape[1]}x{pixels.shape[0]} pixels as {format}")
    return bytes(data)


def decode_picture(data: bytes, *, name: str | Path = "picture") -> npt.NDArray[np.uint8]:
    """Return the picture in bytes that `encode_picture` made; fast, and without colour profiles.

    Returns:
        (height, width, 3), RGB.

    Raises:
        MediaError: the bytes are no picture, or cut off; `name` stands in its text.
    """
    import cv2

    if not data:
        raise MediaError(name, "is empty (0 bytes). Extract it again")
    # libjpeg fills what is missing with grey and goes on; its end marker tells.
    if data[:2] == b"\xff\xd8" and b"\xff\xd9" not in data[-256:]:
        raise MediaError(name, "is cut off. Extract it again")
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        decoded = None
    if decoded is None:
        raise MediaError(name, f"is not a picture (it starts with {data[:12]!r}). Extract it again")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
