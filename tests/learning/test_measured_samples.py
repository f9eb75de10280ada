from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from learning.tiny import TinyProject, backbone_recipe, make_project
from rushes.datasets.photo_measures import read_photo_measures
from rushes.errors import RecipeError, RunError, WeightsError
from rushes.footage.photo_measures import MEASURES, VECTOR_NAMES, vector_of
from rushes.learning.ablation import permute_measures, read_ablation
from rushes.learning.head_trials import measures_weight, standardise
from rushes.learning.measured_samples import measured_input_of
from rushes.learning.recipe import HEADS, Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.learning.runs import Run, read_run
from rushes.learning.train import train
from rushes.learning.train_answers import predict_train


def with_quality(recipe: Recipe, **shown: str) -> Recipe:
    return replace(recipe, input=replace(recipe.input, features=("quality",), **shown))


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import timm
    import torch

    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.save(timm.create_model("test_efficientnet").state_dict(), path)
    return path


@pytest.fixture(scope="module")
def trained(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyProject, Run]:
    project = make_project(tmp_path_factory.mktemp("project"))
    recipe = with_quality(backbone_recipe("features", tiny_weights, regularisation=[0.1, 1.0]))
    return project, train(recipe, **project.places())


@pytest.mark.parametrize("head", HEADS)
def test_a_head_takes_the_measures_behind_the_backbones_features(head: str, tiny_weights: Path, tmp_path: Path) -> None:
    import torch

    from rushes.models.network import load_network

    project = make_project(tmp_path)
    recipe = with_quality(backbone_recipe("features", tiny_weights, regularisation=[1.0], neighbours=[5]))
    run = train(replace(recipe, model=replace(recipe.model, head=head, hidden=8)), **project.places())
    network = load_network(run.folder)
    assert network.measure_count == len(VECTOR_NAMES) == len(run.measures["names"])
    pixels = torch.zeros((2, 64, 64, 3), dtype=torch.uint8)
    assert network.head.in_features == network.features(pixels).shape[1] + len(VECTOR_NAMES)
    measures = torch.randn(2, len(VECTOR_NAMES))
    both = network(pixels, measures)
    for row in range(2):  # held fixed, it is a function of pixels alone
        torch.testing.assert_close(network.given(measures[row])(pixels[:1]), both[row : row + 1])
    with pytest.raises(ValueError, match="measures of each picture"):
        network(pixels)


def test_a_run_says_which_measures_it_takes_and_goes_on_with_no_others(
    trained: tuple[TinyProject, Run], tmp_path: Path
) -> None:
    _, run = trained
    measured = measured_input_of(run)
    assert measured is not None
    assert measured.names == VECTOR_NAMES
    table = json.loads((run.folder / "run.json").read_text())
    assert table["measures"]["faces"] is None
    table["measures"]["version"] += 1
    older = tmp_path / "older"
    shutil.copytree(run.folder, older)
    (older / "run.json").write_text(json.dumps(table))
    with pytest.raises(RunError, match="cannot be gone on with: it takes measures of version"):
        measured_input_of(read_run(older))


def test_a_run_without_measures_says_nothing_of_them(tiny_weights: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path)
    run = train(backbone_recipe("features", tiny_weights, regularisation=[1.0]), **project.places())
    table = json.loads((run.folder / "run.json").read_text())
    assert "measures" not in table
    assert "features" not in table["recipe"]["input"]
    assert measured_input_of(run) is None
    assert read_ablation(run) is None


def test_what_heads_answer_without_the_measures_is_kept(trained: tuple[TinyProject, Run]) -> None:
    _, run = trained
    kept = read_ablation(run)
    assert kept is not None
    assert set(kept.answers) == {"backbone", "measures"}
    assert kept.measures == MEASURES
    assert kept.permuted.shape == (len(MEASURES), 5, 12, 3)
    for parts in kept.answers.values():
        assert set(parts) == {"validation", "test"}
        np.testing.assert_allclose(parts["test"].probabilities.sum(axis=1), 1, atol=1e-5)
    assert all("regularisation" in setting for setting in kept.settings.values())


def test_measures_are_dealt_out_within_their_group_and_with_whether_they_are_known() -> None:
    random = np.random.default_rng(3)
    values = np.concatenate([random.random((6, 2)), random.random((6, len(VECTOR_NAMES)))], axis=1).astype(np.float32)
    groups = ["a", "a", "a", "b", "b", "c"]
    seen: list[np.ndarray] = []

    def answer(table: np.ndarray) -> np.ndarray:
        seen.append(table)
        return np.full((len(table), 2), 0.5, np.float32)

    permute_measures(values, groups, answer=answer, class_count=2, seed=1)
    assert len(seen) == 5 * len(MEASURES)
    place, known = VECTOR_NAMES.index("eyes_open"), VECTOR_NAMES.index("eyes_open is known")
    for table in seen[5 * place : 5 * place + 5]:
        pairs = values[:, [2 + place, 2 + known]].tolist()
        found = table[:, [2 + place, 2 + known]].tolist()
        for rows in ((0, 1, 2), (3, 4), (5,)):
            assert sorted(found[row] for row in rows) == sorted(pairs[row] for row in rows)
        others = [at for at in range(values.shape[1]) if at not in (2 + place, 2 + known)]
        np.testing.assert_array_equal(table[:, others], values[:, others])


def test_answers_for_train_take_the_measures_too(trained: tuple[TinyProject, Run]) -> None:
    project, run = trained
    rows = [row for row in project.rows if row.group in ("film-a", "film-b")]
    where = {"project_root": project.root, "cache_folder": project.root / "cache", "threads": 1}
    assert len(predict_train(run, rows, **where)) == len(rows)


def test_measures_together_count_as_much_as_all_features() -> None:
    values = np.random.default_rng(2).normal(size=(50, 45)).astype(np.float32) * 3
    even, centre, spread = standardise(values, measure_count=5)
    varies = even.var(axis=0)
    assert varies[:40].sum() == pytest.approx(varies[40:].sum(), rel=1e-4)
    np.testing.assert_allclose((values - centre) / spread, even, rtol=1e-4, atol=1e-5)
    assert measures_weight(1280 + 20, 20) == pytest.approx(8.0)
    assert measures_weight(20, 20) == measures_weight(20, 0) == 1


@pytest.mark.parametrize("kind", ["cnn", "finetune", "shots"])
def test_kinds_without_a_head_on_features_say_which_take_measures(kind: str) -> None:
    with pytest.raises(RecipeError, match=r"input\.features.*Take model\.kind = 'features'"):
        parse_recipe({"name": "x", "model": {"kind": kind}, "input": {"features": ["quality"]}}, where="x.toml")


def test_an_unknown_measure_and_a_needless_detector_are_named() -> None:
    with pytest.raises(RecipeError, match=r"names 'qualty'. Did you mean 'quality'"):
        parse_recipe({"name": "x", "input": {"features": ["qualty"]}}, where="x.toml")
    with pytest.raises(RecipeError, match="nothing measures faces"):
        parse_recipe({"name": "x", "input": {"faces": "faces.onnx"}}, where="x.toml")


def test_a_missing_detector_is_named_before_a_picture_is_read(tiny_weights: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path, per_class=1)
    recipe = with_quality(backbone_recipe("features", tiny_weights), faces="weights/faces.onnx")
    with pytest.raises(WeightsError, match=r"faces\.onnx is missing; the recipe names it in input\.faces"):
        train(recipe, **project.places())
    assert not (tmp_path / "cache").exists()


def test_measures_of_training_are_what_a_run_measures(trained: tuple[TinyProject, Run]) -> None:
    from rushes.footage.pictures import read_picture
    from rushes.learning.measured_samples import measurer_of

    project, run = trained
    measurer = measurer_of(run)
    assert measurer is not None
    rows = project.rows[:3]
    kept = read_photo_measures(rows, project_root=project.root, cache_folder=project.root / "cache", threads=1)
    for row in rows:
        in_training = kept[row.frame_id]
        assert not isinstance(in_training, Exception)
        np.testing.assert_allclose(
            measurer(read_picture(project.root / row.img_ref)), vector_of(in_training), rtol=1e-6
        )
