"""Decoded film frames as upright 8-bit RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.footage.hdr import TRANSFER_HLG, TRANSFER_PQ, tone_map
from rushes.footage.orientation import turn
from rushes.footage.picture import resize_exactly

if TYPE_CHECKING:
    import av

_UNSTATED = 2  # AVColorSpace
_BT709 = 1


class ToRgb:
    """Turns the frames of one film into pixels; keeps swscale's tables from one frame to the next."""

    def __init__(self, width_pixels: int, height_pixels: int, flip: int) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()
        self._flip = flip
        self._stored_size = (height_pixels, width_pixels) if flip & 4 else (width_pixels, height_pixels)

    def __call__(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """Return (height, width, 3), RGB; high dynamic range is tone-mapped, pixels are made square."""
        # Where nothing is stated, high definition is BT.709, as players take it.
        matrix = _BT709 if frame.colorspace == _UNSTATED and frame.height >= 720 else None
        if frame.color_trc in (TRANSFER_PQ, TRANSFER_HLG):
            deep = self._reformatter.reformat(frame, format="rgb48le", src_colorspace=matrix)
            pixels = tone_map(np.asarray(deep.to_ndarray(), np.uint16), frame.color_trc)
        else:
            plain = self._reformatter.reformat(frame, format="rgb24", src_colorspace=matrix)
            pixels = np.asarray(plain.to_ndarray(), np.uint8)
        return turn(resize_exactly(pixels, *self._stored_size), self._flip)
