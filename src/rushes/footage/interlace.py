"""Interlaced frames made whole: one frame from each, with the moving edges of its other field filled in."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av
    from av.filter import Graph
    from av.video.stream import VideoStream

_INTERLACED_ORDERS = frozenset({2, 3, 4, 5})  # AVFieldOrder


def is_interlaced(first: av.VideoFrame, stream: VideoStream) -> bool:
    """Return whether a film says, in its first frame or its header, that its frames are of two fields each."""
    return first.interlaced_frame or stream.codec_context.field_order in _INTERLACED_ORDERS


def with_neighbours(ordinals: Sequence[int], frame_count: int) -> list[int]:
    """Return rising ordinals with the frame before and after each: what `without_combs` looks at."""
    near = {ordinal + step for ordinal in ordinals for step in (-1, 0, 1)}
    return sorted(near & set(range(frame_count)))


def without_combs(
    frames: Iterable[tuple[int, av.VideoFrame | None]], wanted: Collection[int]
) -> Iterator[tuple[int, av.VideoFrame | None]]:
    """Yield the wanted of rising frames with one field kept and the other interpolated where something moves.

    FFmpeg's filter bwdif decides by the frames before and after, so that each frame comes out the same whichever
    others are wanted. It takes the order of the fields from the frame, and leaves a frame that is not interlaced as
    it is. Next to a frame that is not there, it goes by the rest.

    Args:
        frames: ordinals with their frames, None for one that is lost; the neighbours of the wanted ones included.
    """
    stretch: _Stretch | None = None
    for ordinal, frame in frames:
        if stretch is not None and (frame is None or not stretch.continues_with(ordinal, frame)):
            yield from _only(stretch.end(), wanted)
            stretch = None
        if frame is None:
            yield from _only([(ordinal, None)], wanted)
            continue
        stretch = stretch or _Stretch(frame)
        yield from _only(stretch.push(ordinal, frame), wanted)
    if stretch is not None:
        yield from _only(stretch.end(), wanted)


class _Stretch:
    """Consecutive frames of one kind on their way through the filter, which holds the latest back."""

    def __init__(self, first: av.VideoFrame) -> None:
        self._graph = _graph(first)
        self._kind = _kind(first)
        self._inside: deque[tuple[int, av.VideoFrame]] = deque()

    def continues_with(self, ordinal: int, frame: av.VideoFrame) -> bool:
        return bool(self._inside) and ordinal == self._inside[-1][0] + 1 and _kind(frame) == self._kind

    def push(self, ordinal: int, frame: av.VideoFrame) -> Iterator[tuple[int, av.VideoFrame]]:
        self._inside.append((ordinal, frame))
        self._graph.vpush(frame)
        return self._finished()

    def end(self) -> Iterator[tuple[int, av.VideoFrame]]:
        self._graph.vpush(None)
        return self._finished()

    def _finished(self) -> Iterator[tuple[int, av.VideoFrame]]:
        import av

        while self._inside:
            try:
                whole = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            ordinal, frame = self._inside.popleft()
            whole.colorspace, whole.color_range = frame.colorspace, frame.color_range
            whole.color_trc, whole.color_primaries = frame.color_trc, frame.color_primaries
            yield ordinal, whole


def _only(
    frames: Iterable[tuple[int, av.VideoFrame | None]], wanted: Collection[int]
) -> Iterator[tuple[int, av.VideoFrame | None]]:
    return ((ordinal, frame) for ordinal, frame in frames if ordinal in wanted)


def _kind(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _graph(frame: av.VideoFrame) -> Graph:
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    width, height, _ = _kind(frame)
    ticks = frame.time_base or Fraction(1, 1000)  # a frame out of an emptied decoder has none; times are the index's
    source = graph.add_buffer(width=width, height=height, format=frame.format, time_base=ticks)
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink"))
    graph.configure()
    return graph
