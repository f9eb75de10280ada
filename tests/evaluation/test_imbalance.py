from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.evaluation.imbalance import (
    apply_balance,
    expected_variation,
    measure_imbalance,
    ratio_of,
    total_variation,
)
from rushes.learning.balance import plan_epoch, plan_kept
from rushes.learning.recipe import BalanceRecipe

COUNTS = {"Common": 90, "Rare": 10}


def test_weights_let_every_class_pull_as_hard() -> None:
    found = apply_balance(COUNTS, BalanceRecipe())
    assert (found.labelled_ratio, found.shown_ratio) == (9, 9)
    assert found.load_ratio == pytest.approx(1)
    assert [load.weight for load in found.loads] == pytest.approx([50 / 90, 5.0])
    assert [load.share for load in found.loads] == pytest.approx([0.5, 0.5])


def test_plain_leaves_all_as_it_is() -> None:
    found = apply_balance(COUNTS, BalanceRecipe(loss="plain"))
    assert found.load_ratio == pytest.approx(9)
    assert [load.share for load in found.loads] == pytest.approx([0.9, 0.1])


@pytest.mark.parametrize(
    ("sampling", "shown"),
    [
        ("oversample", (90, 90)),
        ("undersample", (10, 10)),
        ("resample", (10, 10)),
        ("level", (50, 50)),
        ("all", (90, 10)),
    ],
)  # fmt: skip
def test_what_is_shown_is_what_an_epoch_will_show(sampling: str, shown: tuple[int, int]) -> None:
    balance = BalanceRecipe(sampling=sampling, loss="plain")
    assert tuple(load.shown for load in apply_balance(COUNTS, balance).loads) == shown
    truth = np.repeat([0, 1], [90, 10])
    kept = truth[plan_kept(truth, balance, seed=0)]
    epoch = plan_epoch(kept, balance, np.random.default_rng(0))
    assert tuple(np.bincount(kept[epoch])) == shown


def test_what_is_removed_is_neither_kept_nor_shown() -> None:
    found = apply_balance(COUNTS, BalanceRecipe(remove=0.5, loss="plain"))
    assert [(load.labelled, load.kept, load.shown) for load in found.loads] == [(90, 45, 45), (10, 10, 10)]
    assert found.shown_ratio == 4.5


def test_class_weights_stand_as_they_are() -> None:
    found = apply_balance(COUNTS, BalanceRecipe(class_weights={"Rare": 2.0}, loss="plain"))
    assert [load.weight for load in found.loads] == [1.0, 2.0]
    assert [load.share for load in found.loads] == pytest.approx([90 / 110, 20 / 110])


def test_a_focal_loss_is_said_to_be_one() -> None:
    assert apply_balance(COUNTS, BalanceRecipe(loss="focal")).is_focal


def test_a_class_without_samples_weighs_nothing() -> None:
    found = apply_balance({"Common": 9, "Rare": 0}, BalanceRecipe())
    assert found.loads[1].weight == found.loads[1].share == found.loads[1].shown == 0
    assert found.load_ratio is None
    assert apply_balance({"Common": 0}, BalanceRecipe()).loads[0].share == 0


@pytest.mark.parametrize(("numbers", "ratio"), [([], None), ([5], None), ([5, 0], None), ([6, 2, 3], 3), ([4, 4], 1)])
def test_a_ratio_takes_two_classes(numbers: list[float], ratio: float | None) -> None:
    assert ratio_of(numbers) == ratio


def test_the_distance_of_two_mixes_is_the_share_that_would_have_to_change() -> None:
    assert total_variation({"a": 50, "b": 50}, {"a": 9, "b": 1}) == pytest.approx(0.4)
    assert total_variation({"a": 5, "b": 0}, {"b": 7}) == 1
    assert total_variation({"a": 1, "b": 3}, {"a": 10, "b": 30}) == 0


mixes = st.fixed_dictionaries({"a": st.integers(0, 50), "b": st.integers(0, 50), "c": st.integers(1, 50)})


@given(mixes, mixes, mixes)
def test_the_distance_of_mixes_is_a_distance(one: dict[str, int], two: dict[str, int], three: dict[str, int]) -> None:
    assert 0 <= total_variation(one, two) <= 1
    assert total_variation(one, two) == pytest.approx(total_variation(two, one))
    assert total_variation(one, three) <= total_variation(one, two) + total_variation(two, three) + 1e-9
    assert 0 <= expected_variation(one, two) <= 1


def test_the_distance_by_chance_is_that_of_parts_drawn_sample_by_sample() -> None:
    dice = np.random.default_rng(5)
    chances = [0.6, 0.3, 0.1]
    found = []
    for _ in range(400):
        one, other = (dict(zip("abc", dice.multinomial(size, chances), strict=True)) for size in (400, 100))
        found.append(total_variation(one, other))
    stated = expected_variation(
        dict(zip("abc", [240, 120, 40], strict=True)), dict(zip("abc", [60, 30, 10], strict=True))
    )
    assert np.mean(found) == pytest.approx(stated, rel=0.06)


def test_held_out_parts_are_held_against_train_and_an_empty_one_is_not() -> None:
    counts = {"train": {"a": 5, "b": 5}, "validation": {"a": 0, "b": 0}, "test": {"a": 4, "b": 0}}
    found = measure_imbalance(counts)
    assert [(one.part, one.total_variation) for one in found.distances] == [("test", 0.5)]
    assert found.trained == counts["train"]
    assert found.balanced is None


def test_without_a_split_all_samples_are_those_trained_on() -> None:
    found = measure_imbalance({"all": {"a": 300, "b": 3}}, balance=BalanceRecipe(), recipe="cnn")
    assert found.distances == ()
    assert found.suggestion.changes
    table = found.to_table()
    assert table["ratios"] == {"all": 100}
    assert table["balanced"]["recipe"] == "cnn"
