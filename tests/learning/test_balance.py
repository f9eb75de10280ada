"""What an epoch shows and what classes weigh, decided from counts alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.learning.balance import (
    advise_never_predicted,
    count_kept,
    count_shown,
    group_advice,
    is_answered,
    plan_class_weights,
    plan_epoch,
    plan_kept,
    suggest_balance,
    why_not_remove,
)
from rushes.learning.recipe import LOSSES, SAMPLINGS, BalanceRecipe

labels = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(lambda values: np.array(values, np.int64))
balances = st.builds(
    BalanceRecipe,
    loss=st.sampled_from(LOSSES),
    remove=st.floats(0, 0.999),
    sampling=st.sampled_from(SAMPLINGS),
    beta=st.floats(0, 0.9999),
)
TRUTH = np.array([0] * 10 + [1] * 4 + [2] * 3, np.int64)


def dice(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_share_of_the_largest_class_is_removed_and_nothing_else() -> None:
    kept = plan_kept(TRUTH, BalanceRecipe(remove=0.6), seed=3)
    assert np.bincount(TRUTH[kept]).tolist() == [4, 4, 3]
    assert (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(kept, plan_kept(TRUTH, BalanceRecipe(remove=0.6), seed=3))
    assert kept.tolist() != plan_kept(TRUTH, BalanceRecipe(remove=0.6), seed=4).tolist()


def test_what_a_smaller_share_removes_a_larger_one_removes_too() -> None:
    kept = [set(plan_kept(TRUTH, BalanceRecipe(remove=share), seed=1).tolist()) for share in (0.2, 0.4, 0.6)]
    assert kept[0] > kept[1] > kept[2]


def test_undersampling_keeps_as_many_of_each_class_once_and_for_all() -> None:
    kept = plan_kept(TRUTH, BalanceRecipe(sampling="undersample"), seed=0)
    assert np.bincount(TRUTH[kept]).tolist() == [3, 3, 3]
    epoch = plan_epoch(TRUTH[kept], BalanceRecipe(sampling="undersample"), dice())
    assert sorted(epoch) == list(range(9))


def test_oversampling_repeats_whole_classes_first_so_that_every_sample_is_seen() -> None:
    epoch = plan_epoch(TRUTH, BalanceRecipe(sampling="oversample"), dice())
    shown = np.bincount(epoch, minlength=len(TRUTH))
    assert shown[:10].tolist() == [1] * 10
    assert sorted(shown[10:14]) == [2, 2, 3, 3]
    assert sorted(shown[14:]) == [3, 3, 4]


def test_a_level_epoch_brings_every_class_to_the_mean_of_their_numbers() -> None:
    truth = np.repeat([0, 1, 3], [1, 4, 10])
    balance = BalanceRecipe(sampling="level")
    epoch = plan_epoch(truth, balance, dice())
    assert np.bincount(truth[epoch]).tolist() == [5, 5, 0, 5]
    assert np.bincount(epoch[truth[epoch] == 1], minlength=15)[1:5].min() == 1  # all of it is seen, some of it twice
    assert np.bincount(epoch[truth[epoch] == 3]).max() == 1
    assert count_shown(truth, balance, 4).tolist() == [5, 5, 0, 5]
    assert not np.array_equal(np.sort(epoch), np.sort(plan_epoch(truth, balance, np.random.default_rng(9))))


def test_resampling_shows_others_of_the_large_classes_each_epoch_and_all_of_them_in_time() -> None:
    balance, thrown = BalanceRecipe(sampling="resample"), dice()
    epochs = [plan_epoch(TRUTH, balance, thrown) for _ in range(30)]
    assert all(np.bincount(TRUTH[epoch]).tolist() == [3, 3, 3] for epoch in epochs)
    assert len({tuple(sorted(epoch)) for epoch in epochs}) > 5
    assert set(np.concatenate(epochs).tolist()) == set(range(len(TRUTH)))


def test_weights_of_a_case_worked_by_hand() -> None:
    assert plan_class_weights({"a": 10, "b": 30}, BalanceRecipe()) == pytest.approx({"a": 2.0, "b": 2 / 3})
    assert plan_class_weights({"a": 10, "b": 30}, BalanceRecipe(loss="plain")) == {"a": 1.0, "b": 1.0}
    assert plan_class_weights({"a": 10, "b": 30}, BalanceRecipe(loss="focal")) == {"a": 1.0, "b": 1.0}


def test_effective_numbers_of_a_case_worked_by_hand() -> None:
    # beta 0.5: one sample weighs 0.5 / 0.5 = 1, two weigh 0.5 / 0.75 = 2/3 each; their mean over three is 7/9.
    found = plan_class_weights({"a": 1, "b": 2}, BalanceRecipe(loss="effective-number", beta=0.5))
    assert found == pytest.approx({"a": 9 / 7, "b": 6 / 7})
    plain = plan_class_weights({"a": 1, "b": 200}, BalanceRecipe(loss="effective-number", beta=0.0))
    assert plain == {"a": 1.0, "b": 1.0}
    nearly = plan_class_weights({"a": 10, "b": 30}, BalanceRecipe(loss="effective-number", beta=1 - 1e-9))
    assert nearly == pytest.approx({"a": 2.0, "b": 2 / 3}, rel=1e-6)


def test_a_weight_that_is_stated_stands_in_place_of_the_one_that_is_computed() -> None:
    found = plan_class_weights({"a": 10, "b": 30}, BalanceRecipe(class_weights={"b": 5}))
    assert found == pytest.approx({"a": 2.0, "b": 5.0})


@given(labels, balances, st.integers(0, 2**31))
def test_removal_takes_of_the_largest_class_only_and_never_a_class_s_last_sample(
    truth: npt.NDArray[np.int64], balance: BalanceRecipe, seed: int
) -> None:
    before = np.bincount(truth)
    kept = plan_kept(truth, balance, seed=seed)
    assert (np.diff(kept) > 0).all()
    after = np.bincount(truth[kept], minlength=len(before))
    assert ((after > 0) == (before > 0)).all()
    if balance.sampling != "undersample":
        changed = np.flatnonzero(after != before)
        assert changed.tolist() in ([], [int(before.argmax())])


@given(labels, balances, st.integers(0, 2**31))
def test_every_epoch_shows_every_class_as_often_as_is_counted(
    truth: npt.NDArray[np.int64], balance: BalanceRecipe, seed: int
) -> None:
    truth = truth[plan_kept(truth, balance, seed=seed)]
    epoch = plan_epoch(truth, balance, dice(seed))
    shown = np.bincount(truth[epoch], minlength=6)
    assert shown.tolist() == count_shown(truth, balance, 6).tolist()
    assert set(truth[epoch].tolist()) == set(truth.tolist())
    if balance.sampling not in ("resample", "level"):  # these leave some of a large class to other epochs
        assert set(epoch.tolist()) == set(range(len(truth)))
    if balance.sampling != "all":
        assert len(set(shown[shown > 0].tolist())) == 1


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 10**6), min_size=1, max_size=6), balances)
def test_weights_have_mean_one_over_an_epoch_and_inverse_frequency_equalises(
    counts: dict[str, int], balance: BalanceRecipe
) -> None:
    weights = plan_class_weights(counts, balance)
    assert sum(weights[name] * count for name, count in counts.items()) == pytest.approx(sum(counts.values()))
    if balance.loss == "weights":
        assert len({round(weights[name] * count, 3) for name, count in counts.items()}) == 1


@pytest.mark.parametrize(
    ("counts", "changes", "reason"),
    [
        ({"a": 40, "b": 48}, (), "of like size"),
        ({"a": 40, "b": 100}, ("balance.loss=weights",), "2.5 times"),
        ({"a": 200, "b": 4000}, ("balance.sampling=resample", "balance.loss=weights"), "drawn anew"),
        ({"a": 30, "b": 400}, ("balance.sampling=oversample", "balance.loss=weights"), "repeated"),
        ({"a": 3, "b": 400}, ("balance.sampling=oversample", "balance.loss=weights"), "more labelled samples of 'a'"),
        ({"a": 3, "b": 4}, (), "more labelled samples of 'a'"),
        ({"a": 3, "b": 0}, (), "no two classes"),
    ],
)
def test_what_counts_suggest(counts: dict[str, int], changes: tuple[str, ...], reason: str) -> None:
    suggestion = suggest_balance(counts)
    assert suggestion.changes == changes
    assert reason in suggestion.sentence
    assert suggestion.options == " ".join(f"--set {change}" for change in changes)


def test_a_head_on_frozen_features_is_told_of_weights_only() -> None:
    assert suggest_balance({"a": 30, "b": 4000}, kind="features").changes == ("balance.loss=weights",)


def test_a_recipe_that_does_something_of_the_kind_is_left_alone() -> None:
    moderate, strong = suggest_balance({"a": 40, "b": 100}), suggest_balance({"a": 30, "b": 4000})
    assert not is_answered(moderate, BalanceRecipe(loss="plain"))
    for balance in (BalanceRecipe(), BalanceRecipe(loss="focal"), BalanceRecipe(loss="plain", class_weights={"a": 2})):
        assert is_answered(moderate, balance)
        assert not is_answered(strong, balance)
    assert is_answered(strong, BalanceRecipe(sampling="oversample"))
    assert is_answered(suggest_balance({"a": 200, "b": 4000}), BalanceRecipe(sampling="resample"))
    assert is_answered(suggest_balance({"a": 1, "b": 1}), BalanceRecipe(loss="plain"))


def advice(counts: dict[str, int], balance: BalanceRecipe, *, kind: str = "cnn") -> str:
    return advise_never_predicted(["a"], counts, balance, kind=kind)["a"]


def test_the_advice_on_a_class_that_is_never_predicted_is_something_not_done_yet() -> None:
    counts = {"a": 30, "b": 4000}
    assert "--set balance.sampling=oversample" in advice(counts, BalanceRecipe())
    done = advice(counts, BalanceRecipe(sampling="oversample"))
    assert "Label more frames of 'a'" in done
    assert "30 training samples" in done
    assert "Label more" in advice({"a": 30, "b": 60}, BalanceRecipe(), kind="features")


def test_drawing_down_to_too_few_is_not_what_was_suggested() -> None:
    strong = suggest_balance({"a": 30, "b": 4000})
    for sampling in ("undersample", "resample"):
        assert not is_answered(strong, BalanceRecipe(sampling=sampling))
    assert "--set balance.sampling=oversample" in advice({"a": 30, "b": 4000}, BalanceRecipe(sampling="resample"))


@pytest.mark.parametrize("balance", [BalanceRecipe(), BalanceRecipe(loss="plain"), BalanceRecipe(sampling="resample")])
@pytest.mark.parametrize("counts", [{"a": 30, "b": 30}, {"a": 40, "b": 31}, {"a": 400, "b": 30}])
def test_a_class_that_is_not_small_is_not_said_to_need_a_balance(
    balance: BalanceRecipe, counts: dict[str, int]
) -> None:
    said = advice(counts, balance)
    assert "No balance is to blame" in said
    assert "--set balance" not in said
    assert "training.learning_rate" in said


def test_a_class_that_removal_made_small_is_told_so() -> None:
    said = advice({"a": 30, "b": 30}, BalanceRecipe(remove=0.8))
    assert "--set balance.remove=0" in said
    assert "leaves 6 of its 30" in said


@pytest.mark.parametrize(
    ("counts", "remove", "said"),
    [
        ({"a": 30, "b": 30}, 0.5, "'a' from 30 training samples to 15, below 'b' with 30"),
        ({"a": 20, "b": 30}, 0.5, "'b' from 30 training samples to 15, below 'a' with 20"),
        ({"a": 15, "b": 30}, 0.5, ""),
        ({"a": 20, "b": 30}, 0.0, ""),
    ],
)
def test_a_removal_that_makes_the_largest_class_a_small_one_is_warned_of(
    counts: dict[str, int], remove: float, said: str
) -> None:
    warning = why_not_remove(counts, BalanceRecipe(remove=remove))
    assert said in warning
    assert bool(warning) == bool(said)


@given(labels, balances)
def test_what_removal_leaves_is_counted_without_drawing(truth: npt.NDArray[np.int64], balance: BalanceRecipe) -> None:
    counts = {str(index): int(count) for index, count in enumerate(np.bincount(truth))}
    kept = truth[plan_kept(truth, replace(balance, sampling="all"), seed=0)]
    assert list(count_kept(counts, balance).values()) == np.bincount(kept, minlength=len(counts)).tolist()


def test_one_advice_for_several_classes_is_said_once() -> None:
    assert group_advice({"a": "x", "b": "y", "c": "x"}) == [(("a", "c"), "x"), (("b",), "y")]


def test_where_most_classes_are_never_predicted_no_balance_is_to_blame() -> None:
    counts = {"a": 30, "b": 30, "c": 4000}
    found = advise_never_predicted(["a", "b"], counts, BalanceRecipe())
    assert set(found) == {"a", "b"}
    assert "training.epochs" in found["a"]
    assert "model.backbone" in advise_never_predicted(["a", "b"], counts, BalanceRecipe(), kind="features")["b"]
