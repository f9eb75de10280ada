"""The format and the quality in which the pictures of a project are stored, told from the pictures themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError, UnreachableError
from rushes.footage.photo import read_photo_bytes
from rushes.footage.picture import PictureFormat, PictureSize, encode_picture
from rushes.labels.manifest import ManifestRow
from rushes.storage.pictures import Pictures

_ASKED = 24  # pictures whose form speaks for that of all


@dataclass(frozen=True, slots=True)
class StoredForm:
    """How pictures are stored.

    Attributes:
        quality: 1 to 100 as OpenCV counts it, for JPEG and WebP.
    """

    format: PictureFormat
    quality: int

    def applied_to(self, pixels: npt.NDArray[np.uint8], *, size: PictureSize | None = None) -> npt.NDArray[np.uint8]:
        """Return pixels, (height, width, 3) RGB, as they are read once they were stored.

        Args:
            size: that they are brought to as they are read.
        """
        if self.format == "png" and size is None:
            return pixels
        data = encode_picture(pixels, self.format, self.quality)
        return read_photo_bytes(data, "a stored picture", size=size).pixels

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {"format": self.format, "quality": self.quality}

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> StoredForm:
        """Return what its `to_table` described.

        Raises:
            KeyError, TypeError, ValueError: the table describes none.
        """
        if table["format"] not in get_args(PictureFormat) or not 1 <= int(table["quality"]) <= 100:
            raise ValueError(f"{dict(table)} is no form of stored pictures")
        return cls(cast("PictureFormat", table["format"]), int(table["quality"]))


def find_stored_form(rows: Sequence[ManifestRow], *, project_root: Path, webp_quality: int) -> StoredForm | None:
    """Return the form that most of a few pictures have; None where they were stored by something else.

    A JPEG states its quality by its tables; a WebP does not.

    Args:
        webp_quality: that is taken for a WebP's.

    Raises:
        UnreachableError: a store does not answer.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    forms: Counter[StoredForm | None] = Counter()
    with Pictures(project_root) as pictures:
        for row in rows[:: max(1, len(rows) // _ASKED)]:
            try:
                with pictures.held(row.img_ref, sha256=row.sha256) as path:
                    forms[form_of(path, webp_quality=webp_quality)] += 1
            except UnreachableError:
                raise
            except (MediaError, OSError):  # which is said where its pixels are read
                continue
    return forms.most_common(1)[0][0] if forms else None


def form_of(path: Path, *, webp_quality: int) -> StoredForm | None:
    """Return in which form `encode_picture` would have stored a picture like this; None where in none."""
    from PIL import Image

    with suppress(OSError, ValueError, SyntaxError, Image.DecompressionBombError), Image.open(path) as image:
        if image.format == "JPEG":
            quality = _qualities().get(_tables_of(image))
            return None if quality is None else StoredForm("jpeg", quality)
        if image.format == "PNG":
            return StoredForm("png", 100)
        if image.format == "WEBP":
            return StoredForm("webp", webp_quality)
    return None


@cache
def _qualities() -> Mapping[tuple[tuple[int, ...], ...], int]:
    """Return quantisation tables -> the quality that JPEGs of them are stored in."""
    from PIL import Image

    found: dict[tuple[tuple[int, ...], ...], int] = {}
    for quality in range(100, 0, -1):
        data = encode_picture(np.zeros((8, 8, 3), np.uint8), "jpeg", quality)
        with Image.open(BytesIO(data)) as image:
            found[_tables_of(image)] = quality
    return found


def _tables_of(image: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(image.quantization[number]) for number in sorted(image.quantization))
