"""What a run answers on the samples that it was trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learning.tiny import TASK, TinyProject, cnn_recipe
from rushes.learning.review_queue import margins_of
from rushes.learning.train_answers import cross_fit, plan_folds, predict_train


def test_no_group_is_divided_and_folds_are_about_equally_large() -> None:
    folds = plan_folds(["a"] * 6 + ["b"] * 3 + ["c"] * 3, folds=2)
    assert folds.tolist() == [0] * 6 + [1] * 6
    assert set(plan_folds(["a", "b"], folds=5)) == {0, 1}


def test_samples_of_one_group_are_dealt_out_in_turn() -> None:
    assert plan_folds(["a"] * 4, folds=3).tolist() == [0, 1, 2, 0]


def test_a_wrong_label_is_answered_by_the_others() -> None:
    dice = np.random.default_rng(0)
    truth = np.repeat([0, 1], 20)
    values = (dice.normal(size=(40, 4)) + 4 * truth[:, None]).astype(np.float32)
    labelled = truth.copy()
    labelled[3] = 1
    answers = cross_fit(values, labelled, np.arange(40) % 4, class_count=2, regularisation=1.0)
    assert answers[3].argmax() == 0
    assert answers.sum(axis=1) == pytest.approx(np.ones(40), abs=1e-5)


def test_a_class_of_one_fold_alone_is_not_doubted() -> None:
    truth = np.array([0, 0, 1, 0, 0, 1, 2])
    folds = np.array([0, 0, 0, 1, 1, 1, 1])
    values = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    answers = cross_fit(values, truth, folds, class_count=3, regularisation=1.0)
    assert np.isnan(answers[6]).all()
    assert np.isfinite(answers[:6]).all()
    assert (answers[3:6, 2] == 0).all()


def test_where_only_one_class_is_left_nothing_is_answered() -> None:
    answers = cross_fit(
        np.zeros((4, 2), np.float32), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), class_count=2, regularisation=1.0
    )
    assert np.isnan(answers).all()


def test_a_trained_network_answers_for_its_train_part_itself(project: TinyProject) -> None:
    pytest.importorskip("torch")
    from rushes.learning.train import train

    run = train(cnn_recipe(epochs=4), **project.places())
    rows = [row for row in project.rows if project.split.parts[row.frame_id] == "train"]
    gone = replace(rows[0], img_ref="frames/gone.png")
    found = predict_train(
        run, [gone, *rows[1:]], project_root=project.root, cache_folder=project.root / "cache", threads=1
    )
    assert found.frames == tuple(row.frame_id for row in rows[1:])
    assert found.classes == TASK.classes
    assert margins_of(found).min() >= 0
