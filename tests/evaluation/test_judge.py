from __future__ import annotations

import json

import numpy as np
import pytest

from evaluation.fabricated import answers, guesses
from rushes.errors import RunError
from rushes.evaluation.judge import judge


def test_a_judgement_names_each_class_beside_what_no_skill_would_reach():
    judgement = judge(
        answers([("CS", "CS"), ("CS", "MS"), ("MS", "MS"), ("LS", "LS")]), train_counts={"CS": 1, "MS": 5, "LS": 2}
    )
    cs = judgement.per_class[0]
    assert (cs.labelled, cs.predicted, cs.found) == (2, 1, 1)
    assert cs.share.value == pytest.approx(2 / 4)
    assert cs.always_f1.value == pytest.approx(2 * 0.5 / 1.5)
    assert judgement.majority.class_name == "MS"
    assert judgement.groups == ("film-0", "film-1", "film-2", "film-3")


def test_the_table_is_plain_json_with_the_words_of_the_glossary_and_null_for_the_undefined():
    table = judge(answers([("CS", "CS"), ("MS", "CS")], groups=["a", "a"]), train_counts={}).to_table()
    read = json.loads(json.dumps(table, allow_nan=False))
    assert read == table
    assert {"f1_macro", "balanced_accuracy", "accuracy", "recall/CS", "average_precision/LS"} <= table["metrics"].keys()
    assert table["metrics"]["recall/LS"]["value"] is None
    assert table["metrics"]["recall/LS"]["reason"] == "no sample is labelled 'LS'"
    assert table["metrics"]["f1_macro"]["low"] is None
    assert "at least two" in table["metrics"]["f1_macro"]["interval_reason"]
    assert table["confusion"] == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_one_group_is_said_to_give_no_interval():
    notes = judge(answers([("CS", "CS")] * 12, groups=["ANNIE"] * 12), train_counts={}).notes
    assert any("one group, 'ANNIE'" in note for note in notes)


@pytest.mark.parametrize("group_count", range(2, 8))
def test_few_groups_are_said_to_give_no_interval_of_95_percent(group_count):
    judgement = judge(guesses(400, class_count=2, seed=0, group_count=group_count), train_counts={})
    assert any(f"{group_count} groups only; a 95 % interval takes 8 or more" in note for note in judgement.notes)
    table = judgement.to_table()
    assert table["intervals"]["level"] is None
    for metric in ("f1_macro", "accuracy", "recall/class 0"):
        assert table["metrics"][metric]["low"] is not None
        assert table["metrics"][metric]["level"] is None
        assert table["metrics"][metric]["groups"] == group_count


def test_many_groups_give_an_interval_of_95_percent():
    table = judge(guesses(400, class_count=2, seed=0, group_count=20), train_counts={}).to_table()
    assert table["intervals"]["level"] == table["metrics"]["f1_macro"]["level"] == 0.95
    assert table["intervals"]["quantiles"] == [0.025, 0.975]


def test_a_class_that_few_of_many_groups_hold_is_pointed_out():
    pairs = [("CS", "CS"), ("MS", "MS")] * 20 + [("LS", "LS")] * 12
    groups = [f"film-{row // 2}" for row in range(40)] + [f"film-{row % 3}" for row in range(12)]
    notes = judge(answers(pairs, groups=groups), train_counts={}).notes
    assert len(notes) == 1
    assert "Fewer than 8 groups hold samples of these classes: LS (3)." in notes[0]


def test_absent_never_answered_and_small_classes_are_pointed_out():
    notes = " ".join(judge(answers([("CS", "CS"), ("MS", "CS")], groups=["a", "b"]), train_counts={}).notes)
    assert "No sample is labelled 'LS'" in notes
    assert "never answered 'MS'" in notes
    assert "CS (1), MS (1)" in notes
    assert "All samples of 'CS' or 'MS' come from one group" in notes


def test_enough_of_everything_leaves_nothing_to_beware_of():
    assert judge(guesses(400, class_count=3, seed=0, group_count=20, skill=3), train_counts={}).notes == ()


def test_probabilities_that_are_no_numbers_are_refused():
    predictions = answers([("CS", "CS")])
    predictions.probabilities[0, 0] = np.nan
    with pytest.raises(RunError, match="diverged"):
        judge(predictions, train_counts={})


def test_no_samples_can_be_judged_as_such():
    judgement = judge(answers([]), train_counts={"CS": 3})
    assert judgement.f1_macro.value is None
    assert judgement.per_group == ()
    json.dumps(judgement.to_table(), allow_nan=False)
