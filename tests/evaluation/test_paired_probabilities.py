from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.fabricated import answers, guesses
from rushes.evaluation.comparison import compare_part, pair_predictions
from rushes.evaluation.paired_probabilities import bootstrap_probabilities


def sharper(predictions, power):
    raised = predictions.probabilities.astype(np.float64) ** power
    return replace(predictions, probabilities=(raised / raised.sum(axis=1, keepdims=True)).astype(np.float32))


def test_a_model_gains_nothing_over_itself() -> None:
    one = guesses(300, class_count=3, seed=0, group_count=10)
    for word, interval in bootstrap_probabilities(one, one, seed=0).items():
        assert (interval.low, interval.high) == (0, 0), word


def test_turning_the_two_round_turns_the_intervals() -> None:
    one = guesses(300, class_count=3, seed=0, group_count=10)
    other = replace(guesses(300, class_count=3, seed=1, group_count=10, skill=2), truth=one.truth, groups=one.groups)
    there, back = (bootstrap_probabilities(*pair, seed=0) for pair in ((one, other), (other, one)))
    for word, interval in there.items():
        assert interval.low is not None
        assert back[word].high == pytest.approx(-interval.low, abs=1e-9), word


def test_sharper_probabilities_change_those_scores_that_hang_on_their_size_and_no_order() -> None:
    # Of two classes, raising probabilities to a power keeps the order of samples and moves Brier, log loss and ECE.
    one = guesses(400, class_count=2, seed=0, group_count=12)
    found = bootstrap_probabilities(one, sharper(one, 8), seed=0)
    assert found["roc_auc_macro"].low == pytest.approx(0, abs=1e-3)
    assert found["brier"].low is not None
    assert found["brier"].low > 0
    assert found["log_loss"].low is not None
    assert found["log_loss"].low > 0


def test_the_gain_in_brier_of_groups_that_are_alike_is_worked_by_hand() -> None:
    # The one gives 0.8 to the right one of two classes, the other 0.9: (0.1² - 0.2²) in every group and every draw.
    pairs, groups = [("a", "a"), ("b", "b")] * 8, [f"film-{row // 2}" for row in range(16)]
    one, other = (answers(pairs, groups=groups, classes=("a", "b"), confidence=[sure] * 16) for sure in (0.8, 0.9))
    interval = bootstrap_probabilities(one, other, seed=0)["brier"]
    assert (interval.low, interval.high) == pytest.approx((-0.03, -0.03), abs=1e-6)


def test_one_group_and_a_class_in_one_group_have_no_interval_and_say_why() -> None:
    one = answers([("CS", "CS"), ("MS", "CS")] * 3, groups=["film"] * 6)
    assert "one group" in bootstrap_probabilities(one, one, seed=0)["brier"].reason
    lone = answers([("CS", "CS"), ("MS", "CS"), ("LS", "LS")], groups=["a", "b", "b"])
    found = bootstrap_probabilities(lone, lone, seed=0)
    assert "one group" in found["average_precision/CS"].reason
    assert "one group alone" in found["average_precision_macro"].reason


def test_other_samples_cannot_be_compared() -> None:
    one = answers([("CS", "CS"), ("MS", "CS")])
    with pytest.raises(ValueError, match="same samples"):
        bootstrap_probabilities(one, answers([("CS", "CS"), ("CS", "CS")]), seed=0)


def test_a_comparison_holds_the_gains_of_probabilities_beside_those_of_answers() -> None:
    pairs, groups = [("CS", "CS"), ("MS", "MS"), ("LS", "LS")] * 8, [f"film-{row // 3}" for row in range(24)]
    one, other = (answers(pairs, groups=groups, confidence=[sure] * 24) for sure in (0.7, 0.9))
    found = compare_part("test", pair_predictions(one, other))
    gained = found.more["brier"]
    # Of three classes, 0.3² + 2 · 0.15² becomes 0.1² + 2 · 0.05².
    assert gained.value == pytest.approx(0.015 - 0.135, abs=1e-6)
    assert gained.interval.high == pytest.approx(-0.12, abs=1e-6)
    assert set(found.more) >= {"roc_auc_macro", "average_precision_macro", "log_loss", "ece", "roc_auc/CS", "brier/MS"}
