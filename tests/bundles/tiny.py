"""A network of three classes small enough to train in one's head, and the parts of a bundle of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rushes.bundles.bundle import Bundle
from rushes.bundles.card import CardFacts
from rushes.bundles.onnx import Candidate, Samples, build_bundle, generate_pictures
from rushes.datasets.preprocessing import Preprocessing

CLASSES = ("red", "green", "blue")
PREPROCESSING = Preprocessing(width=20, height=12, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))


def tiny_network():
    """Answer the colour that a picture has most of."""
    import torch

    class Tiny(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.tensor(PREPROCESSING.mean).view(1, 3, 1, 1))
            self.register_buffer("std", torch.tensor(PREPROCESSING.std).view(1, 3, 1, 1))
            self.head = torch.nn.Linear(3, 3)
            with torch.no_grad():
                self.head.weight.copy_(4 * torch.diag(self.std.flatten()))
                self.head.bias.copy_(4 * self.mean.flatten())

        def forward(self, pixels):
            scaled = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255
            return self.head(((scaled - self.mean) / self.std).mean((2, 3)))

    return Tiny().eval()


def tiny_candidate(name: str = "colours") -> Candidate:
    facts = CardFacts(
        name=name,
        task="colour",
        classes=CLASSES,
        preprocessing=PREPROCESSING,
        working_size="64",
        architecture="tiny",
        method="Written by hand",
        split_kind="grouped",
        counts={"train": {"red": 4, "green": 5}, "test": {"blue": 1}},
        licence="None",
    )
    return Candidate(
        name=name,
        task="colour",
        classes=CLASSES,
        preprocessing=PREPROCESSING,
        working_size="64",
        config={"architecture": "tiny", "num_classes": 3},
        run={"name": "by-hand"},
        facts=facts,
    )


def tiny_samples(count: int = 9) -> Samples:
    pictures = np.stack(generate_pictures(PREPROCESSING, count))
    names = tuple(f"generated-{index}" for index in range(count))
    return Samples(pictures, names, np.full((count, 3), np.nan, np.float32), generated=count)


def tiny_bundle(folder: Path) -> Bundle:
    """Build the bundle of the tiny network at `folder`."""
    from safetensors.torch import save_file

    network = tiny_network()
    weights = folder.parent / f"{folder.name}.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), weights)
    candidate = tiny_candidate(folder.name)
    return build_bundle(folder, candidate, network=network, weights=weights, samples=tiny_samples())
