"""The loop for shots: what it shows, and what it keeps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rushes.datasets.preprocessing import Preprocessing
from rushes.learning.recipe_files import parse_recipe
from rushes.learning.shot_fit import (
    UNLABELLED,
    ShotBatch,
    TaughtShots,
    answer_shots,
    fit_shots,
    order_of,
    score_labelled,
)
from rushes.models.backbones import Backbone
from rushes.models.clip import ShotNetwork
from rushes.models.clip_design import ShotDesign, ShotHeadDesign

WIDTH = 96  # of what test_resnet sees


def recipe(**training: Any) -> Any:
    table = {
        "name": "r",
        "model": {"kind": "shots", "trained": "head"},
        "training": {"epochs": 3, "batch_size": 4, "learning_rate": 1e-2, "patience": 9, **training},
        "balance": {"loss": "plain"},
        "heads": {"one": {"pooling": "mean"}, "two": {"pooling": "mean"}},
    }
    return parse_recipe(table, where="r")


def taught(truth: dict[str, list[int]], shown: Counter[int]) -> TaughtShots:
    features = torch.randn(len(truth["one"]), 3, 1, WIDTH, generator=torch.Generator().manual_seed(1))

    def batch(places: np.ndarray, seed: int | None) -> ShotBatch:
        if seed is not None:
            shown.update(places.tolist())
        count = len(places)
        return ShotBatch(
            places, None, features[places], torch.ones(count, 3, dtype=torch.bool), None, torch.zeros(count, 1, 1),
            torch.ones(count, 1, dtype=torch.bool), torch.zeros(count, 1),
        )  # fmt: skip

    return TaughtShots({task: np.array(found) for task, found in truth.items()}, batch)


@pytest.fixture
def network() -> ShotNetwork:
    torch.manual_seed(0)
    heads = tuple(ShotHeadDesign(task, ("a", "b"), pooling="mean", dropout=0.0) for task in ("one", "two"))
    made = ShotNetwork(ShotDesign(Backbone("test_resnet"), heads), Preprocessing(64, 64))
    assert made.feature_count == WIDTH
    made.requires_grad_(False)
    for head in made.heads.values():
        head.out.requires_grad_(True)
    return made


def fit(network: ShotNetwork, train: TaughtShots, folder: Path, **training: Any) -> Any:
    return fit_shots(
        network, tasks=["one", "two"], train=train, validation=train, recipe=recipe(**training),
        class_weights={task: np.ones(2, np.float32) for task in ("one", "two")}, sampled_by="one", joint=False,
        starts_known=False, piece_size=3, checkpoint=folder / "state.safetensors",
    )  # fmt: skip


def test_the_last_batch_counts_though_it_is_smaller(network: ShotNetwork, tmp_path: Path) -> None:
    shown: Counter[int] = Counter()
    train = taught({"one": [0, 1] * 5, "two": [1, 0] * 5}, shown)  # 10 shots in batches of 4
    fitted = fit(network, train, tmp_path)
    assert shown == Counter(dict.fromkeys(range(10), fitted.epochs))
    assert answer_shots(network, train, piece_size=4, threads=1)["one"].shape == (10, 2)


def test_a_batch_without_any_class_of_a_task_teaches_it_nothing(network: ShotNetwork, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in network.head("two").out.state_dict().items()}
    train = taught({"one": [0, 1, 0, 1], "two": [UNLABELLED] * 3 + [1]}, Counter())
    fit(network, train, tmp_path, epochs=1, weight_decay=0.0, batch_size=1)
    assert not torch.equal(before["weight"], network.head("two").out.weight)
    scores = score_labelled(np.array([[0.9, 0.1], [0.2, 0.8]], np.float32), np.array([UNLABELLED, 1]))
    assert scores.accuracy == 1.0


def test_each_head_keeps_its_own_best_epoch(network: ShotNetwork, tmp_path: Path) -> None:
    fitted = fit(network, taught({"one": [0, 1] * 4, "two": [0, 0, 1, 1] * 2}, Counter()), tmp_path, epochs=5)
    for task, best in fitted.best_epochs.items():
        scores = {record["epoch"]: record["tasks"][task]["f1_macro"] for record in fitted.history}
        assert scores[best] == max(scores.values())


def test_shots_without_a_class_are_shown_once_whatever_is_drawn() -> None:
    made = parse_recipe(
        {"name": "r", "model": {"kind": "shots"}, "balance": {"sampling": "oversample"}, "heads": {"one": {}}},
        where="r",
    )
    shown = np.bincount(order_of(np.array([0, 0, 0, 1, UNLABELLED, UNLABELLED]), made, 1), minlength=6)
    assert shown[4:].tolist() == [1, 1]
    assert shown[3] == 3
