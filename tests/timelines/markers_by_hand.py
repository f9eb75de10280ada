"""Markers made by hand, and drawn by hypothesis."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from rushes.timelines.marker import COLOURS, Marker
from rushes.timelines.timeline import Timeline
from timelines.shots_by_hand import timelines

# What people and files call things: markup, ends of lines, what no XML holds, letters from right to left, nothing.
NAMES = st.sampled_from(['Ada & <Co> "x"', "مريم", "a\x07b\x00c", "two\nlines", "=1+1|x", "", "Scene, of 9", "Ночь 🎬"])
LAYERS = ("dialogue", "side", "setup", "character", "subject", "subtitle", "other")


@st.composite
def marked_timelines(draw: st.DrawFn) -> tuple[Timeline, list[Marker]]:
    """Draw a film with scenes that tile its shots, and with markers of other layers anywhere, in it and beyond it."""
    timeline = draw(timelines())
    edges = sorted({0, len(timeline.shots), *draw(st.lists(st.integers(0, len(timeline.shots)), max_size=4))})
    scenes = [
        Marker(
            "scene",
            f"Scene {number}",
            timeline.shots[first].start_seconds,
            timeline.shots[stop - 1].stop_seconds,
            draw(NAMES),
            draw(st.sampled_from([None, 0.5, 1.0])),
            draw(st.sampled_from(["", *COLOURS])),
        )
        for number, (first, stop) in enumerate(pairwise(edges), start=1)
    ]
    more = []
    for _ in range(draw(st.integers(0, 5))):
        start = timeline.duration_seconds * draw(st.integers(0, 110)) / 100
        length = timeline.duration_seconds * draw(st.integers(1, 60)) / 5000 or Fraction(1, 1000)
        more.append(Marker(draw(st.sampled_from(LAYERS)), draw(NAMES), start, start + length, draw(NAMES)))
    return timeline, [*scenes, *more]
