from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RunError
from rushes.models.designs import Design
from rushes.models.network import Network, build_network, load_network, save_network

DESIGN = Design(units=(3, 4), kernels=(3, 2), dense=5, width=16, height=12, color="rgb")
SHOWN = Preprocessing(16, 12, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))


def test_a_network_normalises_what_it_is_shown() -> None:
    network = Network(nn.Flatten(), nn.Linear(3, 3), Preprocessing(1, 1, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0)))
    seen = network.features(torch.tensor([[[[255, 0, 51]]]], dtype=torch.uint8))
    torch.testing.assert_close(seen, torch.tensor([[(1 - 0.1) / 0.5, -0.2 / 0.25, (0.2 - 0.3) / 2]]))


def test_a_batch_of_uint8_pictures_becomes_logits() -> None:
    network = build_network(DESIGN, ["a", "b", "c"], SHOWN)
    assert network(torch.randint(0, 256, (4, 12, 16, 3), dtype=torch.uint8)).shape == (4, 3)


def write_run(folder: Path, network: Network) -> None:
    save_network(network, folder / "model.safetensors")
    table = {"architecture": DESIGN.to_table(), "classes": ["a", "b"], "preprocessing": SHOWN.to_table()}
    (folder / "run.json").write_text(json.dumps(table), encoding="utf-8")


def test_a_saved_network_answers_as_before(tmp_path: Path) -> None:
    network = build_network(DESIGN, ["a", "b"], SHOWN).eval()
    write_run(tmp_path, network)
    loaded = load_network(tmp_path)
    pictures = torch.randint(0, 256, (4, 12, 16, 3), dtype=torch.uint8)
    assert not loaded.training
    torch.testing.assert_close(loaded(pictures), network(pictures))


@pytest.mark.parametrize("spoil", ["model.safetensors", "run.json"])
def test_a_run_without_a_whole_network_says_so(tmp_path: Path, spoil: str) -> None:
    write_run(tmp_path, build_network(DESIGN, ["a", "b"], SHOWN))
    (tmp_path / spoil).write_bytes((tmp_path / spoil).read_bytes()[:40])
    with pytest.raises(RunError, match="holds no network that can be loaded"):
        load_network(tmp_path)


def test_weights_of_other_classes_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path, build_network(DESIGN, ["a", "b", "c"], SHOWN))
    with pytest.raises(RunError, match="holds no network that can be loaded"):
        load_network(tmp_path)
