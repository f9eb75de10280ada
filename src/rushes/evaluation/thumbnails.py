"""Picture files -> thumbnails small enough to be carried inside a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import MediaError
from rushes.progress import Progress, silent
from rushes.storage.pictures import Pictures, without_query

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

QUALITY = 62


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small WebP picture."""

    data: bytes
    width_pixels: int
    height_pixels: int

    @property
    def uri(self) -> str:
        return f"data:image/webp;base64,{base64.b64encode(self.data).decode('ascii')}"


def read_thumbnail(path: Path, *, side_pixels: int) -> Thumbnail | None:
    """Return the picture shrunk to a longest side of `side_pixels`, never enlarged; None where it cannot be read."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (side_pixels, side_pixels))  # lets a JPEG decoder skip the detail
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return _encoded(picture, side_pixels)


def shrink(pixels: npt.NDArray[np.uint8], *, side_pixels: int) -> Thumbnail:
    """Return (height, width, 3) RGB pixels as a thumbnail whose longest side is `side_pixels`, never enlarged."""
    from PIL import Image

    return _encoded(Image.fromarray(pixels), side_pixels)


def _encoded(picture: Image, side_pixels: int) -> Thumbnail:
    from PIL.Image import Resampling

    picture.thumbnail((side_pixels, side_pixels), Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY, method=4)
    return Thumbnail(buffer.getvalue(), picture.width, picture.height)


def read_thumbnails(
    rows: Sequence[int],
    images: Sequence[str],
    project_root: Path,
    *,
    budget_bytes: int,
    side_pixels: int | None = None,
    progress: Progress = silent,
) -> dict[int, Thumbnail | None]:
    """Return a thumbnail for each row until `budget_bytes` of them are had; rows beyond it are left out.

    Args:
        rows: the samples wanted, the most important first.
        images: picture of every sample, relative to the project's folder, or an address.
        side_pixels: the longest side; None takes 320, or 256 of many.

    Returns:
        row -> thumbnail, or None where the picture is missing or cannot be read.

    Raises:
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    side_pixels = side_pixels or (320 if len(rows) <= 80 else 256)
    thumbnails: dict[int, Thumbnail | None] = {}
    spent = 0
    with Pictures(project_root) as pictures:
        read = pictures.read_each([images[row] for row in rows], partial(read_thumbnail, side_pixels=side_pixels))
        for done, (row, found) in enumerate(zip(rows, read, strict=True)):
            progress(done, len(rows), without_query(images[row]))
            thumbnail = None if isinstance(found, MediaError) else found
            spent += len(thumbnail.data) if thumbnail else 0
            if spent > budget_bytes:
                break
            thumbnails[row] = thumbnail
    return thumbnails
