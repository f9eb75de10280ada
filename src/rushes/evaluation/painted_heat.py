"""Where in a frame an answer came from, laid over the frame in its own shape and colours."""

from __future__ import annotations

from collections.abc import Sequence
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
    if shown.fit != "pad":
        return picture
    wide, high = box.right - box.left, box.bottom - box.top
    scale = min(shown.width / wide, shown.height / high)
    shares = (wide * scale / shown.width, high * scale / shown.height)
    height, width = picture.shape[:2]
    across, down = max(1, round(width * shares[0])), max(1, round(height * shares[1]))
    left, top = (width - across) // 2, (height - down) // 2
    return picture[top : top + down, left : left + across]


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
    whole = cv2.resize(heat.astype(np.float32), seen.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    spread = cv2.resize(cut_padding(np.asarray(whole, np.float32), box, shown), size, interpolation=cv2.INTER_LINEAR)
    picture = np.asarray(cut_padding(seen, box, shown), np.uint8)
    colours = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
    inside = cv2.resize(np.ascontiguousarray(colours), size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    # Cubic interpolation goes below the least value; what is nowhere negative must not be tinted blue.
    clipped = np.clip(spread, min(0.0, float(heat.min())), 1)
    share = (_MOST * np.abs(clipped))[..., None]
    tint = np.where(clipped[..., None] < 0, np.array(_COOL, np.float32), np.array(_WARM, np.float32))
    painted = frame.astype(np.float32) * _UNSEEN
    painted[box.top : box.bottom, box.left : box.right] = inside * (1 - share) + tint * share
    return np.asarray(painted.round().clip(0, 255), np.uint8)
