"""Vectors are linked as the slow way links them, and what must stay apart does."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.structure.linkage import link


def slowly(vectors: np.ndarray, joined: float, apart: list[np.ndarray]) -> set[frozenset[int]]:
    """Return groups by looking at every pair of them again after each step."""
    alike = vectors @ vectors.T
    kept = {frozenset(pair) for places in apart for pair in combinations(places.tolist(), 2)}
    groups = [frozenset([place]) for place in range(len(vectors))]
    while True:
        best, pair = joined, None
        for one, two in combinations(groups, 2):
            if any(frozenset((a, b)) in kept for a in one for b in two):
                continue
            mean = np.mean([alike[a, b] for a in one for b in two])
            if mean >= best:
                best, pair = mean, (one, two)
        if pair is None:
            return set(groups)
        groups = [group for group in groups if group not in pair] + [pair[0] | pair[1]]


def grouped(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


@settings(max_examples=40)
@given(st.integers(1, 14), st.integers(0, 1000), st.floats(-0.3, 0.9), st.booleans())
def test_groups_are_those_of_average_linkage(count: int, seed: int, joined: float, is_crowd: bool) -> None:
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(count, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    apart = [draw.permutation(count)[: count // 2]] if is_crowd else []
    labels = link(vectors, joined=joined, apart=apart)
    assert grouped(labels) == slowly(vectors.astype(np.float64), joined, apart)
    assert sorted(set(labels.tolist())) == list(range(labels.max() + 1))


def test_groups_inherit_whom_their_members_must_not_meet() -> None:
    vectors = np.array([[1, 0.0], [1, 0.02], [1, 0.01]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = link(vectors, joined=0.5, apart=[np.array([0, 1])])
    assert labels[0] != labels[1]
    assert labels[2] in (labels[0], labels[1])


def test_no_vectors_are_no_groups() -> None:
    assert link(np.zeros((0, 8), np.float32), joined=0.5).tolist() == []


@pytest.mark.longer
def test_thousands_are_linked() -> None:
    draw = np.random.default_rng(1)
    middles = draw.normal(size=(40, 64))
    whose = draw.integers(0, 40, 4000)
    vectors = (middles[whose] + 0.6 * draw.normal(size=(4000, 64))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = link(vectors, joined=0.4)
    assert grouped(labels) == grouped(whose)
