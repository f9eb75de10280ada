"""A run's network as the bytes of a LiteRT graph; run as a program where the converter is installed.

`python -m rushes.bundles.litert_writing RUN FILE VERSION` writes FILE and prints what made it as JSON. VERSION is that
of the rushes that asks: another one might build another network of the same run.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.bundles.graph import FEATURES, INPUT, LOGITS, MEASURES, PROBABILITIES
from rushes.errors import RushesError, require_extra

if TYPE_CHECKING:
    from rushes.datasets.preprocessing import Preprocessing
    from rushes.models.network import Network

PACKAGE = "litert-torch"
MODULE = "litert_torch"


def write_litert(network: Network, preprocessing: Preprocessing) -> bytes:
    """Return the LiteRT graph of a network, of one picture at a time.

    Inputs and outputs have the names, kinds and shapes of the ONNX graph's, with a batch of 1. The weights are float32.
    """
    import litert_torch
    import torch

    class Answering(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor, measures: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
            features = self.network.features(pixels)
            logits = self.network.answer(features, measures)
            return {LOGITS: logits, PROBABILITIES: torch.softmax(logits, dim=1), FEATURES: features}

    # The converter (0.10) tells constants apart by their address, and copies one whose numbers do not stand in order:
    # the copy is freed, and the next takes its address and is taken for it (google-ai-edge/litert-torch#1061).
    network.to(memory_format=torch.contiguous_format)
    shape = (1, preprocessing.height, preprocessing.width, preprocessing.channels)
    given = {INPUT: torch.zeros(shape, dtype=torch.uint8)}
    if network.measure_count:
        given[MEASURES] = torch.zeros(1, network.measure_count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter's remarks on libraries of its own
        model = litert_torch.convert(Answering().eval(), sample_kwargs=given)
    return bytes(model.model_content())


def main(run: str, file: str, asked_by: str) -> None:
    """Write the LiteRT graph of a run to a file, and print what made it."""
    if (here := version("rushes")) != asked_by:
        raise RushesError(f"rushes {here} is installed beside the converter, and rushes {asked_by} exports. "
                          "Install the same version there")  # fmt: skip
    require_extra("litert-export", MODULE, "torch", "timm", purpose="converting to LiteRT")
    from rushes.learning.runs import read_run
    from rushes.models.network import load_network

    folder = Path(run)
    Path(file).write_bytes(write_litert(load_network(folder), read_run(folder).preprocessing))
    print(json.dumps({"by": f"{PACKAGE} {version(PACKAGE)}", "torch": version("torch").partition("+")[0], "batch": 1}))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RushesError as error:
        sys.exit(str(error))
