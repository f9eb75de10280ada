"""EXIF as a camera writes it: what is stated of an exposure, and its bytes as TIFF 6.0 and EXIF 2.32 have them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# The types of TIFF 6.0 that are needed here.
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL = 1, 2, 3, 4, 5, 7, 10
_PACK = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "II", SRATIONAL: "ii"}
_FINEST = 1 << 20  # what a fraction is at most divided by, so that both of its numbers fit 32 bits
_JPEG_HEADER = b"Exif\0\0"

Entry = tuple[int, int, tuple[int, ...] | bytes]  # tag, type, values


@dataclass(frozen=True, slots=True)
class StatedExif:
    """What a camera states of an exposure; "" and None state nothing.

    Attributes:
        taken: capture time as EXIF writes it, `2024:05:01 12:30:00`.
        subsecond: the digits behind the second.
        offset: of the camera's clock from UTC, `+02:00`.
        serial: of the body.
        exposure: seconds.
        aperture: f-number.
        focal_length: millimetres.
        exposure_bias: EV.
        focus_distance: metres.
        orientation: 1 to 8.
    """

    maker: str = ""
    model: str = ""
    serial: str = ""
    lens: str = ""
    taken: str = ""
    subsecond: str = ""
    offset: str = ""
    exposure: float | None = None
    aperture: float | None = None
    iso: int | None = None
    focal_length: float | None = None
    exposure_bias: float | None = None
    focus_distance: float | None = None
    orientation: int = 1


def image_entries(stated: StatedExif) -> list[Entry]:
    """Return the entries of the first directory, but for the place of the second."""
    return [
        *_texts({271: stated.maker, 272: stated.model, 306: stated.taken}),
        (274, SHORT, (stated.orientation,)),
    ]


def exif_entries(stated: StatedExif) -> list[Entry]:
    """Return the entries of the EXIF directory."""
    return [
        (36864, UNDEFINED, b"0232"),
        *_texts({36867: stated.taken, 36868: stated.taken, 36880: stated.offset, 36881: stated.offset}),
        *_texts({37520: stated.subsecond, 37521: stated.subsecond, 42033: stated.serial, 42036: stated.lens}),
        *_fractions({33434: stated.exposure, 33437: stated.aperture, 37386: stated.focal_length}),
        *_fractions({37382: stated.focus_distance}),
        *_fractions({37380: stated.exposure_bias}, SRATIONAL),
        *([] if stated.iso is None else [(34855, SHORT, (stated.iso,))]),
    ]


def format_exif(stated: StatedExif) -> bytes:
    """Return the EXIF block of a JPEG, as `PIL.Image.Image.save` takes it."""
    first, at = image_entries(stated), 8
    second_at = at + len(format_directory([*first, (34665, LONG, (0,))], at=at))
    parts = [b"II*\0", struct.pack("<I", at), format_directory([*first, (34665, LONG, (second_at,))], at=at)]
    return _JPEG_HEADER + b"".join([*parts, format_directory(exif_entries(stated), at=second_at)])


def write_jpeg(
    path: Path, pixels: npt.NDArray[np.uint8], stated: StatedExif, *, quality: int = 90, xmp: bytes = b""
) -> None:
    """Write (height, width, 3) RGB pixels as a JPEG that states its EXIF; the folder must be there.

    Args:
        xmp: a packet to be embedded; b"" embeds none.
    """
    from PIL import Image

    with path.open("wb") as file:
        Image.fromarray(pixels).save(
            file, "JPEG", quality=quality, exif=format_exif(stated), **({"xmp": xmp} if xmp else {})
        )


def format_directory(entries: Sequence[Entry], *, at: int) -> bytes:
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


def _texts(values: Mapping[int, str]) -> list[Entry]:
    return [(tag, ASCII, text.encode() + b"\0") for tag, text in values.items() if text]


def _fractions(values: Mapping[int, float | None], kind: int = RATIONAL) -> list[Entry]:
    stated = {tag: Fraction(value).limit_denominator(_FINEST) for tag, value in values.items() if value is not None}
    return [(tag, kind, (value.numerator, value.denominator)) for tag, value in stated.items()]
