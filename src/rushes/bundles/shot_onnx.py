"""A network for shots as an ONNX graph."""

from __future__ import annotations

import torch
from torch import nn

from rushes.bundles.shot_graph import AGGREGATES_INPUT, FRAME_INPUTS, INPUTS, SERIES_INPUTS, SUBJECT_INPUT, output_of
from rushes.bundles.traced import trace_graph
from rushes.datasets.preprocessing import Preprocessing
from rushes.footage.subject import GRID
from rushes.models.clip import ShotNetwork
from rushes.models.clip_design import ShotDesign


def inputs_of(design: ShotDesign) -> tuple[str, ...]:
    """Return what a network's answers rest on, in the order of `INPUTS`."""
    needed: set[str] = set()
    for head in design.heads:
        if head.sees_frames:
            needed |= {*FRAME_INPUTS}
            if design.views != ("whole",):
                needed.add(SUBJECT_INPUT)
        if head.sees_motion:
            needed |= {*SERIES_INPUTS} if head.motion == "gru" else {AGGREGATES_INPUT}
            if head.sees_frames:
                needed.add(AGGREGATES_INPUT)  # by which the gate goes
    return tuple(name for name in INPUTS if name in needed)


class Answering(nn.Module):
    """A network for shots that takes what it needs and nothing else, and gives probabilities in the order of tasks."""

    def __init__(self, network: ShotNetwork) -> None:
        super().__init__()
        self.network = network
        self.inputs = inputs_of(network.design)

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return for each task (batch, classes), each row summing to 1."""
        named: dict[str, torch.Tensor | None] = {**dict.fromkeys(INPUTS), **dict(zip(self.inputs, given, strict=True))}
        answers = self.network(**named)
        return tuple(torch.softmax(answers[task], dim=1) for task in self.network.design.tasks)


def export_shot_graph(network: ShotNetwork, preprocessing: Preprocessing) -> bytes:
    """Return the ONNX graph of a network for shots: any number of shots, of frames and of pairs at a time.

    Inputs are those of `inputs_of`; an output for each task holds probabilities, (batch, classes).

    Raises:
        BundleError: the exporter cannot follow the network.
    """
    answering = Answering(network).eval()
    design = network.design
    batch, time, pairs = (torch.export.Dim(name) for name in ("batch", "time", "pairs"))
    shape = (preprocessing.height, preprocessing.width, preprocessing.channels)
    examples = {
        "pixels": (torch.zeros(2, 3, *shape, dtype=torch.uint8), {0: batch, 1: time}),
        "mask": (torch.tensor([[True, True, True], [True, True, False]]), {0: batch, 1: time}),
        "subject": (torch.full((2, 3, GRID, GRID), 0.5), {0: batch, 1: time}),
        "series": (torch.zeros(2, 5, len(design.series)), {0: batch, 1: pairs}),
        "series_mask": (torch.tensor([[True] * 5, [True] * 4 + [False]]), {0: batch, 1: pairs}),
        "aggregates": (torch.zeros(2, len(design.features)), {0: batch}),
    }
    chosen = [examples[name] for name in answering.inputs]
    return trace_graph(
        answering,
        tuple(example for example, _ in chosen),
        dynamic_shapes=(tuple(shape for _, shape in chosen),),
        inputs=answering.inputs,
        outputs=[output_of(task) for task in design.tasks],
    )
