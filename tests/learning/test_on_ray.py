"""Trainings on a Ray cluster of this machine: the same as here, also where processes are killed."""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")
pytest.importorskip("torch")

from learning.test_tune import RATES, again, outcome, ready
from learning.tiny import cnn_recipe, make_project
from rushes.errors import ProjectError, RecipeError
from rushes.learning.runs import Run
from rushes.learning.train import train
from rushes.learning.tune import run_search
from rushes.scale.ray_cluster import join
from rushes.scale.room import OnCluster

pytestmark = pytest.mark.longer

TWO = OnCluster(workers=2, device="cpu")
SETTINGS = {"epochs": 3, "precision": "fp32", "monitor": "loss", "patience": 9}


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One cluster for all: each work joins it, and leaves it as it was."""
    found = join("", cores=2)
    yield
    found.leave()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = make_project(tmp_path_factory.mktemp("here"))
    return train(cnn_recipe(**SETTINGS), **project.places(), device="cpu,cpu")


def figures(run: Run) -> list[dict[str, Any]]:
    """What of each epoch does not depend on how fast it went."""
    return [{key: value for key, value in record.items() if key != "seconds"} for record in run.history]


def test_a_training_whose_worker_is_killed_ends_as_one_on_two_devices_here(
    tmp_path: Path, here: Run, caplog: pytest.LogCaptureFixture
) -> None:
    project = make_project(tmp_path)
    killed: list[int] = []

    def kill_once(done: int, total: int | None, note: str = "") -> None:
        if "epoch 2/3" in note and not killed:
            told = re.findall(r"process (\d+) on \S+ works as 2 of 2", caplog.text)
            killed.append(int(told[-1]))
            os.kill(killed[0], signal.SIGKILL)

    with caplog.at_level(logging.INFO, logger="rushes"):
        run = train(cnn_recipe(**SETTINGS), **project.places(), cluster=TWO, progress=kill_once)
    assert killed
    assert "a process was lost; all were begun anew" in caplog.text
    assert [one for one in run.warnings if "was lost once while it trained" in one]
    assert run.pace["devices"] == 2
    assert run.pace["resumed_after"] in (1, 2)
    assert [record["epoch"] for record in run.history] == [1, 2, 3]
    for one, other in zip(figures(run), figures(here), strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    assert not list((project.root / "cache" / "training").iterdir())


def test_what_is_wrong_with_a_recipe_is_said_as_it_is_here_and_not_tried_again(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    for row in project.rows:
        (project.root / row.img_ref).unlink()
    with pytest.raises(Exception, match="could not be used") as raised:
        train(cnn_recipe(**SETTINGS), **project.places(), cluster=TWO)
    assert type(raised.value).__name__ == "RunError"


def test_a_search_is_the_same_as_here_one_at_a_time(tmp_path: Path) -> None:
    plans = [ready(again(tmp_path / name), seeds=1) for name in ("here", "ray")]
    found = [run_search(plans[0]), run_search(plans[1], cluster=replace(TWO, workers=1))]
    assert outcome(found[0]) == outcome(found[1])
    assert found[1].stopped == "every setting was tried"


def test_a_search_of_two_at_a_time_tries_a_killed_training_once_more(tmp_path: Path) -> None:
    project = again(tmp_path)
    lethal = {"training.learning_rate": [0.001, 0.005]}
    searched = run_search(ready(project, space=lethal, seeds=1), cluster=TWO)
    assert [one.state for one in searched.findings.tried] == ["done", "done"]
