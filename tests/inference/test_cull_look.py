"""What is seen of photographs of a shoot, once each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.learning.tiny import backbone_recipe, make_project

from rushes.footage.photographs import find_photographs
from rushes.footage.picture import encode_picture
from rushes.inference.cull_look import Looking, look_at_photographs
from rushes.inference.cull_plan import ScoredPhotograph
from rushes.inference.predictor import Predictor


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A bundle that takes measures, of a project whose frames are kept at the size at which they are measured."""
    torch, timm = pytest.importorskip("torch"), pytest.importorskip("timm")
    from rushes.bundles.onnx import export_run
    from rushes.learning.train import train

    root = tmp_path_factory.mktemp("project")
    torch.manual_seed(5)
    torch.save(timm.create_model("test_efficientnet").state_dict(), root / "tiny.pth")
    project = make_project(root)
    recipe = backbone_recipe("features", root / "tiny.pth", regularisation=[1.0])
    recipe = replace(recipe, input=replace(recipe.input, features=("quality",)))
    run = train(recipe, working_size="1024", **project.places())
    return Predictor(export_run(run.folder, root / "bundle", project_root=root, neighbours=0), threads=1)


def seen(predictor: Predictor, folder: Path, looking: Looking) -> list[ScoredPhotograph]:
    found = look_at_photographs(predictor, find_photographs(sorted(folder.iterdir())), looking)
    return [one for one in found if isinstance(one, ScoredPhotograph)]


def test_a_score_is_the_same_where_the_model_takes_the_measures_that_are_given_as_reasons(
    measured: Predictor, tmp_path: Path
) -> None:
    dice = np.random.default_rng(3)
    for number, width in enumerate((1600, 900)):  # shrunk, and as it is
        pixels = np.kron(dice.integers(0, 255, (12, width // 50, 3)), np.ones((50, 50, 1))).astype(np.uint8)
        (tmp_path / f"{number}.jpg").write_bytes(encode_picture(pixels, "jpeg", 90))
    once = seen(measured, tmp_path, Looking(0))
    without = seen(measured, tmp_path, Looking(0, measures=False))
    assert [one.measures is None for one in once + without] == [False, False, True, True]
    assert [one.score for one in once] == [one.score for one in without]
