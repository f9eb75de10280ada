from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from learning.tiny import backbone_recipe, cnn_recipe, make_project
from rushes.errors import RunError
from rushes.learning.crew import assembled, joined
from rushes.learning.machine import choose_devices
from rushes.learning.predictions import read_predictions
from rushes.learning.train import train


@pytest.mark.longer
@pytest.mark.parametrize("kind", ["cnn", "finetune"])
def test_two_processes_learn_together_what_one_learns_alone(tmp_path: Path, weights: Path, kind: str) -> None:
    settings = {"epochs": 2, "precision": "fp32", "monitor": "loss", "patience": 9}
    recipe = cnn_recipe(**settings) if kind == "cnn" else backbone_recipe("finetune", weights, **settings)
    runs = []
    for folder, device in (("alone", "cpu"), ("together", "cpu,cpu")):
        project = make_project(tmp_path / folder)
        for row in project.rows[:3]:  # of train
            (project.root / row.img_ref).write_bytes(b"torn")
        runs.append(train(recipe, **project.places(), device=device))
    alone, together = runs
    assert (alone.pace["devices"], together.pace["devices"]) == (1, 2)
    assert alone.counts == together.counts
    assert [one for one in alone.warnings if "could not be used" in one] == [
        one for one in together.warnings if "could not be used" in one
    ]
    for one, other in zip(alone.history, together.history, strict=True):
        assert one["validation_loss"] == pytest.approx(other["validation_loss"], rel=1e-3)
        assert (one["train_loss"] or 0) == pytest.approx(other["train_loss"] or 0, rel=1e-3)
    for part in ("validation", "test"):
        answers = [read_predictions(run.predictions_file(part)).probabilities for run in runs]
        np.testing.assert_allclose(answers[0], answers[1], atol=2e-3)


def test_a_process_that_ends_before_its_time_is_said_and_ends_the_training() -> None:
    with (
        pytest.raises(RunError, match=r"one of the 2 processes that train together has ended \(status 7\)"),
        assembled([torch.device("cpu")] * 2, leave, [(7,)]) as crew,
    ):
        crew.add_up([torch.ones(3)])


def leave(address: str, rank: int, size: int, status: int) -> None:
    """Join, and go."""
    with joined(address, rank=rank, size=size, device=torch.device("cpu")):
        sys.stdout.flush()
        os._exit(status)


def test_a_device_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(RunError, match=r"no device 'cuda:7'\. It has: .*cpu"):
        choose_devices("cpu,cuda:7")
