from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learning.tiny import backbone_recipe, cnn_recipe, make_project
from rushes.errors import RunError
from rushes.learning.machine import choose_devices
from rushes.learning.predictions import read_predictions
from rushes.learning.train import train


@pytest.mark.parametrize("kind", ["cnn", "finetune"])
def test_two_processes_learn_together_what_one_learns_alone(tmp_path: Path, weights: Path, kind: str) -> None:
    settings = {"epochs": 2, "precision": "fp32", "monitor": "loss", "patience": 9}
    recipe = cnn_recipe(**settings) if kind == "cnn" else backbone_recipe("finetune", weights, **settings)
    alone = train(recipe, **make_project(tmp_path / "alone").places(), device="cpu")
    together = train(recipe, **make_project(tmp_path / "together").places(), device="cpu,cpu")
    assert (alone.pace["devices"], together.pace["devices"]) == (1, 2)
    for one, other in zip(alone.history, together.history, strict=True):
        assert one["validation_loss"] == pytest.approx(other["validation_loss"], rel=1e-3)
        assert (one["train_loss"] or 0) == pytest.approx(other["train_loss"] or 0, rel=1e-3)
    for part in ("validation", "test"):
        answers = [read_predictions(run.predictions_file(part)).probabilities for run in (alone, together)]
        np.testing.assert_allclose(answers[0], answers[1], atol=2e-3)


def test_a_device_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(RunError, match=r"no device 'cuda:7'\. It has: .*cpu"):
        choose_devices("cpu,cuda:7")
