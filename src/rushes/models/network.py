"""The network that a run trains and a bundle exports: from uint8 pictures to logits.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RunError
from rushes.models.backbones import Backbone, create_body
from rushes.models.cnn import build_cnn_body
from rushes.models.designs import Design
from rushes.models.heads import Head, HeadShape, LinearShape, build_head, parse_head_shape

RUN_FILE = "run.json"
MODEL_FILE = "model.safetensors"

Architecture = Design | Backbone


class _HeadGiven(nn.Module):
    """A head that is given measures beside features, with the measures held fixed."""

    measures: torch.Tensor

    def __init__(self, head: nn.Module, measures: torch.Tensor) -> None:
        super().__init__()
        self.inner = head
        self.register_buffer("measures", measures.reshape(1, -1), persistent=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, classes) for (batch, features)."""
        held = self.measures.expand(len(features), -1)
        logits: torch.Tensor = self.inner(torch.cat([features, held], dim=1))
        return logits


class Network(nn.Module):
    """A body, which turns a picture into features, and a head, which turns these into logits.

    Where the head takes measures of the picture too, they stand behind the features.

    Attributes:
        body: (batch, channels, height, width) float32, normalised -> (batch, features).
        head: (batch, features and measures) -> (batch, classes).
        mean, std: (1, channels, 1, 1), on a scale of 0 to 1.
        measure_count: how many measures the head takes; 0 of most networks.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, body: nn.Module, head: Head, preprocessing: Preprocessing, *, measure_count: int = 0) -> None:
        super().__init__()
        self.body = body
        self.measure_count = measure_count
        self._preprocessing = preprocessing
        self.head: Head = head
        self.register_buffer("mean", torch.tensor(preprocessing.mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std, dtype=torch.float32).view(1, -1, 1, 1))

    def forward(self, pixels: torch.Tensor, measures: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits (batch, classes) of prepared pictures (batch, height, width, channels), uint8.

        Args:
            measures: (batch, measures) float32, of a network that takes them.

        Raises:
            ValueError: measures are lacking, or not asked for.
        """
        logits: torch.Tensor = self.answer(self.features(pixels), measures)
        return logits

    def answer(self, features: torch.Tensor, measures: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits (batch, classes) for what `features` gives, and measures as `forward` takes them."""
        if (measures is None) != (self.measure_count == 0):
            given = "none" if measures is None else "some"
            raise ValueError(f"the network takes {self.measure_count} measures of each picture, and is given {given}")
        joined = features if measures is None else torch.cat([features, measures.to(features.dtype)], dim=1)
        logits: torch.Tensor = self.head(joined)
        return logits

    def given(self, measures: torch.Tensor) -> Network:
        """Return the network as a function of pixels alone, for (measures,) of one picture; the weights are shared."""
        head = cast(Head, _HeadGiven(self.head, measures))
        return Network(self.body, head, self._preprocessing).to(measures.device).train(self.training)

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return what the body sees, (batch, features), in pictures as `forward` takes them."""
        # A batch of NHWC, permuted, is NCHW in channels_last memory already: nothing is copied.
        shares = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255
        seen: torch.Tensor = self.body((shares - self.mean) / self.std)
        return seen


def build_network(
    architecture: Architecture,
    classes: Sequence[str],
    preprocessing: Preprocessing,
    *,
    head: HeadShape | None = None,
    measure_count: int = 0,
) -> Network:
    """Return a network with random weights, drawn from torch's global generator.

    Args:
        head: None takes a linear one.
        measure_count: how many measures of a picture the head takes beside the body's features.

    Raises:
        RecipeError: the backbone is not one that timm knows.
    """
    if isinstance(architecture, Design):
        body: nn.Module = build_cnn_body(architecture)
        width = architecture.feature_count
    else:
        body, width = create_body(architecture)
    built = build_head(head or LinearShape(), width + measure_count, len(classes))
    return Network(body, built, preprocessing, measure_count=measure_count)


def load_network(run_folder: Path) -> Network:
    """Return the trained network of a run, in evaluation mode, on the CPU.

    Raises:
        RunError: the folder holds no run, or its weights are not those of its architecture.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        network = _build_as_in(run_folder)
        network.load_state_dict(load_file(run_folder / MODEL_FILE))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise RunError(f"{run_folder} holds no network that can be loaded ({error}). "
                       "Was it copied whole? Otherwise train again with 'rushes train'") from error  # fmt: skip
    return network.to(memory_format=torch.channels_last).eval()


def draw_network(run_folder: Path, *, seed: int) -> Network:
    """Return the network of a run as before its training, with random weights, in evaluation mode, on the CPU.

    A head of stored samples has none. Torch's global generator is left as it was.

    Raises:
        RunError: the folder holds no run.
    """
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _build_as_in(run_folder).to(memory_format=torch.channels_last).eval()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{run_folder} holds no network that can be built ({error}). Was it copied whole?") from error


def _build_as_in(run_folder: Path) -> Network:
    table = json.loads((run_folder / RUN_FILE).read_text(encoding="utf-8"))
    architecture = architecture_from_table(table["architecture"])
    preprocessing = Preprocessing.from_table(table["preprocessing"])
    head = parse_head_shape(table.get("head", {"kind": "linear"}))  # older runs had no other
    measure_count = len((table.get("measures") or {"names": ()})["names"])
    return build_network(architecture, table["classes"], preprocessing, head=head, measure_count=measure_count)


def save_network(network: nn.Module, path: Path) -> None:
    """Write the whole network's weights, and what else its answers rest on, as safetensors, whole or not at all."""
    from safetensors.torch import save_file

    from rushes.storage.files import whole_file

    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with whole_file(path) as temporary:
        save_file(state, temporary)


def architecture_from_table(table: Mapping[str, Any]) -> Architecture:
    """Return the architecture that its `to_table` described.

    Raises:
        KeyError, TypeError, ValueError: the table describes none.
    """
    return Design.from_table(table) if table["kind"] == "cnn" else Backbone.from_table(table)
