"""Decoded film frames as upright 8-bit RGB."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.footage.hdr import TRANSFER_HLG, TRANSFER_PQ, is_wide, narrow, tone_map
from rushes.footage.orientation import turn
from rushes.footage.picture import resize_exactly

if TYPE_CHECKING:
    import av

_UNSTATED = 2  # AVColorSpace
_BT709 = 1
_LIMITED = 1  # AVColorRange
_DEEP = "gbrp16le"  # not rgb48le, into which swscale 9.5 converts pictures of odd width with wrong colours


class ToRgb:
    """Turns the frames of one film into pixels; keeps swscale's tables from one frame to the next."""

    def __init__(self, width_pixels: int, height_pixels: int, flip: int) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()
        self._flip = flip
        self._stored_size = (height_pixels, width_pixels) if flip & 4 else (width_pixels, height_pixels)

    def __call__(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """Return (height, width, 3), sRGB: high dynamic range tone-mapped, wide gamuts narrowed, pixels square."""
        transfer, primaries = frame.color_trc, frame.color_primaries
        if transfer in (TRANSFER_PQ, TRANSFER_HLG):
            pixels = tone_map(np.asarray(self._converted(frame, _DEEP), np.uint16), transfer, primaries)
        elif is_wide(primaries):
            pixels = narrow(np.asarray(self._converted(frame, _DEEP), np.uint16), primaries)
        else:
            pixels = np.asarray(self._converted(frame, "rgb24"), np.uint8)
            # Monochrome HEVC and AV1 come with black at 16; swscale takes every gray for the full range.
            if frame.color_range == _LIMITED and frame.format.name.startswith("gray"):
                pixels = _stretched()[pixels]
        return turn(resize_exactly(pixels, *self._stored_size), self._flip)

    def _converted(self, frame: av.VideoFrame, format: str) -> npt.NDArray[Any]:
        # Where nothing is stated, high definition is BT.709, as players take it; a wide film is low but no less high.
        high_definition = frame.width >= 1280 or frame.height >= 720
        matrix = _BT709 if frame.colorspace == _UNSTATED and high_definition else None
        return self._reformatter.reformat(frame, format=format, src_colorspace=matrix).to_ndarray()


@cache
def _stretched() -> npt.NDArray[np.uint8]:
    """Return the full range's code of each of the limited range's 256."""
    return np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)
