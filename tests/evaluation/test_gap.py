import pytest

from evaluation.fabricated import answers, guesses
from rushes.evaluation.gap import gap_between
from rushes.evaluation.scores import score


def test_the_gap_is_the_difference_with_an_interval_of_its_own():
    grouped = guesses(600, class_count=3, seed=1, group_count=20, skill=1)
    mixed = guesses(600, class_count=3, seed=2, group_count=20, skill=4)
    found = gap_between(grouped, mixed)
    assert found.value == pytest.approx(score(mixed).f1_macro.value - score(grouped).f1_macro.value)
    assert 0 < found.interval.low < found.value < found.interval.high
    assert found.interval.level == 0.95


def test_two_parts_of_the_same_skill_have_a_gap_that_may_be_none():
    one, other = (guesses(600, class_count=3, seed=seed, group_count=20, skill=2) for seed in (3, 4))
    found = gap_between(one, other)
    assert found.interval.low < 0 < found.interval.high


def test_one_group_on_either_side_gives_no_interval():
    found = gap_between(answers([("CS", "CS")] * 4, groups=["a"] * 4), guesses(60, class_count=3, seed=1))
    assert found.value is not None
    assert "one group alone" in found.interval.reason


def test_without_samples_there_is_no_gap():
    assert gap_between(answers([]), guesses(60, class_count=3, seed=1)).value is None
