"""Films of shots in which the camera rests, pushes in, pans, and of a black one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

RATE = 25
EDGES = (0, 40, 90, 130, 155)  # rest, push, pan, black


def write_moving_film(path: Path, *, shots: tuple[str, ...] = ("rest", "push", "pan", "black")) -> Path:
    """Write shots of different scenes, as long as those of EDGES; `one` is a shot of one frame."""
    lengths = {"rest": 40, "push": 50, "pan": 40, "black": 25, "one": 1}
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "14", "preset": "ultrafast", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for seed, shot in enumerate(shots):
            scene = _scene(seed)
            for step in range(lengths[shot]):
                pixels = _look(scene, shot, step)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _scene(seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (23, 40, 3), np.uint8)
    return cv2.resize(coarse, (640, 360), interpolation=cv2.INTER_CUBIC)


def _look(scene: np.ndarray, shot: str, step: int) -> np.ndarray:
    if shot == "black":
        return np.zeros((180, 320, 3), np.uint8)
    zoom = 1.0 + (0.012 * step if shot == "push" else 0)
    shift = 3.0 * step if shot == "pan" else 0.0
    turn = np.array([[zoom, 0, 160 - 320 * zoom + 100 * (shot == "pan") - shift], [0, zoom, 90 - 180 * zoom]])
    return cv2.warpAffine(scene, turn, (320, 180), flags=cv2.INTER_LINEAR)
