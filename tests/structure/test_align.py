from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rushes.structure.align import align_subtitles
from rushes.structure.read_subtitles import RawSubtitle, SubtitleFile
from rushes.timelines.timeline import Timeline, make_timeline
from structure.sounds import heard, lines_said, titles_of
from timelines.shots_by_hand import index_of, shots_at, source_of


def _timeline(*edges: int) -> Timeline:
    index = index_of(edges[-1], rate=Fraction(25))
    return make_timeline(source_of(index), index, shots_at(edges))


def _aligned(*spans: tuple[float, float]):  # type: ignore[no-untyped-def]
    raw = tuple(RawSubtitle(*span, f"line {number}") for number, span in enumerate(spans, start=1))
    return align_subtitles(SubtitleFile("a.srt", raw), _timeline(0, 100, 200, 400))  # cuts at 4 s and 8 s, ends at 16 s


def test_a_subtitle_is_shown_over_the_shots_that_it_lasts_through() -> None:
    found = _aligned((1, 3), (3, 9), (4, 5), (8, 16))
    assert [(one.first, one.stop) for one in found.entries] == [(0, 1), (0, 3), (1, 2), (2, 3)]


def test_a_moment_beyond_a_cut_is_not_of_the_next_shot() -> None:
    found = _aligned((1, 4.1), (3.9, 6), (3.95, 4.05), (3.8, 4.3))
    assert [(one.first, one.stop) for one in found.entries] == [(0, 1), (1, 2), (0, 2), (0, 2)]


def test_what_lies_outside_the_film_has_no_shot_and_is_counted() -> None:
    found = _aligned((1, 2), (16, 18), (20, 21))
    assert [(one.first, one.stop) for one in found.entries] == [(0, 1), (3, 3), (3, 3)]
    assert found.notes == ("2 of 3 subtitles are outside the film",)
    assert found.fit == "not known"


def test_the_offset_is_taken_out_of_the_entries() -> None:
    lines = lines_said(400, seed=4)
    timeline = _timeline(0, 5000, 10000)
    found = align_subtitles(titles_of(lines, offset=12.0), timeline, loudness=heard(lines, 400, seed=4))
    assert found.fit == "moved"
    assert abs(found.offset_seconds + 12.0) <= 0.15
    assert all(abs(one.start_seconds - line[0]) <= 0.15 for one, line in zip(found.entries, lines, strict=True))


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0.01, 8)), max_size=8))
def test_shots_of_subtitles_are_within_the_film_and_overlap_them(spans: list[tuple[float, float]]) -> None:
    timeline = _timeline(0, 3, 100, 101, 400)
    raw = tuple(RawSubtitle(start, start + length, "x") for start, length in spans)
    for one in align_subtitles(SubtitleFile("a.srt", raw), timeline).entries:
        assert 0 <= one.first <= one.stop <= len(timeline.shots)
        for shot in timeline.shots[one.first : one.stop]:
            assert shot.start_seconds < one.stop_seconds
            assert shot.stop_seconds > one.start_seconds
        assert (one.first == one.stop) == (one.start_seconds >= 16)
