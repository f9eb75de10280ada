"""Which frames of a shot are looked at."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.shot import Shot
from rushes.structure.looked_at import MOST_LOOKS, USUAL_LOOKS, plan_looks


def shot_of(frames: int, *, start: int = 100, blank: bool = False) -> Shot:
    return Shot("ab", start, start + frames, None, start + frames // 3, start, blank)


@given(st.integers(1, 2_000_000), st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(5)]))
def test_looks_rise_within_the_shot_and_the_typical_frame_is_among_them(frames: int, rate: Fraction) -> None:
    shot = shot_of(frames)
    (looks,) = plan_looks([shot], rate)
    assert list(looks) == sorted(set(looks))
    assert shot.typical in looks
    assert shot.start <= looks[0] <= looks[-1] < shot.stop
    assert 1 <= len(looks) <= MOST_LOOKS


def test_a_long_shot_is_looked_at_more_often_than_a_short_one() -> None:
    shots = [shot_of(seconds * 24 + 1) for seconds in (0, 3, 12, 31, 33, 600, 36_000)]
    counts = [len(looks) for looks in plan_looks(shots, Fraction(24))]
    assert counts == [1, 3, USUAL_LOOKS, USUAL_LOOKS, USUAL_LOOKS + 1, USUAL_LOOKS + 29, MOST_LOOKS]


def test_the_looks_at_a_long_shot_are_evenly_spread() -> None:
    (looks,) = plan_looks([shot_of(36_000 * 24)], Fraction(24))
    steps = [after - before for before, after in pairwise(looks)]
    assert max(steps) <= 36_000 * 24 / (MOST_LOOKS - 1) + 1


def test_nothing_of_a_blank_shot_is_looked_at() -> None:
    assert plan_looks([shot_of(50, blank=True)], Fraction(24)) == ((),)
