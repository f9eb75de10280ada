"""The mean over the classes of several tasks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.fabricated import guesses
from evaluation.shot_boards import MOVEMENT, SCALE, balanced, shot_answers
from rushes.evaluation.class_mean import judge_class_mean
from rushes.evaluation.judge import judge

NO_COUNTS: dict[str, dict[str, int]] = {}


def test_each_class_counts_once_whatever_task_it_is_of():
    scale = shot_answers([("CS", "CS"), ("CS", "LS"), ("LS", "LS")], ("CS", "LS"))
    movement = shot_answers([("static", "static"), ("static", "static"), ("push", "static")], ("static", "push"))
    mean = judge_class_mean({"scale": scale, "movement": movement}, train_counts=NO_COUNTS)
    # CS: P 1, R 1/2; LS: P 1/2, R 1; static: P 2/3, R 1; push: nothing.
    assert mean.f1.value == pytest.approx((2 / 3 + 2 / 3 + 4 / 5 + 0) / 4)
    assert mean.recall.value == pytest.approx((1 / 2 + 1 + 1 + 0) / 4)
    assert mean.classes == ("scale/CS", "scale/LS", "movement/static", "movement/push")
    assert mean.name == "four-class mean"
    # Always CS: F1 4/5; always static: F1 4/5.
    assert mean.majority_f1 == pytest.approx((4 / 5 + 0 + 4 / 5 + 0) / 4)
    assert mean.majority_recall == pytest.approx(1 / 2)


def test_nine_classes_are_called_so():
    told = {"scale": balanced(SCALE), "movement": balanced(MOVEMENT)}
    mean = judge_class_mean(told, train_counts=NO_COUNTS)
    assert mean.name == "nine-class mean"
    assert mean.f1.value == 1.0
    assert "every draw" in mean.f1.interval.reason
    assert mean.to_table()["recall"]["value"] == 1.0


def test_a_task_that_lacks_a_group_keeps_its_interval():
    scale, movement = balanced(SCALE, each=12), balanced(MOVEMENT, wrong={"push": "static"}, each=9)
    mean = judge_class_mean({"scale": scale, "movement": movement}, train_counts=NO_COUNTS)
    assert mean.f1.interval.group_count == 12
    assert mean.f1.interval.low is not None
    assert mean.f1.interval.low < mean.f1.value < 1.0 + 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(2, 4))
def test_the_mean_is_that_of_the_tasks_by_their_classes(seed, one_count, other_count):
    one = guesses(40, class_count=one_count, seed=seed, group_count=9)
    other = guesses(30, class_count=other_count, seed=seed + 1, group_count=12)
    mean = judge_class_mean({"one": one, "other": other}, train_counts=NO_COUNTS)
    judged = [judge(told, train_counts={}) for told in (one, other)]
    defined = [each.f1.value for told in judged for each in told.per_class if each.f1.value is not None]
    assert mean.f1.value == pytest.approx(np.mean(defined))


def test_one_task_alone_has_its_own_macro_f1_and_interval():
    told = guesses(80, class_count=3, seed=5, group_count=10)
    mean, alone = judge_class_mean({"scale": told}, train_counts=NO_COUNTS), judge(told, train_counts={})
    assert mean.f1 == alone.f1_macro
    assert mean.prior_f1 == alone.prior.f1_macro.value


def test_no_task_has_no_mean():
    with pytest.raises(ValueError, match="one task at least"):
        judge_class_mean({}, train_counts=NO_COUNTS)
