"""Every design that is trained from scratch, as a graph: equal to torch, also where normalisation has learnt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rushes.bundles.graph import Graph
from rushes.bundles.onnx import export_graph
from rushes.datasets.preprocessing import Preprocessing
from rushes.models.designs import DESIGNS, smallest_side

torch = pytest.importorskip("torch")


# Two are enough for every run: one with pooling between its convolutions, one with separable ones.
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.longer] * (one not in ("cnn-4x4", "sepconv"))) for one in DESIGNS]
)
def test_a_design_with_learnt_normalisation_is_exported_for_any_number_of_pictures(name: str) -> None:
    from rushes.models.network import build_network

    design = DESIGNS[name]
    side = smallest_side(design.kernels, form=design.form)
    units = tuple(3 + place for place in range(len(design.units)))
    design = replace(
        design, units=units, dense=6 * bool(design.dense), width=side + 5, height=side, batch_norm=True, dropout=0.5
    )
    half = (0.5,) * design.channels
    shown = Preprocessing(design.width, design.height, color=design.color, mean=half, std=half)
    torch.manual_seed(1)
    network = build_network(design, ("a", "b", "c"), shown).train()
    pixels = np.random.default_rng(0).integers(0, 256, (5, design.height, design.width, design.channels), np.uint8)
    norms = [layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    for layer in norms:
        torch.nn.init.normal_(layer.weight, 1.0, 0.3)
        torch.nn.init.normal_(layer.bias)
    with torch.no_grad():
        for _ in range(20):
            network(torch.from_numpy(pixels))
    assert all(layer.running_mean.abs().max() > 1e-3 for layer in norms)
    network.eval()
    graph = Graph(export_graph(network, shown))
    with torch.inference_mode():
        expected = torch.softmax(network(torch.from_numpy(pixels)), 1).numpy()
    assert expected.std(axis=0).max() > 1e-3  # otherwise the comparison says nothing
    for count in (1, 5):
        np.testing.assert_allclose(graph(pixels[:count]), expected[:count], atol=1e-5)
