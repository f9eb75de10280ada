"""One small picture per shot of a film, from one pass over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rushes.footage.picture import PictureSize, decode_picture, encode_picture, resize
from rushes.footage.shot import Shot
from rushes.footage.video import DecodedFrame, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.storage.places import Place

PictureChoice = Literal["typical", "sharpest", "first", "middle"]

CHOICES: Mapping[PictureChoice, Callable[[Shot], int]] = {
    "typical": lambda shot: shot.typical,
    "sharpest": lambda shot: shot.sharpest,
    "first": lambda shot: shot.start,
    "middle": lambda shot: (shot.start + shot.stop - 1) // 2,
}
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class ShotPicture:
    """A small picture of a shot, held as WebP so that thousands of them fit into memory."""

    data: bytes
    width_pixels: int
    height_pixels: int

    @property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """(height, width, 3), RGB."""
        return decode_picture(self.data)


def read_shot_pictures(
    path: Place,
    index: VideoIndex,
    shots: Sequence[Shot],
    *,
    choice: PictureChoice = "typical",
    side_pixels: int = 320,
    threads: int = 0,
    progress: Progress = silent,
) -> Iterator[ShotPicture | None]:
    """Yield a picture for each shot in order; None where its frame could not be decoded.

    Args:
        index: of this very file.
        side_pixels: longest side at most; nothing is enlarged.

    Raises:
        MediaError: the file cannot be opened.
    """
    size = PictureSize(long_side=side_pixels)
    ordinals = [CHOICES[choice](shot) for shot in shots]
    for done, frame in enumerate(decode_frames(path, index, ordinals, threads=threads), start=1):
        progress(done, len(shots))
        if not isinstance(frame, DecodedFrame):
            yield None
            continue
        pixels = resize(frame.pixels, size)
        yield ShotPicture(encode_picture(pixels, "webp", _QUALITY), pixels.shape[1], pixels.shape[0])
