"""Timelines made by hand, and drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from rushes.footage.shot import Cut, Shot
from rushes.footage.source import Source
from rushes.footage.video_index import VideoIndex
from rushes.timelines.timeline import ShotAnswer, Timeline, make_timeline, with_answers

DIGEST = "ab" * 32
RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(15))


def index_of(
    frame_count: int,
    *,
    rate: Fraction = Fraction(25),
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    start_timecode: str | None = None,
) -> VideoIndex:
    """Return the index of a film with a constant rate, or with these times."""
    times = tuple(range(frame_count)) if pts is None else tuple(pts)
    base = time_base or 1 / rate
    return VideoIndex(
        pts=times,
        time_base=base,
        rate=rate,
        keyframes=(0,),
        width_pixels=1920,
        height_pixels=1080,
        codec="h264",
        duration_seconds=(times[-1] - times[0]) * base + 1 / rate,
        start_timecode=start_timecode,
    )


def source_of(index: VideoIndex, path: str = "/films/TT_S01_E01.mov") -> Source:
    name = path.rpartition("/")[2].rpartition(".")[0]
    return Source(
        DIGEST, path, name, "x", "video", index.width_pixels, index.height_pixels, index.codec,
        index.pts[0], index.rate, index.frame_count, index.duration_seconds,
    )  # fmt: skip


def shots_at(edges: Sequence[int], cuts: Sequence[Cut | None] | None = None, blank: Sequence[int] = ()) -> list[Shot]:
    """Return the shots between edges, which begin with hard cuts where none are given; `blank` holds numbers from 1."""
    spans = list(pairwise(edges))
    openings = cuts or [None, *(Cut(start, "hard", start, start, 0.9) for start, _ in spans[1:])]
    return [
        Shot(DIGEST, start, stop, cut, (start + stop) // 2, start, number in blank)
        for number, ((start, stop), cut) in enumerate(zip(spans, openings, strict=True), start=1)
    ]


def small_timeline(path: str = "/films/TT_S01_E01.mov") -> Timeline:
    """Return 100 frames at 25 per second: a hard cut at 40, a dissolve around 70, then something blank."""
    index = index_of(100)
    cuts = [None, Cut(40, "hard", 40, 40, 0.98), Cut(70, "dissolve", 64, 76, 0.71)]
    return make_timeline(source_of(index, path), index, shots_at([0, 40, 70, 100], cuts, blank=[3]))


PUSH = ShotAnswer("push", 0.93, "zoom ×1.31 over 1.2 s, 87 % of the frame agrees")


def answered_timeline() -> Timeline:
    """Return the small timeline with movement of two shots, scale of one, and nothing of the blank one."""
    static = ShotAnswer("static", 0.8)
    return with_answers(
        small_timeline(), [{"scale": ShotAnswer("MS", 0.61), "movement": PUSH}, {"movement": static}, {}]
    )


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Draw films with constant and with varying rates, cut anywhere, with and without a timecode of their own."""
    frame_count = draw(st.integers(1, 400))
    rate = draw(st.sampled_from(RATES))
    edges = sorted({0, frame_count, *draw(st.lists(st.integers(0, frame_count), max_size=12))})
    if draw(st.booleans()):
        stated = draw(st.sampled_from([None, "01:00:00:00", "23:59:59:10"]))
        drop = stated is not None and rate.denominator == 1001 and rate.numerator != 24000
        timecode = stated.replace(":10", ";10") if stated and drop else stated
        index = index_of(frame_count, rate=rate, start_timecode=timecode)
    else:
        steps = draw(st.lists(st.integers(1, 400), min_size=frame_count, max_size=frame_count))
        pts = [sum(steps[:place]) for place in range(frame_count)]
        index = index_of(frame_count, rate=rate, pts=pts, time_base=Fraction(1, 600))
    return make_timeline(source_of(index), index, shots_at(edges))
