"""Costs: what a threshold does to one part of a split, beside the model's own answers and a blind pick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushes.evaluation.draws import GroupDraws, interval_of
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.judge import estimate_table
from rushes.evaluation.scores import Score
from rushes.evaluation.steps import MEASURES, Bools, as_stored, fulfils, measure_taken
from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions
from rushes.wish import Wish

NAMES = {"recall": "recall", "precision": "precision", "fpr": "FPR", "f1": "F1"}
_UNDEFINED = {
    "recall": "no sample is of the class",
    "precision": "no sample is taken",
    "fpr": "every sample is of the class",
    "f1": "no sample is of the class, and none is taken",
}


@dataclass(frozen=True, slots=True)
class Effect:
    """What taking some samples for a class comes to, each measure with its interval over groups."""

    tp: int
    fp: int
    fn: int
    tn: int
    recall: Estimate
    precision: Estimate
    fpr: Estimate
    f1: Estimate

    def in_words(self) -> str:
        """Return recall, precision and FPR with their ranges: `recall is 0.091 (0.040 to 0.153), …`."""
        words = []
        for name in ("recall", "precision", "fpr"):
            estimate: Estimate = getattr(self, name)
            found = "undefined" if estimate.value is None else f"{estimate.value:.3f}"
            interval = estimate.interval
            if interval.low is not None and interval.high is not None:
                found += f" ({interval.low:.3f} to {interval.high:.3f})"
            words.append(f"{NAMES[name]} is {found}")
        return ", ".join(words)

    def to_table(self) -> dict[str, Any]:
        counts = {"tp": self.tp, "fp": self.fp, "fn": self.fn, "tn": self.tn}
        return counts | {name: estimate_table(getattr(self, name)) for name in MEASURES}


@dataclass(frozen=True, slots=True)
class Costs:
    """What a threshold does to one part of a split.

    Attributes:
        groups: how many the part has.
        chosen: at the threshold.
        answers: where the model's own answers are taken instead, its most probable class.
        blind: measure -> what taking as many samples blindly is expected to reach.
        holds: share of draws of groups in which the wish holds with this threshold.
    """

    samples: int
    groups: int
    chosen: Effect
    answers: Effect
    blind: Mapping[str, Score]
    holds: Score

    def to_table(self) -> dict[str, Any]:
        return {
            "samples": self.samples,
            "groups": self.groups,
            **self.chosen.to_table(),
            "answers": self.answers.to_table(),
            "blind": {name: score.value for name, score in self.blind.items()},
            "holds": self.holds.value,
        }


def cost_of_each(
    scored: Predictions, answered: Predictions, thresholds: Sequence[float | None], wishes: Sequence[Wish], *, seed: int
) -> list[Costs | None]:
    """Return the costs of each class on one part; None of a class without a threshold.

    Args:
        scored: with the probabilities that are compared with thresholds.
        answered: with those that the model's own answers are read from.
    """
    names, rows = np.unique(np.asarray(answered.groups).astype(str), return_inverse=True)
    costs: list[Costs | None] = [None] * len(thresholds)
    held = [index for index, threshold in enumerate(thresholds) if threshold is not None]
    if not len(names) or not held:
        return costs
    draws, predicted = GroupDraws(len(names), seed=seed), answered.predicted
    chosen, own, blocks = [], [], []
    for index in held:
        positive = answered.truth == index
        taken = as_stored(scored.probabilities[:, index]) >= float(thresholds[index] or 0.0)
        sums = [_count_groups(rows, positive, one, len(names)) for one in (taken, predicted == index)]
        chosen.append(_Counted.of(sums[0]))
        own.append(_Counted.of(sums[1]))
        blocks += [over_blocks(one, draws) for one in sums]
    drawn = np.split(draws.of(np.concatenate(blocks, axis=1)), len(blocks), axis=1) if len(names) > 1 else None
    for place, index in enumerate(held):
        pair = (None, None) if drawn is None else (drawn[2 * place], drawn[2 * place + 1])
        costs[index] = Costs(
            samples=len(answered),
            groups=len(names),
            chosen=_effect(chosen[place], pair[0]),
            answers=_effect(own[place], pair[1]),
            blind=blind_pick(chosen[place].totals),
            holds=_share_holding(pair[0], wishes[index]),
        )
    return costs


@dataclass(frozen=True, slots=True)
class _Counted:
    """Positives, negatives, tp and fp over all groups, and how many groups feed each measure."""

    totals: tuple[int, int, int, int]
    feeding: Mapping[str, int]

    @classmethod
    def of(cls, sums: Counts) -> _Counted:
        """Return those of (groups, 4) counts."""
        taken = sums[:, 2] + sums[:, 3]
        fed = {"recall": sums[:, 0], "precision": taken, "fpr": sums[:, 1], "f1": sums[:, 0] + taken}
        positives, negatives, tp, fp = (int(value) for value in sums.sum(axis=0))
        return cls((positives, negatives, tp, fp), {name: int((counts > 0).sum()) for name, counts in fed.items()})


def _count_groups(rows: Counts, positive: Bools, taken: Bools, group_count: int) -> Counts:
    """Return (groups, 4): positives, negatives, and those of each that are taken."""
    masks = (positive, ~positive, taken & positive, taken & ~positive)
    return np.stack([np.bincount(rows[mask], minlength=group_count) for mask in masks], axis=1)


def over_blocks(sums: Counts, draws: GroupDraws) -> Floats:
    """Return what (groups, sums) come to over the blocks that are drawn: (blocks, sums)."""
    columns = [np.bincount(draws.block_of, column, minlength=draws.block_count) for column in sums.T]
    return np.stack(columns, axis=1).astype(np.float64)


def blind_pick(totals: tuple[int, int, int, int]) -> dict[str, Score]:
    """Return measure -> what is expected of as many samples, taken without a look.

    Args:
        totals: positives, negatives, tp, fp.
    """
    positives, negatives, tp, fp = totals
    samples = positives + negatives
    share, taken = (positives / samples, (tp + fp) / samples) if samples else (0.0, 0.0)
    return {
        "recall": Score(taken) if positives else Score(None, _UNDEFINED["recall"]),
        "precision": Score(share) if tp + fp else Score(None, _UNDEFINED["precision"]),
        "fpr": Score(taken) if negatives else Score(None, _UNDEFINED["fpr"]),
        "f1": Score(2 * share * taken / (share + taken)) if share + taken else Score(None, _UNDEFINED["f1"]),
    }


def scores_of(totals: tuple[int, int, int, int]) -> dict[str, Score]:
    """Return measure -> its value, for positives, negatives, tp and fp."""
    positives, negatives, tp, fp = totals
    values = measure_taken(np.array(tp), np.array(fp), positives, negatives)
    return {
        name: Score(None, _UNDEFINED[name]) if np.isnan(value) else Score(float(value))
        for name, value in values.items()
    }


def _effect(counted: _Counted, drawn: Floats | None) -> Effect:
    """Return the effect of what was counted.

    Args:
        drawn: (resamples, 4) the same counts in each draw of groups; None of one group.
    """
    resampled = None if drawn is None else measure_taken(drawn[:, 2], drawn[:, 3], drawn[:, 0], drawn[:, 1])
    estimates = {
        name: Estimate(score, interval_of(None if resampled is None else resampled[name], counted.feeding[name]))
        for name, score in scores_of(counted.totals).items()
    }
    positives, negatives, tp, fp = counted.totals
    return Effect(tp, fp, positives - tp, negatives - fp, **estimates)


def _share_holding(drawn: Floats | None, wish: Wish) -> Score:
    if wish.bound is None:
        return Score(None, "best F1 bounds nothing")
    if drawn is None:
        return Score(None, "one group alone cannot be drawn from")
    measured = measure_taken(drawn[:, 2], drawn[:, 3], drawn[:, 0], drawn[:, 1])
    defined = ~np.isnan(measured[wish.measure])
    if not defined.any():
        return Score(None, f"{NAMES[wish.measure]} is undefined in every draw")
    return Score(float(fulfils(measured, wish)[defined].mean()))
