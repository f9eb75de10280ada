"""Which frames of each shot are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rushes.footage.shot import Shot

MOST_LOOKS = 5  # of one shot
_SECONDS_A_LOOK = 2.5


def plan_looks(shots: Sequence[Shot], rate: Fraction) -> tuple[tuple[int, ...], ...]:
    """Return the frames of each shot that are looked at, as rising ordinals; none of a blank one.

    The typical frame is always among them; others are in the middles of as many equal parts as the shot is long, so
    that a pan's ends are seen and no frame is near a cut, where one picture may show through another.
    """
    return tuple(() if shot.blank else _looks(shot, rate) for shot in shots)


def _looks(shot: Shot, rate: Fraction) -> tuple[int, ...]:
    seconds = float(shot.frame_count / rate)
    parts = min(MOST_LOOKS - 1, int(seconds / _SECONDS_A_LOOK) + 1, shot.frame_count)
    if seconds < 1:
        return (shot.typical,)
    middles = {shot.start + (2 * part + 1) * shot.frame_count // (2 * parts) for part in range(parts)}
    return tuple(sorted(middles | {shot.typical}))
