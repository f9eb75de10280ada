import numpy as np
import pytest

from rushes.evaluation.probability_scores import scores_of_sums, sums_of_groups, total, unflatten


def fabricate(count: int, classes: int, *, seed: int = 0):
    dice = np.random.default_rng(seed)
    truth = dice.integers(0, classes, count)
    logits = dice.normal(0, 1, (count, classes))
    logits[np.arange(count), truth] += 1.0
    shares = np.exp(logits)
    return truth, shares / shares.sum(axis=1, keepdims=True)


def scores(truth, probabilities):
    return scores_of_sums(total(sums_of_groups(truth, probabilities, np.zeros(len(truth), np.int64), 1)))


def test_three_samples_worked_by_hand():
    found = scores(np.array([0, 1, 1]), np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]]))
    # Squared distances of the second class: 0.04, 0.36, 0.01; of two classes Brier is that of one.
    assert float(found.brier) == pytest.approx((0.04 + 0.36 + 0.01) / 3)
    assert found.brier_of == pytest.approx([0.41 / 3, 0.41 / 3])
    assert float(found.log_loss) == pytest.approx(-(np.log(0.8) + np.log(0.4) + np.log(0.9)) / 3)
    # Three answers in three bins: .8 right, .6 wrong, .9 right.
    assert float(found.ece) == pytest.approx((0.2 + 0.6 + 0.1) / 3)


def test_three_classes_sum_the_distances_of_all():
    found = scores(np.array([2]), np.array([[0.5, 0.3, 0.2]]))
    assert float(found.brier) == pytest.approx(0.25 + 0.09 + 0.64)


@pytest.mark.parametrize("classes", [2, 5])
def test_scores_agree_with_scikit_learn(classes):
    metrics = pytest.importorskip("sklearn.metrics")
    truth, probabilities = fabricate(3000, classes)
    found = scores(truth, probabilities)
    if classes == 2:
        assert float(found.brier) == pytest.approx(metrics.brier_score_loss(truth, probabilities[:, 1]), abs=1e-9)
    else:
        assert float(found.brier) == pytest.approx(metrics.brier_score_loss(truth, probabilities), abs=1e-9)
    assert float(found.log_loss) == pytest.approx(metrics.log_loss(truth, probabilities), abs=1e-9)
    for index in range(classes):
        expected = metrics.brier_score_loss(truth == index, probabilities[:, index])
        assert float(found.brier_of[index]) == pytest.approx(expected, abs=1e-9)


def test_a_certain_and_wrong_answer_costs_much_but_not_everything():
    found = scores(np.array([0]), np.array([[0.0, 1.0]]))
    assert 15 < float(found.log_loss) < 17
    assert float(found.ece) == 1


def test_sums_of_groups_add_up_and_come_back_from_one_axis():
    truth, probabilities = fabricate(200, 3)
    groups = np.arange(200) % 4
    by_group = sums_of_groups(truth, probabilities, groups, 4)
    back = unflatten(by_group.flat(), 3)
    whole = scores_of_sums(total(back))
    at_once = scores(truth, probabilities)
    for word in ("brier", "log_loss", "ece", "brier_of"):
        np.testing.assert_allclose(getattr(whole, word), getattr(at_once, word), atol=1e-12)
    alone = scores_of_sums(by_group)
    np.testing.assert_allclose(alone.brier[2], scores(truth[groups == 2], probabilities[groups == 2]).brier)


def test_no_samples_are_undefined_and_not_zero():
    found = scores(np.empty(0, np.int64), np.empty((0, 3)))
    assert np.isnan([found.brier, found.log_loss, found.ece]).all()
