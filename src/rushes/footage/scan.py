"""The one pass over a film's pixels: every frame decoded once, its signals noted, wanted frames handed on."""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from rushes.cores import count_cores
from rushes.errors import MediaError
from rushes.footage.film import Decoder, open_film
from rushes.footage.interlace import with_neighbours, without_combs
from rushes.footage.scanner import Scanner, warm_up_of
from rushes.footage.signals import Signals
from rushes.footage.steps import reach_of
from rushes.footage.video import STEPS_BACK, DecodedFrame, LostFrame, counted, lost_frame, see_first_packet
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.storage.places import Place

if TYPE_CHECKING:
    import av

logger = logging.getLogger(__name__)

_SEGMENT_SECONDS = 20  # of film; each segment decodes a little of the next one too
_LEAST_SECONDS = 5  # where a film is so short that it would not make a segment for each thread
_PROGRESS_FRAMES = 50

Keep = Callable[[DecodedFrame], None]


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a film gave.

    Attributes:
        signals: of every frame that could be decoded.
        lost: frames that the index names and that could not be decoded.
        damaged_packets: packets that gave no frame because they are damaged.
    """

    signals: Signals
    lost: tuple[LostFrame, ...] = ()
    damaged_packets: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every frame of the film is accounted for: a scan that was stopped is not whole."""
        return self.signals.frame_count + len(self.lost) == self.signals.film_frames


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a film that is decoded on its own.

    Attributes:
        seek: ordinal of the keyframe that decoding begins at; None for the beginning of the file.
        first: ordinal from which frames are taken; before it comes what the scanner needs to warm up.
        start, stop: ordinals that the segment answers for, `[start, stop)`.
        end: ordinal after the last that is decoded: a few more, which later decide about the last ones.
    """

    seek: int | None
    first: int
    start: int
    stop: int
    end: int


def plan_segments(index: VideoIndex, *, threads: int, most_frames: int = 0) -> list[Segment]:
    """Return the segments into which a film is cut for so many threads; one where it is short or cannot be sought.

    Every segment but the first begins at a keyframe. What a scanner needs from before its first frame is given by the
    segment before, which goes on that far: no frame's signals depend on where the film was cut.

    Args:
        most_frames: that a segment is to answer for, as far as the least length of one and the film's keyframes let
            it; 0 for any number.
    """
    whole = [whole_film(index)]
    least, usual = (max(1, round(index.rate * seconds)) for seconds in (_LEAST_SECONDS, _SEGMENT_SECONDS))
    count = max(min(threads, index.frame_count // least), min(4 * threads, index.frame_count // usual))
    if most_frames:
        count = max(count, min(-(-index.frame_count // most_frames), index.frame_count // least))
    if threads < 2 or count < 2 or not (index.exact and index.seekable):
        return whole
    keyframes = [index.keyframes[min(bisect_left(index.keyframes, index.frame_count * part // count),
                                     len(index.keyframes) - 1)] for part in range(1, count)]  # fmt: skip
    warm_up, reach = warm_up_of(index.rate), reach_of(index.rate)
    begins = [key for key in dict.fromkeys(keyframes) if key > warm_up]
    starts = [0, *(key + warm_up for key in begins if key + warm_up < index.frame_count)]
    stops = [*starts[1:], index.frame_count]
    starts, stops = _merged(starts, stops, least // 2)
    return [
        Segment(
            seek=None if start == 0 else start - warm_up,
            first=0 if start == 0 else start - warm_up,
            start=start,
            stop=stop,
            end=min(index.frame_count, stop + reach),
        )
        for start, stop in zip(starts, stops, strict=True)
    ]


def whole_film(index: VideoIndex) -> Segment:
    """Return the segment that is all of a film."""
    return Segment(None, 0, 0, index.frame_count, index.frame_count)


def scan_film(
    path: Place,
    index: VideoIndex,
    *,
    source: str,
    wanted: Iterable[int] = (),
    keep: Keep | None = None,
    threads: int = 0,
    deinterlace: bool = False,
    progress: Progress = silent,
    stopped: Callable[[], bool] = lambda: False,
) -> Scan:
    """Decode a film once, note the signals of every frame, and hand the wanted frames to `keep`.

    A long film is cut into segments that are decoded side by side; the signals are the same as of one go. Where a seek
    leads astray, the film is decoded in one go after all.

    Args:
        index: of this very file.
        source: its digest, for the signals.
        wanted: ordinals.
        keep: called with each wanted frame as it comes, rising within a segment, from several threads; never twice
            with the same frame. It must not hold on to all the pixels it is given.
        threads: for decoding; 0 takes one per core.
        deinterlace: take the combs at moving edges out of the wanted frames of an interlaced film.
        progress: told of frames.
        stopped: asked now and then; where it says so, what was noted until then is returned.

    Raises:
        MediaError: the file cannot be opened, or gives no frame at all.
        ValueError: a wanted ordinal is outside the film.
    """
    chosen = frozenset(wanted)
    if chosen and not 0 <= min(chosen) <= max(chosen) < index.frame_count:
        raise ValueError(f"ordinals are 0 to {index.frame_count - 1}, got {min(chosen)} to {max(chosen)}")
    count = threads or count_cores()
    tally = _Tally(index.frame_count, progress)
    given: set[int] = set()  # a frame is handed on once, also where the film is begun again

    def part(segment: Segment, threads: int, abandoned: Callable[[], bool]) -> ScannedPart:
        return scan_segment(
            path,
            index,
            segment,
            wanted=chosen,
            keep=None if keep is None else once,
            threads=threads,
            deinterlace=deinterlace,
            told=tally.add,
            stopped=lambda: stopped() or abandoned(),
        )

    def once(frame: DecodedFrame) -> None:
        if keep is not None and frame.ordinal not in given:
            given.add(frame.ordinal)
            keep(frame)

    segments = plan_segments(index, threads=count)
    parts = _side_by_side(part, segments, count) if len(segments) > 1 else None
    scan = None if parts is None else join_parts(parts, source)
    if scan is None or not (scan.is_whole or stopped()):
        if len(segments) > 1:
            logger.info("%s: seeking leads astray; scanning from the beginning", path.name)
        tally.restart()
        scan = join_parts([part(whole_film(index), count, lambda: False)], source)
    if not stopped():
        require_frames(path, scan)
    assert scan.is_whole or stopped(), "a scan accounts for every frame of the film"
    return scan


def require_frames(path: Place, scan: Scan) -> None:
    """Raise MediaError where a film gave no frame at all."""
    if not scan.signals.frame_count:
        raise MediaError(path, "gave no frame: all of its data is damaged. Copy it again from where it came from")


def scan_segment(
    path: Place,
    index: VideoIndex,
    segment: Segment,
    *,
    wanted: Set[int] = frozenset(),
    keep: Keep | None = None,
    threads: int = 1,
    deinterlace: bool = False,
    told: Callable[[int], None] = lambda count: None,
    stopped: Callable[[], bool] = lambda: False,
) -> ScannedPart:
    """Decode a segment of a film, and hand those of the wanted frames that it answers for to `keep`.

    It needs nothing of the other segments, and may be done on another machine; `join_parts` makes one scan of all.

    Args:
        wanted: ordinals, of the whole film.
        told: of frames that were decoded, some at a time.
        stopped: asked now and then; where it says so, what was noted until then is returned.

    Raises:
        AstrayError: no seek leads to the beginning of the segment.
        MediaError: the file cannot be opened.
    """
    reading = _Reading(path, index, segment, wanted, keep, deinterlace and index.interlaced, told, stopped)
    with _one_thread_each():
        return reading.part(threads)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep OpenCV from dividing its small pictures among threads while films are scanned: films are divided already."""
    import cv2

    with _scanning_lock:
        if not _scanning:
            _scanning.append(cv2.getNumThreads())
            cv2.setNumThreads(1)
        _scanning.append(0)
    try:
        yield
    finally:
        with _scanning_lock:
            _scanning.pop()
            if len(_scanning) == 1:
                cv2.setNumThreads(_scanning.pop())


# The setting belongs to the process: first what it was, then an entry for each scan that is under way.
_scanning: list[int] = []
_scanning_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class ScannedPart:
    """What a segment gave; its scanner has noted some frames before `start` and after `stop` too."""

    segment: Segment
    signals: Signals
    lost: tuple[LostFrame, ...]
    damaged_packets: int


class AstrayError(Exception):
    """No seek leads to the beginning of a segment: the film is to be scanned in one go."""


class _Damage:
    """Counts the damaged packets that came between the frames that a segment answers for."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder, self._seen, self.count = decoder, decoder.damaged_packets, 0

    def look(self, *, within: bool) -> None:
        """Take note of what was damaged since the last look."""
        now = self._decoder.damaged_packets
        self.count += (now - self._seen) if within else 0
        self._seen = now


class _Tally:
    """Frames done, over all threads."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._lock = threading.Lock()
        self._total, self._progress, self._done = total, progress, 0

    def restart(self) -> None:
        with self._lock:
            self._done = 0

    def add(self, count: int) -> None:
        with self._lock:
            self._done = min(self._total, self._done + count)
            self._progress(self._done, self._total)


def _side_by_side(
    part: Callable[[Segment, int, Callable[[], bool]], ScannedPart], segments: Sequence[Segment], threads: int
) -> list[ScannedPart] | None:
    """Return what the segments gave, in order; None where no seek leads to the beginning of one."""
    parts: dict[int, ScannedPart] = {}
    abandoned = threading.Event()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        running = {pool.submit(part, one, 1, abandoned.is_set): number for number, one in enumerate(segments)}
        try:
            for future in as_completed(running):
                parts[running[future]] = future.result()
        except AstrayError:
            return None
        finally:
            abandoned.set()
            pool.shutdown(cancel_futures=True)
    return [parts[number] for number in range(len(segments))]


@dataclass(frozen=True, slots=True)
class _Reading:
    """The decoding of one segment."""

    path: Place
    index: VideoIndex
    segment: Segment
    wanted: Set[int]
    keep: Keep | None
    deinterlace: bool
    told: Callable[[int], None]
    stopped: Callable[[], bool]

    def part(self, threads: int) -> ScannedPart:
        """Decode the segment; give up where it is no longer wanted."""
        from rushes.footage.color import ToRgb

        index, segment = self.index, self.segment
        scanner = Scanner(index, capacity=segment.end - segment.first)
        to_rgb = ToRgb(index.width_pixels, index.height_pixels, index.flip)
        lost: list[LostFrame] = []
        with open_film(self.path, stream=index.stream, threads=threads) as decoder:
            damage = _Damage(decoder)
            numbered = self._numbered(self._frames_of(decoder))
            frames: Iterator[tuple[int, av.VideoFrame | None]] = self._watched(numbered, scanner, lost, damage)
            if self.deinterlace:
                frames = without_combs(frames, frozenset(self.wanted))
            for ordinal, frame in frames:
                if frame is not None and segment.start <= ordinal < segment.stop:
                    self._hand_on(frame, ordinal, to_rgb)
        within = tuple(frame for frame in lost if segment.start <= frame.ordinal < segment.stop)
        return ScannedPart(segment, scanner.signals(""), within, damage.count)

    def _watched(
        self, frames: Iterator[tuple[int, av.VideoFrame]], scanner: Scanner, lost: list[LostFrame], damage: _Damage
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield the segment's frames that are asked for, once the scanner has seen all; note which are lost."""
        segment = self.segment
        asked = (
            frozenset(with_neighbours(sorted(self.wanted), self.index.frame_count)) if self.deinterlace else self.wanted
        )
        index = self.index
        expected, since = segment.first, 0
        for ordinal, frame in frames:
            lost += (lost_frame(missed, index) for missed in range(expected, ordinal))
            expected = ordinal + 1
            damage.look(within=segment.start <= ordinal < segment.stop)
            scanner.take(frame, ordinal)
            if ordinal in asked:
                yield ordinal, frame
            since += segment.start <= ordinal < segment.stop
            if since == _PROGRESS_FRAMES:
                self.told(since)
                since = 0
                if self.stopped():
                    return
        damage.look(within=segment.end == segment.stop)
        lost += (lost_frame(missed, index) for missed in range(expected, segment.end))
        self.told(since)

    def _frames_of(self, decoder: Decoder) -> Iterator[av.VideoFrame]:
        """Yield frames from the segment's first on, or from some way before it.

        Raises:
            AstrayError: every seek came out behind it, from however far back.
        """
        index, segment = self.index, self.segment
        if segment.seek is None:
            yield from decoder.frames()
            return
        see_first_packet(decoder, index)
        place = bisect_left(index.keyframes, segment.seek)
        for back in STEPS_BACK:
            decoder.seek(index.pts[index.keyframes[max(0, place - back)]])
            frames = decoder.frames()
            first = next(frames, None)
            if first is not None and first.pts is not None and first.pts <= index.pts[segment.first]:
                yield first
                yield from frames
                return
        raise AstrayError

    def _numbered(self, frames: Iterator[av.VideoFrame]) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield the segment's frames with their ordinals; a frame is known by its time."""
        index, segment = self.index, self.segment
        if not index.exact:
            frames = counted(frames, index)
        place = segment.first
        for frame in frames:
            if frame.pts is None:
                continue
            while place < index.frame_count and index.pts[place] < frame.pts:
                place += 1
            if place >= segment.end:
                return
            if index.pts[place] == frame.pts:
                yield place, frame
                place += 1

    def _hand_on(self, frame: av.VideoFrame, ordinal: int, to_rgb: Callable[[av.VideoFrame], object]) -> None:
        if self.keep is None or ordinal not in self.wanted:
            return
        pixels = np.asarray(to_rgb(frame), np.uint8)
        self.keep(DecodedFrame(ordinal, self.index.pts[ordinal], pixels))


def join_parts(parts: Sequence[ScannedPart], source: str) -> Scan:
    """Return one scan of parts in order, each cut to the frames that it answers for."""
    cut = [_rows_of(part) for part in parts]
    first = parts[0].signals
    arrays = {
        field.name: np.concatenate(
            [getattr(part.signals, field.name)[rows] for part, rows in zip(parts, cut, strict=True)]
        )
        for field in fields(Signals)
        if field.name not in ("source", "rate", "time_base", "film_frames")
    }
    signals = Signals(
        source=source, rate=first.rate, time_base=first.time_base, film_frames=first.film_frames, **arrays
    )
    lost = tuple(frame for part in parts for frame in part.lost)
    return Scan(signals, lost, sum(part.damaged_packets for part in parts))


def _rows_of(part: ScannedPart) -> slice:
    low, high = np.searchsorted(part.signals.ordinal, [part.segment.start, part.segment.stop])
    return slice(int(low), int(high))


def _merged(starts: Sequence[int], stops: Sequence[int], least: int) -> tuple[list[int], list[int]]:
    """Return stretches of which none is shorter than `least`, by joining short ones to the one before."""
    kept = [0]
    for start, stop in zip(starts[1:], stops[1:], strict=True):
        if start - kept[-1] >= least and stop - start >= least:
            kept.append(start)
    return kept, [*kept[1:], stops[-1]]
