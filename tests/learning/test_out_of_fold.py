"""Predictions on train by models that were fitted without the group."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.tiny import TinyProject, as_manifest, backbone_recipe, cnn_recipe, make_project
from rushes.errors import RunError
from rushes.learning.ground import Ground
from rushes.learning.out_of_fold import answer_out_of_fold, plan_class_folds

GROUPS = {f"film-{letter}": "train" for letter in "abcde"} | {"film-v": "validation", "film-t": "test"}


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=1, max_size=80),
    st.integers(2, 6),
)
def test_folds_never_divide_a_group(samples: list[tuple[int, int]], folds: int) -> None:
    groups = [f"film-{group}" for group, _ in samples]
    planned = plan_class_folds(groups, np.array([truth for _, truth in samples], np.int64), folds=folds)
    of_group = {
        group: {int(fold) for name, fold in zip(groups, planned, strict=True) if name == group} for group in groups
    }
    assert all(len(found) == 1 for found in of_group.values())
    assert set(planned.tolist()) == set(range(min(folds, len(of_group))))


def test_a_class_of_two_groups_stands_in_two_folds() -> None:
    groups = ["a"] * 20 + ["b"] * 20 + ["c"] * 20 + ["d"] * 20
    truth = np.array([0] * 20 + [0] * 18 + [1] * 2 + [0] * 18 + [1] * 2 + [0] * 20)
    planned = plan_class_folds(groups, truth, folds=2)
    assert len(set(planned[truth == 1].tolist())) == 2


def ground_of(project: TinyProject) -> Ground:
    places = {name: value for name, value in project.places().items() if name != "now"}
    return Ground(**places, split_path=None)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch, timm = pytest.importorskip("torch"), pytest.importorskip("timm")
    path = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.manual_seed(3)
    torch.save(timm.create_model("test_efficientnet").state_dict(), path)
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    return make_project(tmp_path_factory.mktemp("tiny"), groups=GROUPS, per_class=3)  # type: ignore[arg-type]


def test_heads_answer_for_a_train_part_that_they_were_not_told(place: TinyProject, weights: Path) -> None:
    from rushes.learning.train import train

    run = train(backbone_recipe("features", weights), **place.places())
    found = answer_out_of_fold(run, ground_of(place), folds=3)
    assert len(found.predictions) == 45
    assert set(found.predictions.groups) == {f"film-{letter}" for letter in "abcde"}
    assert found.predictions.probabilities.sum(axis=1) == pytest.approx(np.ones(45), abs=1e-5)
    again = answer_out_of_fold(run, ground_of(place), folds=3)
    assert (found.is_new, again.is_new) == (True, False)
    assert (again.predictions.probabilities == found.predictions.probabilities).all()
    relabelled = [replace(place.rows[0], class_name="right"), *place.rows[1:]]
    assert answer_out_of_fold(run, replace(ground_of(place), rows=tuple(relabelled)), folds=3).is_new


def test_a_class_of_one_group_is_left_out_and_said(tmp_path: Path, weights: Path) -> None:
    from rushes.learning.train import train

    made = make_project(tmp_path, groups=GROUPS, per_class=2)  # type: ignore[arg-type]
    rows = [
        replace(row, class_name="middle")
        if row.class_name == "right" and row.group in "film-b film-c film-d film-e"
        else row
        for row in made.rows
    ]
    alone = TinyProject(made.root, *as_manifest(made.root, rows, GROUPS))  # type: ignore[arg-type]
    run = train(backbone_recipe("finetune", weights, epochs=1), **alone.places())
    found = answer_out_of_fold(run, ground_of(alone))
    assert set(found.predictions.truth) == {0, 1}
    assert any("one group alone" in note and "'right' (2)" in note for note in found.notes)
    assert any("--retrain" in note for note in found.notes)


def test_trainings_anew_leave_no_run_behind(place: TinyProject) -> None:
    from rushes.learning.train import train

    run = train(cnn_recipe(epochs=1), **place.places())
    before = sorted(path.name for path in (place.root / "runs").iterdir())
    with pytest.raises(RunError, match="--retrain"):
        answer_out_of_fold(run, ground_of(place))
    found = answer_out_of_fold(run, ground_of(place), folds=2, retrain=True)
    assert len(found.predictions) == 45
    assert sorted(path.name for path in (place.root / "runs").iterdir()) == before
    assert not list((place.root / "cache").glob("folds-*"))


def test_one_group_cannot_judge_itself(tmp_path: Path, weights: Path) -> None:
    from rushes.learning.train import train

    made = make_project(tmp_path, groups={"film-a": "train", "film-v": "validation"}, per_class=2)
    run = train(backbone_recipe("features", weights), **made.places())
    with pytest.raises(RunError, match="all of train is of one group, 'film-a'"):
        answer_out_of_fold(run, ground_of(made))
