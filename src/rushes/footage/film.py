"""An open film, as FFmpeg gives its packets and frames; the one place that opens films."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from rushes.errors import MediaError, StoreError
from rushes.footage.damage import why_unreadable
from rushes.footage.kinds import require_content
from rushes.storage.places import Place, Remote
from rushes.storage.reading import failure_of, open_place

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream


# FFmpeg's readers of one file that holds all it shows, and of sound alone, so that the reason can be told. Its readers
# of playlists, scripts and numbered pictures, which open other files, are none of them.
_FORMATS = (
    "mov,matroska,avi,mpeg,mpegts,mpegvideo,mxf,asf,asf_o,flv,live_flv,ogg,ivf,yuv4mpegpipe,dv,m4v,h261,h263,h264,hevc,"
    "vvc,av1,obu,mjpeg,vc1,vc1test,dirac,cavsvideo,avs2,avs3,dnxhd,nut,rm,gxf,wtv,swf,r3d,lxf,nsv,ty,pva,"
    "gif,apng,aac,ac3,aiff,flac,mp3,wav,w64"
)


@dataclass(slots=True)
class Decoder:
    """The frames of an open film, and a count of the packets that gave none because they are damaged."""

    container: InputContainer
    stream: VideoStream
    damaged_packets: int = 0
    failure: Callable[[], MediaError | StoreError | None] = lambda: None  # why the store gave no more of the film

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
            self._stop_where_reading_failed()
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

    def _stop_where_reading_failed(self) -> None:
        """Raise what a store said; FFmpeg gives the half of a packet that came as a packet, and a picture of it."""
        failure = self.failure()
        if failure is not None:
            raise failure

    def seek(self, pts: int) -> None:
        """Go to about the last keyframe at or before `pts`, as near as the container can; stay where it cannot."""
        import av

        with suppress(av.FFmpegError):
            self.container.seek(pts, stream=self.stream, backward=True)


@contextmanager
def open_film(path: Place, *, stream: int | None = None, threads: int = 0) -> Iterator[Decoder]:
    """Open a film at its beginning.

    Args:
        stream: number of the stream in the file; None takes the first moving picture that is no cover.
        threads: of the decoder; 0 leaves it to FFmpeg.

    Raises:
        MediaError: the file is missing, empty, no film, or has no video stream that can be decoded.
    """
    with _opened(path) as (container, failure):
        video = _video_stream(container, path, stream)
        video.thread_type = "AUTO"
        video.codec_context.thread_count = threads
        _read_only(container, video.index)
        yield Decoder(container, video, failure=failure)


@dataclass(frozen=True, slots=True)
class SoundDecoder:
    """The sound of an open film."""

    container: InputContainer
    stream: AudioStream
    failure: Callable[[], MediaError | StoreError | None] = lambda: None

    def frames(self) -> Iterator[av.AudioFrame]:
        """Yield the frames of the sound from the beginning; what is damaged is passed over."""
        import av

        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # as in `Decoder.frames`
                packet = None
            if (failure := self.failure()) is not None:
                raise failure
            try:
                yield from self.stream.decode(packet)
            except av.EOFError:
                return
            except av.FFmpegError:
                pass
            if packet is None:
                return


@contextmanager
def open_sound(path: Place) -> Iterator[SoundDecoder | None]:
    """Open the sound of a film at its beginning; None where it has none that can be decoded.

    Raises:
        MediaError: the file is missing, empty or no film.
    """
    with _opened(path) as (container, failure):
        sound = container.streams.best("audio")
        if sound is None or sound.codec_context is None:
            yield None
            return
        _read_only(container, sound.index)
        yield SoundDecoder(container, cast("AudioStream", sound), failure)


@contextmanager
def _opened(path: Place) -> Iterator[tuple[InputContainer, Callable[[], MediaError | StoreError | None]]]:
    """Give a film's container, and what tells why a store gave no more of it."""
    import av

    with _readable(path) as (file, failure):
        try:
            # A playlist in disguise may reach neither the network nor other files of this machine.
            allowed = "none" if isinstance(path, Remote) else "file"
            options = {"protocol_whitelist": allowed, "format_whitelist": _FORMATS}
            opened = av.open(file, mode="r", options=options, metadata_errors="ignore")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise MediaError(path, why_unreadable(path, getattr(error, "strerror", None) or str(error))) from error
        with opened as container:
            yield container, failure


def _read_only(container: InputContainer, number: int) -> None:
    """Have only one stream read: what is never looked at need not be."""
    from av.stream import Discard

    for other in container.streams:
        if other.index != number:
            other.discard = Discard.all


class _Quiet:
    """A remote file that ends where it fails: PyAV prints an error that comes while FFmpeg is busy elsewhere."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except (MediaError, StoreError):  # the file remembers it
            return b""


@contextmanager
def _readable(path: Place) -> Iterator[tuple[str | _Quiet, Callable[[], MediaError | StoreError | None]]]:
    """Give what FFmpeg reads a film from, and what tells why that failed.

    It is an absolute path, which is never taken for a protocol, or an open file. FFmpeg takes a connection that fails
    for the end of the film, or for damage; here it ends with what happened.
    """
    if not isinstance(path, Remote):
        require_content(path)
        yield os.path.abspath(path), lambda: None  # noqa: PTH100
        return
    with open_place(path) as file:
        require_content(path)
        try:
            yield _Quiet(file), lambda: failure_of(file)
        except Exception as error:
            failure = failure_of(file)
            if failure is None or failure is error:
                raise
            raise failure from error
        failure = failure_of(file)
        if failure is not None:
            raise failure


def _video_stream(container: InputContainer, path: Place, number: int | None) -> VideoStream:
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
