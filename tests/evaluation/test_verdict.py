from __future__ import annotations

from evaluation.fabricated import answers, guesses
from rushes.evaluation.judge import judge
from rushes.evaluation.verdict import pronounce


def judged(skill, *, seed=0, groups=12):
    return judge(guesses(400, class_count=4, seed=seed, group_count=groups, skill=skill), train_counts={"class 1": 5})


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


def test_one_group_claims_no_interval():
    verdict = pronounce(judged(3.0, groups=1), split_kind="grouped", mixed=None)
    assert "no interval: one group" in verdict.sentence
    assert "so few groups cannot show" in verdict.standing


def test_the_gap_to_the_mixed_split_is_put_plainly():
    gap = pronounce(judged(1.0), split_kind="grouped", mixed=judged(5.0)).gap
    assert "expect the lower score" in gap
    assert "about the same" in pronounce(judged(3.0), split_kind="grouped", mixed=judged(3.0)).gap
    assert "easy ones" in pronounce(judged(5.0), split_kind="grouped", mixed=judged(1.0)).gap


def test_a_gap_inside_the_interval_is_not_sold_as_a_finding():
    few = judge(guesses(60, class_count=4, seed=0, group_count=6, skill=2.0), train_counts={})
    more = judge(guesses(400, class_count=4, seed=1, group_count=6, skill=2.2), train_counts={})
    here, there, high = few.f1_macro.value, more.f1_macro.value, few.f1_macro.interval.high
    assert here + 0.02 < there <= high
    assert "other groups alone could explain it" in pronounce(few, split_kind="grouped", mixed=more).gap


def test_a_mixed_split_is_never_called_unseen():
    verdict = pronounce(judged(3.0), split_kind="mixed", mixed=None)
    assert "never watched" not in verdict.sentence
    assert "Beware: the split is mixed" in verdict.gap


def test_no_samples_give_a_verdict_without_a_number():
    verdict = pronounce(judge(answers([]), train_counts={}), split_kind="grouped", mixed=None)
    assert "nothing can be said" in verdict.sentence
    assert verdict.score == ""
