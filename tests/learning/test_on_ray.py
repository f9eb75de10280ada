"""Trainings on a Ray cluster of this machine: the same as here, also where processes are killed."""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from learning.test_tune import SPACE, again, outcome, ready
from learning.tiny import cnn_recipe, make_project
from rushes.errors import RunError
from rushes.learning.runs import Run
from rushes.learning.train import train
from rushes.learning.tune import run_search
from rushes.scale.ray_cluster import join
from rushes.scale.room import OnCluster

pytestmark = [
    pytest.mark.longer,
    pytest.mark.ray,
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'ray' is not installed"),
]

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
    told: list[int] = []

    def kill_one_after_the_first(record: Mapping[str, Any]) -> None:
        told.append(record["epoch"])
        if told == [1]:
            (process,) = re.findall(r"process (\d+) on \S+ works as 2 of 2", caplog.text)
            os.kill(int(process), signal.SIGKILL)

    with caplog.at_level(logging.INFO, logger="rushes"):
        run = train(cnn_recipe(**SETTINGS), **project.places(), cluster=TWO, on_epoch=kill_one_after_the_first)
    assert told == [1, 1, 2, 3]
    assert "a process was lost; all were begun anew" in caplog.text
    assert [one for one in run.warnings if "was lost once while it trained" in one]
    assert run.pace["devices"] == 2
    assert run.pace["resumed_after"] == 1
    assert [record["epoch"] for record in run.history] == [1, 2, 3]
    for one, other in zip(figures(run), figures(here), strict=True):
        assert one.pop("recalls") == other.pop("recalls")
        assert one == pytest.approx(other, rel=1e-5)
    assert not list((project.root / "cache" / "training").iterdir())


def test_what_is_wrong_with_a_recipe_is_said_as_it_is_here_and_not_tried_again(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    for row in project.rows:
        (project.root / row.img_ref).unlink()
    with pytest.raises(RunError, match="can be read"):
        train(cnn_recipe(**SETTINGS), **project.places(), cluster=TWO)
    import ray

    assert ray.available_resources().get("CPU") == 2, "what it held of the cluster is free again"


def test_a_search_is_the_same_as_here_one_at_a_time(tmp_path: Path) -> None:
    plans = [ready(again(tmp_path / name), seeds=1) for name in ("here", "ray")]
    found = [run_search(plans[0], devices=[TWO.device]), run_search(plans[1], cluster=replace(TWO, workers=1))]
    assert outcome(found[0]) == outcome(found[1])
    assert found[1].stopped == "every setting was tried"


class _Killer(logging.Handler):
    """Kills each process that begins a training, before it has."""

    def __init__(self, name: str, times: int) -> None:
        super().__init__()
        self._pattern = re.compile(rf"process (\d+) on \S+ begins {name}$")
        self.left = times

    def emit(self, record: logging.LogRecord) -> None:
        found = self._pattern.match(record.getMessage())
        if found and self.left:
            self.left -= 1
            os.kill(int(found[1]), signal.SIGKILL)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("rushes.scale.on_ray_trials")
    before = logger.level
    logger.setLevel(logging.INFO)
    yield logger
    logger.setLevel(before)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)


def test_a_training_whose_process_is_killed_is_tried_once_more_and_then_failed(
    tmp_path: Path, log: logging.Logger
) -> None:  # fmt: skip
    once, twice = _Killer("setting 1, seed 1", 1), _Killer("setting 2, seed 1", 2)
    log.addHandler(once)
    log.addHandler(twice)
    searched = run_search(ready(again(tmp_path), seeds=1), cluster=TWO)
    assert (once.left, twice.left) == (0, 0)
    assert [one.state for one in searched.findings.tried] == ["done", "done", "failed"]
    assert searched.findings.tried[2].reason.startswith("its process ended 2 times before its time")
    assert searched.trained == 3


def test_a_setting_that_falls_behind_is_given_up_as_it_is_here(tmp_path: Path) -> None:
    plans = [
        ready(again(tmp_path / name), "optuna", SPACE, seeds=1, trials=8, monitor="loss") for name in ("here", "ray")
    ]
    found = [run_search(plans[0], devices=[TWO.device]), run_search(plans[1], cluster=replace(TWO, workers=1))]
    assert outcome(found[0]) == outcome(found[1])
    assert "pruned" in [one.state for one in found[0].findings.tried]
    assert not list((tmp_path / "ray" / "cache" / "training").glob("*.safetensors"))
