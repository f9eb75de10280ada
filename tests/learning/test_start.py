from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from learning.tiny import TASK, StopAt, TinyProject, backbone_recipe, cnn_recipe, make_project
from rushes.bundles.onnx import export_run
from rushes.errors import RunError, WeightsError
from rushes.learning.predictions import read_predictions
from rushes.learning.recipe import Recipe
from rushes.learning.runs import Run, list_runs, read_run
from rushes.learning.start import find_start, start_of
from rushes.learning.train import train
from rushes.models.network import load_network
from rushes.project import Task
from rushes.storage.files import digest_of_file


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    """A project that the tests which only refuse share, with one run of a cnn in it."""
    made = make_project(tmp_path_factory.mktemp("shared"))
    train(cnn_recipe(epochs=1), **made.places())
    return made


def only_run(project: TinyProject) -> Run:
    return list_runs(project.root / "runs")[0]


def going_on(recipe: Recipe, start: str, **training: Any) -> Recipe:
    return replace(recipe, model=replace(recipe.model, start=start), training=replace(recipe.training, **training))


def learn(recipe: Recipe, project: TinyProject, **changes: Any) -> Run:
    return train(recipe, **project.places() | changes)


def states_of(run: Run) -> Mapping[str, torch.Tensor]:
    return load_network(run.folder).state_dict()


def test_a_cnn_goes_on_from_what_an_earlier_run_learnt(project: TinyProject) -> None:
    first = learn(cnn_recipe(), project)
    # At a rate of nearly nothing, what comes out is what went in, head and all.
    second = learn(going_on(cnn_recipe(), first.name, learning_rate=1e-12, epochs=1), project)
    for name, value in states_of(second).items():
        torch.testing.assert_close(value, states_of(first)[name])
    file = first.folder / "model.safetensors"
    assert second.weights == {"path": f"runs/{first.name}/model.safetensors", "sha256": digest_of_file(file)}
    assert second.history[0]["epoch"] == 0
    assert not any("new head" in warning for warning in second.warnings)


def test_going_on_is_never_worse_on_validation_than_where_it_started(project: TinyProject) -> None:
    first = learn(cnn_recipe(), project)
    second = learn(going_on(cnn_recipe(), first.name, learning_rate=3.0, epochs=2, monitor="loss"), project)
    if second.best_epoch == 0:
        one, other = (read_predictions(run.predictions_file("test")).probabilities for run in (first, second))
        np.testing.assert_allclose(one, other, atol=1e-5)
    else:
        assert second.history[second.best_epoch]["validation_loss"] <= second.history[0]["validation_loss"]


def test_other_classes_get_a_head_of_their_own_and_a_warning(project: TinyProject, weights: Path) -> None:
    first = learn(backbone_recipe("features", weights), project)
    turned = Task("place", TASK.classes[::-1])
    for recipe in (cnn_recipe(epochs=1), backbone_recipe("finetune", weights, epochs=1)):
        start = first if recipe.model.kind == "finetune" else learn(cnn_recipe(epochs=1), project)
        run = learn(going_on(recipe, start.name), project, task=turned)
        assert "a new head was fitted" in run.warnings[0]
        assert "left, middle, right, and the task asks for right, middle, left" in run.warnings[0]


def test_fine_tuning_goes_on_from_a_head_on_features_and_features_from_fine_tuning(
    project: TinyProject, weights: Path
) -> None:
    first = learn(backbone_recipe("features", weights), project)
    notes: list[str] = []
    tuned = learn(
        going_on(backbone_recipe("finetune", weights, learning_rate=0.01, monitor="loss"), first.name),
        project,
        progress=lambda done, total, note="": notes.append(note),
    )
    assert not any("head with C" in note for note in notes)  # the head is that of the start
    assert tuned.weights["path"] == f"runs/{first.name}/model.safetensors"
    again = learn(going_on(backbone_recipe("features", weights), tuned.name), project)
    body = {name: value for name, value in states_of(again).items() if name.startswith("body.")}
    assert all(torch.equal(value, states_of(tuned)[name]) for name, value in body.items())
    assert again.weights == {
        "path": f"runs/{tuned.name}/model.safetensors", "sha256": digest_of_file(tuned.folder / "model.safetensors")
    }  # fmt: skip


def test_the_pretrained_weights_are_not_asked_for_where_there_is_a_start(project: TinyProject, weights: Path) -> None:
    first = learn(backbone_recipe("features", weights), project)
    recipe = going_on(backbone_recipe("features", Path("gone.pth")), f"runs/{first.name}")
    assert learn(recipe, project).weights["path"] == f"runs/{first.name}/model.safetensors"


@pytest.mark.parametrize("kind", ["cnn", "features"])
def test_a_bundle_is_a_start_like_the_run_that_it_was_made_of(project: TinyProject, weights: Path, kind: str) -> None:
    recipe = cnn_recipe(epochs=1) if kind == "cnn" else backbone_recipe(kind, weights)
    run = learn(recipe, project)
    bundle = project.root / "bundles" / "place"
    export_run(run.folder, bundle, project_root=project.root)
    of_run = find_start(run.name, project_root=project.root, runs_folder=project.root / "runs")
    of_bundle = find_start("bundles/place", project_root=project.root, runs_folder=project.root / "runs")
    assert replace(of_bundle, folder=of_run.folder, file=of_run.file) == of_run
    assert learn(going_on(recipe, "bundles/place"), project).weights["path"] == "bundles/place/model.safetensors"
    (bundle / "model.safetensors").write_bytes(b"other")
    with pytest.raises(WeightsError, match="was altered since the export"):
        learn(going_on(recipe, "bundles/place"), project)
    (bundle / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match="no bundle that can be understood"):
        learn(going_on(recipe, str(bundle)), project)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"units": (4, 4, 4, 4, 9)}, "holds a design of conv 4 3x3.* 8 3x3.* asks for a design of conv 4 3x3.* 9 3x3"),
        ({"design": "mcu", "units": (), "dense": 0}, "but the recipe asks for the design mcu"),
        ({"batch_norm": True}, "batch norm"),
        ({"kind": "features", "backbone": "test_vit"}, "but the recipe asks for the backbone test_vit"),
    ],
)
def test_another_network_is_refused_and_both_are_named(
    shared: TinyProject, table: dict[str, Any], message: str
) -> None:
    first = only_run(shared)
    recipe = cnn_recipe()
    other = replace(recipe, model=replace(recipe.model, start=first.name, **table))
    with pytest.raises(WeightsError, match=message) as refused:
        learn(other, shared)
    assert first.name in str(refused.value)


def test_how_much_is_dropped_may_differ(shared: TinyProject) -> None:
    first = only_run(shared)
    recipe = going_on(cnn_recipe(), first.name)
    dropping = replace(recipe, model=replace(recipe.model, dropout=0.3))
    assert start_of(dropping, project_root=shared.root, runs_folder=shared.root / "runs") is not None


def test_pictures_shown_otherwise_are_refused_and_the_difference_is_named(shared: TinyProject) -> None:
    first = only_run(shared)
    recipe = going_on(cnn_recipe(), first.name)
    other = replace(recipe, input=replace(recipe.input, fit="pad", mean=(0.4,)))
    with pytest.raises(WeightsError, match=r"fit squeeze \(the recipe: pad\), mean \(0\.5,\) \(the recipe: \(0\.4,\)"):
        learn(other, shared)


def test_a_start_that_is_not_there_is_answered_with_the_nearest_run(shared: TinyProject) -> None:
    first = only_run(shared)
    with pytest.raises(RunError, match=f"Did you mean '{first.name}'"):
        learn(going_on(cnn_recipe(), first.name[:-1]), shared)


def test_a_start_whose_weights_are_spoilt_says_so(shared: TinyProject, tmp_path: Path) -> None:
    project = replace(shared, root=tmp_path)
    first = read_run(shutil.copytree(only_run(shared).folder, tmp_path / "runs" / "first"))
    file = first.folder / "model.safetensors"
    whole = file.read_bytes()
    recipe = going_on(cnn_recipe(), "first")
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        learn(recipe, project)
    shutil.copyfile(file.parent / "predictions" / "test.parquet", file)
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        learn(recipe, project)
    file.unlink()
    with pytest.raises(WeightsError, match=r"holds no model\.safetensors"):
        learn(recipe, project)


def test_weights_of_another_design_under_a_runs_name_are_refused(shared: TinyProject, tmp_path: Path) -> None:
    project = replace(shared, root=tmp_path)
    first = read_run(shutil.copytree(only_run(shared).folder, tmp_path / "runs" / "first"))
    table = json.loads((first.folder / "run.json").read_text(encoding="utf-8"))
    table["architecture"]["units"] = [4, 4, 4, 4, 9]
    (first.folder / "run.json").write_text(json.dumps(table), encoding="utf-8")
    recipe = going_on(cnn_recipe(), "first")
    with pytest.raises(WeightsError, match="does not hold the weights of a design of conv"):
        learn(replace(recipe, model=replace(recipe.model, units=(4, 4, 4, 4, 9))), project)


def test_an_interrupted_training_is_not_taken_up_from_another_start(project: TinyProject) -> None:
    first = learn(cnn_recipe(epochs=1), project)
    recipe = going_on(cnn_recipe(), "latest")
    shutil.copytree(first.folder, project.root / "latest")
    with pytest.raises(KeyboardInterrupt):
        learn(recipe, project, progress=StopAt("epoch 3/"))
    other = learn(cnn_recipe(epochs=1, seed=3), project)
    shutil.rmtree(project.root / "latest")
    shutil.copytree(other.folder, project.root / "latest")
    notes: list[str] = []
    learn(recipe, project, progress=lambda done, total, note="": notes.append(note))
    assert any(note.startswith("epoch 1/") for note in notes)
