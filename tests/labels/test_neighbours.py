"""Nearest neighbours of many vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.labels.neighbours import nearest_neighbours


def scattered(count: int, length: int, seed: int = 0) -> np.ndarray:
    """Points around centres of very different weight, as frames lie around shots."""
    dice = np.random.default_rng(seed)
    centres = dice.normal(0, 1, (40, length))
    weights = 1 / np.arange(1, 41)
    chosen = dice.choice(40, count, p=weights / weights.sum())
    ways = dice.normal(0, 0.3, (40, 4, length))  # what a camera shows of a place has few dimensions
    moved = np.einsum("ij,ijk->ik", dice.normal(0, 1, (count, 4)), ways[chosen])
    return (centres[chosen] + moved + dice.normal(0, 0.01, (count, length))).astype(np.float32)


def by_hand(values: np.ndarray, count: int) -> np.ndarray:
    apart = np.linalg.norm(values[:, None].astype(np.float64) - values[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return np.sort(apart, axis=1)[:, :count]


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 300), st.integers(1, 12), st.integers(0, 9))
def test_the_nearest_are_those_found_by_comparing_all_with_all(count: int, wanted: int, seed: int) -> None:
    values = scattered(count, 5, seed)
    found = nearest_neighbours(values, wanted)
    kept = min(wanted, count - 1)
    assert found.distances.shape == found.places.shape == (count, kept)
    np.testing.assert_allclose(found.distances, by_hand(values, kept), atol=1e-4)
    for row in range(count):
        assert row not in found.places[row]
        assert len(set(found.places[row].tolist())) == kept


def test_distances_are_those_of_the_places_and_rise() -> None:
    values = scattered(500, 20)
    for exact_count in (1000, 0):
        found = nearest_neighbours(values, 7, exact_count=exact_count)
        apart = np.linalg.norm(values[found.places] - values[:, None], axis=2)
        np.testing.assert_allclose(found.distances, apart, atol=1e-5)
        assert (np.diff(found.distances, axis=1) >= 0).all()


@pytest.mark.parametrize("length", [20, 300])
def test_cells_find_nearly_all_of_the_nearest(length: int) -> None:
    values = scattered(6000, length)
    exact = nearest_neighbours(values, 10)
    found = nearest_neighbours(values, 10, exact_count=0)
    shared = [
        len(set(one) & set(other)) for one, other in zip(exact.places.tolist(), found.places.tolist(), strict=True)
    ]
    assert np.mean(shared) > 7
    assert np.corrcoef(exact.distances.mean(axis=1), found.distances.mean(axis=1))[0, 1] > 0.95
    assert (found.distances >= exact.distances - 1e-4).all()


def test_the_same_vectors_give_the_same_neighbours_again() -> None:
    values = scattered(3000, 30)
    one, other = (nearest_neighbours(values, 5, exact_count=0) for _ in range(2))
    np.testing.assert_array_equal(one.places, other.places)


def test_a_vector_alone_has_no_neighbours() -> None:
    assert nearest_neighbours(np.zeros((1, 4), np.float32), 10).places.shape == (1, 0)
    assert nearest_neighbours(np.zeros((0, 4), np.float32), 10).places.shape == (0, 0)
