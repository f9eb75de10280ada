"""Which frames of a shot are looked at."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.shot import Shot
from rushes.structure.looked_at import MOST_LOOKS, plan_looks


def shot_of(frames: int, *, start: int = 100, blank: bool = False) -> Shot:
    return Shot("ab", start, start + frames, None, start + frames // 3, start, blank)


@given(st.integers(1, 20_000), st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(5)]))
def test_looks_rise_within_the_shot_and_the_typical_frame_is_among_them(frames: int, rate: Fraction) -> None:
    shot = shot_of(frames)
    (looks,) = plan_looks([shot], rate)
    assert list(looks) == sorted(set(looks))
    assert shot.typical in looks
    assert shot.start <= looks[0] <= looks[-1] < shot.stop
    assert 1 <= len(looks) <= MOST_LOOKS


def test_a_long_shot_is_looked_at_more_often_than_a_short_one() -> None:
    short, middling, long = plan_looks([shot_of(12), shot_of(72), shot_of(2400)], Fraction(24))
    assert len(short) == 1 < len(middling) < len(long) == MOST_LOOKS


def test_nothing_of_a_blank_shot_is_looked_at() -> None:
    assert plan_looks([shot_of(50, blank=True)], Fraction(24)) == ((),)
