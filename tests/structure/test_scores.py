"""Scores of a structure, worked by hand, and laws that they keep."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.structure.scores import (
    Agreement,
    purity,
    score_boundaries,
    score_clusters,
    score_dialogues,
    score_scenes,
)


def test_boundaries_are_paired_once_within_the_tolerance() -> None:
    score = score_boundaries([4, 5, 12, 30], [5, 10, 20], tolerance=1)
    assert score.counts == Agreement(hits=1, false=3, missed=2)
    wider = score_boundaries([4, 5, 12, 30], [5, 10, 20], tolerance=2)
    assert wider.counts == Agreement(hits=2, false=2, missed=1)
    assert (wider.precision, wider.recall) == (0.5, pytest.approx(2 / 3))
    assert wider.f1 == pytest.approx(4 / 7)


def test_the_pairing_of_boundaries_is_the_one_with_the_most_pairs() -> None:
    # Taken by distance alone, 2 would be paired with 3, and nothing would be left for 4.
    assert score_boundaries([2, 4], [1, 3], tolerance=1).counts == Agreement(2, 0, 0)


def test_nothing_found_where_nothing_is_counts_as_right() -> None:
    assert score_boundaries([], [], tolerance=0).f1 == 1
    assert score_boundaries([3], [], tolerance=0).f1 == 0
    assert score_boundaries([], [3], tolerance=0).recall == 0


def test_scenes_are_compared_both_ways() -> None:
    # Known: 0-6 and 6-10. Found: 0-4, 4-6, 6-10.
    score = score_scenes([(0, 4), (4, 6), (6, 10)], [(0, 6), (6, 10)])
    assert score.of_known == pytest.approx((4 / 6 + 1) / 2)
    assert score.of_found == pytest.approx((4 / 6 + 2 / 6 + 1) / 3)
    assert score.mean_iou == pytest.approx((score.of_known + score.of_found) / 2)
    assert score.coverage == pytest.approx((4 + 4) / 10)
    assert score.overflow == 0


def test_scenes_that_reach_over_a_boundary_overflow() -> None:
    # Known: 0-4, 4-8, 8-10. Found: 0-5, 5-10. Of the first, 1 of its neighbour's 4; of the second, 4 + 2 of 6; of the
    # third, 3 of 4.
    score = score_scenes([(0, 5), (5, 10)], [(0, 4), (4, 8), (8, 10)])
    assert score.overflow == pytest.approx((4 * 1 / 4 + 4 * 6 / 6 + 2 * 3 / 4) / 10)
    assert score.coverage == pytest.approx((4 + 3 + 2) / 10)


def test_scenes_need_to_be_there_to_be_compared() -> None:
    with pytest.raises(ValueError, match="both sides have some"):
        score_scenes([], [(0, 1)])
    with pytest.raises(ValueError, match="none empty"):
        score_scenes([(0, 0)], [(0, 1)])


def test_a_dialogue_counts_where_half_of_the_time_of_both_together_is_shared() -> None:
    score = score_dialogues([(0, 10), (20, 24), (50, 60)], [(0, 6), (20, 30), (52, 58)])
    assert score.counts == Agreement(hits=2, false=1, missed=1)  # 6 of 10, 4 of 10, 6 of 10
    assert score.found_share == pytest.approx((6 + 4 + 6) / 22)
    assert score.true_share == pytest.approx((6 + 4 + 6) / 24)


def test_two_found_dialogues_do_not_both_hit_one_that_is_known() -> None:
    score = score_dialogues([(0, 5), (0, 10)], [(0, 9)])
    assert score.counts == Agreement(hits=1, false=1, missed=0)
    assert score.true_share == pytest.approx(9 / 10)  # found ones that lie over each other count once


def test_no_dialogue_found_where_there_is_none_is_right() -> None:
    score = score_dialogues([], [])
    assert (score.f1, score.found_share, score.true_share) == (1, 1, 1)


def test_clusters_are_scored_as_worked_by_hand() -> None:
    # Cluster 0 holds A A B, cluster 1 holds B B C.
    score = score_clusters([0, 0, 0, 1, 1, 1], ["A", "A", "B", "B", "B", "C"])
    assert (score.items, score.clusters, score.classes, score.covered) == (6, 2, 3, 1)
    assert score.purity == pytest.approx(4 / 6)
    assert score.inverse_purity == pytest.approx((2 + 2 + 1) / 6)
    # Pairs together: in both 1 + 1, in clusters 3 + 3, in classes 1 + 3, of 15 in all.
    by_chance = 6 * 4 / 15
    assert score.adjusted_rand == pytest.approx((2 - by_chance) / (5 - by_chance))


def test_information_is_shared_as_worked_by_hand() -> None:
    # Classes A A B B, clusters 0 1 2 2: the clusters tell the class in full; a class tells 1 bit of the 1.5.
    score = score_clusters([0, 1, 2, 2], ["A", "A", "B", "B"])
    assert score.homogeneity == pytest.approx(1)
    assert score.completeness == pytest.approx(1 / 1.5)
    assert score.v_measure == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))


def test_things_without_a_class_do_not_count_and_things_in_no_cluster_are_not_covered() -> None:
    score = score_clusters([0, -1, 3, -1], ["A", "A", None, None])
    assert (score.items, score.covered, score.purity) == (1, 0.5, 1)
    nothing = score_clusters([-1], ["A"])
    assert (nothing.items, nothing.covered) == (0, 0)
    with pytest.raises(ValueError, match="argument 2 is"):
        score_clusters([0], ["A", "B"])


places = st.lists(st.integers(0, 14), max_size=5)


@given(places, places, st.integers(0, 3))
def test_no_pairing_has_more_pairs(found: list[int], known: list[int], tolerance: int) -> None:
    short, long = sorted((found, known), key=len)
    best = max(
        sum(abs(a - b) <= tolerance for a, b in zip(short, chosen, strict=True))
        for chosen in itertools.permutations(long, len(short))
    )
    score = score_boundaries(found, known, tolerance)
    assert score.counts == Agreement(best, len(found) - best, len(known) - best)


@st.composite
def tilings(draw: st.DrawFn) -> list[tuple[float, float]]:
    edges = sorted({0, 20, *draw(st.lists(st.integers(1, 19), max_size=8))})
    return list(itertools.pairwise(edges))


@given(tilings(), tilings())
def test_scenes_are_alike_both_ways_and_in_full_only_where_they_are_the_same(
    found: list[tuple[float, float]], known: list[tuple[float, float]]
) -> None:
    score, other_way = score_scenes(found, known), score_scenes(known, found)
    assert score.mean_iou == pytest.approx(other_way.mean_iou)
    assert (score.mean_iou == 1) == (found == known)
    for value in (score.of_known, score.of_found, score.coverage, score.overflow):
        assert 0 <= value <= 1
    if found == known:
        assert (score.coverage, score.overflow) == (1, 0)


@given(tilings(), tilings(), st.floats(0.05, 1))
def test_dialogues_never_hit_more_than_there_are(
    found: list[tuple[float, float]], known: list[tuple[float, float]], overlap: float
) -> None:
    score = score_dialogues(found, known, overlap)
    assert score.counts.hits + score.counts.missed == len(known)
    assert score.counts.hits + score.counts.false == len(found)
    assert score_dialogues(known, known, overlap).f1 == 1


groupings = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)


@given(groupings, st.permutations(range(5)))
def test_clusters_keep_their_score_under_other_numbers_and_swap_it_with_the_classes(
    pairs: list[tuple[int, int]], numbers: list[int]
) -> None:
    clusters, classes = [one for one, _ in pairs], [two for _, two in pairs]
    score = score_clusters(clusters, classes)
    assert score_clusters([numbers[one] for one in clusters], classes).adjusted_rand == pytest.approx(
        score.adjusted_rand
    )
    swapped = score_clusters(classes, clusters)
    assert swapped.purity == pytest.approx(score.inverse_purity)
    assert swapped.completeness == pytest.approx(score.homogeneity)
    assert swapped.v_measure == pytest.approx(score.v_measure)
    assert swapped.adjusted_rand == pytest.approx(score.adjusted_rand)
    assert score_clusters(classes, classes).adjusted_rand == pytest.approx(1)
    assert purity(range(len(classes)), classes) == 1  # a cluster for each thing: pure, and useless


@given(groupings)
def test_clusters_are_scored_as_scikit_learn_scores_them(pairs: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    clusters, classes = [one for one, _ in pairs], [two for _, two in pairs]
    score = score_clusters(clusters, classes)
    assert score.adjusted_rand == pytest.approx(metrics.adjusted_rand_score(classes, clusters))
    told = metrics.homogeneity_completeness_v_measure(classes, clusters)
    assert (score.homogeneity, score.completeness, score.v_measure) == pytest.approx(told)
