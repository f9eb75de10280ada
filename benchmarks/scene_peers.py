"""Other ways to cut a film into scenes and dialogues, given what rushes is given: what it is measured beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rushes.structure.evidence import Evidence

Places = list[tuple[int, int]]  # `[first, stop)`
_CLOSE = 0.5  # of a cluster's shots at least half are medium close-ups
_LEAST_ALTERNATING = 4  # A B A B


@dataclass(frozen=True, slots=True)
class FirstAlgorithm:
    """How the first algorithm is set: the window in shots, and the cosine distance within a cluster."""

    window: int
    threshold: float


SETTINGS = tuple(
    FirstAlgorithm(window, threshold)
    for window in (10, 20, 30)
    for threshold in (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)
)


def scenes_of_equal_length(shot_count: int, length: int) -> Places:
    """Return scenes of so many shots each."""
    return [(first, min(first + length, shot_count)) for first in range(0, shot_count, length)]


def cluster_windows(evidence: Evidence, setting: FirstAlgorithm) -> npt.NDArray[np.int64]:
    """Return the cluster of each shot: fixed windows one after the other, agglomerative clustering in each.

    The first picture of each shot stands for it, as a shot's first frame did. Numbers go on from window to window, so
    that no cluster reaches over a window's edge.
    """
    count = evidence.shot_count
    clusters = np.full(count, -1, np.int64)
    known, rows = np.unique(evidence.shot_of, return_index=True)
    number = 0
    for first in range(0, count, setting.window):
        within = (known >= first) & (known < first + setting.window)
        places, looks = known[within], evidence.looks[rows[within]]
        for group in _linked(1 - looks @ looks.T, setting.threshold):
            clusters[places[group]] = number
            number += 1
    return clusters


def scenes_of_first_algorithm(evidence: Evidence, setting: FirstAlgorithm) -> Places:
    """Return scenes: one ends where no cluster has shots on both sides, and at the edge of every window."""
    clusters = cluster_windows(evidence, setting)
    lasts = {int(cluster): place for place, cluster in enumerate(clusters)}
    edges, reach = [0], -1
    for place, cluster in enumerate(clusters):
        if place and (place > reach or place % setting.window == 0):
            edges.append(place)
        reach = max(reach, place if cluster < 0 else lasts[int(cluster)])
    return list(zip(edges, [*edges[1:], len(clusters)], strict=True))


def dialogues_of_first_algorithm(evidence: Evidence, setting: FirstAlgorithm) -> Places:
    """Return dialogues: of each window the two clusters that alternate longest, from their first to their last shot.

    They alternate A B A B at least, what lies between passed over, and of each at least half are medium close-ups,
    where anybody says. As the window cuts, a longer dialogue comes in pieces; as all shots of both clusters count, one
    that comes back within the window is drawn into it.
    """
    clusters = cluster_windows(evidence, setting)
    found: Places = []
    for first in range(0, len(clusters), setting.window):
        window = clusters[first : first + setting.window]
        best: tuple[int, int, int] | None = None
        numbers = [int(one) for one in np.unique(window[window >= 0])]
        for place, one in enumerate(numbers):
            for other in numbers[place + 1 :]:
                shots = np.flatnonzero((window == one) | (window == other))
                length = _longest_alternation(window[shots])
                if length >= _LEAST_ALTERNATING and (best is None or length > best[0]) and all(
                    _is_close(evidence, first + np.flatnonzero(window == side)) for side in (one, other)
                ):  # fmt: skip
                    best = length, first + int(shots[0]), first + int(shots[-1]) + 1
        if best is not None:
            found.append(best[1:])
    return found


def _is_close(evidence: Evidence, shots: npt.NDArray[np.int64]) -> bool:
    said = evidence.close[shots]
    said = said[~np.isnan(said)]
    return not len(said) or float(np.mean(said >= 0.5)) >= _CLOSE


def _longest_alternation(sides: npt.NDArray[np.int64]) -> int:
    longest = length = min(1, len(sides))
    for one, other in pairwise(sides):
        length = length + 1 if one != other else 1
        longest = max(longest, length)
    return longest


def _linked(distances: npt.NDArray[np.float32], threshold: float) -> Sequence[npt.NDArray[np.int64]]:
    """Return groups by agglomerative clustering with average linkage, joined while nearer than a threshold."""
    groups = [np.array([place], np.int64) for place in range(len(distances))]
    while len(groups) > 1:
        means = np.array([[distances[np.ix_(one, other)].mean() for other in groups] for one in groups])
        np.fill_diagonal(means, np.inf)
        one, other = np.unravel_index(int(means.argmin()), means.shape)
        if means[one, other] >= threshold:
            break
        joined = np.concatenate([groups[one], groups[other]])
        groups = [group for place, group in enumerate(groups) if place not in (one, other)] + [joined]
    return groups
