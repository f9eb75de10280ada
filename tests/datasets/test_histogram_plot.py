"""Histograms in a box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.datasets.histogram_plot import Box, _round_below, plan_plot, signed
from rushes.datasets.standardised import Distribution, Histogram, NormalFit, describe, standardise

BOX = Box(left=30, top=6, right=252, bottom=122)


def spread_of(*levels: int) -> Distribution:
    found = describe(standardise(np.repeat(np.array([levels], np.uint8)[:, :, None], 3, axis=2)))
    assert found is not None
    return found


def test_bars_are_as_high_as_their_counts_and_stand_on_the_bottom() -> None:
    plot = plan_plot(Distribution(-1, 1, Histogram((-1.0, 0.0, 1.0), (1, 3)), NormalFit(0, 1)), BOX)
    assert plot.outline[0][1] == plot.outline[-1][1] == BOX.bottom
    heights = [BOX.bottom - y for _, y in plot.outline[1:-1]]
    assert heights[0] == heights[1]
    assert heights[2] == heights[3] == pytest.approx(3 * heights[0])
    assert [round(x, 6) for x, _ in plot.outline] == sorted(round(x, 6) for x, _ in plot.outline)


@given(st.lists(st.integers(0, 255), min_size=2, max_size=60).filter(lambda levels: len(set(levels)) > 1))
def test_nothing_is_drawn_outside_of_the_box(levels: list[int]) -> None:
    plot = plan_plot(spread_of(*levels), BOX)
    places = [*plot.outline, *plot.curve, *((x, BOX.bottom) for x, _ in plot.ticks)]
    places += [(BOX.left, y) for y, _ in plot.levels]
    for x, y in places:
        assert BOX.left - 1e-6 <= x <= BOX.right + 1e-6
        assert BOX.top - 1e-6 <= y <= BOX.bottom + 1e-6
    assert 2 <= len(plot.ticks) <= 8
    assert "0" in [label for _, label in plot.ticks]


def test_the_curve_is_highest_at_the_mean() -> None:
    plot = plan_plot(spread_of(*range(100)), BOX)
    top = min(plot.curve, key=lambda point: point[1])
    (middle,) = [x for x, label in plot.ticks if label == "0"]
    assert top[0] == pytest.approx(middle, abs=2)


@pytest.mark.parametrize(
    ("value", "shown"), [(-1.666, "−1.67"), (0.0, "0.00"), (-0.0, "0.00"), (-0.004, "0.00"), (12.5, "12.50")]
)
def test_numbers_are_written_with_a_minus_that_means_something(value: float, shown: str) -> None:
    assert signed(value) == shown


@given(st.floats(1e-3, 1e6))
def test_a_round_number_is_below_and_not_far(value: float) -> None:
    assert value / 2.01 <= _round_below(value) <= value


def test_a_number_a_hair_below_a_power_of_ten_has_a_round_number_below() -> None:
    assert _round_below(np.nextafter(1000.0, 0)) == pytest.approx(800)
