"""What the same recipe gains on a mixed split, where samples of the same groups stand on both sides."""

from __future__ import annotations

import numpy as np

from rushes.evaluation.draws import RESAMPLES, draw_sums, interval_of
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.interval import Interval
from rushes.evaluation.scores import Score, tally, tally_groups
from rushes.learning.measures import Floats, Tallies, measure
from rushes.learning.predictions import Predictions

_FEWEST_DRAWS = 100  # that an interval may rest on


def gap_between(grouped: Predictions, mixed: Predictions, *, seed: int = 0) -> Estimate:
    """Return the macro-F1 on the test part of a mixed split less that of a grouped one.

    The two parts are different samples, so that groups are drawn for each by itself: the interval is wider than that of
    two runs on the same samples. A draw that lost a class of its part does not count.

    Args:
        seed: of the draws.
    """
    values = [float(measure(tally(one)).f1_macro) if len(one) else np.nan for one in (grouped, mixed)]
    gap = values[1] - values[0]
    if np.isnan(gap):
        return Estimate(Score(None, "one of the two has no samples"), Interval(None, None, "there is no gap"))
    counts = [tally_groups(one) for one in (grouped, mixed)]
    fewest = min(len(names) for names, _ in counts)
    if fewest < 2:
        return Estimate(Score(gap), interval_of(None, fewest))
    drawn = [_draw(tallies, seed=seed + number) for number, (_, tallies) in enumerate(counts)]
    moved = drawn[1] - drawn[0]
    if np.count_nonzero(~np.isnan(moved)) < _FEWEST_DRAWS:
        reason = "too few groups hold each class: hardly a draw of groups holds them all"
        return Estimate(Score(gap), Interval(None, None, reason))
    return Estimate(Score(gap), interval_of(moved, fewest, is_difference=True))


def _draw(tallies: Tallies, *, seed: int) -> Floats:
    """Return (resamples,) macro-F1 of each draw, NaN where it lost a class."""
    size = tallies.labelled.shape[1]
    sums = np.concatenate([tallies.found, tallies.labelled, tallies.predicted], axis=1)
    found, labelled, predicted = np.split(draw_sums(sums, seed=seed, resamples=RESAMPLES), [size, 2 * size], axis=1)
    whole = (labelled[:, tallies.labelled.any(axis=0)] > 0).all(axis=1)
    return np.where(whole, measure(Tallies(found, labelled, predicted)).f1_macro, np.nan)
