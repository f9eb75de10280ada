"""A camera raw for measuring: a DNG of 24 megapixels with the preview that cameras put inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.harness import CACHE
from rushes.datasets.synthetic.dng import format_dng, mosaic_of
from rushes.storage.files import write_bytes

WIDTH, HEIGHT = 6000, 4000


def make_raw(*, preview_width: int) -> Path:
    """Return a DNG whose mosaic is stored plainly, with a JPEG preview of that width; made once and then kept."""
    path = CACHE / f"raw-{WIDTH}x{HEIGHT}-preview{preview_width}.dng"
    if not path.is_file():
        picture = _picture()
        write_bytes(path, format_dng(mosaic_of(picture), _jpeg(picture, preview_width), preview_width))
    return path


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


def _jpeg(picture: npt.NDArray[np.uint8], width: int) -> bytes:
    from rushes.footage.picture import PictureSize, encode_picture, resize

    return encode_picture(resize(picture, PictureSize(long_side=width)), "jpeg", 85)
