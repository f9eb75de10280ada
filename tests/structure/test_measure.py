from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.footage.shot import Cut
from rushes.footage.signals import MOTION_COLUMNS, SIGNATURE_BYTES, Signals
from rushes.structure.facts import ColourShare, PictureArea
from rushes.structure.measure import measure_facts
from rushes.structure.rhythm import MOST_POINTS, find_long_takes, smooth_rhythm
from rushes.timelines.timeline import ShotAnswer, Timeline, make_timeline, with_answers
from timelines.shots_by_hand import index_of, shots_at, source_of

_RATE = Fraction(25)


def _timeline(edges: list[int], *, cuts: list[Cut | None] | None = None, blank: tuple[int, ...] = ()) -> Timeline:
    index = index_of(edges[-1], rate=_RATE)
    return make_timeline(source_of(index), index, shots_at(edges, cuts, blank))


def _signals(
    count: int, *, brightness: float = 100.0, contrast: float = 40.0, luma: np.ndarray | None = None
) -> Signals:
    signature = np.full((count, SIGNATURE_BYTES), 100, np.uint8)
    if luma is not None:
        signature[:, : luma.size] = luma.reshape(-1)
    zeros = np.zeros(count, np.float32)
    return Signals(
        source="ab" * 32, rate=_RATE, time_base=1 / _RATE, film_frames=count, ordinal=np.arange(count),
        pts=np.arange(count), keyframe=np.zeros(count, np.bool_), signature=signature, step=zeros, across=zeros,
        drift=zeros, brightness=zeros + np.float32(brightness), contrast=zeros + np.float32(contrast), dark=zeros,
        bright=zeros, colour=zeros, sharpness=zeros, look=np.zeros(count, np.uint64),
        motion=np.full((count, len(MOTION_COLUMNS)), np.nan, np.float32),
    )  # fmt: skip


def test_lengths_and_cuts_are_those_of_shots_that_show_something() -> None:
    cuts = [None, Cut(50, "hard", 50, 50), Cut(150, "fade", 145, 150), Cut(200, "fade", 198, 205)]
    facts = measure_facts(_timeline([0, 50, 150, 200, 500], cuts=cuts, blank=(3,)), _signals(500))
    assert (facts.shot_count, facts.duration_seconds) == (3, 20.0)
    assert (facts.shortest_shot_seconds, facts.median_shot_seconds, facts.longest_shot_seconds) == (2.0, 4.0, 12.0)
    assert facts.average_shot_seconds == 6.0
    assert facts.cuts == {"hard": 1, "fade": 1, "dissolve": 0}
    assert all(not 6.05 < point.seconds < 7.95 for point in facts.tones)


def test_a_black_film_has_no_shot_and_no_curve_but_of_its_light() -> None:
    facts = measure_facts(
        _timeline([0, 100], blank=(1,)), _signals(100, brightness=0), palettes=[(ColourShare(0, 0, 0, 1),)]
    )
    assert (facts.shot_count, facts.average_shot_seconds, facts.duration_seconds) == (0, 0.0, 4.0)
    assert (facts.rhythm, facts.palette, facts.palettes, facts.long_takes) == ((), (), ((),), ())
    assert {one.brightness for one in facts.tones} == {0}


def test_a_film_of_one_shot_is_one_length_throughout() -> None:
    facts = measure_facts(_timeline([0, 25 * 90]), _signals(25 * 90))
    assert facts.average_shot_seconds == facts.median_shot_seconds == 90.0
    assert all(point.shot_seconds == pytest.approx(90.0) for point in facts.rhythm)
    assert facts.long_takes == (0,)
    assert facts.long_take_seconds == 60.0


def test_scales_are_counted_from_near_to_far_by_shots_and_by_seconds() -> None:
    timeline = _timeline([0, 25, 75, 150, 175], blank=(4,))
    answers = [
        {"scale": ShotAnswer(name, 0.9, ""), "movement": ShotAnswer("push", 0.5, "")} for name in ("LS", "MCU", "LS")
    ]
    facts = measure_facts(
        with_answers(timeline, [*answers, {"scale": ShotAnswer("ECS", 0.9, "")}]), _signals(175), scale_by="b"
    )
    assert [(one.class_name, one.shots, one.seconds) for one in facts.scales] == [("MCU", 1, 2.0), ("LS", 2, 4.0)]
    assert [(one.class_name, one.shots) for one in facts.movements] == [("push", 3)]
    assert facts.scale_by == "b"
    assert measure_facts(timeline, _signals(175)).scales == ()


def test_bars_do_not_darken_the_picture() -> None:
    luma = np.zeros((9, 16), np.uint8)
    luma[2:7] = 90
    frame = _signals(50, brightness=90 * 5 / 9, contrast=float(np.sqrt(90**2 * 5 / 9 - (90 * 5 / 9) ** 2)), luma=luma)
    area = PictureArea(0, 240, 1920, 840, 3.2)
    points = measure_facts(_timeline([0, 50]), frame, area=area).tones
    assert all(
        point.brightness == pytest.approx(90) and point.contrast == pytest.approx(0, abs=0.1) for point in points
    )
    full = _signals(50, luma=np.full((9, 16), 100, np.uint8))  # just now the picture fills the frame
    assert measure_facts(_timeline([0, 50]), full, area=area).tones[0].brightness == 100


def test_palettes_are_one_per_shot() -> None:
    with pytest.raises(ValueError, match="one palette per shot: 2"):
        measure_facts(_timeline([0, 25, 75]), _signals(75), palettes=[()])


def test_the_rhythm_of_a_film_that_quickens_falls() -> None:
    lengths = np.concatenate([np.full(60, 12.0), np.full(240, 3.0)])
    stops = np.cumsum(lengths)
    curve = smooth_rhythm(stops - lengths, stops, duration=float(stops[-1]))
    assert curve[0].shot_seconds == pytest.approx(12, rel=0.01)
    assert curve[-1].shot_seconds == pytest.approx(3, rel=0.01)
    assert all(later.shot_seconds <= sooner.shot_seconds + 1e-6 for sooner, later in pairwise(curve))


def test_a_take_is_long_for_its_film() -> None:
    draw = np.random.default_rng(3)
    lengths = np.exp(draw.normal(np.log(4), 0.7, 400))
    found = find_long_takes(np.append(lengths, 60.0))
    assert 14 < found.from_seconds < 19  # 4 s times e to twice 0.7
    assert 400 in found.places
    assert 3 <= len(found.places) <= 20
    assert find_long_takes(lengths / 4).from_seconds == 10.0  # where all is quick, ten seconds are still not long
    assert find_long_takes(np.array([])).places == ()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=40), st.integers(0, 3000))
def test_facts_of_any_film_are_of_its_shots(lengths: list[int], blank_end: int) -> None:
    edges = [0, *np.cumsum(lengths).tolist()]
    blank = ()
    if blank_end:
        edges.append(edges[-1] + blank_end)
        blank = (len(edges) - 1,)
    timeline = _timeline(edges, blank=blank)
    facts = measure_facts(timeline, _signals(edges[-1]))
    seconds = [length / 25 for length in lengths]
    assert facts.median_shot_seconds == pytest.approx(median(seconds))
    assert facts.average_shot_seconds * facts.shot_count == pytest.approx(sum(seconds))
    assert 2 <= len(facts.rhythm) <= MOST_POINTS
    assert all(min(seconds) * 0.999 <= point.shot_seconds <= max(seconds) * 1.001 for point in facts.rhythm)
    assert len(facts.tones) <= 600
    assert all(seconds[place] >= facts.long_take_seconds for place in facts.long_takes)
