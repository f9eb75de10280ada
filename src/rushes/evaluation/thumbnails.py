"""Picture files -> thumbnails small enough to be carried inside a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.progress import Progress, silent

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
    picture.thumbnail((side_pixels, side_pixels), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY, method=4)
    return Thumbnail(buffer.getvalue(), picture.width, picture.height)


def read_thumbnails(
    rows: Sequence[int], images: Sequence[str], folder: Path, *, budget_bytes: int, progress: Progress = silent
) -> dict[int, Thumbnail | None]:
    """Return a thumbnail for each row until `budget_bytes` of them are had; rows beyond it are left out.

    Args:
        rows: the samples wanted, the most important first.
        images: picture file of every sample, relative to `folder`.

    Returns:
        row -> thumbnail, or None where the picture is missing or cannot be read.
    """
    side_pixels = 320 if len(rows) <= 80 else 256
    thumbnails: dict[int, Thumbnail | None] = {}
    spent = 0
    for done, row in enumerate(rows):
        progress(done, len(rows), images[row])
        thumbnail = read_thumbnail(folder / images[row], side_pixels=side_pixels)
        spent += len(thumbnail.data) if thumbnail else 0
        if spent > budget_bytes:
            break
        thumbnails[row] = thumbnail
    return thumbnails
