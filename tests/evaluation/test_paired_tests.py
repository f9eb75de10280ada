from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.evaluation.paired_tests import EXACT_UP_TO, PairedTest, mcnemar, mcnemar_over_groups

counts = st.integers(0, 60)


def flags(*pairs: tuple[str, int, int]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return (right, other right, groups) with, of each group, so many samples only the one and only the other gets."""
    right, other, groups = [], [], []
    for group, only_one, only_other in pairs:
        right += [True] * only_one + [False] * only_other + [True, False]
        other += [False] * only_one + [True] * only_other + [True, False]
        groups += [group] * (only_one + only_other + 2)
    return np.array(right), np.array(other), groups


def test_the_exact_test_is_worked_by_hand() -> None:
    # Of 6 samples that one alone is right on, 1 goes to A: 2 · (1 + 6) / 64.
    found = mcnemar(1, 5)
    assert (found.method, found.statistic) == ("exact binomial", None)
    assert found.p_value == pytest.approx(14 / 64)


def test_the_chi_square_is_worked_by_hand() -> None:
    # (|10 - 30| - 1)² / 40 = 361 / 40.
    found = mcnemar(10, 30)
    assert found.method == "chi-square with continuity correction"
    assert found.statistic == pytest.approx(9.025)
    assert found.p_value == pytest.approx(0.002663119259, abs=1e-9)


@given(counts, counts)
def test_both_forms_agree_with_scipy(only_one: int, only_other: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    found = mcnemar(only_one, only_other)
    if not only_one + only_other:
        assert found.p_value is None
    elif only_one + only_other < EXACT_UP_TO:
        assert found.p_value == pytest.approx(stats.binomtest(only_one, only_one + only_other).pvalue, abs=1e-9)
    else:
        corrected = max(abs(only_one - only_other) - 1, 0) ** 2 / (only_one + only_other)
        assert found.p_value == pytest.approx(stats.chi2.sf(corrected, 1), abs=1e-9)


@given(counts, counts)
def test_it_does_not_matter_which_of_the_two_is_named_first(only_one: int, only_other: int) -> None:
    assert mcnemar(only_one, only_other) == mcnemar(only_other, only_one)


def test_two_that_are_right_on_the_same_samples_have_no_p_value_and_say_why() -> None:
    assert "nothing to test" in mcnemar(0, 0).reason
    assert "right on the same samples" in mcnemar_over_groups(*flags(("a", 0, 0), ("b", 0, 0))).reason


def test_negative_counts_are_no_counts() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        mcnemar(-1, 2)


def test_the_test_over_groups_is_worked_by_hand() -> None:
    # d = 3, 1, -1, 2: Σd = 5, Σd² = 15; 3/4 · 25/15 = 1.25.
    found = mcnemar_over_groups(*flags(("a", 1, 4), ("b", 0, 1), ("c", 2, 1), ("d", 0, 2)))
    assert found.statistic == pytest.approx(1.25)
    assert found.p_value == pytest.approx(math.erfc(math.sqrt(1.25 / 2)))


def test_what_one_film_decides_counts_once_over_groups() -> None:
    # B gets thirty samples more, all of them in one film of six: McNemar's own test is sure, the one over films is not.
    pairs = [("a", 0, 30), ("b", 1, 0), ("c", 0, 1), ("d", 1, 0), ("e", 0, 1), ("f", 0, 0)]
    alone, grouped = mcnemar(2, 32), mcnemar_over_groups(*flags(*pairs))
    assert alone.p_value is not None
    assert grouped.p_value is not None
    assert alone.p_value < 0.001
    assert grouped.p_value > 0.3


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=2, max_size=50))
def test_with_one_sample_per_group_it_is_mcnemars_without_correction(gains: list[int]) -> None:
    right, other = np.array([gain < 0 for gain in gains]), np.array([gain > 0 for gain in gains])
    found = mcnemar_over_groups(right, other, [str(number) for number in range(len(gains))])
    only_one, only_other = int(right.sum()), int(other.sum())
    if only_one + only_other:
        plain = (only_one - only_other) ** 2 / (only_one + only_other)
        assert found.statistic == pytest.approx(plain * (len(gains) - 1) / len(gains))
    else:
        assert found.p_value is None


def test_fewer_than_five_groups_can_never_reach_five_per_cent() -> None:
    four = [(name, 0, 9) for name in "abcd"]
    assert (mcnemar_over_groups(*flags(*four)).p_value or 0) > 0.05
    assert (mcnemar_over_groups(*flags(*four, ("e", 0, 9))).p_value or 1) < 0.05


def test_one_group_or_groups_that_break_even_give_a_reason() -> None:
    assert "one group" in mcnemar_over_groups(*flags(("a", 1, 5))).reason
    assert "as many samples" in mcnemar_over_groups(*flags(("a", 1, 1), ("b", 2, 2))).reason
    nothing = np.zeros(0, bool)
    assert "no group" in mcnemar_over_groups(nothing, nothing, []).reason


def test_over_groups_a_true_null_is_rejected_about_as_often_as_said() -> None:
    # Twenty films of ten samples; in each film one of the two is ahead by the toss of a coin: samples are dependent.
    random, grouped, alone = np.random.default_rng(0), 0, 0
    for _ in range(400):
        ahead = np.repeat(random.random(20) < 0.5, 10)
        decided = random.random(200) < 0.5
        right, other = decided & ahead, decided & ~ahead
        films = [str(number // 10) for number in range(200)]
        grouped += (mcnemar_over_groups(right, other, films).p_value or 1.0) < 0.05
        alone += (mcnemar(int(right.sum()), int(other.sum())).p_value or 1.0) < 0.05
    assert grouped / 400 < 0.09
    assert alone / 400 > 0.25


def test_a_test_without_p_value_or_reason_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="p-value or a reason"):
        PairedTest(None, "exact binomial")
