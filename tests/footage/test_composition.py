"""Balance, thirds and symmetry, on maps and pictures whose composition is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from footage.photographed import confetti, landscape
from rushes.footage.composition import balance_of, middle_of, symmetry_of, thirds_of


@pytest.mark.parametrize(("column", "expected"), [(0, 0.1), (4, 0.9), (5, 0.9), (9, 0.1)])
def test_balance_is_how_near_the_weight_lies_to_the_middle(column: int, expected: float) -> None:
    weights = np.zeros((3, 10))
    weights[:, column] = 2
    assert balance_of(weights) == pytest.approx(expected)


def test_what_draws_the_eye_nowhere_is_balanced() -> None:
    assert balance_of(np.zeros((3, 3))) == 1
    assert middle_of(np.zeros((3, 3))) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("across", "down", "expected"),
    [(1 / 3, 2 / 3, 1), (1 / 3, 0.5, 0.7), (0.5, 2 / 3, 0.7), (0.5, 0.5, 0), (0.05, 0.5, 0), (5 / 12, 5 / 12, 0.5)],
)
def test_thirds_are_best_on_a_crossing_and_good_on_a_line(across: float, down: float, expected: float) -> None:
    assert thirds_of(across, down) == pytest.approx(expected)


@given(across=st.floats(0, 1), down=st.floats(0, 1))
def test_thirds_are_the_same_in_the_mirror(across: float, down: float) -> None:
    assert thirds_of(1 - across, down) == pytest.approx(thirds_of(across, down), abs=1e-9)
    assert 0 <= thirds_of(across, down) <= 1


def test_a_picture_and_its_mirror_side_by_side_are_symmetric() -> None:
    half = confetti()
    assert symmetry_of(np.hstack([half, half[:, ::-1]])) > 0.99
    assert symmetry_of(np.hstack([half, 255 - half[:, ::-1]])) < 0.1
    assert 0.2 < symmetry_of(half) < 0.8


def test_sky_over_ground_is_symmetric() -> None:
    assert symmetry_of(landscape(0)) > 0.99


@given(picture=arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30))))
def test_symmetry_is_the_same_in_the_mirror(picture: np.ndarray) -> None:
    found = symmetry_of(picture)
    assert 0 <= found <= 1
    assert symmetry_of(np.ascontiguousarray(picture[:, ::-1])) == pytest.approx(found, abs=0.01)
