"""Frames of painted pictures, still or in motion, spliced as editors do, and what a scanner notes of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from rushes.footage.scanner import Scanner
from rushes.footage.signals import Signals
from rushes.footage.video_index import VideoIndex

WIDTH, HEIGHT = 320, 180
ROOM = 160  # pixels that a camera may move over
Pixels = npt.NDArray[np.uint8]


def picture(seed: int) -> Pixels:
    """Return (HEIGHT + ROOM, WIDTH + ROOM, 3): a picture whose detail falls off as in photographs."""
    dice = np.random.default_rng(seed)
    height, width = HEIGHT + ROOM, WIDTH + ROOM
    total = np.zeros((height, width, 3), np.float32)
    for cells in (3, 6, 12, 24, 48):
        coarse = dice.normal(0, 110 / cells**0.5, (cells, cells, 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(total + dice.uniform(80, 150, 3), 0, 255).astype(np.uint8)


def still(seed: int, count: int) -> list[Pixels]:
    """Return frames of a camera at rest, with a little noise."""
    return pan(seed, count, 0, 0)


def pan(seed: int, count: int, right: float, down: float = 0.0) -> list[Pixels]:
    """Return frames of a camera that moves so many pixels a frame."""
    whole, dice = picture(seed), np.random.default_rng(seed)
    frames = []
    for number in range(count):
        corner = np.clip(ROOM / 2 + (number - count / 2) * np.array([right, down]), 0, ROOM)
        matrix = np.array([[1, 0, corner[0]], [0, 1, corner[1]]])
        view = cv2.warpAffine(whole, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        noise = dice.normal(0, 1.5, (HEIGHT, WIDTH, 1))
        frames.append(np.clip(view + noise, 0, 255).astype(np.uint8))
    return frames


def zoom(seed: int, count: int, per_frame: float) -> list[Pixels]:
    """Return frames of a camera whose picture grows by this factor, as a natural logarithm, from frame to frame."""
    whole = picture(seed)
    centre = np.array([(WIDTH + ROOM) / 2, (HEIGHT + ROOM) / 2])
    frames = []
    for number in range(count):
        scale = float(np.exp(-per_frame * number))
        corner = centre - scale * np.array([WIDTH / 2, HEIGHT / 2])
        matrix = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        frames.append(np.asarray(cv2.warpAffine(whole, matrix, (WIDTH, HEIGHT), flags=flags), np.uint8))
    return frames


def mixed(one: Pixels, other: Pixels, share: float) -> Pixels:
    """Return a picture of two, `share` of it the other."""
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)


def dissolved(out: Sequence[Pixels], into: Sequence[Pixels], length: int) -> list[Pixels]:
    """Return two takes of which the last and the first `length` frames show through one another."""
    shares = (np.arange(length) + 1) / (length + 1)
    joint = [mixed(a, b, share) for a, b, share in zip(out[-length:], into[:length], shares, strict=True)]
    return [*out[:-length], *joint, *into[length:]]


def faded(out: Sequence[Pixels], into: Sequence[Pixels], length: int, blank: int, level: int = 0) -> list[Pixels]:
    """Return two takes, the first faded out and the second faded in, with blank frames between."""
    colour = np.full_like(out[0], level)
    shares = (np.arange(length) + 1) / (length + 1)
    falling = [mixed(a, colour, share) for a, share in zip(out[-length:], shares, strict=True)]
    coming = [mixed(colour, b, share) for b, share in zip(into[:length], shares, strict=True)]
    return [*out[:-length], *falling, *[colour] * blank, *coming, *into[length:]]


def index_of(frame_count: int, rate: Fraction = Fraction(24), *, size: tuple[int, int] = (WIDTH, HEIGHT)) -> VideoIndex:
    """Return the index that a film of so many frames would have."""
    return VideoIndex(
        pts=tuple(range(frame_count)),
        time_base=1 / rate,
        rate=rate,
        keyframes=(0,),
        width_pixels=size[0],
        height_pixels=size[1],
        codec="rawvideo",
        duration_seconds=frame_count / rate,
    )


def signals_of(frames: Sequence[Pixels], rate: Fraction = Fraction(24)) -> Signals:
    """Return what a scanner notes of frames, without a film between."""
    height, width = frames[0].shape[:2]
    scanner = Scanner(index_of(len(frames), rate, size=(width, height)), capacity=len(frames))
    for ordinal, pixels in enumerate(frames):
        scanner.take(av.VideoFrame.from_ndarray(pixels, format="rgb24"), ordinal)
    return scanner.signals("0" * 64)


def write_frames(path: Path, frames: Sequence[Pixels], *, rate: int = 24, keyframes: int = 12) -> Path:
    """Write frames as an H.264 film."""
    with av.open(str(path), "w") as container:
        options = {"crf": "18", "preset": "veryfast", "x264-params": f"keyint={keyframes}:scenecut=0"}
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
