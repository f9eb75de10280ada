"""Where in a frame an answer came from, laid over the frame in its own shape and colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.letterbox import Box, find_letterbox
from rushes.datasets.preprocessing import Preprocessing

_WARM = (255, 122, 40)
_COOL = (46, 134, 255)
_MOST = 0.72  # of the warm or cool colour, where the heat is greatest
_UNSEEN = 0.35  # of its light is left of what the model was not shown

Pixels = npt.NDArray[np.uint8]
Heat = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """Which part of a whole picture a model is shown, and where that stands in what it is shown.

    Attributes:
        part: (top, bottom, left, right), shares of the whole picture: less than all of it where it is cropped, or where
            its bars are cut off.
        inside: the same, shares of what the model is shown: less than all of it where it is padded.
    """

    part: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0)
    inside: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0)

    def cut(self, shown: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return (height, width, …) that lies over all that the model is shown without what lies on padding."""
        top, bottom, left, right = self.pixels(shown.shape[0], shown.shape[1])
        return shown[top:bottom, left:right]

    def pixels(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return (top, bottom, left, right) of `inside`, at least one pixel of each side."""
        top, bottom, left, right = self.inside
        first_row, first_column = min(round(top * height), height - 1), min(round(left * width), width - 1)
        return (
            first_row,
            max(first_row + 1, round(bottom * height)),
            first_column,
            max(first_column + 1, round(right * width)),
        )


WHOLE = View()


def view_of(pixels: Pixels, shown: Preprocessing) -> View:
    """Return which part of one picture, (height, width, 3), a model is shown, and where in what it is shown."""
    box = find_seen([pixels], shown)
    height, width = pixels.shape[:2]
    top, left, down, across = _inside(shown.height, shown.width, box, shown)
    return View(
        (box.top / height, box.bottom / height, box.left / width, box.right / width),
        (top / shown.height, (top + down) / shown.height, left / shown.width, (left + across) / shown.width),
    )


def find_seen(frames: Sequence[Pixels], shown: Preprocessing) -> Box:
    """Return the part of the frames of a shot, or of one picture, that the model is shown.

    Args:
        frames: (height, width, 3), alike in size; their bars are those that all of them have.
        shown: how frames become what the model sees.
    """
    height, width = frames[0].shape[:2]
    box = Box(0, height, 0, width)
    if shown.letterbox == "remove":
        box = find_letterbox(np.maximum.reduce(list(frames)))
    if shown.fit != "crop":
        return box
    wide, high = box.right - box.left, box.bottom - box.top
    scale = min(wide / shown.width, high / shown.height)
    kept_wide, kept_high = max(1, round(shown.width * scale)), max(1, round(shown.height * scale))
    left, top = box.left + (wide - kept_wide) // 2, box.top + (high - kept_high) // 2
    return Box(top, top + kept_high, left, left + kept_wide)


def cut_padding(picture: npt.NDArray[Any], box: Box, shown: Preprocessing) -> npt.NDArray[Any]:
    """Return what a model was shown, or the heat over it, without the padding around the part of the frame in it.

    Args:
        picture: (height, width, …), over the whole of what the model sees, of any size.
        box: the part of the frame that is in it.
    """
    top, left, down, across = _inside(picture.shape[0], picture.shape[1], box, shown)
    return picture[top : top + down, left : left + across]


def _inside(height: int, width: int, box: Box, shown: Preprocessing) -> tuple[int, int, int, int]:
    """Return (top, left, rows, columns) of what is no padding in a picture of this size that a model is shown."""
    if shown.fit != "pad":
        return 0, 0, height, width
    wide, high = box.right - box.left, box.bottom - box.top
    scale = min(shown.width / wide, shown.height / high)
    across = max(1, round(width * wide * scale / shown.width))
    down = max(1, round(height * high * scale / shown.height))
    return (height - down) // 2, (width - across) // 2, down, across


def paint_heat(frame: Pixels, seen: Pixels, heat: Heat, shown: Preprocessing, box: Box) -> Pixels:
    """Return a frame with what the model saw of it in its place, warmer where its answer came from.

    Where the heat is negative, as where something speaks against an answer, it is tinted blue instead.

    Args:
        frame: (height, width, 3), RGB; tells the shape, and stands dimmed around what was seen.
        seen: (height, width, channels), the picture that the model was shown; of this frame or of one near it.
        heat: (rows, columns), -1 to 1, over the whole of that picture.
        box: the part of the frame that is in it, as `find_seen` finds it.
    """
    import cv2

    size = (box.right - box.left, box.bottom - box.top)
    picture = np.asarray(cut_padding(seen, box, shown), np.uint8)
    colours = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
    inside = cv2.resize(np.ascontiguousarray(colours), size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    tint, share = _tint(heat, (seen.shape[0], seen.shape[1]), shown, box)
    painted = frame.astype(np.float32) * _UNSEEN
    painted[box.top : box.bottom, box.left : box.right] = inside * (1 - share) + tint * share
    return np.asarray(painted.round().clip(0, 255), np.uint8)


def tint_heat(
    frame_size: tuple[int, int], seen_size: tuple[int, int], heat: Heat, shown: Preprocessing, box: Box
) -> Pixels:
    """Return heat alone, to be laid over a frame: (height, width, 4) RGBA, clear where there is none.

    Args:
        frame_size, seen_size: (height, width) of the frame, and of the picture that the model was shown.
        heat, box: as `paint_heat` takes them.
    """
    tint, share = _tint(heat, seen_size, shown, box)
    layer = np.zeros((*frame_size, 4), np.float32)
    layer[box.top : box.bottom, box.left : box.right] = np.concatenate([tint, 255 * share], axis=2)
    return np.asarray(layer.round().clip(0, 255), np.uint8)


def _tint(heat: Heat, seen_size: tuple[int, int], shown: Preprocessing, box: Box) -> tuple[Floats, Floats]:
    """Return the colour of each place of the box, (rows, columns, 3), and its strength, (rows, columns, 1)."""
    import cv2

    size = (box.right - box.left, box.bottom - box.top)
    whole = cv2.resize(heat.astype(np.float32), seen_size[::-1], interpolation=cv2.INTER_CUBIC)
    spread = cv2.resize(cut_padding(np.asarray(whole, np.float32), box, shown), size, interpolation=cv2.INTER_LINEAR)
    # Cubic interpolation goes below the least value; what is nowhere negative must not be tinted blue.
    clipped = np.clip(spread, min(0.0, float(heat.min())), 1)
    share = np.asarray((_MOST * np.abs(clipped))[..., None], np.float32)
    tint = np.where(clipped[..., None] < 0, np.array(_COOL, np.float32), np.array(_WARM, np.float32))
    return np.asarray(tint, np.float32), share
