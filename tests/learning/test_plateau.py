"""The stop rule, on rounds whose noise is worked out by hand."""

from __future__ import annotations

import math
import random
from statistics import mean, stdev

import pytest

from rushes.learning.plateau import (
    UNMEASURED_NOISE,
    Round,
    best_of,
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
    assert "one seed each" in decision.reason
    assert not decide(rounds(0.80, 0.82, spread=None, repeats=1), target=None, patience=1).stop


def test_a_round_without_repeats_is_judged_by_the_spread_of_the_others() -> None:
    mixed = [Round(0.80, 0.02, 3), Round(0.82, None, 1)]
    # t(0.95, 2) = 2.920; 0.02 x sqrt(1 + 1/3)
    assert noise_between(mixed[1], mixed[0], mixed) == pytest.approx(2.920 * 0.02 * math.sqrt(4 / 3), rel=1e-3)


def test_seeds_that_agree_to_the_bit_measure_no_noise() -> None:
    decision = decide(rounds(0.8, 0.8, 0.804, spread=0.0), target=None, patience=2)
    assert (decision.stop, decision.noise) == (True, UNMEASURED_NOISE)
    assert "the seeds changed nothing" in decision.reason


def test_rounds_whose_seed_decides_nothing_do_not_make_the_others_look_steady() -> None:
    live = rounds(0.7, 0.8)
    steady = rounds(0.2, 0.2, 0.2, 0.2, spread=0.0)
    assert pool_spread([*live, *steady]) == pool_spread(live)
    assert noise_between(live[0], live[1], [*live, *steady]) == noise_between(live[0], live[1], live)


def test_a_round_that_spreads_wider_than_the_pool_is_judged_by_its_own_spread() -> None:
    wide, narrow = Round(0.8, 0.06, 3), Round(0.7, 0.01, 3)
    every = [narrow, wide, *rounds(*[0.7] * 7, spread=0.01)]
    # pooled: sqrt((8 x 0.01² + 0.06²) / 9) = 0.02211 with 18 degrees of freedom; t(0.95, 18) = 1.734
    pooled = math.sqrt((8 * 0.01**2 + 0.06**2) / 9)
    error = math.sqrt(0.06**2 / 3 + pooled**2 / 3)
    assert noise_between(wide, narrow, every) == pytest.approx(1.734 * error, rel=1e-3)


@pytest.mark.parametrize(
    ("spreads", "scores"),
    [
        pytest.param([0.03] * 9, [0.7] * 9, id="all spread alike"),
        pytest.param([0.03] * 3 + [0.0] * 4, [0.7] * 7, id="four heads without dice"),
        pytest.param([0.01] * 7 + [0.06] * 2, [0.7] * 9, id="two spread wide"),
        pytest.param([0.03] * 7 + [0.003] * 14, [0.7] * 7 + [0.2] * 14, id="most have collapsed"),
    ],
)
def test_where_nothing_is_to_gain_the_best_of_many_is_seldom_beyond_the_noise(
    spreads: list[float], scores: list[float]
) -> None:
    dice = random.Random(0)
    false, searches = 0, 400
    for _ in range(searches):
        tried = []
        for spread, score in zip(spreads, scores, strict=True):
            values = [dice.gauss(score, spread) for _ in range(3)]
            tried.append(Round(mean(values), stdev(values), 3))
        best = tried[best_of(tried)]
        false += best.score - tried[0].score > noise_between(best, tried[0], tried, among=len(tried) - 1)
    assert false / searches <= 0.07  # 5 % by right, 18 % and more where only the pool is looked at


def test_how_far_it_is_from_an_end_is_said_in_words() -> None:
    early = decide(rounds(0.7, 0.7), target=None, patience=3).reason
    assert (
        early
        == "too early to tell: it may end once 3 rounds in a row gain nothing, after 2 rounds more at the earliest"
    )
    assert "the last 2 rounds lost 0.099" in decide(rounds(0.8, 0.701, 0.7), target=None, patience=2).reason


def test_where_no_seed_tells_the_noise_the_samples_do() -> None:
    single = rounds(0.80, 0.83, spread=None, repeats=1)
    asked: list[tuple[int, int]] = []

    def paired(before: int, since: int) -> float | None:
        asked.append((before, since))
        return 0.04

    decision = decide(single, target=None, patience=1, paired=paired)
    assert (decision.stop, decision.noise, asked) == (True, 0.04, [(0, 1)])
    assert "validation" in decision.reason
    assert not decide(single, target=None, patience=1, paired=lambda before, since: None).stop
    assert not decide(rounds(0.8, 0.9, spread=0.001), target=None, patience=1, paired=paired).stop


def test_nothing_tried_is_no_reason_to_stop() -> None:
    assert decide([], target=0.9, patience=1).stop is False


def test_a_round_that_cannot_be_is_refused() -> None:
    for score, spread, repeats in ((math.nan, None, 1), (0.5, 0.1, 1), (0.5, -0.1, 2), (0.5, None, 0)):
        with pytest.raises(ValueError, match=r"a (round|spread)"):
            Round(score, spread, repeats)
    with pytest.raises(ValueError, match="patience"):
        decide(rounds(0.5), target=None, patience=0)
