"""Footage in plain colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from rushes.footage.picture import encode_picture

PAINT = {"red": (230, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 230)}


def painted(colour: str, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """Return (height, width, 3) pixels of one colour."""
    return np.full((size[1], size[0], 3), PAINT[colour], np.uint8)


def write_photo(path: Path, colour: str, size: tuple[int, int] = (64, 48)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_picture(painted(colour, size)))
    return path


def write_film(path: Path, colours: list[tuple[str, int]], rate: int = 10) -> Path:
    """Write a film of so many frames of each colour in turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, rate)
        for colour, count in colours:
            for _ in range(count):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(painted(colour), format="rgb24")))
        container.mux(stream.encode())
    return path
