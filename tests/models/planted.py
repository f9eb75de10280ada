"""Pictures that a bright square decides, and networks that were taught to see it, or not at all."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from rushes.datasets.preprocessing import Preprocessing
from rushes.models.backbones import Backbone
from rushes.models.designs import Design
from rushes.models.heads import shape_of
from rushes.models.network import MODEL_FILE, RUN_FILE, Architecture, Network, build_network, save_network

SIDE, SQUARE = 32, 8
SHOWN = Preprocessing(SIDE, SIDE)
ARCHITECTURES: dict[str, tuple[Architecture, int, float]] = {  # with steps of training and their size
    "separable": (Design((8, 16), (3, 3), 0, SIDE, SIDE, color="rgb", form="separable", batch_norm=True), 30, 0.01),
    "plain": (Design((8, 16), (3, 3), 16, SIDE, SIDE, color="rgb"), 100, 0.005),
    "vit": (Backbone("test_vit", {"img_size": SIDE, "patch_size": 4, "depth": 2, "embed_dim": 32}), 70, 0.004),
    "vit-mean": (Backbone("test_vit2", {"img_size": SIDE, "patch_size": 4, "depth": 2, "embed_dim": 32}), 70, 0.004),
}


def make_pictures(count: int, *, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return pictures (count, SIDE, SIDE, 3), their class (1 where there is a square) and where the square is."""
    dice = np.random.default_rng(seed)
    pixels = dice.integers(40, 120, (count, SIDE, SIDE, 3)).astype(np.uint8)
    inside = np.zeros((count, SIDE, SIDE), bool)
    for number in range(1, count, 2):
        top, left = dice.integers(0, SIDE - SQUARE, 2)
        inside[number, top : top + SQUARE, left : left + SQUARE] = True
    pixels[inside] = 230
    return torch.from_numpy(pixels), torch.arange(count) % 2, torch.from_numpy(inside)


def with_square(count: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    """Return pictures that hold a square, and where it is."""
    pixels, _, inside = make_pictures(2 * count, seed=3)
    return pixels[1::2], inside[1::2]


def untaught(name: str) -> Network:
    torch.manual_seed(0)
    return build_network(ARCHITECTURES[name][0], ("none", "square"), SHOWN).eval()


@cache
def taught(name: str) -> Network:
    """Return a network that tells pictures with a square from others, after a second."""
    network, (_, steps, size) = untaught(name).train(), ARCHITECTURES[name]
    pixels, truth, _ = make_pictures(256, seed=1)
    optimizer = torch.optim.AdamW(network.parameters(), size)
    dice = torch.Generator().manual_seed(0)
    for _ in range(steps):
        chosen = torch.randint(0, len(pixels), (16,), generator=dice)
        loss = nn.functional.cross_entropy(network(pixels[chosen]), truth[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    shown, answers, _ = make_pictures(64, seed=2)
    with torch.no_grad():
        assert (network(shown).argmax(1) == answers).float().mean() > 0.95
    return network


def share_inside(heat: torch.Tensor, inside: torch.Tensor) -> float:
    """Return the mean share of the heat, spread over the picture, that stands in the square."""
    spread = nn.functional.interpolate(heat[:, None], size=inside.shape[1:], mode="bilinear")[:, 0]
    return float(((spread * inside).sum(dim=(1, 2)) / spread.sum(dim=(1, 2)).clamp(min=1e-9)).mean())


def as_run(folder: Path, name: str, network: Network | None = None) -> Path:
    """Return a folder with what `load_network` reads of a run."""
    network = network or taught(name)
    folder.mkdir(exist_ok=True)
    table = {
        "architecture": ARCHITECTURES[name][0].to_table(),
        "preprocessing": SHOWN.to_table(),
        "classes": ["none", "square"],
        "head": shape_of(network.head).to_table(),
    }
    (folder / RUN_FILE).write_text(json.dumps(table), encoding="utf-8")
    save_network(network, folder / MODEL_FILE)
    return folder
