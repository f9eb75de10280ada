"""A run with each kind of head becomes an equal bundle, and predicts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from learning.tiny import backbone_recipe, make_project
from rushes.bundles.graph import Graph
from rushes.bundles.onnx import export_run
from rushes.bundles.parity import check_parity
from rushes.inference.predictor import Predictor
from rushes.learning.recipe import HEADS
from rushes.learning.train import train

SAID = {
    "linear": "with a linear head trained on its features",
    "knn": "nearest of 24 training pictures, whose features are part of the bundle",
    "mlp": "with an mlp head (one hidden layer of 8) trained on its features",
}


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import timm
    import torch

    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.save(timm.create_model("test_efficientnet").state_dict(), path)
    return path


@pytest.mark.parametrize("head", [pytest.param(one, marks=[pytest.mark.longer] * (one != "linear")) for one in HEADS])
def test_a_head_is_part_of_the_graph_for_any_number_of_pictures(head: str, tiny_weights: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path)
    recipe = backbone_recipe("features", tiny_weights, regularisation=[1.0], neighbours=[5])
    run = train(replace(recipe, model=replace(recipe.model, head=head, hidden=8)), **project.places())
    bundle = export_run(run.folder, tmp_path / "bundles" / head, project_root=tmp_path)
    certificate = json.loads(bundle.read("parity/expected.json"))["certificate"]
    assert certificate["batch_sizes"] == [1, 12]
    assert certificate["difference_from_run"] < 1e-4
    assert check_parity(bundle).holds
    assert SAID[head] in bundle.read("README.md").decode()
    pictures = np.random.default_rng(1).integers(0, 256, (7, 64, 64, 3), np.uint8)
    predicted = Predictor(bundle).probabilities(list(pictures))
    graph = Graph(bundle.read("model.onnx"))
    singly = np.concatenate([graph(pictures[at : at + 1]) for at in range(7)])
    np.testing.assert_allclose(graph(pictures), singly, atol=1e-5)
    np.testing.assert_allclose(predicted, singly, atol=1e-5)
    np.testing.assert_allclose(singly.sum(axis=1), 1, atol=1e-5)
