from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.boards import FILMS, LABELS, WRONG, make_run, right_on
from evaluation.fabricated import answers
from rushes.errors import RunError
from rushes.evaluation.comparison import compare_part, compare_runs, differing_keys, p_words, pair_predictions


def part_of(one, other):
    return compare_part("test", pair_predictions(one, other))


def test_who_is_right_on_what_is_counted() -> None:
    # A is right on rows 0 to 11, B on rows 6 to 20: six in common.
    found = part_of(right_on(range(12)), right_on(range(6, 21)))
    assert (found.both, found.only_one, found.only_other, found.neither) == (6, 6, 9, 3)
    assert found.accuracy.value == pytest.approx((15 - 12) / 24)


def test_the_gain_of_each_class_is_worked_by_hand() -> None:
    # A finds no MS, B finds all; the other classes are found by both.
    without = [row for row, label in enumerate(LABELS) if label != "MS"]
    found = part_of(right_on(without), right_on(range(24)))
    assert [gain.value for gain in found.recalls] == [0.0, 1.0, 0.0]
    assert found.balanced_accuracy.value == pytest.approx(1 / 3)
    # Of A: CS 1; MS 0; of LS 8 found and 8 MS taken for it, precision ½, F1 ⅔.
    assert found.f1_macro.value == pytest.approx(1 - (1 + 0 + 2 / 3) / 3)


def test_a_gain_in_every_group_is_called_better_and_its_interval_is_paired() -> None:
    # In each of eight films B gets one sample more than A: no draw of films changes that.
    one = [row for row in range(24) if row % 3 != 0]
    found = part_of(right_on(one), right_on(range(24)))
    assert found.accuracy.interval.low == pytest.approx(1 / 3)
    assert found.accuracy.interval.high == pytest.approx(1 / 3)
    assert "B is better" in found.sentence
    turned = part_of(right_on(range(24)), right_on(one))
    assert "A is better" in turned.sentence
    assert turned.f1_macro.value == pytest.approx(-(found.f1_macro.value or 0))


def test_gains_that_go_both_ways_are_called_noise() -> None:
    found = part_of(right_on(range(12)), right_on(range(12, 24)))
    assert "scored" in found.sentence
    assert "which is within the noise (95 % interval" in found.sentence
    assert "no difference" not in found.sentence
    low, high = found.f1_macro.interval.low, found.f1_macro.interval.high
    assert low is not None
    assert high is not None
    assert low < 0 < high


def test_two_that_give_the_same_answers_are_called_equal() -> None:
    assert "give the same answers: no difference" in part_of(right_on(range(12)), right_on(range(12))).sentence


def test_two_that_are_right_on_the_same_and_wrong_otherwise_are_told_apart_by_macro_f1() -> None:
    labels = ("CS", "CS", "MS", "LS") * 8
    one = [(label, "MS" if label == "CS" and row % 4 else label) for row, label in enumerate(labels)]
    other = [(label, ("MS" if row % 8 == 1 else "LS") if answer != label else label)
             for row, (label, answer) in enumerate(one)]  # fmt: skip
    films = [f"film-{row // 4}" for row in range(32)]
    found = part_of(answers(one, groups=films), answers(other, groups=films))
    assert (found.only_one, found.only_other) == (0, 0)
    # CS ⅔ of both; of A MS ⅔ and LS 1; of B both 16 of 20.
    assert [score.value for score in found.macros] == pytest.approx([(2 / 3 + 2 / 3 + 1) / 3, (2 / 3 + 0.8 + 0.8) / 3])
    assert "no difference" not in found.sentence
    assert "points of macro-F1" in found.sentence


def test_macro_f1_is_over_the_same_classes_for_both_also_where_one_answers_an_absent_class() -> None:
    labels = ("CS", "MS") * 12
    one = [(label, "MS" if row % 6 == 0 else label) for row, label in enumerate(labels)]
    other = [(label, "LS" if row == 0 else answer) for row, (label, answer) in enumerate(one)]
    found = part_of(answers(one, groups=FILMS), answers(other, groups=FILMS))
    assert found.averaged == ("CS", "MS")
    # LS would be a third class with F1 0 of B alone. CS is 8 of 12 found by both; MS 12 of 16 and of 15 answered so.
    assert [score.value for score in found.macros] == pytest.approx([(0.8 + 24 / 28) / 2, (0.8 + 24 / 27) / 2])
    assert (found.f1_macro.value or 0) > 0
    assert found.f1_macro.interval.low is not None
    assert found.f1_macro.interval.low >= 0
    assert "over the 2 of 3 classes that are labelled here" in found.sentence


def test_from_few_groups_nobody_is_called_better() -> None:
    films = tuple(f"film-{number % 4}" for number in range(24))
    found = part_of(right_on(range(12), groups=films), right_on(range(24), groups=films))
    assert "B is ahead of A by 50.0 ± 0.0 points of macro-F1" in found.sentence
    assert "on groups too few to be sure of others" in found.sentence
    assert "range over 4 groups" in found.sentence


def test_from_one_group_it_cannot_be_told() -> None:
    film = ("film",) * 24
    found = part_of(right_on(range(12), groups=film), right_on(range(24), groups=film))
    assert "cannot be told" in found.sentence


def test_what_one_gains_is_said_in_points_whichever_is_better() -> None:
    found = part_of(right_on(range(24)), right_on([row for row in range(24) if row not in (0, 5, 12)]))
    gain, interval = found.f1_macro.value, found.f1_macro.interval
    assert gain is not None
    assert interval.low is not None
    assert interval.high is not None
    spread = f"{-gain * 100:.1f} ± {(interval.high - interval.low) * 50:.1f} points of macro-F1"
    assert f"A scored {spread} more, which is within the noise (95 % interval +0.0 to" in found.sentence
    assert f"to {-interval.low * 100:+.1f}; 1.000 of A" in found.sentence


def test_precision_and_f1_of_each_class_are_compared_too() -> None:
    without = [row for row, label in enumerate(LABELS) if label != "MS"]
    found = part_of(right_on(without), right_on(range(24)))
    # Of A no answer was MS, so its precision there is undefined, and so is what B gains.
    assert [gain.value for gain in found.precisions] == [0.0, None, 0.5]
    assert [gain.value for gain in found.f1s] == pytest.approx([0.0, 1.0, 1 / 3])


def test_mcnemars_test_stands_beside_the_one_that_counts_groups() -> None:
    # Eight films of three samples; B gets one more in each.
    found = part_of(right_on([row for row in range(24) if row % 3 != 0]), right_on(range(24)))
    assert found.test.p_value == pytest.approx(2 / 2**8)
    assert found.grouped_test.statistic == pytest.approx(7)
    assert "as if the samples were independent" in found.tests_sentence
    assert "each of the 8 groups as one observation" in found.tests_sentence
    equal = part_of(right_on(range(12)), right_on(range(12)))
    assert equal.tests_sentence.startswith("McNemar's test is undefined")


def test_where_every_sample_is_its_own_group_mcnemars_test_stands_as_it_is() -> None:
    alone = tuple(str(row) for row in range(24))
    found = part_of(right_on(range(12), groups=alone), right_on(range(20), groups=alone))
    assert "Each sample is a group of its own" in found.tests_sentence


def test_from_few_groups_the_test_over_groups_says_that_it_cannot_tell() -> None:
    films = tuple(f"film-{number % 4}" for number in range(24))
    found = part_of(right_on(range(12), groups=films), right_on(range(24), groups=films))
    assert "can never reach 0.05" in found.tests_sentence
    one = ("film",) * 24
    assert (
        "Over groups it is undefined"
        in part_of(right_on(range(12), groups=one), right_on(range(24), groups=one)).tests_sentence
    )


def test_p_values_are_never_said_to_be_nothing() -> None:
    assert [p_words(value) for value in (1e-9, 0.00051, 0.0123, 0.4567)] == [
        "less than 0.0001",
        "0.0005",
        "0.012",
        "0.46",
    ]


def test_samples_are_paired_by_frame_and_classes_by_name() -> None:
    one = right_on(range(12))
    order = [2, 0, 1]
    other = right_on(range(12))
    turned = replace(
        other,
        classes=tuple(other.classes[index] for index in order),
        truth=np.array([order.index(int(index)) for index in other.truth[::-1]]),
        probabilities=other.probabilities[::-1][:, order],
        frames=tuple(reversed(other.frames)),
    )
    pairing = pair_predictions(one, turned)
    assert pairing.is_whole
    np.testing.assert_array_equal(pairing.other.probabilities, one.probabilities)
    assert pairing.other.classes == one.classes


def test_a_sample_whose_label_changed_is_left_out_and_counted() -> None:
    relabelled = answers([("LS", "LS"), *((label, WRONG[label]) for label in LABELS[1:])], groups=FILMS)
    pairing = pair_predictions(right_on(range(24)), relabelled)
    assert (len(pairing.one), pairing.relabelled, pairing.is_whole) == (23, 1, False)


def test_runs_on_different_splits_are_compared_on_what_both_hold_out(tmp_path: Path) -> None:
    whole = right_on(range(24))
    half = answers([(label, WRONG[label]) for label in LABELS[:12]], groups=FILMS[:12])
    one = make_run(tmp_path / "a", whole)
    other = make_run(tmp_path / "b", half, split={"path": None, "sha256": "99", "kind": "mixed"})
    found = compare_runs(one, other)
    assert [(part.part, len(part.pairing.one), part.pairing.counts) for part in found.parts] == [
        ("test", 12, (24, 12)), ("validation", 12, (24, 12))
    ]  # fmt: skip
    assert any("The splits differ" in note for note in found.notes)
    assert any(note.startswith("B was trained on a mixed split") for note in found.notes)


def test_runs_that_share_no_sample_cannot_be_compared(tmp_path: Path) -> None:
    one = right_on(range(24))
    elsewhere = replace(one, frames=tuple(f"{row:016x}:9" for row in range(24)))
    runs = make_run(tmp_path / "a", one), make_run(tmp_path / "b", elsewhere)
    with pytest.raises(RunError, match="share no sample of test nor of validation"):
        compare_runs(*runs)


def test_a_part_of_which_one_has_nothing_is_left_out_and_said(tmp_path: Path) -> None:
    one, other = make_run(tmp_path / "a", right_on(range(4))), make_run(tmp_path / "b", right_on(range(8)))
    other.predictions_file("test").unlink()
    found = compare_runs(one, other)
    assert [part.part for part in found.parts] == ["validation"]
    assert any(note.startswith("test: at least one") for note in found.notes)


def test_runs_of_two_tasks_cannot_be_compared(tmp_path: Path) -> None:
    one, other = make_run(tmp_path / "a", right_on(range(4))), make_run(tmp_path / "b", right_on(range(4)), task="era")
    with pytest.raises(RunError, match=r"a answers scale .* b answers era"):
        compare_runs(one, other)


def test_only_keys_that_differ_are_named_also_where_one_recipe_lacks_them() -> None:
    one = {"schema": "recipe/1", "name": "x", "model": {"kind": "cnn", "units": (1, 2)}, "balance": "weights"}
    other = {"schema": "recipe/2", "name": "x", "model": {"kind": "cnn", "units": [1, 2], "dense": 8}}
    assert differing_keys(one, other) == {"balance": ("weights", None), "model.dense": (None, 8)}


def test_runs_that_differ_in_seed_only_are_said_to_show_what_the_seed_does(tmp_path: Path) -> None:
    recipe = {"name": "x", "training": {"seed": 0}}
    one = make_run(tmp_path / "a", right_on(range(4)), recipe=recipe)
    other = make_run(tmp_path / "b", right_on(range(8)), recipe={"name": "y", "training": {"seed": 1}})
    assert any("how the seed alone moves a run" in note for note in compare_runs(one, other).notes)


def test_the_table_of_a_comparison_is_json(tmp_path: Path) -> None:
    found = compare_runs(make_run(tmp_path / "a", right_on(range(4))), make_run(tmp_path / "b", right_on(range(8))))
    table = json.loads(json.dumps(found.to_table()))
    assert table["parts"]["test"]["right"] == {"both": 4, "only_a": 0, "only_b": 4, "neither": 16}
    assert table["parts"]["test"]["f1_macro"]["classes"] == ["CS", "MS", "LS"]
    assert table["data"] == {"same_manifest": True, "same_split": True}
    assert set(table["parts"]["test"]["difference"]) >= {"f1_macro", "accuracy", "recall/CS", "precision/CS", "f1/CS"}
    assert table["parts"]["test"]["mcnemar"] == {"p_value": 0.125, "statistic": None, "method": "exact binomial"}
    assert table["parts"]["test"]["mcnemar_over_groups"]["method"] == "chi-square over groups"
