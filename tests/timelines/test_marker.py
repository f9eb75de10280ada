"""Markers, and where they fall on a timeline."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings

from rushes.timelines.marker import Marker, describe_marker, names_by_shot, one_line, place_markers
from rushes.timelines.timeline import Timeline, make_timeline
from timelines.markers_by_hand import marked_timelines
from timelines.shots_by_hand import index_of, shots_at, small_timeline, source_of


def test_a_marker_that_cannot_be_is_not_built() -> None:
    for broken in ({"layer": ""}, {"stop": Fraction(1)}, {"colour": "pink"}, {"confidence": 1.5}):
        with pytest.raises(ValueError, match=r"marker|confidence"):
            Marker(**{"layer": "scene", "name": "x", "start": Fraction(1), "stop": Fraction(2)} | broken)


def test_a_marker_begins_and_ends_on_the_slots_of_its_shots_where_the_rate_varies() -> None:
    pts = [0, 1, 2, 30, 31, 32, 60, 90]  # quarter-seconds; the average rate puts each elsewhere
    index = index_of(8, rate=Fraction(4, 10), pts=pts, time_base=Fraction(1, 4))
    timeline = make_timeline(source_of(index), index, shots_at([0, 3, 6, 8]))
    second = timeline.shots[1]
    (placed,) = place_markers(timeline, [Marker("scene", "x", second.start_seconds, second.stop_seconds)])
    assert (placed.start_slot, placed.stop_slot) == (second.start_slot, second.stop_slot)
    assert (placed.first, placed.last) == (1, 1)


def test_within_a_shot_it_falls_on_the_nearest_slot_and_keeps_one() -> None:
    brief = Marker("subtitle", "x", Fraction(1), Fraction(1001, 1000))
    beyond = Marker("subtitle", "y", Fraction(3), Fraction(99))
    after = Marker("subtitle", "z", Fraction(4), Fraction(5))
    placed = place_markers(small_timeline(), [after, beyond, brief])
    assert [(one.marker.name, one.start_slot, one.stop_slot) for one in placed] == [("x", 25, 26), ("y", 75, 100)]


@settings(max_examples=40)
@given(marked_timelines())
def test_every_marker_of_the_film_has_slots_of_it_and_the_shots_around_them(
    marked: tuple[Timeline, list[Marker]],
) -> None:
    timeline, markers = marked
    placed = place_markers(timeline, markers)
    assert len(placed) == sum(one.start < timeline.duration_seconds for one in markers)
    for one in placed:
        assert 0 <= one.start_slot < one.stop_slot <= timeline.slot_count
        assert timeline.shots[one.first].start_slot <= one.start_slot < timeline.shots[one.first].stop_slot
    scenes = [one for one in placed if one.marker.layer == "scene"]
    assert [one.start_slot for one in scenes] == [0, *(one.stop_slot for one in scenes[:-1])]
    assert scenes[-1].stop_slot == timeline.slot_count


def test_shots_know_what_covers_them_by_layer() -> None:
    markers = [
        Marker("scene", "Scene 1", Fraction(0), Fraction(28, 10)),
        Marker("scene", "Scene 2", Fraction(28, 10), Fraction(4)),
        Marker("character", "Ada", Fraction(2), Fraction(3)),
    ]
    assert names_by_shot(small_timeline(), markers) == [
        {"scene": ["Scene 1"], "character": []},
        {"scene": ["Scene 1"], "character": ["Ada"]},
        {"scene": ["Scene 2"], "character": ["Ada"]},
    ]


def test_what_is_to_say_of_it_is_one_line() -> None:
    marker = Marker("scene", "x", Fraction(0), Fraction(1), "two\r\nlines\x07 and \u2028more", 0.456)
    assert describe_marker(marker) == "two lines and more; confidence 0.46"
    assert one_line("مريم\n") == "مريم"
