from __future__ import annotations

import numpy as np
import pytest

from evaluation.fabricated import answers, guesses
from rushes.evaluation.interval import Interval
from rushes.evaluation.intervals import bootstrap, bootstrap_difference
from rushes.evaluation.scores import tally_groups
from rushes.learning.measures import Tallies, measure


def test_one_group_gives_no_interval_and_says_why():
    _, tallies = tally_groups(answers([("CS", "CS"), ("MS", "CS"), ("LS", "LS")], groups=["film"] * 3))
    intervals = bootstrap(tallies, seed=0)
    for interval in (intervals.f1_macro, intervals.accuracy, intervals.balanced_accuracy, *intervals.recall):
        assert (interval.low, interval.high) == (None, None)
        assert "at least two" in interval.reason


def test_no_samples_give_no_interval():
    _, tallies = tally_groups(answers([]))
    assert bootstrap(tallies, seed=0).f1_macro.low is None


def test_a_class_of_one_group_alone_has_no_interval_but_the_others_have():
    pairs = [("CS", "CS"), ("CS", "MS"), ("MS", "MS"), ("CS", "CS"), ("LS", "LS")]
    _, tallies = tally_groups(answers(pairs, groups=["a", "a", "b", "b", "b"]))
    intervals = bootstrap(tallies, seed=0)
    assert intervals.recall[2].low is None
    assert "one group alone" in intervals.recall[2].reason
    assert intervals.recall[0].low is not None


def test_the_mean_over_classes_has_no_interval_where_a_class_is_in_one_group_alone():
    pairs = [("CS", "CS"), ("CS", "CS"), ("MS", "CS"), ("CS", "CS"), ("LS", "CS")]
    _, tallies = tally_groups(answers(pairs, groups=["a", "b", "c", "d", "e"]))
    intervals = bootstrap(tallies, seed=0)
    assert intervals.accuracy.low is not None
    for interval in (intervals.f1_macro, intervals.balanced_accuracy):
        assert interval.low is None
        assert "one group" in interval.reason


def test_a_draw_that_lost_a_class_does_not_count_as_a_perfect_one():
    # 'MS' is never found: whatever groups are drawn, the mean over the two classes cannot pass one half.
    pairs = [("CS", "CS")] * 8 + [("MS", "CS")] * 2
    _, tallies = tally_groups(answers(pairs, groups=[f"film-{row}" for row in range(10)]))
    interval = bootstrap(tallies, seed=0).balanced_accuracy
    assert interval.low is None  # a half in every draw that counts
    assert "every draw" in interval.reason
    high = bootstrap(tallies, seed=0).f1_macro.high
    assert high is not None
    assert high < 0.5


def test_groups_that_are_all_alike_give_no_interval_as_a_width_of_zero_would_look_like_certainty():
    pairs = [("CS", "CS"), ("MS", "CS")] * 5
    groups = [f"film-{row // 2}" for row in range(10)]
    _, tallies = tally_groups(answers(pairs, groups=groups))
    found = bootstrap(tallies, seed=0).accuracy
    assert found.low is None
    assert found.reason == "every draw of these groups gives this number, which does not make it certain"


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    _, tallies = tally_groups(guesses(200, class_count=4, seed=1, group_count=12))
    assert bootstrap(tallies, seed=3) == bootstrap(tallies, seed=3)
    assert bootstrap(tallies, seed=3).f1_macro != bootstrap(tallies, seed=4).f1_macro


def test_intervals_agree_with_a_loop_that_draws_whole_groups():
    predictions = guesses(400, class_count=4, seed=5, group_count=15)
    _, tallies = tally_groups(predictions)
    ours = bootstrap(tallies, seed=0, resamples=4000)
    random, drawn = np.random.default_rng(9), []
    for _ in range(4000):
        rows = random.integers(0, 15, 15)
        drawn.append(
            measure(
                Tallies(
                    tallies.found[rows].sum(axis=0),
                    tallies.labelled[rows].sum(axis=0),
                    tallies.predicted[rows].sum(axis=0),
                )
            )
        )
    for interval, values in (
        (ours.f1_macro, [one.f1_macro for one in drawn]),
        (ours.accuracy, [one.accuracy for one in drawn]),
        (ours.precision[2], [one.precision[2] for one in drawn]),
    ):
        assert (interval.low, interval.high) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.012)


def test_the_interval_holds_the_score_and_drawing_groups_makes_it_wider_than_drawing_samples():
    predictions = guesses(300, class_count=3, seed=2, group_count=300, skill=1.5)
    right = predictions.truth == predictions.predicted
    by_outcome = [f"film-{int(one)}-{row % 3}" for row, one in enumerate(right)]  # a film is all right or all wrong
    _, alone = tally_groups(predictions)
    _, together = tally_groups(
        answers(
            [
                (predictions.classes[label], predictions.classes[answer])
                for label, answer in zip(predictions.truth, predictions.predicted, strict=True)
            ],
            classes=predictions.classes,
            groups=by_outcome,
        )
    )
    narrow, wide = bootstrap(alone, seed=0).accuracy, bootstrap(together, seed=0).accuracy
    assert narrow.low < right.mean() < narrow.high
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_an_interval_has_two_ends_or_a_reason():
    with pytest.raises(ValueError, match="reason"):
        Interval(None, None)
    with pytest.raises(ValueError, match="reason"):
        Interval(0.1, 0.2, "why", 2)
    with pytest.raises(ValueError, match="two groups"):
        Interval(0.1, 0.2)


@pytest.mark.parametrize("group_count", range(2, 8))
def test_an_interval_from_few_groups_has_no_level(group_count):
    _, tallies = tally_groups(guesses(400, class_count=2, seed=0, group_count=group_count))
    intervals = bootstrap(tallies, seed=0)
    for interval in (intervals.f1_macro, intervals.accuracy, intervals.balanced_accuracy, *intervals.f1):
        assert interval.low is not None
        assert (interval.level, interval.group_count) == (None, group_count)


def test_an_interval_from_enough_groups_has_the_level_that_it_was_made_for():
    _, tallies = tally_groups(guesses(400, class_count=2, seed=0, group_count=8))
    assert bootstrap(tallies, seed=0).f1_macro.level == 0.95
    _, tallies = tally_groups(answers([]))
    assert bootstrap(tallies, seed=0).f1_macro.level is None


def test_a_class_of_few_groups_has_a_range_among_many_groups():
    pairs = [("CS", "CS"), ("MS", "MS")] * 10 + [("LS", "LS"), ("LS", "CS"), ("LS", "LS")]
    groups = [f"film-{row // 2}" for row in range(20)] + ["film-0", "film-1", "film-2"]
    _, tallies = tally_groups(answers(pairs, groups=groups))
    intervals = bootstrap(tallies, seed=0)
    assert (intervals.recall[2].level, intervals.recall[2].group_count) == (None, 3)
    assert (intervals.precision[0].level, intervals.precision[0].group_count) == (0.95, 10)
    assert intervals.f1_macro.level == 0.95


def test_the_interval_of_a_difference_is_that_of_a_loop_over_the_same_draws():
    one, other = (
        guesses(200, class_count=3, seed=1, group_count=9),
        guesses(200, class_count=3, seed=1, group_count=9, skill=2.0),
    )
    first, second = tally_groups(one)[1], tally_groups(other)[1]
    found = bootstrap_difference(first, second, seed=0)
    dice = np.random.default_rng(5)
    gains = []
    for _ in range(4000):
        rows = dice.integers(0, len(first.labelled), len(first.labelled))
        scores = [
            measure(Tallies(*(counts[rows].sum(axis=0) for counts in (t.found, t.labelled, t.predicted)))).f1_macro
            for t in (first, second)
        ]
        gains.append(scores[1] - scores[0])
    assert [found.f1_macro.low, found.f1_macro.high] == pytest.approx(np.quantile(gains, [0.025, 0.975]), abs=0.015)


def test_a_difference_of_a_run_with_itself_is_zero_for_sure():
    _, tallies = tally_groups(guesses(200, class_count=3, seed=1, group_count=9))
    found = bootstrap_difference(tallies, tallies, seed=0)
    assert (found.f1_macro.low, found.f1_macro.high) == (0.0, 0.0)


def test_a_difference_over_other_samples_is_refused():
    first, second = (tally_groups(guesses(200, class_count=3, seed=seed, group_count=9))[1] for seed in (1, 2))
    with pytest.raises(ValueError, match="the same samples"):
        bootstrap_difference(first, second, seed=0)


def test_from_one_group_a_difference_has_no_interval():
    _, tallies = tally_groups(answers([("CS", "CS"), ("MS", "CS")], groups=["film"] * 2))
    assert bootstrap_difference(tallies, tallies, seed=0).accuracy.low is None
