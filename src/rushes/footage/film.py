"""An open film, as FFmpeg gives its packets and frames; the one place that opens films."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import MediaError
from rushes.footage.damage import why_unreadable
from rushes.footage.kinds import require_content

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream


@dataclass(slots=True)
class Decoder:
    """The frames of an open film, and a count of the packets that gave none because they are damaged."""

    container: InputContainer
    stream: VideoStream
    damaged_packets: int = 0

    def frames(self, before: Callable[[av.Packet[VideoStream]], bool] | None = None) -> Iterator[av.VideoFrame]:
        """Yield the frames in presentation order from where the film stands; what is damaged is passed over.

        Args:
            before: sees each packet before it is decoded; False ends the film there, as if it were cut off before it.
        """
        import av

        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # the file ends in the middle of something; what was sent still comes out
                self.damaged_packets += 1
                packet = None
            if packet is not None and before is not None and not before(packet):
                packet = None
            try:
                yield from self.stream.decode(packet)
            except av.EOFError:
                return
            except av.FFmpegError:
                self.damaged_packets += 1
            if packet is None:
                return

    def seek(self, pts: int) -> None:
        """Go to about the last keyframe at or before `pts`, as near as the container can; stay where it cannot."""
        import av

        with suppress(av.FFmpegError):
            self.container.seek(pts, stream=self.stream, backward=True)


@contextmanager
def open_film(path: Path, *, stream: int | None = None, threads: int = 0) -> Iterator[Decoder]:
    """Open a film at its beginning.

    Args:
        stream: number of the stream in the file; None takes the first moving picture that is no cover.
        threads: of the decoder; 0 leaves it to FFmpeg.

    Raises:
        MediaError: the file is missing, empty, no film, or has no video stream that can be decoded.
    """
    import av
    from av.stream import Discard

    require_content(path)
    try:
        # An absolute path is never taken for a protocol, and a playlist in disguise may not reach the network.
        opened = av.open(os.path.abspath(path), options={"protocol_whitelist": "file"}, metadata_errors="ignore")  # noqa: PTH100
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, why_unreadable(path, getattr(error, "strerror", None) or str(error))) from error
    with opened as container:
        video = _video_stream(container, path, stream)
        video.thread_type = "AUTO"
        video.codec_context.thread_count = threads
        for other in container.streams:
            if other.index != video.index:
                other.discard = Discard.all  # what is never looked at is not read
        yield Decoder(container, video)


def _video_stream(container: InputContainer, path: Path, number: int | None) -> VideoStream:
    from av.stream import Disposition

    films = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if number is not None:
        films = [stream for stream in films if stream.index == number]
    if not films:
        kinds = ", ".join(sorted({str(stream.type) for stream in container.streams})) or "nothing"
        raise MediaError(path, f"has no moving pictures, only {kinds}. Give a file with a video stream")
    if films[0].codec_context is None:
        raise MediaError(path, "is of a codec that this FFmpeg has no decoder for. Convert it to H.264")
    return films[0]
