"""Pictures in gray, with mean 0 and standard deviation 1."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.datasets.standardised import MOST_BARS, NormalFit, as_gray, describe, standardise


def gray(*rows: list[int]) -> np.ndarray:
    """Return gray pixels as RGB."""
    return np.repeat(np.array(rows, np.uint8)[:, :, None], 3, axis=2)


@st.composite
def pictures(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    low = draw(st.integers(0, 255))
    high = draw(st.integers(low, 255))
    values = draw(st.binary(min_size=height * width * 3, max_size=height * width * 3))
    scaled = np.frombuffer(values, np.uint8).reshape(height, width, 3).astype(np.int64)
    return (low + scaled * (high - low) // 255).astype(np.uint8)


def test_a_case_by_hand() -> None:
    found = standardise(gray([10, 20], [30, 40]))
    assert (found.gray_mean, found.gray_deviation) == (25, pytest.approx(11.180340))
    np.testing.assert_allclose(found.values, np.array([[-1.3416408, -0.4472136], [0.4472136, 1.3416408]]), atol=1e-6)
    assert as_gray(found).tolist() == [[0, 85], [170, 255]]
    spread = describe(found)
    assert spread is not None
    assert (spread.low, spread.high) == (pytest.approx(-1.3416408), pytest.approx(1.3416408))
    assert len(spread.histogram.counts) == 31  # the levels from 10 to 40
    assert [bar for bar, count in enumerate(spread.histogram.counts) if count] == [0, 10, 20, 30]
    assert spread.histogram.edges[0] == pytest.approx((9.5 - 25) / 11.180340)
    assert spread.histogram.edges[-1] == pytest.approx((40.5 - 25) / 11.180340)


def test_gray_is_the_luma_of_bt_601() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    found = standardise(pixels)
    np.testing.assert_allclose(
        found.values * found.gray_deviation + found.gray_mean, [[76.245, 149.685, 29.07]], atol=0.01
    )


@pytest.mark.parametrize("level", [0, 1, 127, 255])
def test_a_flat_picture_is_not_divided_by_zero(level: int) -> None:
    found = standardise(np.full((3, 5, 3), level, np.uint8))
    assert found.is_flat
    assert (found.gray_mean, found.gray_deviation) == (pytest.approx(level), 0)
    assert not found.values.any()
    assert describe(found) is None
    assert as_gray(found).tolist() == [[128] * 5] * 3


def test_a_coloured_picture_of_one_colour_is_flat_too() -> None:
    assert standardise(np.full((30, 50, 3), (13, 200, 77), np.uint8)).is_flat


@given(pictures())
def test_the_mean_is_0_the_deviation_1_and_no_value_is_lost(pixels: np.ndarray) -> None:
    found = standardise(pixels)
    spread = describe(found)
    if spread is None:
        assert found.is_flat
        return
    values = found.values.astype(np.float64)
    assert values.mean() == pytest.approx(0, abs=1e-4)
    assert values.std() == pytest.approx(1, abs=1e-4)
    assert (spread.fit.mean, spread.fit.deviation) == (pytest.approx(0, abs=1e-4), pytest.approx(1, abs=1e-4))
    counts, edges = spread.histogram.counts, spread.histogram.edges
    assert sum(counts) == values.size
    assert 1 <= len(counts) == len(edges) - 1 <= MOST_BARS
    assert edges[0] <= values.min() + 1e-4
    assert values.max() <= edges[-1] + 1e-4
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])
    assert sum(spread.histogram.densities) * (edges[1] - edges[0]) == pytest.approx(1)


@given(pictures())
def test_what_is_shown_runs_from_black_to_white_and_keeps_the_order_of_values(pixels: np.ndarray) -> None:
    found = standardise(pixels)
    shown = as_gray(found)
    if found.is_flat:
        return
    assert (shown.min(), shown.max()) == (0, 255)
    order = np.argsort(found.values, axis=None, kind="stable")
    assert (np.diff(shown.ravel()[order].astype(np.int64)) >= 0).all()


def test_every_bar_holds_as_many_gray_levels_as_the_next() -> None:
    spread = describe(standardise(gray(list(range(200)))))
    assert spread is not None
    assert len(spread.histogram.counts) == 50
    assert set(spread.histogram.counts) == {4}


def test_the_fitted_curve_is_the_normal_density() -> None:
    fit, known = NormalFit(0.5, 2.0), NormalDist(0.5, 2.0)
    for at in (-6.0, -1.0, 0.5, 3.25):
        assert fit.density(at) == pytest.approx(known.pdf(at))
