"""Thresholds: chosen on validation for what was asked, with what they cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.fabricated import answers, guesses
from rushes.evaluation.promises import AFTER_A_CHOICE, lower_bound, samples_needed
from rushes.evaluation.steps import as_stored, count_taken, list_steps, measure_taken, thin_steps
from rushes.evaluation.thresholds import choose_threshold, choose_thresholds, format_threshold
from rushes.learning.calibration import Calibration, fit_isotonic
from rushes.learning.predictions import Predictions
from rushes.wish import BEST_F1, Wish, parse_wish

# Ten samples of one class against others, worked by hand; 1 is of the class.
SCORES = np.array([0.95, 0.90, 0.80, 0.70, 0.60, 0.50, 0.40, 0.30, 0.20, 0.10], np.float32)
LABELS = np.array([1, 0, 1, 1, 0, 1, 0, 0, 1, 0], bool)


def chosen(words: str, labels=LABELS, scores=SCORES):
    return choose_threshold(list_steps(labels, scores), parse_wish(words), class_name="mcu")


@pytest.mark.parametrize(
    ("words", "between"),
    [
        ("recall >= 0.8", (0.40, 0.50)),  # four of five are found with 0.50; 0.40 would only add another
        ("recall >= 0.6", (0.60, 0.70)),
        ("recall >= 1", (0.10, 0.20)),
        ("precision >= 0.75", (0.60, 0.70)),  # 3 of 4; at 0.90 it was 1 of 2
        ("fpr <= 0.4", (0.40, 0.50)),  # two of five others
        ("fpr <= 0.2", (0.60, 0.70)),
        ("fpr <= 0", (0.90, 0.95)),
        ("best f1", (0.40, 0.50)),  # 8/11; at 0.70 it is 6/9
    ],
)
def test_thresholds_of_ten_samples_worked_by_hand(words: str, between: tuple[float, float]) -> None:
    threshold = chosen(words).threshold
    assert threshold is not None
    assert between[0] < threshold < between[1]
    assert threshold == pytest.approx(sum(between) / 2, abs=1e-6)


def test_a_precision_that_falls_and_rises_again_counts_where_it_holds_last() -> None:
    labels = np.array([1, 0, 1, 1, 1, 0, 0], bool)
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], np.float32)
    found = chosen("precision >= 0.8", labels, scores)  # 1/1, 1/2, 2/3, 3/4, 4/5, 4/6, 4/7
    assert found.threshold == pytest.approx(0.45)
    part = _two_classes(labels, scores)
    judged = choose_thresholds(part, part, {"b": parse_wish("precision >= 0.8")})
    assert any("precision falls to 0.500 before it rises again" in note for note in judged.per_class[1].notes)


def test_a_wish_out_of_reach_says_what_is_the_best() -> None:
    scores, labels = np.array([0.9, 0.8, 0.4], np.float32), np.array([False, True, True])
    found = chosen("precision >= 0.9", labels, scores)
    assert found.threshold is None
    assert found.reason == (
        "no threshold reaches precision >= 0.9 on validation: the best precision is 0.667, at 0.200, "
        "where recall is 1.000"
    )
    found = chosen("fpr <= 0", labels, scores)
    assert found.threshold is None
    assert "the lowest FPR that finds any is 1.000, at 0.600, where recall is 0.500" in found.reason


def test_a_class_without_validation_samples_has_no_threshold() -> None:
    found = chosen("best f1", np.zeros(3, bool), SCORES[:3])
    assert found.threshold is None
    assert found.reason == "no validation sample is labelled 'mcu', so no threshold can be chosen for it"
    assert chosen("recall >= 0.5", np.zeros(0, bool), SCORES[:0]).threshold is None


def test_where_all_samples_are_of_the_class_there_is_no_false_alarm_to_bound() -> None:
    assert "every validation sample is labelled 'mcu'" in chosen("fpr <= 0.1", np.ones(3, bool), SCORES[:3]).reason
    assert chosen("precision >= 1", np.ones(3, bool), SCORES[:3]).threshold == pytest.approx(0.4)


scored = st.integers(2, 60).flatmap(
    lambda count: st.tuples(
        st.lists(st.booleans(), min_size=count, max_size=count),
        st.lists(st.floats(0, 1, width=32), min_size=count, max_size=count),
    )
)
wishes = st.one_of(
    st.just(BEST_F1),
    st.builds(Wish, st.sampled_from(["recall", "precision"]), st.floats(0.01, 1)),
    st.builds(Wish, st.just("fpr"), st.floats(0, 0.99)),
)


@given(scored, wishes)
def test_a_chosen_threshold_fulfils_its_wish_and_no_other_that_does_is_better(sample, wish) -> None:
    labels, scores = np.array(sample[0]), np.array(sample[1], np.float32)
    found = choose_threshold(list_steps(labels, scores), wish, class_name="c")
    every = np.append(np.unique(scores.astype(np.float64)), 2.0)
    tp, fp = count_taken(labels, scores, every)
    measured = measure_taken(tp, fp, labels.sum(), (~labels).sum())
    allowed = np.array([not np.isnan(value) and wish.holds(value) for value in measured[wish.measure]]) & (tp > 0)
    if found.threshold is None:
        assert not allowed.any() or not labels.any()
        return
    own_tp, own_fp = (int(counts[0]) for counts in count_taken(labels, scores, np.array([found.threshold])))
    own = measure_taken(np.array(own_tp), np.array(own_fp), labels.sum(), (~labels).sum())
    assert wish.holds(float(own[wish.measure]))
    best = {"recall": own_fp <= fp[allowed].min(), "f1": float(own["f1"]) >= np.nanmax(measured["f1"][allowed])}
    assert best.get(wish.measure, own_tp >= tp[allowed].max())


@given(scored)
def test_raising_a_threshold_never_raises_recall_nor_fpr(sample) -> None:
    steps = list_steps(np.array(sample[0]), np.array(sample[1], np.float32))
    assert (np.diff(steps.thresholds) < 0).all()
    assert (np.diff(steps.tp) >= 0).all()
    assert (np.diff(steps.fp) >= 0).all()
    assert (steps.tp[-1], steps.fp[-1]) == (steps.positives, steps.negatives)


@given(scored)
def test_no_conversion_of_scores_or_thresholds_moves_a_sample_across(sample) -> None:
    labels, scores = np.array(sample[0]), np.array(sample[1], np.float32)
    steps = list_steps(labels, scores)
    for threshold, tp, fp in zip(steps.thresholds, steps.tp, steps.fp, strict=True):
        again = float(repr(float(threshold)))  # as JSON keeps it
        for kept in (scores, as_stored(scores), scores.astype(np.float64).astype(np.float32)):
            taken = kept.astype(np.float64) >= again
            assert (int((taken & labels).sum()), int((taken & ~labels).sum())) == (tp, fp)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3000))
def test_thinned_steps_keep_both_ends_and_what_must_be_kept(seed, count) -> None:
    random = np.random.default_rng(seed)
    scores, labels = random.random(count).astype(np.float32), random.random(count) < 0.1
    steps = list_steps(labels, scores)
    keep = float(steps.thresholds[count // 2])
    thin = thin_steps(steps, keep=keep, most=50)
    assert len(thin) <= 50
    assert keep in thin
    assert (thin[0], thin[-1]) == (steps.thresholds[0], steps.thresholds[-1])
    assert (np.diff(thin) < 0).all()


def test_steps_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(3)
    scores = random.random(500).round(2).astype(np.float32)
    labels = random.random(500) < scores * 0.7
    steps = list_steps(labels, scores)
    measured = measure_taken(steps.tp, steps.fp, steps.positives, steps.negatives)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(measured["precision"][::-1], precision[:-1], atol=1e-12)
    np.testing.assert_allclose(measured["recall"][::-1], recall[:-1], atol=1e-12)
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(measured["fpr"], fpr[1:], atol=1e-12)
    np.testing.assert_allclose(measured["recall"], tpr[1:], atol=1e-12)
    taken = scores >= steps.thresholds[20]
    assert measured["f1"][20] == pytest.approx(metrics.f1_score(labels, taken), abs=1e-12)


def test_promises_are_the_exact_bounds_of_clopper_and_pearson() -> None:
    assert lower_bound(12, 12) == pytest.approx(0.05 ** (1 / 12))
    assert lower_bound(0, 5) == 0.0
    assert lower_bound(9, 10) == pytest.approx(0.6058367, abs=1e-6)  # tables of the binomial: n = 10, one missed
    assert samples_needed(0.99) == 299
    assert samples_needed(0.95) == 59
    assert samples_needed(1.0) is None
    stats = pytest.importorskip("scipy.stats")
    for found, of in ((1, 3), (50, 80), (995, 1000), (30, 5000)):
        assert lower_bound(found, of) == pytest.approx(float(stats.beta.ppf(0.05, found, of - found + 1)), abs=1e-9)


def _two_classes(labels, scores, groups=None) -> Predictions:
    made = answers([("b" if label else "a", "b") for label in labels], classes=("a", "b"), groups=groups)
    return replace(made, probabilities=np.stack([1 - scores, scores], axis=1).astype(np.float32))


def test_costs_on_both_parts_stand_beside_own_answers_and_a_blind_pick() -> None:
    groups = [f"film-{row % 5}" for row in range(10)]
    validation = _two_classes(LABELS, SCORES, groups)
    test = _two_classes(LABELS[::-1], SCORES, groups)
    found = choose_thresholds(validation, test, {"b": parse_wish("recall >= 0.8")}).per_class[1]
    assert found.stated
    assert found.validation is not None
    assert found.test is not None
    here = found.validation.chosen
    assert (here.tp, here.fp, here.fn, here.tn) == (4, 2, 1, 3)
    assert here.recall.value == 0.8
    assert here.fpr.value == 0.4
    assert here.precision.value == pytest.approx(4 / 6)
    assert here.f1.value == pytest.approx(8 / 11)
    assert (found.validation.answers.tp, found.validation.answers.fp) == (3, 2)  # of 0.5 and 0.5 the first class wins
    assert found.validation.blind["recall"].value == 0.6
    assert found.validation.blind["precision"].value == 0.5
    there = found.test.chosen
    assert (there.tp, there.fp, there.fn, there.tn) == (2, 4, 3, 1)
    assert found.validation.holds.value is not None
    assert 0 < found.validation.holds.value < 1
    assert any("On test it does not hold: recall is 0.400 there." in note for note in found.notes)
    assert any(
        note.startswith("It holds on validation (4 of 5), but no recall above 0.34 can be promised")
        for note in found.notes
    )
    lines = choose_thresholds(
        validation, test, {"b": parse_wish("recall >= 0.8"), "a": parse_wish("fpr <= 0.5")}
    ).notes()
    assert len(lines) == 3
    assert lines[1].startswith("Threshold of b, recall >= 0.8: on test recall is 0.400 (")
    assert "precision is 0.333 (" in lines[1]
    assert "FPR is 0.800 (" in lines[1]
    assert lines[2] == "Validation has 5 groups only: on others thresholds may do something else."


def test_twelve_samples_cannot_promise_a_recall_of_99_in_100() -> None:
    labels, scores = np.arange(40) < 12, np.linspace(0.99, 0.01, 40).astype(np.float32)
    part = _two_classes(labels, scores, [f"film-{row % 10}" for row in range(40)])
    found = choose_thresholds(part, part, {"b": parse_wish("recall >= 99%")}).per_class[1]
    assert found.threshold is not None
    assert found.promised.value == pytest.approx(0.05 ** (1 / 12))
    assert "To promise 0.99 takes at least 299 labelled samples of b." in found.notes[0]


def test_classes_that_nobody_asked_for_get_the_best_f1() -> None:
    validation, test = (guesses(300, class_count=3, seed=seed, group_count=9, skill=2) for seed in (1, 2))
    found = choose_thresholds(validation, test, {"class 1": parse_wish("fpr <= 0.05")})
    assert [str(one.wish) for one in found.per_class] == ["best f1", "fpr <= 0.05", "best f1"]
    assert [one.stated for one in found.per_class] == [False, True, False]
    for one in found.per_class:
        assert one.spread.low is not None
        assert one.spread.high is not None
        assert one.spread.low <= one.spread.high
    assert found.notes() == [f"Threshold of class 1, fpr <= 0.05: {found.per_class[1].line()}"]
    with pytest.raises(ValueError, match="thresholds are of the classes"):
        choose_thresholds(validation, test, {"class 9": BEST_F1})


def test_thresholds_are_of_calibrated_probabilities_where_there_is_a_calibration() -> None:
    validation, test = (guesses(200, class_count=2, seed=seed, group_count=9, skill=2) for seed in (1, 2))

    softer = Calibration("isotonic", scores=(0.0, 1.0), shares=(0.2, 0.8))
    plain = choose_thresholds(validation, test, {}).per_class[1]
    found = choose_thresholds(validation, test, {}, calibration=softer)
    assert found.calibration == softer
    assert found.per_class[1].threshold == pytest.approx((plain.threshold or 0) * 0.6 + 0.2, abs=1e-6)
    assert plain.test is not None
    assert found.per_class[1].test is not None
    assert found.per_class[1].test.chosen.tp == plain.test.chosen.tp
    assert found.per_class[1].test.answers == plain.test.answers  # own answers stay those that were given


def test_thresholds_on_an_isotonic_curve_find_what_they_find_without_it() -> None:
    """A curve of level stairs takes all of a stair or none: here it found 6 samples of 145, where 33 can be found."""
    validation, test = (guesses(300, class_count=2, seed=seed, group_count=9, skill=1) for seed in (5, 4))
    pytest.importorskip("sklearn")
    curve = fit_isotonic(validation.probabilities, validation.truth)
    wish = {"class 1": parse_wish("fpr <= 0.05"), "class 0": parse_wish("recall >= 0.9")}
    plain = choose_thresholds(validation, test, wish)
    found = choose_thresholds(validation, test, wish, calibration=curve)
    for with_, without in zip(found.per_class, plain.per_class, strict=True):
        assert with_.validation is not None
        assert without.validation is not None
        assert abs(with_.validation.chosen.tp - without.validation.chosen.tp) <= 1
        assert abs(with_.validation.chosen.fp - without.validation.chosen.fp) <= 1


def test_what_is_promised_of_precision_is_kept_though_precision_chose_the_threshold() -> None:
    """Samples of two bell curves, a tenth of them of the class, whose true precision at any threshold is known."""
    normal = pytest.importorskip("scipy.stats").norm
    dice, broken, plainly_broken, chosen = np.random.default_rng(0), 0, 0, 0
    for _ in range(700):
        labels = dice.random(2000) < 0.1
        scores = dice.normal(np.where(labels, 1.2, 0.0))
        steps = list_steps(labels, normal.cdf(scores - 0.6))
        found = choose_threshold(steps, Wish("precision", 0.8), class_name="b").threshold
        if found is None:
            continue
        at = float(normal.ppf(found)) + 0.6
        recall, fpr = normal.sf(at - 1.2), normal.sf(at)
        true = 0.1 * recall / (0.1 * recall + 0.9 * fpr)
        place = int(np.flatnonzero(steps.thresholds == found)[0])
        tp, taken = int(steps.tp[place]), int(steps.tp[place] + steps.fp[place])
        chosen += 1
        broken += true < lower_bound(tp, taken, confidence=AFTER_A_CHOICE)
        plainly_broken += true < lower_bound(tp, taken)
    assert broken <= 0.05 * chosen
    assert plainly_broken > 0.06 * chosen


def test_precision_is_promised_by_the_stricter_bound() -> None:
    part = _two_classes(np.arange(60) < 40, np.linspace(0.99, 0.01, 60).astype(np.float32), ["film"] * 60)
    found = choose_thresholds(part, part, {"b": parse_wish("precision >= 0.95")}).per_class[1]
    assert found.promised.value == pytest.approx(lower_bound(40, 40, confidence=AFTER_A_CHOICE))
    assert "To promise 0.95 takes at least 72 labelled samples that are taken." in found.notes[0]


def test_the_same_seed_gives_the_same_table() -> None:
    validation, test = (guesses(150, class_count=3, seed=seed, group_count=6, skill=2) for seed in (1, 2))
    wish = {"class 0": parse_wish("recall >= 0.9")}
    assert choose_thresholds(validation, test, wish).to_table() == choose_thresholds(validation, test, wish).to_table()


def test_one_group_and_one_sample_say_why_there_is_no_interval() -> None:
    part = answers([("CS", "CS")], groups=["film"])
    found = choose_thresholds(part, part, {"CS": parse_wish("recall >= 0.5"), "MS": BEST_F1})
    first, second, _ = found.per_class
    assert first.threshold is not None
    assert first.spread.reason
    assert first.validation is not None
    assert first.validation.holds.value is None
    assert any("Validation is one group" in note for note in found.notes())
    assert second.threshold is None
    assert second.test is None
    assert second.notes == ("No validation sample is labelled 'MS', so no threshold can be chosen for it.",)


def test_a_threshold_is_shown_with_digits_that_count() -> None:
    shown = [format_threshold(value) for value in (0.5, 0.0123456, 0.99987, 0.0, 1.0)]
    assert shown == ["0.500", "0.0123", "0.999870", "0", "1"]
