"""The frames of films: their times, and their pixels."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.film import Decoder, open_film
from rushes.footage.orientation import flip_of_matrix
from rushes.storage.places import Place

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

    from rushes.footage.color import ToRgb

logger = logging.getLogger(__name__)

# Codecs of which each packet holds one frame that is shown, so that the container's times are the frames' times.
# VP8 is none: its alternate reference frames come in packets of their own and are never shown.
ONE_FRAME_PER_PACKET = frozenset(
    {
        "av1", "cinepak", "dnxhd", "dvvideo", "ffv1", "h264", "hevc", "huffyuv", "jpeg2000", "mjpeg", "mpeg1video",
        "mpeg2video", "mpeg4", "prores", "qtrle", "rawvideo", "utvideo", "v210", "vp9", "vvc",
    }
)  # fmt: skip
_FIELD_CODECS = frozenset({"h264", "hevc", "vc1", "mpeg2video"})  # may put each field into a packet of its own
_STANDARD_RATES = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)) + tuple(
    Fraction(n) for n in (5, 6, 8, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)
)
_SEEK_GAP = 12  # frames; a shorter gap is decoded through, which costs less than emptying the decoder
_STEPS_BACK = (0, 1, 3)  # keyframes; a transport stream is sought by its clock and comes out behind the keyframe


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """Where every frame of a film is in time, and how it is to be shown.

    Attributes:
        pts: presentation times in units of `time_base`, rising; the position in it is the ordinal.
        rate: average frames per second, a broadcast rate where it is within a thousandth of one.
        keyframes: ordinals from which decoding can start, rising.
        width_pixels, height_pixels: as shown, turned upright and with square pixels.
        flip: how the stored picture is turned upright, as `orientation.turn` takes it.
        codec: FFmpeg's name.
        duration_seconds: from the first frame to the end of the last.
        stream: number of the stream in its file.
        exact: True where the container's times were kept; False where some were missing or out of order and were
            filled in by counting, so that frames are found by counting too.
        captured_at: ISO 8601 where the file states it.
        warnings: what a person should know, such as a film that is cut off.
    """

    pts: tuple[int, ...]
    time_base: Fraction
    rate: Fraction
    keyframes: tuple[int, ...]
    width_pixels: int
    height_pixels: int
    codec: str
    duration_seconds: Fraction
    flip: int = 0
    stream: int = 0
    exact: bool = True
    captured_at: str | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.pts or any(later <= sooner for sooner, later in pairwise(self.pts)):
            raise ValueError("a film has at least one frame, and its presentation times rise")
        if self.time_base <= 0 or self.rate <= 0 or self.width_pixels < 1 or self.height_pixels < 1:
            raise ValueError(f"a film has a time base, a rate and a size above 0, got {self.rate=}, {self.time_base=}")

    @property
    def frame_count(self) -> int:
        return len(self.pts)

    def seconds_at(self, ordinal: int) -> Fraction:
        """Return the time of a frame, counted from the first."""
        return (self.pts[ordinal] - self.pts[0]) * self.time_base

    @property
    def rounding_seconds(self) -> Fraction:
        """How far a stored time may stand from the true one; 0 where frames last a whole number of ticks.

        Matroska keeps milliseconds, so that frame 2 at 24 per second is stored as 0.083 s, just before its slot.
        A tick, but never more than an eighth of a frame.
        """
        if (1 / self.rate) % self.time_base == 0:
            return Fraction(0)
        return min(self.time_base, 1 / (8 * self.rate))


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """One frame of a film: `pixels` is (height, width, 3), RGB, upright, with square pixels."""

    ordinal: int
    pts: int
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LostFrame:
    """A frame that the film's index names and that could not be decoded."""

    ordinal: int
    pts: int
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """Ordinals that are decoded in one go: from a keyframe, or from the beginning where that is None."""

    keyframe: int | None
    ordinals: tuple[int, ...]


def index_video(path: Place) -> VideoIndex:
    """Return where every frame of a film is, by its packets, decoding a few frames only.

    All frames are decoded where packets do not tell: a codec with hidden frames (VP8), interlaced fields in packets
    of their own, times missing or out of order, a film that does not begin with a keyframe.

    Of several video streams the first that is no cover picture is taken.

    Raises:
        MediaError: the file is missing, empty, cut off before its first frame, no film, or has no picture.
    """
    first, flip, width, height = _look_at_first_frame(path)
    with open_film(path) as decoder:
        container, stream = decoder.container, decoder.stream
        codec = stream.codec_context.codec.canonical_name
        packets = _Packets.of(decoder)
        fields = first.interlaced_frame and codec in _FIELD_CODECS
        times = packets.times(first.pts) if codec in ONE_FRAME_PER_PACKET and not fields else None
        if times is None:
            logger.info("%s: the times of its frames are found by decoding all of them", path.name)
            times = _decoded_times(path)
        if not times.pts:
            raise MediaError(path, _nothing_decodes(codec, len(packets.pts)))
        time_base = Fraction(stream.time_base or Fraction(1, 90000))
        rate = _average_rate(times.pts, time_base, stream.average_rate or stream.guessed_rate)
        last = packets.duration if 0 < packets.duration * time_base <= 10 else 1 / (rate * time_base)
        warnings = list(packets.warnings)
        if stream.frames > packets.count:
            warnings.append(f"it is cut off: {packets.count:,} of the {stream.frames:,} frames it states are there")
        return VideoIndex(
            pts=times.pts,
            time_base=time_base,
            rate=rate,
            keyframes=times.keyframes,
            width_pixels=width,
            height_pixels=height,
            codec=codec,
            duration_seconds=(times.pts[-1] - times.pts[0] + Fraction(last)) * time_base,
            flip=flip,
            stream=stream.index,
            exact=times.exact,
            captured_at=_captured_at(container.metadata.get("creation_time")),
            warnings=tuple(warnings),
        )


def decode_frames(
    path: Place, index: VideoIndex, ordinals: Sequence[int], *, threads: int = 0
) -> Iterator[DecodedFrame | LostFrame]:
    """Yield the wanted frames of a film in presentation order, each once.

    A gap that passes a keyframe is jumped over, any other is decoded through. A frame is known by its presentation
    time, never by counting from a seek. Where a seek leads astray, the rest is decoded from the beginning. A frame
    that cannot be had is yielded as LostFrame, and the rest goes on.

    Args:
        index: of this very file, from `index_video`.
        threads: of the decoder; 0 leaves it to FFmpeg.

    Raises:
        MediaError: the file cannot be opened.
        ValueError: an ordinal is outside the film.
    """
    wanted = sorted(set(ordinals))
    if wanted and not 0 <= wanted[0] <= wanted[-1] < index.frame_count:
        raise ValueError(f"ordinals are 0 to {index.frame_count - 1}, got {wanted[0]} to {wanted[-1]}")
    if not wanted:
        return
    from rushes.footage.color import ToRgb

    to_rgb = ToRgb(index.width_pixels, index.height_pixels, index.flip)
    left = deque(wanted)
    if index.exact:
        yield from _jumping(path, left, index, to_rgb, threads)
    if left:
        yield from _straight(path, left, index, to_rgb, threads)


def plan_runs(index: VideoIndex, wanted: Sequence[int]) -> list[Run]:
    """Return how to reach rising ordinals: which are decoded in one go, and from which keyframe."""
    runs: list[Run] = []
    run: list[int] = []
    keyframe: int | None = None
    for ordinal in wanted:
        place = bisect_right(index.keyframes, ordinal) - 1
        nearest = index.keyframes[place] if place >= 0 else None
        if run and nearest is not None and nearest - run[-1] >= _SEEK_GAP:
            runs.append(Run(keyframe, tuple(run)))
            run, keyframe = [], nearest
        elif not run:
            keyframe = nearest if nearest is not None and nearest >= _SEEK_GAP else None
        run.append(ordinal)
    return [*runs, Run(keyframe, tuple(run))] if run else runs


def _jumping(
    path: Place, left: deque[int], index: VideoIndex, to_rgb: ToRgb, threads: int
) -> Iterator[DecodedFrame | LostFrame]:
    """Yield wanted frames, taking them from `left`; end where no seek leads to the next of them."""
    with open_film(path, stream=index.stream, threads=threads) as decoder:
        tries = 0
        for run in plan_runs(index, tuple(left)):
            last = run.ordinals[-1]
            while left and left[0] <= last:
                undamaged = decoder.damaged_packets if run.keyframe is not None else -1
                frames = _frames_of_run(decoder, run, _STEPS_BACK[tries], index)
                for place, frame in _follow(frames, left, last, index):
                    if frame is not None:
                        yield DecodedFrame(place, index.pts[place], to_rgb(frame))
                    elif decoder.damaged_packets > undamaged:
                        yield _lost(place, index)
                    else:  # nothing is damaged, so that the seek came out behind what is wanted
                        left.appendleft(place)
                        break
                if not left or left[0] > last:
                    break
                tries += 1
                if tries == len(_STEPS_BACK):
                    logger.info("%s: seeking leads astray; decoding from the beginning", path.name)
                    return


def _frames_of_run(decoder: Decoder, run: Run, steps_back: int, index: VideoIndex) -> Iterator[av.VideoFrame]:
    if run.keyframe is None:
        return decoder.frames()
    place = max(0, bisect_right(index.keyframes, run.keyframe) - 1 - steps_back)
    return decoder.frames_from(index.pts[index.keyframes[place]])


def _follow(
    frames: Iterator[av.VideoFrame], left: deque[int], last: int, index: VideoIndex
) -> Iterator[tuple[int, av.VideoFrame | None]]:
    """Yield each ordinal of `left` up to `last` with its frame, or with None where it did not come; take it away."""
    for frame in frames:
        while left and left[0] <= last and frame.pts is not None and index.pts[left[0]] < frame.pts:
            yield left.popleft(), None
        if left and left[0] <= last and index.pts[left[0]] == frame.pts:
            yield left.popleft(), frame
        if not left or left[0] > last:
            return
    while left and left[0] <= last:
        yield left.popleft(), None


def _straight(
    path: Place, left: deque[int], index: VideoIndex, to_rgb: ToRgb, threads: int
) -> Iterator[DecodedFrame | LostFrame]:
    """Yield the wanted frames by decoding all from the beginning; what does not come is lost."""
    with open_film(path, stream=index.stream, threads=threads) as decoder:
        frames = decoder.frames() if index.exact else _counted(decoder.frames(), index)
        for ordinal, frame in _follow(frames, left, index.frame_count, index):
            yield _lost(ordinal, index) if frame is None else DecodedFrame(ordinal, index.pts[ordinal], to_rgb(frame))


def _counted(frames: Iterator[av.VideoFrame], index: VideoIndex) -> Iterator[av.VideoFrame]:
    """Yield frames with the times of the index, which were counted when it was made."""
    for frame, pts in zip(frames, index.pts, strict=False):
        frame.pts = pts
        yield frame


def _lost(ordinal: int, index: VideoIndex) -> LostFrame:
    return LostFrame(ordinal, index.pts[ordinal], "its data is damaged: the decoder gave no picture for it")


@dataclass(frozen=True, slots=True)
class _Times:
    pts: tuple[int, ...]
    keyframes: tuple[int, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Packets:
    """What the container says of the packets that are shown, in the order in which they are stored."""

    pts: list[int | None]
    keys: list[bool]
    orderly: bool  # the decoding times rise
    duration: int  # of the last in presentation order
    count: int  # of all packets, shown or not
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, decoder: Decoder) -> _Packets:
        import av

        pts: list[int | None] = []
        keys: list[bool] = []
        warnings: list[str] = []
        durations: dict[int, int] = {}
        orderly, count = True, 0
        before: int | None = None
        try:
            for packet in decoder.container.demux(decoder.stream):
                count += packet.size > 0
                if packet.size == 0 or packet.is_discard:
                    continue
                pts.append(packet.pts)
                keys.append(packet.is_keyframe)
                if packet.pts is not None:
                    durations[packet.pts] = packet.duration or 0
                if packet.dts is not None:
                    orderly = orderly and (before is None or packet.dts >= before)
                    before = packet.dts
        except av.FFmpegError as error:
            warnings.append(f"it breaks off after {len(pts):,} frames ({error.strerror})")
        last = durations[max(durations)] if durations else 0
        return cls(pts, keys, orderly, last, count, tuple(warnings))

    def times(self, first_decoded: int | None) -> _Times | None:
        """Return the times of the frames; None where the packets do not tell."""
        known = [value for value in self.pts if value is not None]
        told = len(known) == len(self.pts) == len(set(known)) and self.orderly
        if not told or not self.keys or not self.keys[0] or first_decoded != min(known):
            return None
        ordered = tuple(sorted(known))
        ordinals = {value: ordinal for ordinal, value in enumerate(ordered)}
        keyframes = sorted(ordinals[value] for value, key in zip(known, self.keys, strict=True) if key)
        return _Times(ordered, tuple(keyframes))


def _decoded_times(path: Place) -> _Times:
    """Return the times of all frames by decoding them, filled in where they are missing or do not rise."""
    with open_film(path) as decoder:
        stated = [(frame.pts, bool(frame.key_frame)) for frame in decoder.frames()]
        usual = decoder.stream.average_rate or decoder.stream.guessed_rate or Fraction(25)
        step = max(1, round(1 / (Fraction(usual) * (decoder.stream.time_base or Fraction(1, 90000)))))
    keyframes = tuple(ordinal for ordinal, (_, key) in enumerate(stated) if key)
    pts = [value for value, _ in stated if value is not None]
    if len(pts) == len(stated) and all(later > sooner for sooner, later in pairwise(pts)):
        return _Times(tuple(pts), keyframes)
    steps = sorted(later - sooner for sooner, later in pairwise(pts) if later > sooner)
    step = steps[len(steps) // 2] if steps else step
    filled: list[int] = []
    for value, _ in stated:
        expected = filled[-1] + step if filled else 0
        # A time that jumps back, or far ahead, belongs to another count (two recordings in one file).
        fits = value is not None and (not filled or filled[-1] < value <= expected + 100 * step)
        filled.append(value if fits and value is not None else expected)
    return _Times(tuple(filled), keyframes, exact=False)


def _look_at_first_frame(path: Place) -> tuple[av.VideoFrame, int, int, int]:
    """Return the first frame, its flip code, and the width and height in pixels at which it is to be shown."""
    with open_film(path) as decoder:
        frame = next(decoder.frames(), None)
        if frame is None:
            raise MediaError(path, _nothing_decodes(decoder.stream.codec_context.name, decoder.damaged_packets))
        return frame, *_shown_size(frame, decoder.stream)


def _nothing_decodes(codec: str, packet_count: int) -> str:
    return (
        f"holds no frame that can be decoded ({codec}, {packet_count:,} packets tried): "
        "it is encrypted, cut off or damaged. Copy it again, or export it without protection"
    )


def _shown_size(frame: av.VideoFrame, stream: VideoStream) -> tuple[int, int, int]:
    """Return (flip code, width, height) of the picture as it is to be shown."""
    from av.sidedata.sidedata import Type

    flip = 0
    for data in cast("Iterable[Any]", frame.side_data):  # it gives values, whatever its type says
        if data.type == Type.DISPLAYMATRIX:
            flip = flip_of_matrix([int(value) for value in np.frombuffer(data, np.int32)])
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if not Fraction(1, 8) <= aspect <= 8:
        aspect = Fraction(1)
    width, height = max(1, round(frame.width * aspect)), frame.height
    return (flip, height, width) if flip & 4 else (flip, width, height)


def _average_rate(pts: Sequence[int], time_base: Fraction, stated: Fraction | None) -> Fraction:
    """Return the frames per second that the times show, as the exact rate that is meant."""
    if len(pts) == 1:
        return Fraction(stated) if stated and 0 < stated <= 1000 else Fraction(25)
    measured = (len(pts) - 1) / ((pts[-1] - pts[0]) * time_base)
    slack = Fraction(1, 1000) + time_base / ((pts[-1] - pts[0]) * time_base)  # a tick at either end
    near = [rate for rate in (*_STANDARD_RATES, *([Fraction(stated)] if stated else [])) if rate > 0]
    best = min(near, key=lambda rate: abs(rate - measured))
    return best if abs(best - measured) <= slack * measured else measured.limit_denominator(1001) or measured


def _captured_at(text: str | None) -> str | None:
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.isoformat() if moment is not None and moment.year > 1971 else None
