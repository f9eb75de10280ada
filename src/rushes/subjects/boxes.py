"""From a graph's boxes to detections: places in the picture, and of boxes around one thing the surest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rushes.subjects.detection import Detection, Pixels

Floats = npt.NDArray[np.float32]
Manner = Literal["corner", "middle", "stretch"]

MOST_DETECTIONS = 100  # of one picture
_MOST_BOXES = 1000  # of one picture that are compared with one another
_OVERLAP = 0.5  # share of their union from which two boxes of one word are one thing
_GREY = 114


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture on the canvas that a graph sees.

    Attributes:
        pixels: (height, width, 3) uint8 RGB: the canvas.
        left, top, width, height: where the picture is on it, as shares of the canvas.
    """

    pixels: Pixels
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Boxes:
    """What a graph says of one picture.

    Attributes:
        corners: (boxes, 4) float32: left, top, right, bottom as shares of the canvas.
        scores: (boxes,) float32.
        classes: (boxes,) int64.
    """

    corners: Floats
    scores: Floats
    classes: npt.NDArray[np.int64]


def place_on_canvas(picture: Pixels, *, width: int, height: int, manner: Manner, fill: int = _GREY) -> Placed:
    """Return a picture as large as a graph wants it.

    Args:
        picture: (height, width, 3) RGB.
        manner: `stretch` it; or keep its shape, in the upper left `corner` or the `middle` of a canvas of grey.
    """
    import cv2

    if manner == "stretch":
        pixels = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        return Placed(np.asarray(pixels, np.uint8), 0.0, 0.0, 1.0, 1.0)
    scale = min(width / picture.shape[1], height / picture.shape[0])
    across = min(width, max(1, int(picture.shape[1] * scale)))
    down = min(height, max(1, int(picture.shape[0] * scale)))
    left, top = ((width - across) // 2, (height - down) // 2) if manner == "middle" else (0, 0)
    canvas = np.full((height, width, 3), fill, np.uint8)
    canvas[top : top + down, left : left + across] = cv2.resize(picture, (across, down), interpolation=cv2.INTER_LINEAR)
    return Placed(canvas, left / width, top / height, across / width, down / height)


def detections_of(
    boxes: Boxes, placed: Placed, words: Sequence[str], *, wanted: frozenset[str] | None = None, min_score: float
) -> tuple[Detection, ...]:
    """Return what is in the picture, the surest first: one box for each thing.

    Boxes that are no numbers, have no area or no word, or lie outside the picture are left out; the others are cut at
    its edges.

    Args:
        words: of the classes; "" of one that means nothing.
        wanted: words that count; None for all.
    """
    named = np.array([bool(word) and (wanted is None or word in wanted) for word in words], np.bool_)
    known = (boxes.classes >= 0) & (boxes.classes < len(words))
    with np.errstate(invalid="ignore", over="ignore"):
        sure = np.isfinite(boxes.scores) & (boxes.scores >= min_score) & np.isfinite(boxes.corners).all(axis=1)
        keep = known & sure
        keep[known] &= named[boxes.classes[known]]
    inside, kept = _in_picture(boxes.corners[keep], placed)
    scores, classes = boxes.scores[keep][kept], boxes.classes[keep][kept]
    rows = suppress(inside, scores, classes)[:MOST_DETECTIONS]
    return tuple(
        Detection(
            words[classes[row]],
            min(1.0, float(scores[row])),
            *(float(side) for side in (*inside[row, :2], *(inside[row, 2:] - inside[row, :2]))),
        )
        for row in rows
    )


def suppress(
    corners: Floats, scores: Floats, classes: npt.NDArray[np.int64], *, overlap: float = _OVERLAP
) -> list[int]:
    """Return the rows of boxes that stay, the surest first: of boxes of one class that overlap only the surest does."""
    order = np.argsort(-scores, kind="stable")[:_MOST_BOXES]
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    stay: list[int] = []
    left = order
    while len(left):
        first, others = int(left[0]), left[1:]
        stay.append(first)
        low = np.maximum(corners[first, :2], corners[others, :2])
        high = np.minimum(corners[first, 2:], corners[others, 2:])
        common = np.prod(np.maximum(0, high - low), axis=1)
        union = areas[first] + areas[others] - common
        is_same = (classes[others] == classes[first]) & (common >= overlap * union)
        left = others[~is_same]
    return stay


def _in_picture(corners: Floats, placed: Placed) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return boxes as shares of the picture, cut at its edges, and which of the given ones these are."""
    begin = np.array([placed.left, placed.top] * 2, np.float32)
    size = np.array([placed.width, placed.height] * 2, np.float32)
    inside = np.clip((corners - begin) / size, 0, 1).astype(np.float32)
    kept = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    return inside[kept], kept
