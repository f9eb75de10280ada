from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from footage.motions import EACH, series_like, zooming
from footage.spliced import pan, signals_of, still, zoom
from rushes.footage.movement import (
    FEATURES,
    SERIES_COLUMNS,
    MotionSeries,
    backwards,
    motion_features,
    motion_series,
)
from rushes.footage.signals import Signals

NEVER_NEGATIVE = ("residual", "support", "found", "still", "focus", "step", "away", "rest")


def feature(series: MotionSeries, name: str) -> float:
    return float(motion_features(series)[FEATURES.index(name)])


def test_a_push_is_all_growth_and_no_shift() -> None:
    push = zooming(12, 0.2)
    assert feature(push, "zoom_sign") > 0.95
    assert feature(push, "zoom_over_pan") > 0.95
    assert feature(push, "zoom_all") > 3
    assert feature(push, "outward") == 1
    assert feature(push, "pan_speed") == 0


def test_a_pan_is_all_shift_and_no_growth() -> None:
    moves = series_like(12, pan_x=-0.5, ring_pan_x=-0.5)
    assert feature(moves, "zoom_over_pan") == 0
    assert feature(moves, "pan_straight") > 0.95
    assert feature(moves, "pan_speed") > 4
    assert feature(moves, "pan_least") > 4


def test_a_camera_at_rest_has_features_near_nought() -> None:
    rest = series_like(12, still=1.0)
    assert feature(rest, "still") == 1
    assert all(feature(rest, name) == 0 for name in ("pan_speed", "zoom", "zoom_all", "pan_jitter", "farthest"))


def test_a_shaking_camera_goes_far_and_comes_nowhere() -> None:
    shakes = series_like(12, pan_x=[0.3, -0.3] * 6)
    assert feature(shakes, "pan_speed") == pytest.approx(feature(series_like(12, pan_x=0.3), "pan_speed"))
    assert feature(shakes, "pan_straight") < 0.05
    assert feature(shakes, "pan_jitter") > 4
    assert feature(series_like(12, pan_x=0.3), "pan_jitter") == 0


def test_growth_on_which_the_frame_does_not_agree_is_none() -> None:
    """What comes towards a camera at rest grows in the middle alone."""
    values = series_like(12, zoom=0.2, centre_zoom=0.4, spread_zoom=0.1, ring_zoom=0.0)
    assert feature(values, "zoom_all") == feature(values, "zoom_agreed") == feature(values, "zoom_in_and_out") == 0


@given(arrays(np.float32, (6, len(SERIES_COLUMNS)), elements=st.floats(-2, 2, width=32)), st.integers(0, 63))
@settings(max_examples=40, deadline=None)
def test_backwards_turns_features_twice_into_themselves(values: np.ndarray, mask: int) -> None:
    trusted = np.array([mask >> bit & 1 for bit in range(6)], np.bool_)
    for place, name in enumerate(SERIES_COLUMNS):
        if name.removeprefix("slow_") in NEVER_NEGATIVE:
            values[:, place] = np.abs(values[:, place]) / 2
    seconds = np.arange(1, 7, dtype=np.float32) * np.float32(EACH)
    series = MotionSeries(seconds, np.full(6, EACH, np.float32), values, trusted, 1.0)
    features = motion_features(series)
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(backwards(backwards(features)), features)


def played_backwards(series: MotionSeries) -> MotionSeries:
    values = series.values[::-1].copy()
    for place, name in enumerate(SERIES_COLUMNS):
        if name.removeprefix("slow_") not in NEVER_NEGATIVE:
            values[:, place] *= -1
    return MotionSeries(series.seconds, series.seconds_each, values, series.trusted[::-1], series.duration_seconds)


def random_series(seed: int) -> MotionSeries:
    dice = np.random.default_rng(seed)
    rates = {name: dice.normal(0, 0.2, 9).tolist() for name in SERIES_COLUMNS if not name.startswith("slow_")}
    rates |= {name: dice.uniform(0.3, 1, 9).tolist() for name in ("support", "found", "still", "focus", "step")}
    return series_like(9, **rates | {"residual": dice.uniform(0, 0.1, 9).tolist()})


@pytest.mark.parametrize("seed", range(4))
def test_a_shot_played_backwards_has_the_features_that_backwards_tells(seed: int) -> None:
    series = random_series(seed)
    there, back = motion_features(series), motion_features(played_backwards(series))
    # How far a camera or a picture comes from where it began depends on which end that is.
    same = [place for place, name in enumerate(FEATURES) if not name.endswith("farthest") and name != "away"]
    np.testing.assert_allclose(back[same], backwards(there)[same], atol=2e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_mirrored_shot_has_the_same_features(seed: int) -> None:
    series = random_series(seed)
    values = series.values.copy()
    for place, name in enumerate(SERIES_COLUMNS):
        if name.endswith(("pan_x", "roll")):
            values[:, place] *= -1
    mirrored = MotionSeries(series.seconds, series.seconds_each, values, series.trusted, series.duration_seconds)
    np.testing.assert_allclose(motion_features(mirrored), motion_features(series), atol=1e-6)


def test_features_do_not_depend_on_how_often_motion_is_measured() -> None:
    often, seldom = zooming(24, 0.1, EACH / 2), zooming(12, 0.1)
    seldom = MotionSeries(seldom.seconds, seldom.seconds_each, seldom.values, seldom.trusted, often.duration_seconds)
    np.testing.assert_allclose(motion_features(often), motion_features(seldom), atol=1e-5)


@pytest.mark.parametrize("pairs", [0, 1, 3])
def test_features_of_few_pairs_are_finite(pairs: int) -> None:
    assert np.isfinite(motion_features(zooming(pairs, -0.3))).all()
    untrusted = zooming(pairs, -0.3)
    untrusted.trusted[:] = False
    assert np.isfinite(motion_features(untrusted)).all()


def test_a_pair_that_reaches_out_of_the_shot_does_not_count() -> None:
    signals = signals_of([*still(1, 24), *pan(2, 24, 6)])
    assert motion_series(signals, 24, 48).seconds.tolist() == pytest.approx([0.125 * n for n in range(1, 8)])
    assert motion_series(signals, 25, 48).seconds.tolist() == pytest.approx(
        [0.25 - 1 / 24 + 0.125 * n for n in range(6)]
    )
    first = motion_series(signals, 24, 48).values[:, SERIES_COLUMNS.index("slow_support")]
    assert (first[:2] == 0).all()
    assert (first[2:] > 0).all()


def test_a_cut_within_a_shot_breaks_the_chain() -> None:
    signals = signals_of([*still(1, 26), *still(2, 24)])
    series = motion_series(signals, 0, 50)
    broken = series.seconds[~series.trusted]
    assert broken.tolist() == pytest.approx([27 / 24])
    slow = series.values[:, SERIES_COLUMNS.index("slow_support")]
    after = (series.seconds > 26 / 24) & (series.seconds < 36 / 24)
    assert (slow[after] == 0).all()
    assert feature(series, "pan_speed") < 1


def test_a_flash_in_a_shot_at_rest_leaves_it_at_rest() -> None:
    frames = still(3, 36)
    frames[18] = np.full_like(frames[18], 250)
    series = motion_series(signals_of(frames), 0, 36)
    assert len(series.seconds) == 11
    assert series.trusted.sum() >= 9
    assert feature(series, "pan_speed") < 1
    assert feature(series, "zoom_speed") < 2


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 1), (0, 2), (3, 5), (23, 24), (30, 60), (90, 95)])
def test_a_shot_without_pairs_has_an_empty_series(start: int, stop: int) -> None:
    series = motion_series(signals_of(still(1, 24)), start, stop)
    assert len(series.seconds) == 0
    assert np.isfinite(motion_features(series)).all()


def test_a_shot_that_goes_on_beyond_the_film_is_measured_as_far_as_it_goes() -> None:
    signals = signals_of(zoom(5, 24, 0.01))
    whole, beyond = motion_series(signals, 0, 24), motion_series(signals, 0, 400)
    np.testing.assert_array_equal(whole.values, beyond.values)


def test_nothing_is_followed_on_black() -> None:
    series = motion_series(signals_of([np.zeros((180, 320, 3), np.uint8)] * 24), 0, 24)
    assert not series.trusted.any()
    assert np.isfinite(motion_features(series)).all()


def with_times(signals: Signals, pts: np.ndarray, rate: Fraction) -> Signals:
    from dataclasses import replace

    return replace(signals, pts=pts.astype(np.int64), rate=rate)


def test_pairs_as_far_apart_as_pictures_of_a_slide_show_are_not_trusted() -> None:
    signals = signals_of(pan(4, 24, 4))
    slides = with_times(signals, signals.pts * 24, signals.rate)
    assert not motion_series(slides, 0, 24).trusted.any()


def test_times_that_do_not_rise_are_survived() -> None:
    signals = signals_of(pan(4, 24, 4))
    stuck = with_times(signals, np.zeros(24), signals.rate)
    series = motion_series(stuck, 0, 24)
    assert not series.trusted.any()
    assert np.isfinite(motion_features(series)).all()


def test_of_a_camera_at_rest_some_of_the_frame_stays_whatever_moves_in_it() -> None:
    frames = [frame.copy() for frame in still(4, 30)]
    thing = pan(9, 30, 5)
    for frame, there in zip(frames, thing, strict=True):
        frame[40:160, 80:240] = there[40:160, 80:240]
    rest, moved = (motion_series(signals_of(one), 0, 30) for one in (frames, thing))
    assert feature(rest, "still_low") > 0.1
    assert feature(moved, "still_high") < 0.05
