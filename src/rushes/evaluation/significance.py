"""Significance: how likely chance alone makes a difference, and which of many stand once all were looked at.

The chance is read from the spread of the draws and Student's distribution, not from how many draws lie beyond nothing:
eight groups that all lean one way lie beyond it in every draw, though a coin falls eight times alike once in 256.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rushes.learning.measures import Floats

FALSE_SHARE = 0.05  # of what is flagged, that chance may account for
_STEPS = 20_001
_NO_SPREAD = 1e-12
_MOST_FREEDOM = 1000.0  # from there on Student's distribution is the normal one


def chance_of_lower(value: float, draws: Floats, *, freedom: float) -> float:
    """Return the one-sided p: how likely a difference this far below nothing comes by chance.

    Args:
        value: the difference that was found.
        draws: (resamples,) of the same difference, NaN aside.
        freedom: degrees of freedom, at least 1: one less than the groups that the difference rests on.

    Returns:
        1 / (draws + 1) of a difference that is the same in every draw: no more can be told from so many.
    """
    defined = draws[~np.isnan(draws)]
    spread = float(defined.std(ddof=1)) if len(defined) > 1 else 0.0
    if spread < _NO_SPREAD:
        return 1 / (len(defined) + 1) if value < -_NO_SPREAD else 1.0
    return student_below(value / spread, freedom)


def groups_by_weight(sizes: Floats) -> float:
    """Return how many groups of equal size are worth as much as these: 10 groups of which one holds all are worth 1.

    Kish, Survey Sampling, 1965, section 11.7: the square of the sum over the sum of the squares.

    Args:
        sizes: (groups,) samples in each.
    """
    squares = float(np.square(sizes).sum())
    return float(sizes.sum()) ** 2 / squares if squares else 0.0


def student_below(t: float, freedom: float) -> float:
    """Return the probability that Student's t lies below `t`, by the trapezium rule over its angle."""
    freedom = min(max(freedom, 1.0), _MOST_FREEDOM)
    angle = math.atan(abs(t) / math.sqrt(freedom))

    def area(start: float, stop: float) -> float:
        angles = np.linspace(start, stop, _STEPS)
        return float(np.trapezoid(np.cos(angles) ** (freedom - 1), angles))

    tail = area(angle, math.pi / 2) / (2 * area(0.0, math.pi / 2))
    return tail if t < 0 else 1 - tail


def stand_out(chances: Sequence[float | None], *, false_share: float = FALSE_SHARE) -> list[bool]:
    """Return which of several differences stand, such that chance accounts for at most `false_share` of them.

    Benjamini and Hochberg, Controlling the False Discovery Rate, 1995.

    Args:
        chances: the p of each; None of one that could not be tested, which neither stands nor counts.
    """
    tested = sorted(chance for chance in chances if chance is not None)
    passed = [chance for rank, chance in enumerate(tested, 1) if chance <= false_share * rank / len(tested)]
    highest = max(passed, default=-1.0)
    return [chance is not None and chance <= highest for chance in chances]
