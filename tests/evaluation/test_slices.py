from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.fabricated import answers, guesses
from rushes.evaluation.judge import judge
from rushes.evaluation.slices import OTHER, judge_slices, slices_of_subjects

RIGHT, WRONG = ("CS", "CS"), ("MS", "LS")


def counts(slices):
    return {name: int(rows.sum()) for name, rows in slices.items()}


def test_a_sample_of_several_subjects_is_in_the_slice_of_each():
    found = slices_of_subjects([("car", "night"), ("Car",), (), ("night",)], fewest=1)
    assert {name: rows.tolist() for name, rows in found.items()} == {
        "car": [True, True, False, False],
        "night": [True, False, False, True],
    }


def test_rare_subjects_are_pooled_and_one_that_is_called_other_joins_them():
    words = [("car",)] * 10 + [("sea", "rain")] * 3 + [("Other",)] * 12
    assert counts(slices_of_subjects(words)) == {"car": 10, OTHER: 15}


def test_without_subjects_there_is_no_slice():
    assert slices_of_subjects([(), ()]) == {}
    assert judge_slices(answers([RIGHT]), {"nothing": np.array([False])}, train_counts={}) == ()


def test_a_slice_is_scored_by_its_own_samples_beside_its_own_baselines():
    predictions = answers([RIGHT] * 6 + [WRONG] * 4, groups=[f"film-{row % 2}" for row in range(10)])
    [one] = judge_slices(predictions, {"car": np.arange(10) >= 4}, train_counts={"CS": 9, "MS": 1, "LS": 1})
    assert (one.name, one.samples, one.group_count) == ("car", 6, 2)
    assert one.accuracy.value == pytest.approx(2 / 6)
    assert one.majority.accuracy.value == pytest.approx(2 / 6)
    assert one.accuracy.interval.level is None
    assert one.accuracy.interval.group_count == 2
    table = one.to_table()
    assert (table["slice"], table["samples"], table["groups"]) == ("car", 6, 2)
    assert table["accuracy"]["value"] == one.accuracy.value
    assert table["baselines"]["majority"]["accuracy"] == one.majority.accuracy.value


def test_the_slice_of_all_samples_has_the_scores_of_the_whole():
    predictions = guesses(300, class_count=4, seed=1, group_count=12)
    whole = judge(predictions, train_counts={})
    [one] = judge_slices(predictions, {"all": np.ones(300, np.bool_)}, train_counts={})
    assert (one.f1_macro, one.accuracy) == (whole.f1_macro, whole.accuracy)
    assert (one.majority, one.prior) == (whole.majority, whole.prior)


subjects = st.lists(st.lists(st.sampled_from(["car", "Car", "sea", "night", "other"]), max_size=3).map(tuple))


@given(subjects, st.integers(1, 4))
def test_every_sample_with_a_subject_is_in_some_slice_and_no_other_is(words, fewest):
    slices = slices_of_subjects(words, fewest=fewest)
    covered = np.logical_or.reduce([*slices.values(), np.zeros(len(words), np.bool_)])
    assert covered.tolist() == [bool(of_sample) for of_sample in words]
    assert all(rows.sum() >= fewest for name, rows in slices.items() if name != OTHER)
