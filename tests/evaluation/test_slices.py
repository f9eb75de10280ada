from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.fabricated import answers, guesses
from rushes.evaluation.attributes import OTHER, slices_of_subjects
from rushes.evaluation.judge import judge
from rushes.evaluation.slices import judge_columns, judge_slices, sort_slices

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


def sliced(found_in, labelled_in, found_out, labelled_out, *, groups):
    """Return predictions of `groups` alike groups and the rows of the slice, from counts per class of each group."""
    pairs, names, rows = [], [], []
    for group in range(groups):
        for found, labelled, inside in ((found_in, labelled_in, True), (found_out, labelled_out, False)):
            for name, right, count in zip(("CS", "MS", "LS"), found, labelled, strict=True):
                wrong = "MS" if name == "CS" else "CS"
                pairs += [(name, name)] * right + [(name, wrong)] * (count - right)
                names += [f"film-{group}"] * count
                rows += [inside] * count
    return answers(pairs, groups=names), np.array(rows)


def one_of(predictions, rows):
    [one] = judge_slices(predictions, {"slice": rows}, train_counts={})
    return one


def test_a_slice_that_only_holds_more_of_the_hard_class_is_as_good_as_expected():
    # CS is found in 9 of 10, MS in 5 of 10 everywhere; the slice is one part CS and three parts MS.
    one = one_of(*sliced((9, 15, 0), (10, 30, 0), (27, 5, 0), (30, 10, 0), groups=10))
    assert one.accuracy.value == pytest.approx(24 / 40)
    assert one.contrast.difference.value == pytest.approx(24 / 40 - 32 / 40)
    assert one.contrast.expected.value == pytest.approx((10 * 0.9 + 30 * 0.5) / 40)
    assert one.contrast.adjusted.value == pytest.approx(0)
    assert one.contrast.chance == 1.0
    assert "every draw" in one.contrast.difference.interval.reason  # all ten groups are alike


def test_a_slice_that_is_worse_at_each_class_is_below_what_is_expected():
    one = one_of(*sliced((6, 3, 0), (10, 10, 0), (9, 8, 0), (10, 10, 0), groups=10))
    assert one.contrast.expected.value == pytest.approx(0.85)
    assert one.contrast.adjusted.value == pytest.approx(0.45 - 0.85)
    assert one.contrast.chance == pytest.approx(1 / 1001)  # all groups alike: the same in every draw


def test_what_a_class_is_answered_at_equal_labels_stands_beside_what_it_is():
    one = one_of(*sliced((6, 10, 0), (10, 10, 0), (9, 8, 0), (10, 10, 0), groups=10))
    close, middle, wide = one.per_class
    assert (close.labelled, close.answered, close.found) == (100, 60, 60)
    assert (close.recall.value, middle.recall.value) == (0.6, 1.0)
    assert (close.false_positive_rate.value, middle.false_positive_rate.value) == (0.0, 0.4)
    # In the rest 9 of 10 CS and 2 of 10 MS are answered CS: of 100 and 100, that is 90 + 20.
    assert (close.expected_answered.value, middle.expected_answered.value) == (pytest.approx(110), pytest.approx(90))
    assert wide.recall.reason == "no sample is labelled 'LS'"


def test_a_class_that_the_rest_lacks_is_left_out_of_the_comparison():
    one = one_of(*sliced((5, 0, 0), (10, 0, 10), (8, 8, 0), (10, 10, 0), groups=10))
    assert one.accuracy.value == pytest.approx(0.25)
    assert one.contrast.adjusted.value == pytest.approx(0.5 - 0.8)
    assert one.per_class[0].expected_answered.reason == "no sample outside the slice is labelled 'LS'"
    nothing_shared = one_of(*sliced((0, 0, 2), (0, 0, 10), (8, 8, 0), (10, 10, 0), groups=10))
    assert nothing_shared.contrast.reason == "no class of it is labelled in the rest of the samples"
    assert (nothing_shared.contrast.adjusted.value, nothing_shared.contrast.chance) == (None, None)


def test_from_few_groups_nothing_is_called_worse_and_the_reason_stands_there():
    few = one_of(*sliced((0, 0, 0), (10, 10, 0), (10, 10, 0), (10, 10, 0), groups=7)).contrast
    assert (few.adjusted.value, few.chance) == (-1.0, None)
    assert few.reason == "it rests on 7 groups; to call it worse takes 8"
    lone = one_of(*sliced((0, 0, 0), (10, 10, 0), (10, 10, 0), (10, 10, 0), groups=1)).contrast
    assert lone.reason == "it rests on 1 group; to call it worse takes 8"
    assert lone.adjusted.interval.reason.startswith("one group alone feeds")


def test_a_slice_of_all_samples_has_no_rest():
    predictions = guesses(60, class_count=3, seed=0)
    whole = one_of(predictions, np.ones(60, np.bool_))
    assert whole.contrast.reason == "all samples are in it, so there is no rest to hold it against"
    assert whole.to_table()["untested"] == whole.contrast.reason
    assert whole.to_table()["adjusted_difference"]["value"] is None


def fair(random, *, groups, per_group, harm=0.0, column_count=1, values=4):
    """Return predictions whose groups differ in how hard they are, and columns; one value of the first is harmed."""
    truth = random.integers(0, 3, groups * per_group)
    group = np.repeat(np.arange(groups), per_group)
    columns = {f"column {one}": random.integers(0, values, len(truth)) for one in range(column_count)}
    skill = np.array([0.85, 0.7, 0.55])[truth] + random.normal(0, 0.08, groups)[group]
    skill -= harm * (columns["column 0"] == 0)
    right = random.random(len(truth)) < skill
    answer = np.where(right, truth, (truth + random.integers(1, 3, len(truth))) % 3)
    names = ("CS", "MS", "LS")
    made = answers(
        [(names[label], names[said]) for label, said in zip(truth, answer, strict=True)],
        groups=[f"film-{one:03d}" for one in group],
    )
    return made, {name: [f"value {value}" for value in column] for name, column in columns.items()}


def test_a_planted_slice_is_flagged_among_many_that_are_not():
    predictions, columns = fair(np.random.default_rng(3), groups=20, per_group=60, harm=0.25, column_count=10)
    judged = judge_columns(predictions, columns, train_counts={})
    flagged = [(name, one.name) for name, found in judged.items() for one in found if one.contrast.worse]
    assert flagged == [("column 0", "value 0")]
    assert sort_slices(judged["column 0"])[0].name == "value 0"


def test_of_two_hundred_slices_without_bias_hardly_one_is_flagged():
    flagged, below = 0, 0
    for seed in range(5):
        predictions, columns = fair(np.random.default_rng(seed), groups=12, per_group=40, column_count=10)
        found = [one for some in judge_columns(predictions, columns, train_counts={}).values() for one in some]
        assert len(found) == 40
        flagged += sum(one.contrast.worse for one in found)
        below += sum(one.contrast.chance < 0.05 for one in found)
    assert flagged == 0
    assert below <= 18  # of 200 at 0.05: 10, give or take three standard deviations


def test_a_column_without_a_value_makes_no_slice_and_is_left_out():
    assert judge_columns(answers([RIGHT]), {"subjects": [()]}, train_counts={}) == {}
