"""The stop rule, on rounds whose noise is worked out by hand."""

from __future__ import annotations

import math

import pytest

from rushes.learning.plateau import (
    UNMEASURED_NOISE,
    Round,
    decide,
    noise_between,
    pool_spread,
    student_quantile,
)


def rounds(*scores: float, spread: float | None = 0.02, repeats: int = 3) -> list[Round]:
    return [Round(score, spread, repeats) for score in scores]


# From a printed table of Student's distribution.
@pytest.mark.parametrize(
    ("share", "freedom", "value"),
    [(0.95, 1, 6.314), (0.95, 2, 2.920), (0.95, 3, 2.353), (0.95, 10, 1.812), (0.975, 4, 2.776), (0.995, 7, 3.499),
     (0.95, 120, 1.658), (0.5, 5, 0.0), (0.95, 10_000, 1.645)],
)  # fmt: skip
def test_students_quantile_is_that_of_the_tables(share: float, freedom: int, value: float) -> None:
    assert student_quantile(share, freedom) == pytest.approx(value, abs=6e-4)


def test_the_spread_is_pooled_by_degrees_of_freedom() -> None:
    # (2 x 0.01² + 1 x 0.04²) / 3 = 0.0006
    spread, freedom = pool_spread([Round(0.5, 0.01, 3), Round(0.6, 0.04, 2), Round(0.7, None, 1)])
    assert freedom == 3
    assert spread == pytest.approx(math.sqrt(0.0006))


def test_the_noise_is_the_quantile_times_the_error_of_the_difference() -> None:
    both = rounds(0.7, 0.8)
    # t(0.95, 4) = 2.132; 0.02 x sqrt(1/3 + 1/3) = 0.01633
    assert noise_between(both[0], both[1], both) == pytest.approx(2.132 * 0.02 * math.sqrt(2 / 3), rel=1e-3)


def test_the_best_of_many_must_stand_out_further_than_the_better_of_two() -> None:
    both = rounds(0.7, 0.8)
    assert noise_between(both[0], both[1], both, among=8) > noise_between(both[0], both[1], both)


def test_the_target_ends_it() -> None:
    decision = decide(rounds(0.7, 0.96, 0.8), target=0.95, patience=10)
    assert (decision.stop, decision.best) == (True, 1)
    assert "target" in decision.reason


def test_it_goes_on_while_there_are_too_few_rounds_to_call_it_a_plateau() -> None:
    decision = decide(rounds(0.9, 0.9, 0.9), target=None, patience=3)
    assert (decision.stop, decision.gain, decision.noise) == (False, None, None)


def test_rounds_that_gain_less_than_the_noise_end_it() -> None:
    decision = decide(rounds(0.80, 0.805, 0.81, 0.80), target=None, patience=3)
    assert decision.stop
    assert decision.best == 2
    assert decision.gain == pytest.approx(0.01)
    assert decision.noise is not None
    assert decision.noise > 0.01
    assert "noise of the seeds" in decision.reason


def test_a_gain_beyond_the_noise_goes_on() -> None:
    decision = decide(rounds(0.80, 0.81, 0.90, 0.80), target=None, patience=3)
    assert not decision.stop
    assert "still gaining" in decision.reason


def test_a_slow_climb_counts_once_it_has_left_the_noise() -> None:
    climb = rounds(0.80, 0.82, 0.84, 0.86, spread=0.01)
    assert decide(climb, target=None, patience=1).stop is False
    assert decide(rounds(0.80, 0.81, 0.82, 0.83, spread=0.01), target=None, patience=1).stop is True
    assert decide(rounds(0.80, 0.81, 0.82, 0.83, spread=0.01), target=None, patience=3).stop is False


def test_without_repeats_a_stated_noise_is_taken() -> None:
    single = rounds(0.800, 0.805, spread=None, repeats=1)
    decision = decide(single, target=None, patience=1)
    assert (decision.stop, decision.noise) == (True, UNMEASURED_NOISE)
    assert "nothing was repeated" in decision.reason
    assert not decide(rounds(0.80, 0.82, spread=None, repeats=1), target=None, patience=1).stop


def test_a_round_without_repeats_is_judged_by_the_spread_of_the_others() -> None:
    mixed = [Round(0.80, 0.02, 3), Round(0.82, None, 1)]
    # t(0.95, 2) = 2.920; 0.02 x sqrt(1 + 1/3)
    assert noise_between(mixed[1], mixed[0], mixed) == pytest.approx(2.920 * 0.02 * math.sqrt(4 / 3), rel=1e-3)


def test_seeds_that_agree_to_the_bit_leave_no_noise_and_equal_scores_are_no_gain() -> None:
    decision = decide(rounds(0.8, 0.8, 0.8, spread=0.0), target=None, patience=2)
    assert (decision.stop, decision.gain, decision.noise) == (True, 0.0, 0.0)


def test_nothing_tried_is_no_reason_to_stop() -> None:
    assert decide([], target=0.9, patience=1).stop is False


def test_a_round_that_cannot_be_is_refused() -> None:
    for score, spread, repeats in ((math.nan, None, 1), (0.5, 0.1, 1), (0.5, -0.1, 2), (0.5, None, 0)):
        with pytest.raises(ValueError, match=r"a (round|spread)"):
            Round(score, spread, repeats)
    with pytest.raises(ValueError, match="patience"):
        decide(rounds(0.5), target=None, patience=0)
