"""Frames that look alike: which stand on two sides, and which groups show the same material."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rushes.footage.signature import FLAT, Looks, find_alike, gather_looks, group_alike

Side = TypeVar("Side", bound=str)
_PAIRS_HELD = 1 << 21


@dataclass(frozen=True, slots=True)
class Shared:
    """Two groups that show the same material.

    Attributes:
        one: the smaller group.
        share: of the smaller group's frames, how many look like one of the other's; above 0, at most 1.
    """

    one: str
    other: str
    share: float


@dataclass(frozen=True, slots=True)
class Kinship:
    """What groups share, the strongest first.

    Attributes:
        ties: a forest: what shares material hangs together by its strongest pairs, so that a thousand groups that
            are all alike have 999 ties and not half a million.
        clashes: every pair that was asked not to be tied and yet shares material.
    """

    ties: tuple[Shared, ...]
    clashes: tuple[Shared, ...]


def group_likes(signatures: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Return the groups of near-duplicates, the largest first: frames that hang together by their likes.

    Args:
        signatures: frame id -> signature; the frames of a group stand in this order. A frame that is like no other is
            in none.
    """
    frames = list(signatures)
    members: dict[int, list[str]] = defaultdict(list)
    for frame, first in zip(frames, group_alike(np.array(list(signatures.values()), np.uint64)).tolist(), strict=True):
        members[first].append(frame)
    groups = [tuple(group) for group in members.values() if len(group) > 1]
    return sorted(groups, key=len, reverse=True)


def find_likes(side_of: Mapping[str, Side], signatures: Mapping[str, int]) -> dict[str, dict[Side, str]]:
    """Return frame -> other side -> the first frame there that it looks like; frames without such are not there.

    Args:
        side_of: frame id -> its side, such as a part; frames come out in this order.
        signatures: frame id -> signature; a frame that has none, or a FLAT one, looks like nothing.
    """
    frames = list(side_of)
    names = sorted(set(side_of.values()))
    number = {name: index for index, name in enumerate(names)}
    looks = _looks_of([number[side] for side in side_of.values()], frames, signatures)
    on_sides: dict[int, dict[Side, str]] = defaultdict(dict)
    for alike in find_alike(looks):
        firsts = looks.firsts[alike.likes]
        for look, side, first in zip(alike.looks.tolist(), alike.sides.tolist(), firsts.tolist(), strict=True):
            on_sides[look][names[side]] = frames[first]
    return {frame: on_sides[look] for frame, look in zip(frames, looks.of.tolist(), strict=True) if look in on_sides}


def find_same(side_of: Mapping[str, Side], digests: Mapping[str, str]) -> dict[str, dict[Side, str]]:
    """Return frame -> other side -> the first frame there whose picture is the same file, byte for byte.

    Args:
        digests: frame id -> digest of its picture; a frame that has none, or "", is the same as nothing.
    """
    first_on: dict[str, dict[Side, str]] = defaultdict(dict)
    for frame, side in side_of.items():
        if digest := digests.get(frame):
            first_on[digest].setdefault(side, frame)
    return {
        frame: {other: first for other, first in first_on[digest].items() if other != side}
        for frame, side in side_of.items()
        if (digest := digests.get(frame)) and len(first_on[digest]) > 1
    }


def find_kinship(
    group_of: Mapping[str, str],
    signatures: Mapping[str, int],
    *,
    least: float,
    apart: Mapping[str, str],
) -> Kinship:
    """Return the groups that share at least `least` of the frames of the smaller one.

    Args:
        group_of: frame id -> group.
        signatures: frame id -> signature; see `find_likes`.
        apart: group -> where it has to stay; groups that have to stay in different places are never tied.
    """
    sizes = Counter(group_of.values())
    groups = sorted(sizes, key=lambda group: (sizes[group], group))  # by number, the smaller of two comes first
    number = {group: index for index, group in enumerate(groups)}
    places = {place: index for index, place in enumerate(sorted(set(apart.values())))}
    place = np.array([places[apart[group]] if group in apart else -1 for group in groups], np.int64)
    size = np.array([sizes[group] for group in groups], np.int64)
    looks = _looks_of([number[group] for group in group_of.values()], list(group_of), signatures)
    ties, clashes, counted = [_NO_PAIRS], [_NO_PAIRS], _NO_PAIRS
    for alike in chain(find_alike(looks), [None]):
        last = len(groups)
        if alike is not None:
            own = looks.sides[alike.looks]
            smaller = own < alike.sides
            pairs = np.stack([own, alike.sides], axis=1)[smaller]
            counted = _sum(_join([counted, _Pairs(pairs, looks.sizes[alike.looks][smaller].astype(np.float64))]))
            last = int(own[-1])  # looks come group by group: only the counts of this one may still grow
        complete = counted.groups[:, 0] < last
        fresh, counted = _where(counted, complete), _where(counted, ~complete)
        fresh = _Pairs(fresh.groups, fresh.weights / size[fresh.groups[:, 0]])
        fresh = _where(fresh, fresh.weights >= least)
        at = place[fresh.groups]
        clash = (at >= 0).all(axis=1) & (at[:, 0] != at[:, 1])
        ties.append(_where(fresh, ~clash))
        clashes.append(_where(fresh, clash))
        if sum(len(tie.weights) for tie in ties) > _PAIRS_HELD:
            ties = [_forest(_join(ties), len(groups))]
    forest = _forest(_join(ties), len(groups))
    return Kinship(_named(forest, groups), _named(_strongest_first(_join(clashes)), groups))


def _looks_of(sides: list[int], frames: list[str], signatures: Mapping[str, int]) -> Looks:
    return gather_looks(np.array([signatures.get(frame, FLAT) for frame in frames], np.uint64), sides)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs of groups.

    Attributes:
        groups: (pairs, 2), numbers of groups, the smaller group first.
        weights: (pairs,), how much they share.
    """

    groups: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]


_NO_PAIRS = _Pairs(np.empty((0, 2), np.int64), np.empty(0))


def _where(pairs: _Pairs, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> _Pairs:
    return _Pairs(pairs.groups[chosen], pairs.weights[chosen])


def _join(some: Sequence[_Pairs]) -> _Pairs:
    return _Pairs(np.concatenate([pairs.groups for pairs in some]), np.concatenate([pairs.weights for pairs in some]))


def _sum(pairs: _Pairs) -> _Pairs:
    """Return each pair once, its weights added."""
    if not len(pairs.weights):
        return pairs
    order = np.lexsort((pairs.groups[:, 1], pairs.groups[:, 0]))
    groups = pairs.groups[order]
    new = np.ones(len(groups), bool)
    new[1:] = np.diff(groups, axis=0).any(axis=1)
    starts = np.flatnonzero(new)
    return _Pairs(groups[starts], np.add.reduceat(pairs.weights[order], starts))


def _strongest_first(pairs: _Pairs) -> _Pairs:
    return _where(pairs, np.lexsort((pairs.groups[:, 1], pairs.groups[:, 0], -pairs.weights)))


def _forest(pairs: _Pairs, count: int) -> _Pairs:
    """Return the pairs, strongest first, that tie together all that the pairs tie, by the strongest (Borůvka 1926).

    Args:
        count: how many groups there are.
    """
    pairs = _strongest_first(pairs)
    tree = np.arange(count)
    kept = np.zeros(len(pairs.weights), bool)
    while len(open_ := np.flatnonzero(tree[pairs.groups[:, 0]] != tree[pairs.groups[:, 1]])):
        best = np.full(count, len(kept))
        for end in (0, 1):
            np.minimum.at(best, tree[pairs.groups[open_, end]], open_)
        chosen = np.unique(best[best < len(kept)])
        kept[chosen] = True
        roots: dict[int, int] = {}
        for one, other in tree[pairs.groups[chosen]].tolist():
            roots[_root(roots, one)] = _root(roots, other)
        tree = np.array([_root(roots, label) for label in tree.tolist()])
    return _where(pairs, kept)


def _root(roots: dict[int, int], label: int) -> int:
    while (above := roots.get(label, label)) != label:
        roots[label] = roots.get(above, above)
        label = above
    return label


def _named(pairs: _Pairs, groups: Sequence[str]) -> tuple[Shared, ...]:
    table = zip(pairs.groups.tolist(), pairs.weights.tolist(), strict=True)
    return tuple(Shared(groups[one], groups[other], share) for (one, other), share in table)
