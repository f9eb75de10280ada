"""Scenes: shots tied together by what is seen again, by light and colour and by time, cut where least is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.structure.evidence import Evidence
from rushes.structure.parts import Scene
from rushes.structure.similarity import Likeness, chance

AGAIN = 2.2  # what a tie of two shots of one set-up weighs, one after the other
_PERSON = 0.4  # and of two that one person dominates
_AGAIN_SECONDS = 45.0  # after which such a tie has faded to a third
_PLACE = 1.0  # what the best ties of a shot by light, colours and looks weigh at most
_PLACE_SHOTS = 5  # among which the best are looked for, before and after it
_PLACE_SECONDS = 75.0  # and within which
_PLACE_CERTAIN = 3.0  # as unlikely by chance as this (natural logarithm) is a full tie
_WORTH = 1.4  # of a boundary where the film's light and colours tell places apart
_LEAST_WORTH = 0.3  # and where they do not
_TOLD_APART = 0.30  # how far below one half chance lies between neighbours of a film where they do
_LOOSE = 0.2  # by which a boundary is worth less than nothing where no shot near it is tied to any
_FIRM = 0.7  # weight of a shot's ties from which on it is firmly tied
_NEXT = 3  # shots before and after a gap that are looked at for it
_FADE = 1.2  # by which a fade or a blank shot makes a boundary worthier
SHORT_SECONDS = 20.0  # a scene shorter than this costs up to
SHORT = 1.3
FEW = (0.9, 0.6)  # and one of a single shot, of two
_SPREAD = 0.9  # of weights, by which differences become confidence: 2.7 to 1 for one of it
_OPENING = 0.25  # by which a boundary is worthier before a view seen once, then another that will be seen again
_TIE = 1e-6
_NEVER = -1e6

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """Pairs of shots that speak for one scene, (ties,): the earlier, the later, and what parting them loses."""

    earlier: Indices
    later: Indices
    weight: Floats


def find_scenes(evidence: Evidence, likeness: Likeness, setups: Indices) -> tuple[tuple[Scene, ...], Floats]:
    """Return the scenes of a film, and of each shot how sure it is that one begins with it.

    A division into scenes loses the weight of every tie whose two shots it parts, and gains at every boundary what that
    is worth, less what short scenes cost. The best division of all is found exactly. The confidence at a shot compares
    the best division that has a boundary there with the best that has none: above 0.5 where the first is better, which
    is where the scenes begin.

    Returns:
        the scenes; (shots,) float64, 1 for the first shot.
    """
    shown = np.nonzero(~evidence.blank)[0]
    confidence = np.zeros(evidence.shot_count)
    confidence[:1] = 1.0
    if len(shown) > 1:
        place = np.full(evidence.shot_count, -1)
        place[shown] = np.arange(len(shown))
        ties = _all_ties(
            (
                _ties_again(evidence, setups, place, AGAIN),
                _ties_again(evidence, evidence.person, place, _PERSON),
                *_place_ties(evidence, likeness, place),
            )
        )
        worth = _worths(evidence, likeness, setups, shown, _held(ties, len(shown)))
        gains = boundary_gains(ties, worth, evidence.start_seconds[shown], evidence.stop_seconds[shown])
        confidence[shown[1:]] = 1 / (1 + np.exp(-np.clip(gains / _SPREAD, -40, 40)))
    firsts = [0, *(np.nonzero(confidence[1:] > 0.5)[0] + 1).tolist()] if evidence.shot_count else []
    ends = [*firsts[1:], evidence.shot_count]
    scenes = tuple(Scene(a, b, float(confidence[a])) for a, b in zip(firsts, ends, strict=False))
    return scenes, confidence


def _ties_again(evidence: Evidence, seen: Indices, place: Indices, weight: float) -> Ties:
    """Return a tie from each shot to the next that shows the same: who sees it again is still there.

    Args:
        seen: (shots,) the number of what each shows; below 0 nothing.
    """
    order = np.argsort(seen, kind="stable")
    order = order[(seen[order] >= 0) & (place[order] >= 0)]
    follows = seen[order[1:]] == seen[order[:-1]]
    earlier, later = order[:-1][follows], order[1:][follows]
    seconds = evidence.start_seconds[later] - evidence.stop_seconds[earlier]
    faded = weight * np.exp(-np.maximum(seconds, 0) / _AGAIN_SECONDS)
    return Ties(place[earlier], place[later], faded)


def _place_ties(evidence: Evidence, likeness: Likeness, place: Indices) -> list[Ties]:
    """Return ties from each shot to the shot before it, and to that after it, which is most like it in light and look.

    The likeness of the best of several counts as far as the best of as many shots of the whole film would not reach it.
    """
    earlier, later, odds = _near_odds(evidence, likeness)
    weight = _PLACE / 2 * np.clip((odds - 1) / (_PLACE_CERTAIN - 1), 0, 1)
    found = []
    for of_shot in (earlier, later):
        order = np.lexsort((-weight, of_shot))
        best = order[np.unique(of_shot[order], return_index=True)[1]]
        best = best[weight[best] > 0]
        found.append(Ties(place[earlier[best]], place[later[best]], weight[best]))
    return found


def _near_odds(evidence: Evidence, likeness: Likeness) -> tuple[Indices, Indices, Floats]:
    """Return pairs of shots near each other, and how unlikely their likeness is by chance (natural logarithm)."""
    reach = min(_PLACE_SHOTS, likeness.looks.shape[1])
    earlier, step = np.nonzero(np.isfinite(likeness.tones[:, :reach]))
    later = earlier + 1 + step
    near = evidence.start_seconds[later] - evidence.stop_seconds[earlier] < _PLACE_SECONDS
    shown = ~evidence.blank[earlier] & ~evidence.blank[later]
    earlier, later, step = (array[near & shown] for array in (earlier, later, step))
    tones = chance(likeness.tones[earlier, step], likeness.far_tones)
    looks = chance(likeness.looks[earlier, step], likeness.far_looks)
    alike = np.minimum(1, np.minimum(tones * 1.3, looks * 3))
    return earlier, later, -np.log(1 - (1 - alike * (1 - 1e-9)) ** reach)


def _all_ties(parts: tuple[Ties, ...]) -> Ties:
    return Ties(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("earlier", "later", "weight")))


def _held(ties: Ties, count: int) -> Floats:
    """Return for each gap before a shot how firmly shots next to it are tied to any others, 0 to 1.

    In a montage, where nothing is like anything, no gap is more of a boundary than the next one.
    """
    tied = np.bincount(ties.earlier, ties.weight, count) + np.bincount(ties.later, ties.weight, count)
    tied = np.minimum(1, tied / _FIRM)
    before, after = np.zeros(count), np.zeros(count)
    for step in range(_NEXT):
        before[step + 1 :] = np.maximum(before[step + 1 :], tied[: count - step - 1])
        after[: count - step] = np.maximum(after[: count - step], tied[step:])
    return np.asarray((before + after) / 2, np.float64)


def _worths(evidence: Evidence, likeness: Likeness, setups: Indices, shown: Indices, held: Floats) -> Floats:
    """Return what a boundary before each shown shot is worth, (shown,)."""
    worth = (_WORTH * _telling(likeness) + _LEAST_WORTH) * held - _LOOSE
    dark = np.append(False, np.diff(shown) > 1)
    worth[dark if evidence.faded is None else dark | evidence.faded[shown]] += _FADE
    worth[_opening(evidence, setups, shown)] += _OPENING
    worth += _TIE * ((np.arange(len(shown)) * 0.6180339887) % 1)  # of two that are as good, one is taken
    worth[_alternating(setups[shown])] = _NEVER
    return worth


def _opening(evidence: Evidence, setups: Indices, shown: Indices) -> npt.NDArray[np.bool_]:
    """Return which shots look as if they opened a scene: a view seen once, then one that will be seen again."""
    shot_setups, starts = setups[shown], evidence.start_seconds[shown]
    before, after = np.full(len(shown), np.inf), np.full(len(shown), np.inf)
    order = np.argsort(shot_setups, kind="stable")
    follows = shot_setups[order[1:]] == shot_setups[order[:-1]]
    earlier, later = order[:-1][follows], order[1:][follows]
    before[later] = after[earlier] = starts[later] - starts[earlier]
    once = (before > _AGAIN_SECONDS) & (after > _AGAIN_SECONDS)
    first = (before > _AGAIN_SECONDS) & (after <= _AGAIN_SECONDS)
    return np.asarray(once & np.append(first[1:], False), bool)


def _telling(likeness: Likeness) -> float:
    """Return how well tones tell neighbours from shots far apart, 0 to 1: not at all where the film has one place."""
    neighbours = likeness.tones[:, 0]
    neighbours = neighbours[np.isfinite(neighbours)]
    if not len(neighbours):
        return 0.0
    return float(np.clip((0.5 - np.mean(chance(neighbours, likeness.far_tones))) / _TOLD_APART, 0, 1))


def _alternating(setups: Indices) -> npt.NDArray[np.bool_]:
    """Return where a boundary would part two set-ups that answer each other: within A B A B."""
    inside = np.zeros(len(setups), bool)
    if len(setups) >= 4:
        a, b, again, too = (setups[k : len(setups) - 3 + k] for k in range(4))
        first = np.nonzero((a == again) & (b == too) & (a != b))[0]
        for step in (1, 2, 3):
            inside[first + step] = True
    return inside


def boundary_gains(ties: Ties, worth: Floats, starts: Floats, stops: Floats) -> Floats:
    """Return for each shot but the first what the best division gains by a boundary there over the best without.

    Semi-Markov max-marginals: `ahead` and `behind` are the best values up to and from a shot, and what scenes of all
    lengths reach across a shot is kept at its best. Time grows with the square of the number of shots, memory with it.
    """
    count = len(worth)
    ahead, behind = np.full(count + 1, -np.inf), np.full(count + 1, -np.inf)
    ahead[0] = behind[count] = 0.0
    worth = np.append(worth, 0.0)
    worth[0] = 0.0
    for stop, kept in _kept_before(ties, count):
        ahead[stop] = worth[stop] + np.max(ahead[:stop] + kept - _short(stops[stop - 1] - starts[:stop], -1))
    across = np.full(count + 1, -np.inf)
    for first, kept in _kept_after(ties, count):
        lengths = stops[first:] - starts[first]
        values = behind[first + 1 :] + kept - _short(lengths, 0)
        behind[first] = worth[first] + np.max(values)
        best_to_come = np.maximum.accumulate(values[::-1])[::-1]  # of scenes from `first` that reach each later stop
        np.maximum(across[first + 1 : count], ahead[first] + best_to_come[1:], out=across[first + 1 : count])
    with_one = ahead[1:count] + behind[1:count] - worth[1:count]
    return np.asarray(with_one - across[1:count], np.float64)


def _short(seconds: Floats, lone: int) -> Floats:
    """Return what scenes cost for being short; the one at `lone` is of a single shot, that beside it of two."""
    cost = SHORT * np.clip(1 - seconds / SHORT_SECONDS, 0, 1)
    for place, few in zip(range(len(cost))[:: 1 if lone == 0 else -1], FEW, strict=False):
        cost[place] += few
    return np.asarray(cost, np.float64)


def _kept_before(ties: Ties, count: int) -> Iterator[tuple[int, Floats]]:
    """Yield each stop, rising, with the weight of the ties within `[first, stop)` of every first before it."""
    kept = np.zeros(count)
    order = np.argsort(ties.later, kind="stable")
    bounds = np.searchsorted(ties.later[order], np.arange(count + 1))
    for stop in range(1, count + 1):
        for tie in order[bounds[stop - 1] : bounds[stop]]:
            kept[: ties.earlier[tie] + 1] += ties.weight[tie]
        yield stop, kept[:stop]


def _kept_after(ties: Ties, count: int) -> Iterator[tuple[int, Floats]]:
    """Yield each first, falling, with the weight of the ties within `[first, stop)` of every stop after it."""
    kept = np.zeros(count + 1)
    order = np.argsort(ties.earlier, kind="stable")
    bounds = np.searchsorted(ties.earlier[order], np.arange(count + 1))
    for first in range(count - 1, -1, -1):
        for tie in order[bounds[first] : bounds[first + 1]]:
            kept[ties.later[tie] + 1 :] += ties.weight[tie]
        yield first, kept[first + 1 :]
