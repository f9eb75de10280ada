"""Set-ups: which shots are from one camera position, wherever in the film."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rushes.structure.evidence import CLOSE, Evidence
from rushes.structure.linkage import group_by_linkage
from rushes.structure.similarity import Likeness

_SEEN_AGAIN = 0.85  # of the threshold: of many comparisons over a whole film, more are alike by chance
_SHOTS_OF_A_SETUP = 3  # that stand for it when it is compared with the film's others
_MOST_TOGETHER = 3000  # shots grouped in one matrix; parts of more are joined when the film's groups are compared
_BLOCK = 256  # groups that are compared with all others in one go, which bounds the memory that needs
_OTHER_PERSON = 2.0  # thresholds by which two close-ups of different persons are further apart than they look

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


def find_setups(evidence: Evidence, likeness: Likeness) -> Indices:
    """Return the number of each shot's set-up, from 0 in the order of their first shots; -1 of blank shots.

    Shots are grouped first where a window holds them together, by average linkage over the pairs that it holds. The
    window slides with each shot, so that it has no edges at fixed places. Where more than 3,000 shots hang together by
    such pairs, they are grouped 3,000 at a time, and the places between are edges. Then the groups of the whole film
    are compared, and those that look the same get one number, however far apart they are; that joins most of what such
    an edge parted, by a stricter measure.
    """
    groups = _within_windows(evidence, likeness)
    groups = _over_the_film(evidence, likeness, groups)
    return _numbered(evidence, groups)


def _within_windows(evidence: Evidence, likeness: Likeness) -> Indices:
    count, reach = likeness.looks.shape
    distances = likeness.looks + _apart(evidence, reach) * (_OTHER_PERSON * likeness.same)
    distances[evidence.blank] = np.inf
    later = np.arange(count)[:, None] + 1 + np.arange(reach)[None]
    distances[evidence.blank[np.minimum(later, count - 1)]] = np.inf
    rows, columns = np.nonzero(distances < likeness.same)
    groups = np.arange(count)
    parts = _components(count, rows, rows + 1 + columns)
    for members in (part[at : at + _MOST_TOGETHER] for part in parts for at in range(0, len(part), _MOST_TOGETHER)):
        dense, known = _dense(distances, members)
        groups[members] = members[group_by_linkage(dense, known, likeness.same)]
    return groups


def _apart(evidence: Evidence, reach: int) -> Floats:
    """Return 1 where a shot and a later one are close-ups of different persons, (shots, reach)."""
    count = evidence.shot_count
    person = np.where(~(evidence.close < CLOSE), evidence.person, -1)
    later = np.minimum(np.arange(count)[:, None] + 1 + np.arange(reach)[None], count - 1)
    theirs = person[later]
    return np.asarray((person[:, None] >= 0) & (theirs >= 0) & (theirs != person[:, None]), np.float32)


def _dense(band: Floats, members: Indices) -> tuple[Floats, Floats]:
    """Return the distances among some shots, rising, and 1 where they are known, both symmetric."""
    steps = members[None] - members[:, None] - 1
    inside = (steps >= 0) & (steps < band.shape[1])
    dense = np.full(steps.shape, np.inf, np.float32)
    rows, columns = np.nonzero(inside)
    dense[rows, columns] = band[members[rows], steps[rows, columns]]
    dense = np.minimum(dense, dense.T)
    known = np.isfinite(dense)
    return np.where(known, dense, 0).astype(np.float32), known.astype(np.float32)


def _components(count: int, ends: Indices, others: Indices) -> list[Indices]:
    """Return the items that edges connect, each component rising, of two items and more."""
    labels = np.arange(count)
    while True:
        lowest = labels.copy()
        np.minimum.at(lowest, ends, labels[others])
        np.minimum.at(lowest, others, labels[ends])
        lowest = lowest[lowest]
        if np.array_equal(lowest, labels):
            break
        labels = lowest
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.nonzero(np.diff(labels[order]))[0] + 1)
    return [part for part in parts if len(part) > 1]


def _over_the_film(evidence: Evidence, likeness: Likeness, groups: Indices) -> Indices:
    """Return the groups with those joined that look the same, however far apart they are."""
    seen, firsts, counts = np.unique(evidence.shot_of, return_index=True, return_counts=True)
    middle = dict(zip(seen.tolist(), (firsts + counts // 2).tolist(), strict=True))
    shots_of: dict[int, list[int]] = {}
    for shot, group in enumerate(groups.tolist()):
        if shot in middle and not evidence.blank[shot]:
            shots_of.setdefault(group, []).append(shot)
    if len(shots_of) < 2:
        return groups
    names = np.array(list(shots_of))
    chosen = [_spread(shots) for shots in shots_of.values()]
    looks = [evidence.looks[[middle[shot] for shot in shots]] for shots in chosen]
    persons = np.array([_person_of(evidence, shots) for shots in shots_of.values()])
    apart = _OTHER_PERSON * likeness.same
    threshold = _SEEN_AGAIN * likeness.same
    edges = []
    for begin in range(0, len(names), _BLOCK):
        some = np.arange(begin, min(begin + _BLOCK, len(names)))
        ends, others = np.nonzero(
            _mean_distances(looks, persons, apart, some, np.arange(begin, len(names))) < threshold
        )
        edges.append(np.stack([ends, others]) + begin)
    joined = names.copy()
    sizes = np.array([len(shots) for shots in chosen], np.float32)
    for part in _components(len(names), *np.concatenate(edges, axis=1)):
        distances = _mean_distances(looks, persons, apart, part, part)
        joined[part] = names[part[group_by_linkage(distances, np.outer(sizes[part], sizes[part]), threshold)]]
    into = dict(zip(names.tolist(), joined.tolist(), strict=True))
    return np.array([into.get(group, group) for group in groups.tolist()], np.int64)


def _mean_distances(looks: Sequence[Floats], persons: Indices, apart: float, some: Indices, others: Indices) -> Floats:
    """Return how unlike some groups are to others on average, (some, others); of different persons `apart` more."""
    sides = [np.concatenate([looks[group] for group in groups]) for groups in (some, others)]
    sizes = [np.array([len(looks[group]) for group in groups]) for groups in (some, others)]
    starts = [np.cumsum(size) - size for size in sizes]
    sums = np.add.reduceat(np.clip(1 - sides[0] @ sides[1].T, 0, 2), starts[0], axis=0)
    means = np.add.reduceat(sums, starts[1], axis=1) / np.outer(*sizes).astype(np.float32)
    mine, theirs = persons[some][:, None], persons[others][None]
    return np.asarray(means + np.float32(apart) * ((mine >= 0) & (theirs >= 0) & (mine != theirs)), np.float32)


def _spread(shots: Sequence[int]) -> list[int]:
    places = np.unique(np.linspace(0, len(shots) - 1, _SHOTS_OF_A_SETUP).round().astype(np.int64))
    return [shots[place] for place in places]


def _person_of(evidence: Evidence, shots: Sequence[int]) -> int:
    """Return the person whom most of some close shots show, or -1."""
    persons = [int(evidence.person[shot]) for shot in shots if not evidence.close[shot] < CLOSE]
    known = [person for person in persons if person >= 0]
    return max(sorted(set(known)), key=known.count) if len(known) * 2 > len(shots) else -1


def _numbered(evidence: Evidence, groups: Indices) -> Indices:
    numbers: dict[int, int] = {}
    found = [
        -1 if blank else numbers.setdefault(group, len(numbers))
        for group, blank in zip(groups.tolist(), evidence.blank.tolist(), strict=True)
    ]
    return np.array(found, np.int64)
