"""The value Still: a photograph's pixels, with what its file says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A photograph as it is to be seen.

    Attributes:
        pixels: (height, width, 3), RGB, upright; smaller than the photograph where a smaller size was wanted or a
            preview stands for it.
        width_pixels, height_pixels: of the whole photograph, upright.
        format: of the file by its content, in lower case: `jpeg`, `png`, `heif`; of a raw its extension.
        captured_at: when it was taken, ISO 8601, where its file says so.
        orientation: 1 to 8 as EXIF counts; it is applied to the pixels already.
        flaw: what is wrong with the file though it could be read; "" for nothing.
    """

    pixels: npt.NDArray[np.uint8]
    width_pixels: int
    height_pixels: int
    format: str
    captured_at: str | None = None
    orientation: int = 1
    flaw: str = ""
