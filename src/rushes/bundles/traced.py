"""A network of torch as the bytes of an ONNX graph."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rushes.errors import BundleError

if TYPE_CHECKING:
    import torch


def trace_graph(
    network: torch.nn.Module,
    examples: tuple[torch.Tensor, ...],
    *,
    dynamic_shapes: Any,
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> bytes:
    """Return the ONNX graph of a network; it says nothing of the machine or the folders it was made in.

    Args:
        examples: one tensor per input.
        dynamic_shapes: of each input, which sides may be of any length, as `torch.export` takes them.

    Raises:
        BundleError: the exporter cannot follow the network.
    """
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's remarks on its own future
            program = torch.onnx.export(
                network,
                examples,
                dynamo=True,
                dynamic_shapes=dynamic_shapes,
                input_names=list(inputs),
                output_names=list(outputs),
                external_data=False,
                verbose=False,
            )
    except (torch.onnx.OnnxExporterError, RuntimeError) as error:
        raise BundleError(f"this network cannot be exported to ONNX: {error}. "
                          "Train with another model.backbone, or model.kind = 'cnn'") from error  # fmt: skip
    assert program is not None
    proto = program.model_proto
    forget_origin(proto)
    return bytes(proto.SerializeToString(deterministic=True))


def forget_origin(proto: Any) -> None:
    """Drop what the exporter notes beside the computation: stack traces with the paths of this machine."""
    for graph in (proto.graph, *proto.functions):
        graph.ClearField("doc_string")
        graph.ClearField("metadata_props")
        for part in (*graph.node, *graph.value_info):
            part.ClearField("doc_string")
            part.ClearField("metadata_props")
    for part in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    proto.ClearField("metadata_props")
