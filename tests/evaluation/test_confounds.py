from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.evaluation.confounds import Tell, find_tells

CLASSES = ("Day", "Night")


def tells(values: list[float], truth: list[int], groups: list[str] | None = None, classes=CLASSES) -> tuple[Tell, ...]:
    return find_tells(
        {"brightness": np.array(values, float)}, np.array(truth), groups or ["a"] * len(values), classes, seed=1
    )


def test_a_class_that_is_always_brighter_is_told_by_its_brightness() -> None:
    (tell,) = tells([0.9, 0.8, 0.9, 0.7, 0.6, 0.1, 0.2, 0.1, 0.3, 0.0], [0] * 5 + [1] * 5)
    assert (tell.class_name, tell.auc.value, tell.strength, tell.is_higher) == ("Day", 1.0, 1.0, True)
    assert tell.within.value == 1.0
    assert tell.is_strong
    assert tell.interval.reason.startswith("one group alone feeds")


def test_a_darker_class_is_as_strong_in_the_other_direction() -> None:
    (tell,) = tells([0.1, 0.2, 0.1, 0.2, 0.3, 0.9, 0.8, 0.9, 0.8, 0.7], [0] * 5 + [1] * 5)
    assert (tell.auc.value, tell.strength, tell.is_higher) == (0.0, 1.0, False)


def test_ties_count_half() -> None:
    (tell,) = tells([0.5] * 10, [0] * 5 + [1] * 5)
    assert tell.auc.value == 0.5
    assert not tell.is_strong


def test_an_auc_is_worked_by_hand() -> None:
    # Of 25 pairs the five values 1, 2, 3, 4, 9 win 0 + 1 + 2 + 3 + 5 against 1.5, 2.5, 3.5, 5, 6: 11.
    (tell,) = tells([1, 2, 3, 4, 9, 1.5, 2.5, 3.5, 5, 6], [0] * 5 + [1] * 5)
    assert tell.auc.value == pytest.approx(11 / 25)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=12, max_size=60))
def test_the_auc_is_that_of_scikit_learn(samples: list[tuple[int, bool]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    positive = np.array([of_class for _, of_class in samples])
    if min(positive.sum(), (~positive).sum()) < 5:
        return
    values = np.array([float(value) for value, _ in samples])
    (tell,) = tells(values.tolist(), (~positive).astype(int).tolist())
    assert tell.auc.value == pytest.approx(metrics.roc_auc_score(positive, values))


def test_what_only_the_film_tells_falls_to_a_coin_within_a_group() -> None:
    dice = np.random.default_rng(2)
    values, truth, groups = [], [], []
    for film in range(10):  # five dark films mostly of Night, five bright ones mostly of Day
        for number in range(40):
            is_night = number < (32 if film < 5 else 8)
            values.append((0.2 if film < 5 else 0.8) + 0.05 * dice.standard_normal())
            truth.append(int(is_night))
            groups.append(f"film {film}")
    (tell,) = tells(values, truth, groups)
    assert tell.auc.value == pytest.approx(0.8, abs=0.05)
    assert tell.within.value == pytest.approx(0.5, abs=0.1)
    assert tell.interval.low is not None
    assert tell.interval.high is not None
    assert tell.interval.low < tell.auc.value < tell.interval.high


def test_the_interval_is_over_groups_that_hold_the_class() -> None:
    dice = np.random.default_rng(3)
    truth = [0] * 30 + [1] * 90
    groups = [f"film {number % 2}" for number in range(30)] + [f"film {number % 9}" for number in range(90)]
    (tell,) = tells(dice.random(120).tolist(), truth, groups)
    assert tell.interval.group_count == 2
    assert tell.interval.level is None


def test_with_few_pictures_nothing_is_said_and_why() -> None:
    (tell,) = tells([1, 2, 3, 4, 5, 6, 7], [0, 0, 1, 1, 1, 1, 1])
    assert tell.auc.value is None
    assert tell.auc.reason == "the class has 2 readable pictures; 5 are the least that say anything"
    assert (tell.strength, tell.is_strong, tell.within.value) == (None, False, None)


def test_one_class_alone_has_no_rest_to_be_told_from() -> None:
    (tell,) = tells([1.0] * 9, [0] * 9)
    assert tell.auc.reason.startswith("the rest has 0")


def test_the_strongest_come_first_and_of_two_classes_one_stands_for_both() -> None:
    truth = np.array([0] * 20 + [1] * 20 + [2] * 20)
    dice = np.random.default_rng(0)
    values = {"noise": dice.random(60), "brightness": truth + 0.3 * dice.random(60)}
    found = find_tells(values, truth, ["a"] * 60, ("A", "B", "C"))
    assert len(found) == 6
    assert {(tell.measure, tell.class_name) for tell in found[:2]} == {("brightness", "A"), ("brightness", "C")}
    strengths = [tell.strength or 0 for tell in found]
    assert strengths == sorted(strengths, reverse=True)


def test_the_mirrored_interval_lies_around_the_strength() -> None:
    dice = np.random.default_rng(4)
    truth = [0, 1] * 60
    values = [0.3 * dice.random() + 0.1 * answer for answer in truth]
    (tell,) = tells(values, truth, [f"film {number // 12}" for number in range(120)])
    low, high = tell.directed.low, tell.directed.high
    assert low is not None
    assert high is not None
    assert tell.strength is not None
    assert not tell.is_higher
    assert low < tell.strength < high


def test_many_classes_take_no_more_than_the_commonest() -> None:
    truth = np.repeat(np.arange(500), 6)
    found = find_tells({"brightness": np.arange(3000.0)}, truth, ["a", "b"] * 1500, [str(n) for n in range(500)])
    assert len(found) == 50


def test_no_pictures_give_no_tells() -> None:
    assert find_tells({"brightness": np.empty(0)}, np.empty(0, np.int64), [], CLASSES) == ()
