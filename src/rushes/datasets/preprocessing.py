"""Pixels of any size as the array that a model takes; the same code for training and prediction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.datasets.letterbox import find_letterbox

Color = Literal["rgb", "gray"]
Fit = Literal["squeeze", "crop", "pad"]
Letterbox = Literal["keep", "remove"]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How pixels become a model's input.

    Attributes:
        width, height: pixels of the model's input.
        color: `rgb` (3 channels) or `gray` (1 channel, ITU-R BT.601 luma).
        fit: `squeeze` ignores the aspect, `crop` cuts the longer side's ends off, `pad` adds black.
        mean, std: per channel, on a scale of 0 to 1; applied inside the exported graph, not by `prepare`.
        letterbox: `remove` cuts black bars off before the picture is fitted, as `find_letterbox` finds them.
    """

    width: int
    height: int
    color: Color = "rgb"
    fit: Fit = "squeeze"
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    letterbox: Letterbox = "keep"

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a model's input needs a width and a height above 0, got {self.width}x{self.height}")
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} values each, got {self.mean} and {self.std}")

    @property
    def channels(self) -> int:
        return 1 if self.color == "gray" else 3

    def to_table(self) -> dict[str, Any]:
        table = {"schema": "preprocessing/1", **asdict(self), "mean": list(self.mean), "std": list(self.std)}
        if self.letterbox == "keep":
            del table["letterbox"]  # what is digested of a table, such as the key of cached features, stays as it was
        return table

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> Preprocessing:
        values = {key: value for key, value in table.items() if key != "schema"}
        return cls(**values | {"mean": tuple(values["mean"]), "std": tuple(values["std"])})


def prepare(pixels: npt.NDArray[np.uint8], preprocessing: Preprocessing) -> npt.NDArray[np.uint8]:
    """Return one picture as a model takes it: its bars cut off if so wanted, resized, its colour as wanted.

    It is not yet normalised.

    Args:
        pixels: (height, width, 3) RGB, any size.

    Returns:
        (preprocessing.height, preprocessing.width, channels), uint8.
    """
    import cv2

    if preprocessing.letterbox == "remove":
        box = find_letterbox(pixels)
        pixels = pixels[box.top : box.bottom, box.left : box.right]
    wanted = (preprocessing.width, preprocessing.height)
    height, width = pixels.shape[:2]
    if preprocessing.fit == "crop":
        scale = min(width / wanted[0], height / wanted[1])
        kept_width, kept_height = max(1, round(wanted[0] * scale)), max(1, round(wanted[1] * scale))
        left, top = (width - kept_width) // 2, (height - kept_height) // 2
        pixels = pixels[top : top + kept_height, left : left + kept_width]
    if preprocessing.fit == "pad":
        scale = min(wanted[0] / width, wanted[1] / height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        left, top = (wanted[0] - inner[0]) // 2, (wanted[1] - inner[1]) // 2
        resized = np.zeros((wanted[1], wanted[0], 3), np.uint8)
        resized[top : top + inner[1], left : left + inner[0]] = _resize(pixels, inner)
    else:
        resized = _resize(pixels, wanted)
    if preprocessing.color == "gray":
        return np.asarray(cv2.cvtColor(resized, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None]
    return resized


def _resize(pixels: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    import cv2

    if (pixels.shape[1], pixels.shape[0]) == size:
        return np.ascontiguousarray(pixels)
    shrinks = size[0] < pixels.shape[1] and size[1] < pixels.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=how), np.uint8)
