from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from footage.motions import EACH, series_like, zooming
from footage.spliced import signals_of, zoom
from rushes.footage.movement import SERIES_COLUMNS, motion_series
from rushes.footage.movement_words import NOT_FOLLOWED, TOO_SHORT, describe_motion, longest_part


def test_a_push_is_told_by_its_zoom() -> None:
    frames = zoom(5, 49, 0.0056)
    line = describe_motion(motion_series(signals_of(frames), 0, 49), "push")
    assert line.startswith("zoom ×1.3")
    assert "over 2.0 s" in line
    assert line.endswith("% of the frame agrees")


def test_a_zoom_that_is_quick_in_one_part_is_told_whole() -> None:
    """A crash zoom of 2.5 in two pairs between holds; over three steps it is smeared, and least of the frame agrees."""
    quick = [0.0] * 8 + [np.log(2.5) / (2 * EACH)] * 2 + [0.0] * 8
    slow = [0.0] * 8 + [np.log(2.5) / (6 * EACH), *[np.log(2.5) / (3 * EACH)] * 2, np.log(2.5) / (6 * EACH)] + [0.0] * 6
    series = series_like(18, zoom=quick, support=[0.9] * 8 + [0.2] * 2 + [0.9] * 8)
    series.values[:, SERIES_COLUMNS.index("slow_zoom")] = slow
    assert describe_motion(series, "push").startswith("zoom ×2.50 over 2.4 s")


def test_a_slow_zoom_is_told_by_what_is_measured_over_three_steps() -> None:
    series = zooming(80, 0.014)
    series.values[:, SERIES_COLUMNS.index("slow_zoom")] = 0.01
    assert describe_motion(series, "push").startswith("zoom ×1.11 over 10.1 s")
    series.values[:, SERIES_COLUMNS.index("slow_support")] = 0
    assert describe_motion(series, "push").startswith("zoom ×1.15 over 10.1 s")


@pytest.mark.parametrize(
    ("rates", "line"),
    [
        ({"pan_x": -0.5}, "pans right by 0.75 frame widths in 1.6 s"),
        ({"pan_x": 0.1}, "pans left by 0.15 frame widths in 1.6 s"),
        ({"pan_y": 0.2}, "tilts up by 0.30 frame widths in 1.6 s"),
        ({"pan_x": -0.2, "pan_y": -0.2}, "pans right and tilts down by 0.42 frame widths in 1.6 s"),
        ({"pan_x": [0.2, -0.2] * 6}, "shakes: the picture goes 0.30 frame widths to and fro in 1.6 s"),
        ({"pan_x": [-0.2] * 6 + [0.2] * 6}, "pans to and fro: the picture goes 0.30 frame widths in 1.6 s"),
        ({"pan_y": [-0.2] * 6 + [0.2] * 6}, "tilts to and fro: the picture goes 0.30 frame widths in 1.6 s"),
        ({"roll": 0.3}, "turns by 26° in 1.6 s"),
        ({"pan_x": 0.004}, "the picture goes 0.01 frame widths in 1.6 s"),
        ({"pan_x": 0.004, "zoom": 0.2}, "zoom ×1.35 over 1.6 s"),
    ],
)
def test_a_move_is_told_by_where_the_camera_goes(rates: dict[str, float | list[float]], line: str) -> None:
    assert describe_motion(series_like(12, **rates), "motion") == f"{line}, 90 % of the frame agrees"


@pytest.mark.parametrize(
    ("rates", "line"),
    [
        ({"pan_x": [0.016, -0.016] * 6}, "at rest: the picture moves by 0.2 % of its width in 1.6 s"),
        ({"zoom": 0.02}, "at rest: the picture moves by 0.9 % of its width in 1.6 s"),
        ({"roll": 0.02}, "at rest: the picture moves by 0.9 % of its width in 1.6 s"),
        ({"pan_x": 0.078}, "the picture moves by 11.7 % of its width in 1.6 s"),
        ({"roll": 0.2}, "the picture moves by 8.7 % of its width in 1.6 s"),
        ({"zoom": 0.06}, "zoom ×1.09 over 1.6 s"),
    ],
)
def test_rest_is_told_by_how_little_the_picture_moves_and_not_called_so_where_it_does(
    rates: dict[str, float | list[float]], line: str
) -> None:
    agrees = "" if line.startswith("at rest") else ", 90 % of the frame agrees"
    assert describe_motion(series_like(12, **rates), "static") == line + agrees


def test_the_share_that_agrees_is_the_mean_over_all_pairs() -> None:
    series = series_like(12, pan_x=-0.5, support=[1.0] * 6 + [0.04] * 6)
    series.trusted[6:] = False
    line = describe_motion(series, "motion")
    assert line == "pans right by 0.38 frame widths in 1.6 s, 52 % of the frame agrees; followed for 0.8 of 1.6 s"


def test_what_lacks_at_the_ends_of_a_short_shot_is_no_loss() -> None:
    series = replace(series_like(2, pan_x=-0.5), duration_seconds=0.45)
    assert describe_motion(series, "motion") == "pans right by 0.12 frame widths in 0.5 s, 90 % of the frame agrees"


def test_where_nothing_is_measured_it_says_so() -> None:
    series = series_like(6, pan_x=0.3)
    series.trusted[:] = False
    assert describe_motion(series, "motion") == NOT_FOLLOWED == "nothing in the picture could be followed"
    assert describe_motion(series_like(0), "static") == TOO_SHORT == "too short for motion to be measured"


def test_the_longest_part_between_cuts_is_the_first_of_equals() -> None:
    assert longest_part(10, 50, ()) == (10, 50)
    assert longest_part(10, 50, (30,)) == (10, 30)
    assert longest_part(10, 50, (15, 30)) == (30, 50)
