"""A film's frames made small: luma and colour as one pass over the pixels needs them, from the decoder's own planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.footage.hdr import TRANSFER_HLG, TRANSFER_PQ, tone_map
from rushes.footage.orientation import turn

if TYPE_CHECKING:
    import av
    from av.video.reformatter import VideoReformatter

LONG_SIDE = 160  # pixels of the small luma; enough to follow corners, little enough to be quick
GRID = (5, 8)  # rows and columns of the small colour planes
_ROWS_PER_ROW = 4  # rows of the film that are looked at for one row of the small picture
_LIMITED_GAIN = 255 / 219  # from the limited range to the full one
_SAMPLES = 8  # pixels in a row and in a column that make up a cell of colour
_DETAIL_ROWS = 32  # rows of the film on which sharpness is measured
_LIMITED_RANGE, _FULL_RANGE = 1, 2  # AVColorRange

Plane = npt.NDArray[Any]  # uint8, or uint16 of the bits that the film has
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class SmallFrame:
    """What one pass over the pixels sees of a frame; full range, upright, with square pixels.

    Attributes:
        luma: (height, width), uint8, LONG_SIDE pixels on its long side.
        blue, red: GRID, uint8; 128 is grey.
        sharpness: mean squared step between neighbouring pixels of the film, in 8-bit luma steps.
    """

    luma: Pixels
    blue: Pixels
    red: Pixels
    sharpness: float


class Shrinker:
    """Makes the frames of one film small.

    Rows are skipped and the rest is averaged in halves: a third of the cost of a true average over all pixels, and
    four rows in each row of the result keep grain and moiré low.
    """

    def __init__(self, width_pixels: int, height_pixels: int, flip: int) -> None:
        """Take the size at which the film is shown, and how its pictures are turned upright (see `orientation`)."""
        scale = LONG_SIDE / max(width_pixels, height_pixels)
        width, height = (max(8, round(side * scale)) for side in (width_pixels, height_pixels))
        self._flip = flip
        self._size = (height, width) if flip & 4 else (width, height)  # as stored
        self._grid = (GRID[0], GRID[1]) if flip & 4 else (GRID[1], GRID[0])
        self._curves: dict[tuple[bool, int], Pixels | None] = {}
        self._reformatter: VideoReformatter | None = None

    def __call__(self, frame: av.VideoFrame) -> SmallFrame:
        """Return a frame made small."""
        import cv2

        layout, stated = frame.format.name, frame.color_range
        # Monochrome films are of the full range unless they say otherwise.
        full = stated == _FULL_RANGE or (layout.startswith(("yuvj", "gray")) and stated != _LIMITED_RANGE)
        if not _has_planes(layout):
            frame, full = self._in_planes(frame), True
        planes = frame.planes
        bits = frame.format.components[0].bits
        curve = self._curve(full=full, trc=frame.color_trc)
        luma = _array(planes[0], bits)
        small = _to_8_bits(shrink(luma, *self._size), bits)
        if len(planes) < 3:
            blue = red = np.full(self._grid[::-1], 128, np.uint8)
        else:
            blue, red = (_to_8_bits(_mean_colours(_array(plane, bits), *self._grid), bits) for plane in planes[1:3])
        if self._flip:
            small, blue, red = (_turned(plane, self._flip) for plane in (small, blue, red))
        if curve is not None:
            small = np.asarray(cv2.LUT(small, curve), np.uint8)
        return SmallFrame(small, blue, red, _detail(luma, bits) * (1 if full else _LIMITED_GAIN**2))

    def _curve(self, *, full: bool, trc: int) -> Pixels | None:
        """Return the table that brings luma codes to full range and standard dynamics; None where none is needed."""
        key = (full, trc)
        if key not in self._curves:
            codes = np.arange(256)
            levels = codes if full else np.clip((codes - 16) * _LIMITED_GAIN, 0, 255)
            if trc in (TRANSFER_PQ, TRANSFER_HLG):
                deep = np.rint(levels * 257).astype(np.uint16)
                self._curves[key] = tone_map(np.repeat(deep[None, :, None], 3, axis=2), trc)[0, :, 0]
            else:
                self._curves[key] = None if full else np.rint(levels).astype(np.uint8)
        return self._curves[key]

    def _in_planes(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return a frame with planes of their own, of the full range."""
        from av.video.reformatter import VideoReformatter

        if self._reformatter is None:
            self._reformatter = VideoReformatter()
        return self._reformatter.reformat(frame, format="yuvj444p")


def shrink(plane: Plane, width: int, height: int) -> Plane:
    """Return a plane at this width and height; quick, and smooth enough for measuring (see `Shrinker`)."""
    import cv2

    step = plane.shape[0] // (_ROWS_PER_ROW * height)
    if step > 1:
        plane = plane[step // 2 :: step]
    while plane.shape[1] >= 2 * width and plane.shape[1] > 1:
        high = plane.shape[0] >= 2 * height
        half = (max(1, plane.shape[1] // 2), max(1, plane.shape[0] // 2) if high else plane.shape[0])
        plane = cv2.resize(plane, half, interpolation=cv2.INTER_LINEAR)
    while plane.shape[0] >= 2 * height and plane.shape[0] > 1:
        plane = cv2.resize(plane, (plane.shape[1], plane.shape[0] // 2), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))


def _mean_colours(plane: Plane, width: int, height: int) -> Plane:
    """Return the mean of each cell of a colour plane, of some of its pixels; colour has little detail to alias."""
    import cv2

    down, along = max(1, plane.shape[0] // (_SAMPLES * height)), max(1, plane.shape[1] // (_SAMPLES * width))
    some = np.ascontiguousarray(plane[down // 2 :: down, along // 2 :: along])
    return np.asarray(cv2.resize(some, (width, height), interpolation=cv2.INTER_AREA))


def _has_planes(layout: str) -> bool:
    """Return whether a pixel format keeps luma, blue and red in planes of their own (or luma alone)."""
    return (layout.startswith(("yuv4", "yuvj4", "yuva4")) and "be" not in layout) or layout in ("gray", "gray10le")


def _array(plane: Any, bits: int) -> Plane:
    """Return the pixels of a plane without copying them."""
    if bits > 8:
        deep = np.frombuffer(plane, np.uint16).reshape(plane.height, plane.line_size // 2)
        return deep[:, : plane.width]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def _to_8_bits(plane: Plane, bits: int) -> Pixels:
    return np.asarray(plane >> (bits - 8), np.uint8) if bits > 8 else np.asarray(plane, np.uint8)


def _turned(plane: Pixels, flip: int) -> Pixels:
    return turn(plane[:, :, None], flip)[:, :, 0]


def _detail(luma: Plane, bits: int) -> float:
    """Return the mean squared step from a pixel to its neighbours on the right and below, on some of the rows."""
    import cv2

    step = max(1, luma.shape[0] // _DETAIL_ROWS)
    rows = luma[step // 2 : luma.shape[0] - 1 : step]
    below = luma[step // 2 + 1 :: step][: len(rows)]
    if not len(rows) or rows.shape[1] < 2:
        return 0.0
    squares = cv2.norm(rows[:, 1:], rows[:, :-1], cv2.NORM_L2SQR) + cv2.norm(rows, below, cv2.NORM_L2SQR)
    return float(squares) / rows.size / (1 << 2 * (bits - 8) if bits > 8 else 1)
