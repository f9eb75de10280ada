"""The way of the camera under a strip."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from footage.spliced import WIDTH, pan, signals_of, still
from rushes.evaluation.motion_chart import curve_of, draw_motion, name_lines
from rushes.footage.movement import SERIES_COLUMNS, MotionSeries, motion_series


def series(rates, *, trusted=None, seconds_each=0.125):
    count = len(rates)
    values = np.zeros((count, len(SERIES_COLUMNS)), np.float32)
    for row, told in enumerate(rates):
        for name, value in told.items():
            values[row, SERIES_COLUMNS.index(name)] = value
    return MotionSeries(
        seconds=(np.arange(1, count + 1) * seconds_each).astype(np.float32),
        seconds_each=np.full(count, seconds_each, np.float32),
        values=values,
        trusted=np.array(trusted if trusted is not None else [True] * count, np.bool_),
        duration_seconds=count * seconds_each,
    )


def test_rates_add_up_to_a_way_in_percent():
    curve = curve_of(series([{"zoom": math.log(1.5) / 1, "pan_x": -0.1, "pan_y": 0.2}] * 8))
    assert curve.seconds[[0, -1]].tolist() == pytest.approx([0.0, 1.0])
    assert curve.zoom[-1] == pytest.approx(50, rel=1e-4)
    assert curve.pan[-1] == pytest.approx(10, rel=1e-4)  # the picture goes left, for the camera goes right
    assert curve.tilt[-1] == pytest.approx(20, rel=1e-4)


def test_a_zoom_over_three_steps_counts_where_it_was_followed_and_is_slow():
    told = [{"zoom": 0.01, "slow_zoom": 0.04, "slow_support": support} for support in (0.0, 0.9)]
    told.append({"zoom": 0.1, "slow_zoom": 0.4, "slow_support": 0.9})
    curve = curve_of(series(told))
    assert np.log1p(curve.zoom / 100).tolist() == pytest.approx([0, 0.00125, 0.00625, 0.01875], abs=1e-6)


def test_what_is_not_trusted_moves_nothing_and_breaks_the_line():
    curve = curve_of(series([{"pan_x": -1.0}, {"pan_x": -9.0}, {"pan_x": -1.0}], trusted=[True, False, True]))
    assert curve.pan.tolist() == pytest.approx([0, 12.5, 12.5, 25])
    assert curve.broken.tolist() == [True, False, True, False]
    drawing = draw_motion(curve, label="way")
    pans = drawing.split('class="line second" d="')[1].split('"')[0]
    assert pans.count("M") == 2
    assert curve.gaps == ((0.125, 0.25),)
    assert drawing.count('class="gap"') == 1
    assert "not measured here" in name_lines(curve)


def test_gaps_that_touch_are_one_and_a_shot_of_nothing_else_has_none():
    trusted = [False, False, True, False, True]
    assert curve_of(series([{}] * 5, trusted=trusted)).gaps == ((0.0, 0.25), (0.375, 0.5))
    assert curve_of(series([{}] * 2, trusted=[False, False])).gaps == ()
    late = replace(curve_of(series([{}] * 3)), duration_seconds=0.5)
    assert late.gaps == ((0.375, 0.5),)
    assert replace(late, duration_seconds=0.38).gaps == ()
    assert "not measured" not in name_lines(curve_of(series([{}] * 3)))


def test_a_shot_without_motion_says_so():
    curve = curve_of(series([]))
    assert curve.is_empty
    assert "no motion could be measured" in draw_motion(curve, label="way")
    assert name_lines(curve) == ""
    assert curve_of(series([{}], trusted=[False])).is_empty


def test_cuts_are_marked_and_labels_are_escaped():
    drawing = draw_motion(curve_of(series([{}] * 8), cuts=(0.5,)), label='a "shot"')
    assert 'class="cut" d="M450.0,0' in drawing
    assert "&quot;shot&quot;" in drawing


def test_a_camera_that_goes_right_and_one_at_rest_are_drawn_so():
    moving = curve_of(motion_series(signals_of(pan(3, 30, 2.0)), 0, 30))
    resting = curve_of(motion_series(signals_of(still(3, 30)), 0, 30))
    assert moving.pan[-1] == pytest.approx(100 * 2 * (moving.seconds[-1] - moving.seconds[0]) * 24 / WIDTH, rel=0.1)
    assert abs(resting.pan[-1]) < 1
    assert "<b>0 %</b>" in name_lines(resting)
