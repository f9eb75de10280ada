"""How far scores would move had other groups been drawn: percentile bootstrap over groups.

Frames of one film resemble each other, so that drawing frames would make the interval far too narrow; whole groups
are drawn instead (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from rushes.evaluation.draws import RESAMPLES, draw_sums, interval_of
from rushes.evaluation.interval import Interval
from rushes.learning.measures import Floats, Measures, Tallies, measure

_FEWEST_DRAWS = 100  # that an interval may rest on


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of all scores; those of precision, recall and f1 in the order of the classes."""

    accuracy: Interval
    balanced_accuracy: Interval
    f1_macro: Interval
    precision_macro: Interval
    precision_weighted: Interval
    f1_weighted: Interval
    precision: tuple[Interval, ...]
    recall: tuple[Interval, ...]
    f1: tuple[Interval, ...]


def bootstrap(tallies: Tallies, *, seed: int, resamples: int = RESAMPLES) -> Intervals:
    """Return the interval of every score, from `resamples` draws of as many groups as there are, with repetition.

    A score whose denominator is fed by fewer than two groups has no interval: each draw would repeat the same
    number, and the width of zero would look like certainty. A draw in which a score is undefined is left out; for
    the means over classes also a draw that lost all samples of a class, since it would average over fewer classes.

    Args:
        tallies: counts of (groups, classes).
        seed: the same seed and counts give the same intervals.
    """
    resampled = _draw(tallies, seed=seed, resamples=resamples) if len(tallies.labelled) > 1 else None
    return _intervals(tallies, resampled, None if resampled is None else measure(resampled))


def bootstrap_difference(one: Tallies, other: Tallies, *, seed: int, resamples: int = RESAMPLES) -> Intervals:
    """Return the interval of what every score gains from `one` to `other`, on the same samples.

    Each draw takes the same groups for both, so that what makes a group hard for both cancels out: the interval of a
    difference is far narrower than those of the two scores suggest. Macro-F1 is averaged over the classes that are
    labelled in these samples, the same for both: were a class counted that only one of them answers, that one's mean
    would be over more classes than the other's.

    Args:
        one, other: counts of (groups, classes), row by row of the same group, `labelled` alike.
        seed, resamples: as for `bootstrap`.

    Raises:
        ValueError: the two are not of the same samples.
    """
    if one.labelled.shape != other.labelled.shape or (one.labelled != other.labelled).any():
        raise ValueError("the difference of two scores is taken on the same samples with the same labels")
    both = Tallies(*(np.concatenate(pair, axis=1) for pair in _pairs(one, other)))
    class_count = one.labelled.shape[1]
    feeding = Tallies(one.found, one.labelled, one.predicted + other.predicted)
    if len(one.labelled) < 2:
        return _intervals(feeding, None, None, is_difference=True)
    drawn = _draw(both, seed=seed, resamples=resamples)
    first = Tallies(*(counts[:, :class_count] for counts in (drawn.found, drawn.labelled, drawn.predicted)))
    second = Tallies(*(counts[:, class_count:] for counts in (drawn.found, drawn.labelled, drawn.predicted)))
    before, after = measure(first), measure(second)
    gained = Measures(
        **{item.name: getattr(after, item.name) - getattr(before, item.name) for item in fields(Measures)}
    )
    labelled = one.labelled.any(axis=0)
    f1_macro = gained.f1[:, labelled].mean(axis=1) if labelled.any() else gained.f1_macro
    return _intervals(feeding, first, replace(gained, f1_macro=f1_macro), is_difference=True)


def _pairs(one: Tallies, other: Tallies) -> Iterator[tuple[npt.NDArray[np.number], npt.NDArray[np.number]]]:
    for item in fields(Tallies):
        yield getattr(one, item.name), getattr(other, item.name)


def _intervals(
    tallies: Tallies, resampled: Tallies | None, drawn: Measures | None, *, is_difference: bool = False
) -> Intervals:
    """Return the intervals of drawn values.

    Args:
        tallies: (groups, classes), of the samples themselves; say which groups feed which score.
        resampled, drawn: the counts of each draw and its values; None where there are too few groups to draw.
    """
    samples_in = tallies.labelled.sum(axis=1)
    labelled_in, predicted_in = tallies.labelled > 0, tallies.predicted > 0
    present = labelled_in.any(axis=0)

    def overall(values: Floats | None) -> Interval:
        return interval_of(values, int((samples_in > 0).sum()), is_difference=is_difference)

    def over_classes(values: Floats | None) -> Interval:
        if values is None or resampled is None or not present.any():
            return overall(values)
        if labelled_in[:, present].sum(axis=0).min() < 2:
            return Interval(
                None, None, "all samples of a class come from one group; draws without it say nothing of it"
            )
        whole = (resampled.labelled[:, present] > 0).all(axis=1)
        if whole.sum() < _FEWEST_DRAWS:
            return Interval(None, None, "too few groups hold each class: hardly a draw of groups holds them all")
        return overall(np.where(whole, values, np.nan))

    def per_class(values: Floats | None, feeding: npt.NDArray[np.bool_]) -> tuple[Interval, ...]:
        return tuple(
            interval_of(
                None if values is None else values[:, index],
                int(feeding[:, index].sum()),
                is_difference=is_difference,
            )
            for index in range(feeding.shape[1])
        )

    return Intervals(
        accuracy=overall(_part(drawn, "accuracy")),
        balanced_accuracy=over_classes(_part(drawn, "balanced_accuracy")),
        f1_macro=over_classes(_part(drawn, "f1_macro")),
        precision_macro=over_classes(_part(drawn, "precision_macro")),
        precision_weighted=over_classes(_part(drawn, "precision_weighted")),
        f1_weighted=overall(_part(drawn, "f1_weighted")),
        precision=per_class(_part(drawn, "precision"), predicted_in),
        recall=per_class(_part(drawn, "recall"), labelled_in),
        f1=per_class(_part(drawn, "f1"), labelled_in | predicted_in),
    )


def _part(drawn: Measures | None, name: str) -> Floats | None:
    return None if drawn is None else getattr(drawn, name)


def _draw(tallies: Tallies, *, seed: int, resamples: int) -> Tallies:
    """Return the counts of every resample, each (resamples, classes)."""
    class_count = tallies.labelled.shape[1]
    rows = np.concatenate([tallies.found, tallies.labelled, tallies.predicted], axis=1)
    drawn = draw_sums(rows, seed=seed, resamples=resamples)
    found, labelled, predicted = np.split(drawn, [class_count, 2 * class_count], axis=1)
    return Tallies(found, labelled, predicted)
