"""Which frames of each shot are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rushes.footage.shot import Shot

USUAL_LOOKS = 5  # of a shot of some ten seconds
MOST_LOOKS = 300  # of one shot: of two hours in one shot a look every 24 s, of ten every 2 minutes
_SECONDS_A_LOOK = 2.5
_USUAL_SECONDS = 12.0  # up to which a shot is looked at USUAL_LOOKS times at most
_SECONDS_A_LOOK_MORE = 20.0


def plan_looks(shots: Sequence[Shot], rate: Fraction) -> tuple[tuple[int, ...], ...]:
    """Return the frames of each shot that are looked at, as rising ordinals; none of a blank one.

    The typical frame is always among them; others are in the middles of as many equal parts as the shot is long, so
    that a pan's ends are seen and no frame is near a cut, where one picture may show through another. A shot of usual
    length has few of them; a long one, in which people come and go, has one more every 20 s.
    """
    return tuple(() if shot.blank else _looks(shot, rate) for shot in shots)


def _looks(shot: Shot, rate: Fraction) -> tuple[int, ...]:
    seconds = float(shot.frame_count / rate)
    if seconds < 1:
        return (shot.typical,)
    usual = min(USUAL_LOOKS - 1, int(seconds / _SECONDS_A_LOOK) + 1)
    more = int(max(0.0, seconds - _USUAL_SECONDS) / _SECONDS_A_LOOK_MORE)
    parts = min(usual + more, MOST_LOOKS - 1, shot.frame_count)
    middles = {shot.start + (2 * part + 1) * shot.frame_count // (2 * parts) for part in range(parts)}
    return tuple(sorted(middles | {shot.typical}))
