import numpy as np
import pytest

from rushes.evaluation.draws import GroupDraws
from rushes.evaluation.ranking import draw_rankings, steps_for
from rushes.evaluation.scores import average_precision, roc_auc


def ranked_samples(count: int = 400, groups: int = 7, digits: int = 2):
    dice = np.random.default_rng(4)
    positive = dice.random(count) < 0.3
    probabilities = np.clip(0.3 * positive + dice.normal(0.4, 0.2, count), 0, 1).round(digits).astype(np.float32)
    return positive, probabilities, dice.integers(0, groups, count)


def loop_over(draws: GroupDraws, positive, probabilities, group_of):
    for times in draws.times.astype(int):
        rows = np.concatenate([np.repeat(np.flatnonzero(group_of == group), n) for group, n in enumerate(times)])
        yield (average_precision(positive[rows], probabilities[rows]), roc_auc(positive[rows], probabilities[rows]))


def test_draws_agree_with_a_loop_that_scores_every_resample_anew():
    positive, probabilities, group_of = ranked_samples()
    draws = GroupDraws(7, seed=5, resamples=40)
    found = draw_rankings(positive, probabilities, draws.block_of[group_of], draws, steps=1024)
    expected = list(loop_over(draws, positive, probabilities, group_of))
    np.testing.assert_allclose(found.average_precision, [one.value for one, _ in expected], atol=1e-12)
    np.testing.assert_allclose(found.roc_auc, [one.value for _, one in expected], atol=1e-12)


def test_with_fewer_steps_than_levels_draws_are_near_enough_for_an_interval():
    positive, probabilities, group_of = ranked_samples(20_000, groups=12, digits=7)
    draws = GroupDraws(12, seed=5, resamples=12)
    found = draw_rankings(positive, probabilities, draws.block_of[group_of], draws, steps=1024)
    expected = list(loop_over(draws, positive, probabilities, group_of))
    np.testing.assert_allclose(found.average_precision, [one.value for one, _ in expected], atol=2e-4)
    np.testing.assert_allclose(found.roc_auc, [one.value for _, one in expected], atol=2e-4)


@pytest.mark.parametrize("steps", [64, 256])
def test_few_steps_do_not_push_the_draws_to_one_side(steps):
    positive, probabilities, group_of = ranked_samples(30_000, groups=50, digits=7)
    draws = GroupDraws(50, seed=1, resamples=400)
    block_of = draws.block_of[group_of]
    coarse, fine = (draw_rankings(positive, probabilities, block_of, draws, steps=n) for n in (steps, 20_000))
    for one, other in ((coarse.average_precision, fine.average_precision), (coarse.roc_auc, fine.roc_auc)):
        assert np.abs(one - other).max() < 0.25 * other.std()
        assert abs((one - other).mean()) < 0.01 * other.std()


def test_a_draw_without_the_class_is_undefined():
    positive, probabilities = np.array([True, False, False]), np.array([0.9, 0.1, 0.4], np.float32)
    draws = GroupDraws(3, seed=0, resamples=100)
    found = draw_rankings(positive, probabilities, draws.block_of, draws, steps=64)
    without = draws.times[:, 0] == 0
    assert without.any()
    assert np.isnan(found.average_precision[without]).all()
    assert (found.average_precision[~without] == 1).all()
    assert np.isnan(found.roc_auc[draws.times[:, 1:].sum(axis=1) == 0]).all()


@pytest.mark.parametrize(("classes", "steps"), [(2, 1024), (20, 1024), (100, 204), (5000, 64)])
def test_many_classes_share_the_steps(classes, steps):
    assert steps_for(classes) == steps
