"""The frames of films: their times, and their pixels."""

from __future__ import annotations

import logging
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from rushes.cores import count_cores
from rushes.errors import MediaError
from rushes.footage.film import Decoder, open_film
from rushes.footage.interlace import is_interlaced, with_neighbours, without_combs
from rushes.footage.matroska import lacks_bytes
from rushes.footage.orientation import flip_of_matrix
from rushes.footage.smpte import read_start_timecode
from rushes.footage.video_index import SEEK_GAP, VideoIndex
from rushes.storage.places import Place
from rushes.storage.reading import open_place

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

    from rushes.footage.mp4 import SampleTimes

Convert = Callable[["av.VideoFrame"], Any]

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
# Codecs in which a frame that no other refers to is marked as such, so that the rest is the same without it.
_SKIPPABLE = frozenset({"h264", "mpeg1video", "mpeg2video"})
# Codecs whose first packet names the encoder; decoders allow for the faults of some.
_SIGNED_AT_FIRST = frozenset({"h264", "mpeg4"})
_MISSING_SECONDS = Fraction(1, 4)  # that the end of a cut-off film lacks at least, to be worth a word
_ON_GRID = 0.9  # of steps from frame to frame that are one slot, where frames are missing here and there
_PROBES = 64  # places of a film's index that are compared with FFmpeg's
# A container that lists its keyframes is sought as fast as a few frames are decoded; others are searched, and come out
# some keyframes away.
_SEEK_GAP_SEARCHING = 48
_LISTING = frozenset({"mp4", "mov", "matroska", "webm"})
# A program stream states a time now and then. FFmpeg counts on from it; after a seek it begins at another frame.
_NEVER_SOUGHT = frozenset({"mpeg"})
# An AVI states no times: FFmpeg counts its packets as they are stored, for some codecs (H.264) also where frames are
# shown in another order.
_TIMED_BY_STORAGE = frozenset({"avi"})
STEPS_BACK = (0, 1, 3)  # keyframes; a transport stream is sought by its clock and comes out behind the keyframe


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
    """Return where every frame of a film is, by the header of an MP4 or MOV, else by its packets.

    One frame is decoded to see what it looks like. All are decoded where packets do not tell: a codec with hidden
    frames (VP8), interlaced fields in packets of their own, times missing or out of order, a film that does not begin
    with a keyframe.

    Of several video streams the first that is no cover picture is taken.

    Raises:
        MediaError: the file is missing, empty, cut off before its first frame, no film, or has no picture.
    """
    with open_film(path, threads=1) as decoder:
        stream = decoder.stream
        first, flip, width, height = _look_at_first_frame(path, decoder)
        codec = stream.codec_context.codec.canonical_name
        fields = first.interlaced_frame and codec in _FIELD_CODECS
        told = codec in ONE_FRAME_PER_PACKET and not fields
        found = _times_in_header(path, stream, first.pts) if told else None
        if found is None:
            reordered = bool(_TIMED_BY_STORAGE & _formats(stream)) and bool(stream.codec_context.has_b_frames)
            found = _times_in_packets(path, first.pts, told=told, reordered=reordered)
        times = found.times
        time_base = Fraction(stream.time_base or Fraction(1, 90000))
        rate = _average_rate(times.pts, time_base, stream.average_rate or stream.guessed_rate)
        last = found.last_duration if 0 < found.last_duration * time_base <= 10 else 1 / (rate * time_base)
        start_timecode, doubt = read_start_timecode(decoder.container, stream, first, rate)
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
            captured_at=_captured_at(decoder.container.metadata.get("creation_time")),
            warnings=found.warnings,
            start_timecode=start_timecode,
            interlaced=is_interlaced(first, stream),
            notes=() if doubt is None else (doubt,),
            seekable=not _NEVER_SOUGHT & _formats(stream),
            seek_gap=SEEK_GAP if _LISTING & _formats(stream) else _SEEK_GAP_SEARCHING,
        )


def decode_frames(
    path: Place, index: VideoIndex, ordinals: Sequence[int], *, threads: int = 0, deinterlace: bool = False
) -> Iterator[DecodedFrame | LostFrame]:
    """Yield the wanted frames of a film in presentation order, each once.

    A gap that passes a keyframe is jumped over, any other is decoded through, without the frames that no other needs.
    What lies between jumps is decoded side by side, a few frames ahead of what is taken. A frame is known by its
    presentation time, never by counting from a seek. Where a seek leads astray, the rest is decoded from the
    beginning. A frame that cannot be had is yielded as LostFrame, and the rest goes on.

    Args:
        index: of this very file, from `index_video`.
        threads: how many work on it; 0 takes one per core.
        deinterlace: take the combs at moving edges out of an interlaced film; no other is changed by it.

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

    def to_rgb() -> Convert:
        return ToRgb(index.width_pixels, index.height_pixels, index.flip)

    if not (deinterlace and index.interlaced):
        yield from _converted(path, index, wanted, threads, to_rgb)
        return
    convert = to_rgb()
    stored = _converted(path, index, with_neighbours(wanted, index.frame_count), threads, lambda: _as_stored)
    pairs = (
        (item.ordinal, None if isinstance(item, LostFrame) else cast("av.VideoFrame", item.pixels)) for item in stored
    )
    for ordinal, frame in without_combs(pairs, frozenset(wanted)):
        yield lost_frame(ordinal, index) if frame is None else DecodedFrame(ordinal, index.pts[ordinal], convert(frame))


def _as_stored(frame: av.VideoFrame) -> av.VideoFrame:
    return frame


def _converted(
    path: Place, index: VideoIndex, wanted: Sequence[int], threads: int, converter: Callable[[], Convert]
) -> Iterator[DecodedFrame | LostFrame]:
    """Yield rising ordinals, each frame as a converter gives it; each reader has a converter of its own."""
    left = deque(wanted)
    if index.exact and index.seekable:
        runs = plan_runs(index, wanted)
        readers = min(threads or count_cores(), len(runs))
        side_by_side = readers > 1
        frames = (
            _side_by_side(path, runs, index, readers, converter)
            if side_by_side
            else _one_by_one(path, runs, index, threads, converter)
        )
        try:
            for frame in frames:
                left.popleft()
                yield frame
        except _AstrayError:
            logger.info("%s: seeking leads astray; decoding from the beginning", path.name)
        finally:
            frames.close()
    if left:
        yield from _straight(path, left, index, threads, converter())


def plan_runs(index: VideoIndex, wanted: Sequence[int]) -> list[Run]:
    """Return how to reach rising ordinals: which are decoded in one go, and from which keyframe."""
    runs: list[Run] = []
    run: list[int] = []
    keyframe: int | None = None
    for ordinal in wanted:
        place = bisect_right(index.keyframes, ordinal) - 1
        nearest = index.keyframes[place] if place >= 0 else None
        if run and nearest is not None and nearest - run[-1] >= index.seek_gap:
            runs.append(Run(keyframe, tuple(run)))
            run, keyframe = [], nearest
        elif not run:
            keyframe = nearest if nearest is not None and nearest >= index.seek_gap else None
        run.append(ordinal)
    return [*runs, Run(keyframe, tuple(run))] if run else runs


class _AstrayError(Exception):
    """No seek leads to a frame that the film's index names."""


class _Reader:
    """An open film that gives the frames of one run after another."""

    def __init__(
        self, decoder: Decoder, index: VideoIndex, times: Set[int], stopped: Callable[[], bool], convert: Convert
    ) -> None:
        self._decoder, self._index, self._times, self._stopped = decoder, index, times, stopped
        self._convert = convert
        self._skipping = _may_skip(decoder.stream)
        self._tries, self._passed_over, self._begun = 0, 0, False

    def frames_of(self, run: Run) -> Iterator[DecodedFrame | LostFrame]:
        """Yield the frames of a run.

        Raises:
            _AstrayError: the seek came out behind what is wanted, from however far back.
        """
        left, last, index = deque(run.ordinals), run.ordinals[-1], self._index
        seeks = run.keyframe is not None
        if seeks and not self._begun:
            see_first_packet(self._decoder, index)
        self._begun = True
        while left:
            damaged_before, self._passed_over = self._decoder.damaged_packets, 0
            if seeks:
                keyframes = index.keyframes
                place = max(0, bisect_right(keyframes, run.keyframe or 0) - 1 - STEPS_BACK[self._tries])
                self._decoder.seek(index.pts[keyframes[place]])
            # A key frame needs no other; should the container call a frame so that does, it is decoded once more.
            only_keys = self._skipping and self._are_keyframes(left)
            frames = self._decoded({index.pts[ordinal] for ordinal in left}, only_keys=only_keys)
            for ordinal, frame in _follow(frames, left, last, index):
                if frame is not None and not (only_keys and self._passed_over and not _stands_alone(frame)):
                    yield DecodedFrame(ordinal, index.pts[ordinal], self._convert(frame))
                elif not self._passed_over and (not seeks or self._decoder.damaged_packets > damaged_before):
                    yield lost_frame(ordinal, index)
                else:
                    left.appendleft(ordinal)
                    break
            if not left or self._stopped():
                return
            seeks = True
            if self._passed_over and index.keyframes:  # perhaps the decoder lost its way among what was left out
                self._skipping = False
                self._decoder.stream.codec_context.skip_frame = "DEFAULT"
            elif self._tries + 1 == len(STEPS_BACK) or not index.keyframes:
                raise _AstrayError
            else:
                self._tries += 1

    def _are_keyframes(self, ordinals: Iterable[int]) -> bool:
        keyframes = self._index.keyframes
        places = ((bisect_right(keyframes, ordinal) - 1, ordinal) for ordinal in ordinals)
        return all(place >= 0 and keyframes[place] == ordinal for place, ordinal in places)

    def _decoded(self, wanted: set[int], *, only_keys: bool) -> Iterator[av.VideoFrame]:
        """Yield frames from where the film stands until those with the wanted times have come, or all.

        Once their packets are in, the decoder is emptied: it need not see what comes after to give them.
        """
        context = self._decoder.stream.codec_context
        to_come = set(wanted)
        skip = self._skipping

        def before(packet: av.Packet[VideoStream]) -> bool:
            nonlocal skip
            if self._stopped():
                return False
            stands_for_a_frame = packet.pts in self._times
            if not to_come and stands_for_a_frame:
                return False
            # A packet that is no frame by itself may be the second field of one, or a picture that others need.
            skip = skip and (stands_for_a_frame or packet.is_discard or not packet.size)
            if self._skipping:
                passed_over = skip and packet.pts not in to_come
                self._passed_over += passed_over
                context.skip_frame = ("NONKEY" if only_keys else "NONREF") if passed_over else "DEFAULT"
            if packet.pts is not None:
                to_come.discard(packet.pts)
            return True

        yield from self._decoder.frames(before)


def see_first_packet(decoder: Decoder, index: VideoIndex) -> None:
    """Show a decoder the film's beginning, where encoders leave word of the faults it must allow for.

    To be done before the first seek; a codec without such words is left alone.
    """
    if index.codec not in _SIGNED_AT_FIRST:
        return
    left = 1

    def before(packet: av.Packet[VideoStream]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    context = decoder.stream.codec_context
    context.skip_frame = "ALL"
    for _ in decoder.frames(before):
        pass
    context.skip_frame = "DEFAULT"


def _one_by_one(
    path: Place, runs: Sequence[Run], index: VideoIndex, threads: int, converter: Callable[[], Convert]
) -> Generator[DecodedFrame | LostFrame]:
    with open_film(path, stream=index.stream, threads=threads) as decoder:
        reader = _Reader(decoder, index, frozenset(index.pts), lambda: False, converter())
        for run in runs:
            yield from reader.frames_of(run)


def _side_by_side(
    path: Place, runs: Sequence[Run], index: VideoIndex, readers: int, converter: Callable[[], Convert]
) -> Generator[DecodedFrame | LostFrame]:
    """Yield the frames of runs in order while several readers, each in a thread of its own, decode ahead."""
    shelf = _Shelf(len(runs), room=2 * readers)
    times = frozenset(index.pts)

    def read() -> None:
        run = shelf.next_run()
        if run is None:
            return
        try:
            with open_film(path, stream=index.stream, threads=1) as decoder:
                reader = _Reader(decoder, index, times, lambda: shelf.stopped, converter())
                while run is not None:
                    for frame in reader.frames_of(runs[run]):
                        shelf.put(run, frame)
                    shelf.put(run, None)
                    run = shelf.next_run()
        except Exception as error:  # raised again where the frames are taken
            shelf.put(run or 0, error)

    threads = [threading.Thread(target=read, name=f"decode-{path.name}-{number}") for number in range(readers)]
    try:
        for thread in threads:
            thread.start()
        for run in range(len(runs)):
            while (item := shelf.take(run)) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
    finally:
        shelf.stop()
        for thread in threads:
            if thread.ident is not None:
                thread.join()


class _Shelf:
    """Where readers put frames of runs, and from where they are taken run by run; it holds a few at a time."""

    def __init__(self, runs: int, *, room: int) -> None:
        self._changed = threading.Condition()
        self._items: dict[int, deque[DecodedFrame | LostFrame | Exception | None]] = {n: deque() for n in range(runs)}
        self._room, self._held, self._first, self._given = room, 0, 0, 0
        self.stopped = False

    def next_run(self) -> int | None:
        """Return the number of a run to read, each once, rising; None where no more is to be read."""
        with self._changed:
            if self.stopped or self._given == len(self._items):
                return None
            self._given += 1
            return self._given - 1

    def put(self, run: int, item: DecodedFrame | LostFrame | Exception | None) -> None:
        """Add a frame of a run, an error that ends it, or None at its end; wait where there is no room."""
        with self._changed:
            # The run that is being taken has its own room, so that it never waits for those after it.
            self._changed.wait_for(
                lambda: (
                    self.stopped
                    or not isinstance(item, DecodedFrame)
                    or (len(self._items[run]) < 2 if run == self._first else self._held < self._room)
                )
            )
            self._items[run].append(item)
            self._held += isinstance(item, DecodedFrame)
            self._changed.notify_all()

    def take(self, run: int) -> DecodedFrame | LostFrame | Exception | None:
        """Return what comes next of a run, None at its end; wait until it is there."""
        with self._changed:
            self._first = run
            self._changed.notify_all()
            self._changed.wait_for(lambda: bool(self._items[run]))
            item = self._items[run].popleft()
            self._held -= isinstance(item, DecodedFrame)
            self._changed.notify_all()
            return item

    def stop(self) -> None:
        """Let all who wait go on, to find that nothing more is to be read."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()


def _stands_alone(frame: av.VideoFrame) -> bool:
    from av.video.frame import PictureType

    return bool(frame.key_frame) and frame.pict_type == PictureType.I


def _may_skip(stream: VideoStream) -> bool:
    """Return whether frames that no other refers to can be left out and the rest comes out the same."""
    codec = stream.codec_context.codec.canonical_name
    if codec != "hevc":
        return codec in _SKIPPABLE
    # Of several temporal layers, a frame may be no reference in its own and still be one for those above. The
    # number of layers stands in the decoder configuration (ISO/IEC 14496-15), which begins with a 1.
    extra = stream.codec_context.extradata
    return extra is not None and len(extra) > 22 and extra[0] == 1 and extra[21] >> 3 & 7 == 1


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
    path: Place, left: deque[int], index: VideoIndex, threads: int, convert: Convert
) -> Iterator[DecodedFrame | LostFrame]:
    """Yield the wanted frames by decoding all from the beginning; what does not come is lost."""
    with open_film(path, stream=index.stream, threads=threads) as decoder:
        frames = decoder.frames() if index.exact else counted(decoder.frames(), index)
        for ordinal, frame in _follow(frames, left, index.frame_count, index):
            yield (
                lost_frame(ordinal, index)
                if frame is None
                else DecodedFrame(ordinal, index.pts[ordinal], convert(frame))
            )


def counted(frames: Iterator[av.VideoFrame], index: VideoIndex) -> Iterator[av.VideoFrame]:
    """Yield frames with the times of the index, which were counted when it was made."""
    for frame, pts in zip(frames, index.pts, strict=False):
        frame.pts = pts
        yield frame


def lost_frame(ordinal: int, index: VideoIndex) -> LostFrame:
    """Return a frame of the index as one that could not be decoded."""
    return LostFrame(ordinal, index.pts[ordinal], "its data is damaged: the decoder gave no picture for it")


@dataclass(frozen=True, slots=True)
class _Found:
    """The times of a film's frames, the last one's duration in ticks, and what a person should know."""

    times: _Times
    last_duration: int
    warnings: tuple[str, ...] = ()


def _times_in_header(path: Place, stream: VideoStream, first_decoded: int | None) -> _Found | None:
    """Return the times that the header of an MP4 or MOV states; None where they stand elsewhere, or are in doubt."""
    if "mp4" not in _formats(stream):
        return None
    from rushes.footage.mp4 import read_sample_times

    try:
        with open_place(path) as file:
            samples = read_sample_times(file, stream.id)
    except OSError:
        return None
    if samples is None or not _agree(samples, stream):
        return None
    order = np.argsort(samples.pts, kind="stable")
    pts = samples.pts[order]
    if not samples.begins_with_key or first_decoded != pts[0] or np.any(np.diff(pts) < 1):
        return None
    keyframes = np.flatnonzero(samples.keys[order])
    return _Found(_Times(tuple(pts.tolist()), tuple(keyframes.tolist())), int(samples.durations[order[-1]]))


def _formats(stream: VideoStream) -> set[str]:
    """Return the names of the containers among which FFmpeg makes no difference, that of the film's being one."""
    return set(stream.container.format.name.split(","))


def _agree(samples: SampleTimes, stream: VideoStream) -> bool:
    """Return whether FFmpeg's own index of a film is as long as the header's, and the same where looked at."""
    entries = stream.index_entries
    if len(entries) != samples.entry_count or stream.time_base != Fraction(1, samples.ticks_per_second):
        return False
    count = len(samples.pts)
    for place in {*range(0, count, max(1, count // _PROBES)), count - 1}:
        entry = entries[int(samples.places[place])]
        stated = (int(samples.dts[place]), bool(samples.keys[place]), False)
        if (entry.timestamp, entry.is_keyframe, entry.is_discard) != stated:
            return False
    return True


def _times_in_packets(path: Place, first_decoded: int | None, *, told: bool, reordered: bool) -> _Found:
    """Return the times of the frames by the packets; where these do not tell, by decoding all.

    Args:
        told: each packet holds one frame.
        reordered: frames may be shown in another order than their packets are stored in, and the container does not
            tell; where the times of the packets rise as they are stored, they are not those of their frames.
    """
    with open_film(path) as decoder:
        packets = _Packets.of(decoder)
        stated, codec = decoder.stream.frames, decoder.stream.codec_context.codec.canonical_name
        time_base = Fraction(decoder.stream.time_base or 0)
        stated_end = _stated_end(path, decoder)
    times = packets.times(first_decoded) if told else None
    if times is None or (reordered and packets.rising):
        logger.info("%s: the times of its frames are found by decoding all of them", path.name)
        decoded = _decoded_times(path)
        # One after the other, the frames are shown at the times that the packets have together.
        same = times is not None and not decoded.exact and len(times.pts) == len(decoded.pts)
        times = _Times(times.pts, decoded.keyframes, exact=False) if times is not None and same else decoded
    if not times.pts:
        raise MediaError(path, _nothing_decodes(codec, len(packets.pts)))
    warnings = list(packets.warnings)
    if stated > packets.count:
        warnings.append(f"it is cut off: {packets.count:,} of the {stated:,} frames it states are there")
    end = (times.pts[-1] + packets.duration) * time_base
    if stated_end is not None and times.exact and stated_end - end > _MISSING_SECONDS:
        stated_seconds = f"{float(stated_end):.1f} s it states"
        warnings.append(f"it is cut off: its frames end at {float(end):.1f} s of the {stated_seconds}")
    return _Found(times, packets.duration, tuple(warnings))


def _stated_end(path: Place, decoder: Decoder) -> Fraction | None:
    """Return when the pictures of a Matroska file should end, in seconds, where bytes of it are missing; else None.

    The duration alone does not tell: that of the file may be a longer sound track's, that of the track may count how
    long a last picture stands.
    """
    if "matroska" not in _formats(decoder.stream):
        return None
    try:
        with open_place(path) as file:
            if not lacks_bytes(file):
                return None
    except OSError:
        return None
    of_track = _seconds_of_tag(decoder.stream.metadata.get("DURATION", ""))
    return of_track or (Fraction(decoder.container.duration, 1_000_000) if decoder.container.duration else None)


def _seconds_of_tag(text: str) -> Fraction | None:
    """Return the seconds that `00:00:47.640000000` states."""
    parts = text.split(":")
    try:
        hours, minutes, seconds = (Fraction(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds


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
    begins_with_key: bool  # the first packet, shown or not
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
        begins_with_key, orderly, count = False, True, 0
        before: int | None = None
        try:
            for packet in decoder.container.demux(decoder.stream):
                begins_with_key = begins_with_key or (count == 0 and packet.is_keyframe)
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
        return cls(pts, keys, begins_with_key, orderly, last, count, tuple(warnings))

    @property
    def rising(self) -> bool:
        """Whether no packet has an earlier time than the one before it."""
        known = [value for value in self.pts if value is not None]
        return known == sorted(known)

    def times(self, first_decoded: int | None) -> _Times | None:
        """Return the times of the frames; None where the packets do not tell."""
        known = [value for value in self.pts if value is not None]
        told = len(known) == len(self.pts) == len(set(known)) and self.orderly
        if not told or not known or not self.begins_with_key or first_decoded != min(known):
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


def _look_at_first_frame(path: Place, decoder: Decoder) -> tuple[av.VideoFrame, int, int, int]:
    """Return the first frame, its flip code, and the width and height in pixels at which it is to be shown."""
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
    """Return the frames per second that the times show, as the exact rate that is meant.

    Where frames are missing, it is the rate at which the others stand.
    """
    if len(pts) == 1:
        return Fraction(stated) if stated and 0 < stated <= 1000 else Fraction(25)
    near = [rate for rate in (*_STANDARD_RATES, *([Fraction(stated)] if stated else [])) if rate > 0]
    gapped = _rate_with_gaps(pts, time_base, near)
    if gapped is not None:
        return gapped
    measured = (len(pts) - 1) / ((pts[-1] - pts[0]) * time_base)
    slack = Fraction(1, 1000) + time_base / ((pts[-1] - pts[0]) * time_base)  # a tick at either end
    best = min(near, key=lambda rate: abs(rate - measured))
    return best if abs(best - measured) <= slack * measured else measured.limit_denominator(1001) or measured


def _rate_with_gaps(pts: Sequence[int], time_base: Fraction, rates: Sequence[Fraction]) -> Fraction | None:
    """Return the rate on whose grid all frames stand, nearly all one slot apart, and some more; None without gaps."""
    ticks = np.array(pts, np.int64) - pts[0]
    usual = int(np.median(np.diff(ticks)))
    fitting: list[tuple[float, Fraction]] = []
    for rate in (*rates, *([1 / (usual * time_base)] if usual else [])):
        frames_per_tick = float(time_base * rate)
        slots = ticks * frames_per_tick
        steps = np.diff(np.rint(slots))
        astray = float(np.abs(slots - np.rint(slots)).max())
        whole = (1 / (time_base * rate)).denominator == 1  # a frame lasts a whole number of ticks
        near = astray <= 0.125 or (not whole and astray <= frames_per_tick)
        if (
            (whole or frames_per_tick <= 0.25)
            and near
            and steps.min() >= 1
            and steps.max() > 1
            and (steps == 1).mean() >= _ON_GRID
        ):
            fitting.append((astray, rate))
    return min(fitting, key=lambda fit: fit[0])[1] if fitting else None


def _captured_at(text: str | None) -> str | None:
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.isoformat() if moment is not None and moment.year > 1971 else None
