"""What a pretrained backbone sees, computed here or by an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learning.tiny import TinyProject, backbone_recipe
from rushes.learning.backbone_features import read_backbone_features
from rushes.scale.engine import Answer, Done, Item, Work
from rushes.scale.in_process import InProcess

pytest.importorskip("torch")


def test_an_engine_sees_in_pictures_what_this_process_sees(project: TinyProject, weights: Path, tmp_path: Path) -> None:
    recipe = backbone_recipe("features", weights)
    here = read_backbone_features(
        project.rows, recipe, project_root=project.root, cache_folder=tmp_path / "here", threads=1
    )
    by_engine = read_backbone_features(
        project.rows,
        recipe,
        project_root=project.root,
        cache_folder=tmp_path / "engine",
        threads=1,
        engine=InProcess(threads=1),
    )
    assert (here.computed_count, by_engine.computed_count) == (48, 48)
    np.testing.assert_allclose(by_engine.values, here.values, rtol=1e-5, atol=1e-5)
    assert by_engine.rows == here.rows


def test_a_training_finds_the_features_that_an_engine_computed(project: TinyProject, weights: Path) -> None:
    from rushes.learning.train import train

    places = project.places()
    recipe = backbone_recipe("features", weights)
    run = train(recipe, **places, engine=InProcess(threads=1))
    assert run.weights["path"] == weights.name
    found = read_backbone_features(
        project.rows, recipe, project_root=project.root, cache_folder=places["cache_folder"], threads=1
    )
    assert found.computed_count == 0


class Listening(InProcess):
    """Keeps what is said of GPUs."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self.takes_gpu: list[bool] = []

    def map(self, work: Work[Item, Answer], items: Iterable[Item], **more: Any) -> Iterator[list[Done[Item, Answer]]]:
        self.takes_gpu.append(work.takes_gpu)
        return super().map(work, items, **more)


@pytest.mark.parametrize(("device", "takes_gpu"), [(None, True), ("cpu", False), ("cpu,cpu", False)])
def test_the_processes_of_an_engine_compute_on_the_device_that_was_asked_for(
    project: TinyProject, weights: Path, device: str | None, takes_gpu: bool
) -> None:
    from rushes.learning.train import train

    engine = Listening()
    train(backbone_recipe("features", weights), **project.places(), device=device, engine=engine)
    assert engine.takes_gpu == [takes_gpu]
