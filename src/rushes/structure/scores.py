"""How a structure that was found agrees with one that is known: boundaries, scenes, dialogues, clusters.

Spans are pairs `(start, stop)`, half-open, in any unit that both sides share: shots, frames or seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import comb, isclose, log

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of the known things were found, each once.

    Attributes:
        hits: known things that were found.
        false, missed: found things that are none, and known ones that were not found.
    """

    hits: int
    false: int
    missed: int

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(self.hits + other.hits, self.false + other.false, self.missed + other.missed)

    @property
    def precision(self) -> float:
        """Share of the found things that are right; 1 where nothing was found, as nothing found is wrong."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else 1.0

    @property
    def recall(self) -> float:
        """Share of the known things that were found; 1 where there is none to find."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where there is nothing and nothing was found."""
        all_of_them = 2 * self.hits + self.false + self.missed
        return 2 * self.hits / all_of_them if all_of_them else 1.0


@dataclass(frozen=True, slots=True)
class _Counted:
    """What things agree in that are found or not, each as a whole."""

    counts: Agreement

    @property
    def precision(self) -> float:
        return self.counts.precision

    @property
    def recall(self) -> float:
        return self.counts.recall

    @property
    def f1(self) -> float:
        return self.counts.f1


@dataclass(frozen=True, slots=True)
class BoundaryScore(_Counted):
    """How found boundaries agree with known ones.

    Attributes:
        tolerance: how far apart, at most, the two of a pair are; in the unit of the places.
    """

    tolerance: float


@dataclass(frozen=True, slots=True)
class SceneScore:
    """How found scenes lie over known ones; every value is from 0 to 1.

    Attributes:
        of_known: mean over the known scenes of the largest intersection over union that a found scene reaches.
        of_found: the same the other way round. Many small scenes lower this one, few large ones the other.
        coverage: of a known scene, how much of it the found scene that covers most of it covers; the mean, weighted by
            length.
        overflow: of the found scenes that touch a known one, how much of them lies outside it, over the length of its
            two neighbours, at most 1; the mean, weighted by length. 0 is best.

    The means both ways follow Baraldi, Grana and Cucchiara (2015); coverage and overflow Vendrig and Worring (2002).
    """

    of_known: float
    of_found: float
    coverage: float
    overflow: float

    @property
    def mean_iou(self) -> float:
        """The mean of both ways, by which ways to find scenes are usually compared."""
        return (self.of_known + self.of_found) / 2


@dataclass(frozen=True, slots=True)
class DialogueScore(_Counted):
    """How found dialogues agree with known ones.

    Attributes:
        counts: a found dialogue hits a known one where their intersection over union is at least `overlap`.
        overlap: that bound.
        found_share: how much of the time of the known dialogues lies in any found one.
        true_share: how much of the time of the found dialogues lies in any known one.
    """

    overlap: float
    found_share: float
    true_share: float


@dataclass(frozen=True, slots=True)
class ClusterScore:
    """How clusters agree with known classes; every value but `adjusted_rand` is from 0 to 1.

    Attributes:
        items: how many things have a class and are in a cluster; all below but `covered` is of them.
        clusters, classes: how many of each they make.
        covered: of the things with a class, the share that is in any cluster.
        purity: the share of things that are of the class which is commonest in their cluster. One cluster for each
            thing has purity 1, so read it beside the next.
        inverse_purity: the share of things that are in the cluster which is commonest in their class.
        homogeneity, completeness: the same in bits of information (Rosenberg and Hirschberg 2007).
        adjusted_rand: of all pairs of things, how far clusters and classes agree on which belong together, beyond what
            chance brings: 0 by chance, 1 in full, below 0 worse than chance (Hubert and Arabie 1985).
    """

    items: int
    clusters: int
    classes: int
    covered: float
    purity: float
    inverse_purity: float
    homogeneity: float
    completeness: float
    adjusted_rand: float

    @property
    def v_measure(self) -> float:
        """The harmonic mean of homogeneity and completeness."""
        both = self.homogeneity + self.completeness
        return 2 * self.homogeneity * self.completeness / both if both else 0.0


def score_boundaries(found: Sequence[float], known: Sequence[float], tolerance: float) -> BoundaryScore:
    """Return how found boundaries agree with known ones.

    A pair is at most `tolerance` apart, and each boundary is in one pair at most. The start of a film is no boundary;
    leave it out of both. Of all ways to pair them the one with the most pairs counts.
    """
    left = sorted(known)
    hits = at = 0
    for place in sorted(found):
        while at < len(left) and left[at] < place - tolerance:
            at += 1
        if at < len(left) and left[at] <= place + tolerance:
            hits += 1
            at += 1
    return BoundaryScore(Agreement(hits, len(found) - hits, len(left) - hits), tolerance)


def score_scenes(found: Sequence[Span], known: Sequence[Span]) -> SceneScore:
    """Return how found scenes lie over known ones, of films with at least one scene each way.

    Raises:
        ValueError: there are none, or one is empty.
    """
    if not found or not known or any(stop <= start for start, stop in (*found, *known)):
        raise ValueError(f"scenes are compared where both sides have some, none empty, got {found!r} and {known!r}")
    lengths = [stop - start for start, stop in known]
    covers = [max(_shared(scene, other) for other in found) for scene in known]
    overflows = [_overflow(place, known, found) for place in range(len(known))]
    return SceneScore(
        of_known=_mean([max(_iou(scene, other) for other in found) for scene in known]),
        of_found=_mean([max(_iou(scene, other) for other in known) for scene in found]),
        coverage=sum(covers) / sum(lengths),
        overflow=sum(over * length for over, length in zip(overflows, lengths, strict=True)) / sum(lengths),
    )


def score_dialogues(found: Sequence[Span], known: Sequence[Span], overlap: float = 0.5) -> DialogueScore:
    """Return how found dialogues agree with known ones; each is in one pair at most.

    Args:
        overlap: intersection over union that a pair reaches at least, above 0 and at most 1.
    """
    near = [[place for place, one in enumerate(known) if _iou(span, one) >= overlap] for span in found]
    hits = _most_pairs(near)
    shared = sum(_shared(one, other) for one in _union(found) for other in _union(known))
    return DialogueScore(
        Agreement(hits, len(found) - hits, len(known) - hits),
        overlap,
        found_share=_share_of(shared, _union(known)),
        true_share=_share_of(shared, _union(found)),
    )


def score_clusters(clusters: Sequence[int], classes: Sequence[Hashable | None]) -> ClusterScore:
    """Return how clusters agree with known classes, one of each per thing.

    Args:
        clusters: numbers; one below 0 says that the thing is in no cluster.
        classes: None says that the thing is of no class, or that nobody knows; it does not count.

    Raises:
        ValueError: there are not as many of one as of the other.
    """
    known = [(number, name) for number, name in zip(clusters, classes, strict=True) if name is not None]
    pairs = [pair for pair in known if pair[0] >= 0]
    both, of_cluster, of_class = Counter(pairs), Counter(one for one, _ in pairs), Counter(name for _, name in pairs)
    best_of: dict[tuple[str, Hashable], int] = {}
    for (number, name), count in both.items():
        for key in (("cluster", number), ("class", name)):
            best_of[key] = max(best_of.get(key, 0), count)
    return ClusterScore(
        items=len(pairs),
        clusters=len(of_cluster),
        classes=len(of_class),
        covered=len(pairs) / len(known) if known else 1.0,
        purity=_summed(best_of, "cluster", len(pairs)),
        inverse_purity=_summed(best_of, "class", len(pairs)),
        homogeneity=_told(both, of_class, {pair: of_cluster[pair[0]] for pair in both}),
        completeness=_told(both, of_cluster, {pair: of_class[pair[1]] for pair in both}),
        adjusted_rand=_adjusted_rand(both, of_cluster, of_class),
    )


def purity(clusters: Sequence[int], classes: Sequence[Hashable | None]) -> float:
    """Return the share of things that are of the class which is commonest in their cluster, see `score_clusters`."""
    return score_clusters(clusters, classes).purity


def _shared(one: Span, other: Span) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def _iou(one: Span, other: Span) -> float:
    shared = _shared(one, other)
    return shared / (max(one[1], other[1]) - min(one[0], other[0])) if shared else 0.0


def _overflow(place: int, known: Sequence[Span], found: Sequence[Span]) -> float:
    """Return how far the found scenes that touch a known one go beyond it, over the length of its neighbours."""
    beside = sum(stop - start for start, stop in (*known[max(0, place - 1) : place], *known[place + 1 : place + 2]))
    touching = [(one, _shared(one, known[place])) for one in found if _shared(one, known[place]) > 0]
    outside = sum(stop - start - shared for (start, stop), shared in touching)
    return min(1.0, outside / beside) if beside else 0.0


def _most_pairs(near: Sequence[Sequence[int]]) -> int:
    """Return the size of the largest pairing of left with right places, each in one pair (Kuhn's algorithm)."""
    partner: dict[int, int] = {}

    def pairs(left: int, seen: set[int]) -> bool:
        for right in near[left]:
            if right not in seen:
                seen.add(right)
                if right not in partner or pairs(partner[right], seen):
                    partner[right] = left
                    return True
        return False

    return sum(pairs(left, set()) for left in range(len(near)))


def _union(spans: Sequence[Span]) -> list[Span]:
    """Return spans that cover the same and do not lie over each other."""
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _share_of(shared: float, spans: Sequence[Span]) -> float:
    total = sum(stop - start for start, stop in spans)
    return min(1.0, shared / total) if total else 1.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _summed(best_of: dict[tuple[str, Hashable], int], side: str, items: int) -> float:
    return sum(count for (of, _), count in best_of.items() if of == side) / items if items else 1.0


def _told(
    both: Counter[tuple[int, Hashable]],
    totals: Counter[Hashable] | Counter[int],
    given: dict[tuple[int, Hashable], int],
) -> float:
    """Return how much of the information in one grouping the other one tells: 1 minus conditional over full entropy."""
    items = both.total()
    full = -sum(count / items * log(count / items) for count in totals.values())
    if isclose(full, 0.0, abs_tol=1e-12):
        return 1.0
    rest = -sum(count / items * log(count / given[pair]) for pair, count in both.items())
    return max(0.0, 1 - rest / full)


def _adjusted_rand(both: Counter[tuple[int, Hashable]], of_cluster: Counter[int], of_class: Counter[Hashable]) -> float:
    together = sum(comb(count, 2) for count in both.values())
    in_cluster = sum(comb(count, 2) for count in of_cluster.values())
    in_class = sum(comb(count, 2) for count in of_class.values())
    pairs = comb(both.total(), 2)
    by_chance = in_cluster * in_class / pairs if pairs else 0.0
    most = (in_cluster + in_class) / 2
    return (together - by_chance) / (most - by_chance) if not isclose(most, by_chance, abs_tol=1e-12) else 1.0
