"""A film in small: H.264 that any browser plays, with every frame at its own time, and without sound."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import MediaError
from rushes.footage.film import open_film
from rushes.footage.hdr import TRANSFER_HLG, TRANSFER_PQ, is_wide
from rushes.footage.picture import PictureSize, resize
from rushes.footage.video import DecodedFrame, counted, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.storage.files import whole_file
from rushes.storage.places import Place

if TYPE_CHECKING:
    import av

LONG_SIDE = 640
_TICKS = Fraction(1, 90_000)  # the clock of what is written: fine enough for every frame rate
_KEYFRAME_SECONDS = 1  # a browser that jumps decodes this much at most
_TOLD_EVERY = 25


def write_small_film(
    film: Place,
    index: VideoIndex,
    to: Path,
    *,
    long_side: int = LONG_SIDE,
    threads: int = 0,
    progress: Progress = silent,
) -> int:
    """Write a film in small, whole or not at all; return how many of its frames it has.

    A frame stands at its time from the first frame of the film, so that a player's clock is that of the shots. What is
    turned, of high dynamic range or of a wide gamut is shown as everywhere in rushes.

    Args:
        index: of this very film.
        to: an `.mp4`.
        threads: for decoding and encoding; 0 takes one per core.
        progress: told of frames; what it raises ends the work.

    Raises:
        MediaError: the film cannot be opened, or no frame of it can be decoded.
    """
    import av

    width, height = _even(PictureSize(long_side=long_side), index)
    written = 0
    with whole_file(to) as temporary, av.open(str(temporary), "w", options={"movflags": "+faststart"}) as container:
        rate = min(index.rate, Fraction(60))
        options = {"preset": "veryfast", "crf": "26", "g": str(max(1, round(rate * _KEYFRAME_SECONDS)))}
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = threads
        stream.codec_context.time_base = stream.time_base = _TICKS
        before = -1
        for pts, frame in _small_frames(film, index, (width, height), threads):
            ticks = round((pts - index.pts[0]) * index.time_base / _TICKS)
            if ticks <= before:
                continue
            before = frame.pts = ticks
            frame.time_base = _TICKS
            container.mux(stream.encode(frame))
            written += 1
            if written % _TOLD_EVERY == 0:
                progress(written, index.frame_count, "frames")
        if not written:
            raise MediaError(film, "holds no frame that can be decoded. Copy it again from where it came from")
        container.mux(stream.encode(None))
    return written


def _even(size: PictureSize, index: VideoIndex) -> tuple[int, int]:
    """Return (width, height) that H.264 takes; nothing is enlarged."""
    width, height = size.applied_to(index.width_pixels, index.height_pixels)
    width, height = min(width, index.width_pixels), min(height, index.height_pixels)
    return max(2, width - width % 2), max(2, height - height % 2)


def _small_frames(
    film: Place, index: VideoIndex, size: tuple[int, int], threads: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield (pts, frame) in yuv420p at a size. What swscale alone shows rightly is not turned into RGB first."""
    import av

    if index.flip or _needs_colours(film, index):
        exactly = PictureSize(width=size[0], height=size[1])
        for decoded in decode_frames(film, index, range(index.frame_count), threads=threads):
            if isinstance(decoded, DecodedFrame):
                shown = av.VideoFrame.from_ndarray(resize(decoded.pixels, exactly), format="rgb24")
                yield decoded.pts, shown.reformat(format="yuv420p")
        return
    with open_film(film, stream=index.stream, threads=threads) as decoder:
        frames = decoder.frames()
        for frame in frames if index.exact else counted(frames, index):
            if frame.pts is not None:
                yield frame.pts, frame.reformat(width=size[0], height=size[1], format="yuv420p")


def _needs_colours(film: Place, index: VideoIndex) -> bool:
    """Return whether a film's colours are others than those of a usual screen."""
    with open_film(film, stream=index.stream, threads=1) as decoder:
        first = next(decoder.frames(), None)
    if first is None:
        return False
    return (
        first.color_trc in (TRANSFER_PQ, TRANSFER_HLG)
        or is_wide(first.color_primaries)
        or first.format.name.startswith(("gray", "gbr", "rgb"))
    )
