from __future__ import annotations

import pytest

from evaluation.fabricated import answers, guesses
from rushes.evaluation.gap import gap_between
from rushes.evaluation.judge import judge
from rushes.evaluation.verdict import blind_score, pronounce


def judged(skill, *, seed=0, groups=12):
    return judge(guesses(400, class_count=4, seed=seed, group_count=groups, skill=skill), train_counts={"class 1": 5})


def gap_of(skills, *, groups=12, count=400, seeds=(0, 1)):
    """Return what is said of the gap between a grouped run and a mixed one of these skills."""
    grouped, mixed = (
        guesses(count, class_count=4, seed=seed, group_count=groups, skill=skill)
        for seed, skill in zip(seeds, skills, strict=True)
    )
    one, other = (judge(each, train_counts={}) for each in (grouped, mixed))
    return pronounce(one, split_kind="grouped", mixed=other, gap=gap_between(grouped, mixed)).gap


def test_one_sentence_holds_score_interval_groups_and_baseline():
    test = judged(3.0)
    verdict = pronounce(test, split_kind="grouped", mixed=None)
    assert verdict.sentence.startswith("On 400 samples from 12 groups it never watched")
    assert verdict.score in verdict.sentence
    assert "95 % interval 0." in verdict.sentence
    assert "always answering ‘class 1’ would reach 0.0" in verdict.sentence
    assert verdict.sentence.count(". ") == 0


def test_a_good_model_is_called_better_than_guessing_and_a_blind_one_is_not():
    assert "whole interval lies above" in pronounce(judged(3.0), split_kind="grouped", mixed=None).standing
    blind = judge(answers([("CS", "MS"), ("MS", "CS"), ("LS", "CS")] * 5), train_counts={})
    assert "no better than a blind guess" in pronounce(blind, split_kind="grouped", mixed=None).standing


@pytest.mark.parametrize("groups", range(2, 8))
def test_few_groups_are_never_sold_as_a_95_percent_interval(groups):
    test = judged(3.0, groups=groups)
    assert test.f1_macro.interval.low > blind_score(test)  # what a whole interval above a blind guess is
    verdict = pronounce(test, split_kind="grouped", mixed=None)
    assert f"(range over {groups} groups 0." in verdict.sentence
    assert "so few groups cannot give a 95 % interval)" in verdict.sentence
    assert verdict.sentence.count("95 %") == 1
    assert "whole interval" not in verdict.standing
    assert "so few groups cannot show" in verdict.standing


def test_eight_groups_are_enough_for_an_interval():
    verdict = pronounce(judged(3.0, groups=8), split_kind="grouped", mixed=None)
    assert "(95 % interval 0." in verdict.sentence
    assert "whole interval lies above" in verdict.standing


def test_a_range_that_reaches_a_blind_guess_says_so():
    pairs = [("CS", "CS"), ("MS", "MS")] * 4 + [("CS", "MS"), ("MS", "CS")] * 3
    test = judge(answers(pairs, groups=["a"] * 8 + ["b"] * 6, classes=("CS", "MS")), train_counts={})
    standing = pronounce(test, split_kind="grouped", mixed=None).standing
    assert "the range over these few groups alone reaches down to 0.00" in standing


def test_few_groups_cannot_tell_why_a_mixed_split_scores_differently():
    below = gap_of((1.0, 5.0), groups=3)
    assert "so would hard ones among the few held out" in below
    assert "mostly owed" not in below
    assert "about the same, as far as so few groups can tell" in gap_of((3.0, 3.0), groups=3, seeds=(0, 0))
    assert "may happen to be easy ones" in gap_of((5.0, 1.0), groups=3)


def test_a_test_part_that_leaks_is_never_called_unwatched():
    leaks = ["A_FRM-1 in test is the same picture as B_FRM-7 in train"]
    verdict = pronounce(judged(3.0), split_kind="grouped", mixed=judged(5.0), leaks=leaks)
    assert "12 groups that it has partly watched in training" in verdict.sentence
    for words in (verdict.sentence, verdict.standing):
        assert "it never watched" not in words
    assert "holds on groups that it has partly watched" in verdict.standing
    assert "training has seen part of this test" in verdict.gap


def test_one_group_claims_no_interval():
    verdict = pronounce(judged(3.0, groups=1), split_kind="grouped", mixed=None)
    assert "no interval: one group" in verdict.sentence
    assert "so few groups cannot show" in verdict.standing


def test_the_gap_to_the_mixed_split_is_put_plainly():
    assert "expect the lower score" in gap_of((1.0, 5.0))
    assert "about the same (95 % interval of the gap -0." in gap_of((3.0, 3.0), seeds=(0, 0))
    assert "easy ones" in gap_of((5.0, 1.0))


def test_a_gap_whose_interval_holds_nothing_is_not_sold_as_a_finding():
    said = gap_of((1.0, 1.2), count=120, groups=9)
    assert "other groups alone could explain it" in said
    assert "mostly owed" not in said


def test_a_handful_of_samples_is_too_few_for_a_headline():
    for pairs, said in (
        ([("CS", "CS")], "1 sample from 1 group it never watched is too few"),
        ([("CS", "CS")] * 9, "9 samples from"),
    ):
        verdict = pronounce(judge(answers(pairs), train_counts={}), split_kind="grouped", mixed=None)
        assert verdict.sentence.startswith(said)
        assert "always answering" not in verdict.sentence


def test_a_mixed_split_is_never_called_unseen():
    verdict = pronounce(judged(3.0), split_kind="mixed", mixed=None)
    assert "never watched" not in verdict.sentence
    assert "Beware: the split is mixed" in verdict.gap


def test_no_samples_give_a_verdict_without_a_number():
    verdict = pronounce(judge(answers([]), train_counts={}), split_kind="grouped", mixed=None)
    assert "nothing can be said" in verdict.sentence
    assert verdict.score == ""
