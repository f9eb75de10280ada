"""Reliability: bins and scores worked by hand, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.fabricated import answers, guesses
from rushes.evaluation.calibrating import calibrate
from rushes.evaluation.calibration_section import show_calibration
from rushes.evaluation.honesty import measure_honesty
from rushes.evaluation.judge import judge
from rushes.evaluation.reliability import (
    CalibrationJudgement,
    judge_calibration,
    judge_reliability,
    sentence_of,
)
from rushes.learning.calibration import UNCALIBRATED, Calibration, Fitted, calibrated, fit_calibration
from rushes.learning.predictions import Predictions

OWN = Fitted(UNCALIBRATED, "Not calibrated: nothing was tried.")


def two_films(*, right: int, wrong: int) -> Predictions:
    """Answers said at 0.8, as many right and wrong in either film."""
    pairs = [("CS", "CS")] * right + [("MS", "CS")] * wrong
    return answers(pairs * 2, groups=["a"] * len(pairs) + ["b"] * len(pairs))


def judged(predictions: Predictions, fitted: Fitted = OWN) -> CalibrationJudgement:
    return judge_calibration(fitted, predictions, blind={"ece": 0.0, "brier": 0.5, "log_loss": 1.0})


def test_a_bin_says_how_often_what_it_holds_came_true() -> None:
    (only,) = judged(two_films(right=6, wrong=4)).before.answers
    assert (only.low, only.high, only.samples, only.group_count) == (12 / 15, 13 / 15, 20, 2)
    assert only.said == pytest.approx(0.8)
    assert only.came_true.value == pytest.approx(0.6)
    assert "every draw" in only.came_true.interval.reason  # both films say the same


def test_a_temperature_that_mends_all_of_it_takes_the_error_to_nothing() -> None:
    """0.8 of three classes is log-odds ln 8 over either other; 0.6 is ln 3, so that T = ln 8 / ln 3 is just right."""
    fitted = Fitted(Calibration("temperature", temperature=float(np.log(8) / np.log(3))), "By hand.")
    found = judged(two_films(right=6, wrong=4), fitted)
    assert found.before.scores["ece"].value == pytest.approx(0.2, abs=1e-6)
    assert found.after.scores["ece"].value == pytest.approx(0, abs=1e-6)
    assert found.change["ece"].value == pytest.approx(-0.2, abs=1e-6)
    assert found.change["ece"].interval.high == pytest.approx(-0.2, abs=1e-6)
    assert (found.moved, found.helped) == (0, True)
    assert sentence_of(found).startswith("Calibration helps: ECE on test falls from 0.200 to 0.000 (change between")


def test_what_makes_it_worse_is_called_so() -> None:
    cold = Fitted(Calibration("temperature", temperature=0.5), "By hand.")
    found = judged(two_films(right=6, wrong=4), cold)
    assert found.helped is False
    assert sentence_of(found).startswith("Calibration does harm here: ECE on test rises from 0.200 to 0.3")


def test_before_and_after_are_drawn_with_the_same_groups() -> None:
    """A calibration that changes nothing changes nothing in any draw."""
    found = judged(
        guesses(400, class_count=3, seed=1), Fitted(Calibration("temperature", temperature=1.0), "As it is.")
    )
    assert found.change["log_loss"].interval.low == pytest.approx(0, abs=1e-6)
    assert found.change["log_loss"].interval.high == pytest.approx(0, abs=1e-6)
    assert found.before.scores["ece"].interval.low < found.before.scores["ece"].interval.high


def test_the_scores_before_are_those_of_the_judgement() -> None:
    predictions = guesses(300, class_count=4, seed=2)
    test = judge(predictions, train_counts={})
    found = calibrate(None, predictions, test)
    for name in ("ece", "brier", "log_loss"):
        assert found.before.scores[name].value == pytest.approx(test.estimates()[name].value)
    assert found.blind["log_loss"] == test.blind["prior"]["log_loss"]
    assert "no answers on validation" in sentence_of(found)


def test_two_classes_are_shown_for_the_second_one_too() -> None:
    predictions = guesses(300, class_count=2, seed=3)
    found = judged(predictions)
    assert sum(one.samples for one in found.before.second) == 300
    assert judged(guesses(30, class_count=3, seed=3)).before.second == ()
    assert "“class 1”, uncalibrated" in show_calibration(found)


def test_bins_of_few_samples_have_no_dot() -> None:
    found = judged(answers([("CS", "CS")] * 9 + [("MS", "LS")] * 300, confidence=[0.9] * 9 + [0.5] * 300))
    few, enough = found.before.answers[1], found.before.answers[0]
    assert few.came_true.value is None
    assert "fewer than 10" in few.came_true.score.reason
    assert enough.came_true.value == 0
    page = show_calibration(found)
    assert page.count("<circle") == 1
    assert page.count('class="bar few"') == 1
    assert "too few to tell" in page


def test_one_group_has_dots_without_whiskers_and_no_verdict() -> None:
    one_film = answers([("CS", "CS")] * 20 + [("MS", "CS")] * 20, groups=["a"] * 40)
    found = judged(one_film, Fitted(Calibration("temperature", temperature=2.0), "By hand."))
    assert found.helped is None
    assert "cannot be told from these groups" in sentence_of(found)
    page = show_calibration(found)
    assert 'class="whisker"' not in page
    assert 'class="dot"' in page


def test_without_samples_there_is_no_section() -> None:
    found = judged(answers([]))
    assert show_calibration(found) == ""
    assert show_calibration(None) == ""
    assert found.to_table()["test"]["ece"]["before"]["value"] is None
    assert sentence_of(found) == "There are no test samples to see a calibration on."


def test_the_page_says_in_words_what_a_dot_says() -> None:
    predictions = two_films(right=12, wrong=8)
    page = show_calibration(judged(predictions, Fitted(Calibration("temperature", temperature=2.0), "By hand.")))
    assert "When it says 80 %, it is right in 60 %" in page
    assert "40 samples of 2 groups" in page
    assert "On average it says 80 %, and it is right in 60 %: too sure (by chance 68 to 92 %)." in page
    assert "The temperature is 2.00: the model was too sure." in page
    assert "without a look: 0.50" in page


def test_a_curve_moves_no_answer_and_the_page_says_so() -> None:
    predictions = guesses(100, class_count=2, seed=4)
    curve = Calibration("isotonic", scores=(0.0, 0.5, 1.0), shares=(0.4, 0.5, 0.9))
    found = judged(predictions, Fitted(curve, "By hand."))
    assert found.moved == 0
    assert "and never which answer it is" in show_calibration(found)


def test_few_samples_are_drawn_in_bins_of_equal_numbers_and_fewer_not_at_all() -> None:
    found = judged(guesses(100, class_count=2, seed=4))
    assert [one.samples for one in found.before.drawn] == [20] * 5
    assert all(one.came_true.value is not None for one in found.before.drawn)
    assert all(one.low <= (one.said or 0) <= one.high for one in found.before.drawn)
    assert show_calibration(found).count("<svg") == 2
    page = show_calibration(judged(guesses(39, class_count=2, seed=4)))
    assert "<svg" not in page
    assert "Fewer than 40 samples: too few for a diagram." in page
    many = judged(guesses(600, class_count=2, seed=4)).before
    assert many.drawn == many.answers


def test_an_honest_model_is_not_called_miscalibrated_for_having_few_samples() -> None:
    """Of 200 samples an honest model has an ECE far above zero; the range beside it holds that in 95 of 100 worlds."""
    dice = np.random.default_rng(1)
    inside, leaning, errors = 0, 0, []
    for world in range(200):
        said = dice.uniform(0.5, 1, 200)
        so = dice.random(200) < said
        found = measure_honesty(said, so, seed=world)
        assert found is not None
        in_bin = np.minimum((said * 15).astype(int), 14)
        error = np.abs(np.bincount(in_bin, said - so, minlength=15)).sum() / 200
        errors.append(error)
        inside += found.ece_low <= error <= found.ece_high
        leaning += found.leaning is not None
    assert inside >= 0.9 * 200
    assert leaning <= 0.1 * 200
    assert found.ece == pytest.approx(np.mean(errors), abs=0.005)
    assert found.ece > 0.05
    assert measure_honesty(np.zeros(0), np.zeros(0, bool)) is None


def test_an_error_is_called_one_only_beyond_what_an_honest_model_would_show() -> None:
    assert "no error is shown" in sentence_of(judged(two_films(right=8, wrong=2)))
    found = judged(two_films(right=60, wrong=40))
    assert "that a perfectly calibrated model would show by chance, and on average it is too sure" in sentence_of(found)
    stated = found.to_table()["test"]["honesty"]["before"]
    assert stated["said"] == pytest.approx(0.8)
    assert stated["came_true"]["value"] == pytest.approx(0.6)
    assert stated["ece"]["honest_low"] < stated["ece"]["honest"] < stated["ece"]["honest_high"] < 0.2
    assert "perfectly calibrated, by chance" in show_calibration(found)


def test_five_hundred_classes_and_ten_thousand_groups_are_judged() -> None:
    predictions = guesses(10_000, class_count=500, seed=5, group_count=9_000, skill=3.0)
    found = judged(predictions, Fitted(Calibration("temperature", temperature=2.0), "By hand."))
    interval = found.after.scores["ece"].interval
    assert interval.low is not None
    assert interval.low < interval.high


def test_mending_carries_over_to_groups_that_were_not_fitted_on() -> None:
    own = guesses(600, class_count=3, seed=6, group_count=12)
    sharp = Calibration("temperature", temperature=0.4)
    fitted = fit_calibration(calibrated(own, sharp))
    unseen = calibrated(guesses(900, class_count=3, seed=7, group_count=12), sharp)
    found = judged(unseen, fitted)
    assert found.helped, sentence_of(found)
    assert (found.after.scores["ece"].value or 1) < (found.before.scores["ece"].value or 0)


def test_probabilities_as_they_are_given_have_one_diagram_and_the_scores_of_no_calibration() -> None:
    predictions = guesses(300, class_count=3, seed=4)
    blind = {"ece": 0.0, "brier": 0.5, "log_loss": 1.0}
    given = judge_reliability(Calibration("temperature", temperature=1.5), predictions, watched="chosen", blind=blind)
    assert given.given.scores == judged(predictions).before.scores
    page = show_calibration(given)
    assert page.count("<svg") == 1
    assert "calibrates its answers itself, by one temperature, 1.50" in page
    assert "These samples are that validation, so the diagram flatters." in page
    table = given.to_table()
    assert (table["kind"], table["applied"], list(table["test"]["bins"])) == ("temperature", True, ["after"])
    own = judge_reliability(UNCALIBRATED, predictions, watched="grouped", blind=blind)
    assert "uncalibrated" in show_calibration(own)
