"""A graph in 8-bit integers, made in each way that may suit it; whether it is worth having is judged elsewhere."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.bundles.graph import INPUT, MEASURES
from rushes.bundles.traced import forget_origin
from rushes.errors import BundleError

_log = logging.getLogger(__name__)

Method = Literal["static", "dynamic"]
METHODS: Mapping[Method, str] = {
    "static": "per channel, ranges of activations from pictures",
    "dynamic": "matrix products alone, ranges of activations as they come",
}
RANGE_PICTURES = 128  # that ranges are taken from
_AT_ONCE = 8
_STATIC_OPERATORS = ("Conv", "Gemm", "MatMul", "Add", "Relu", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool")
_DYNAMIC_OPERATORS = ("MatMul", "Gemm")  # of convolutions, dynamic ranges make a graph several times slower


def quantise(
    model: bytes, method: Method, *, pixels: npt.NDArray[np.uint8], measures: npt.NDArray[np.float32] | None
) -> bytes:
    """Return the same graph with 8-bit weights and activations, signed weights and unsigned activations.

    What stands before the first layer (the change from bytes to floats, mean and deviation) stays as it is.

    Args:
        pixels, measures: prepared pictures of training, from which static ranges are taken; others need them not.

    Raises:
        BundleError: this graph cannot be quantised so.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the quantiser's remarks on libraries of its own
        whole, prepared, made = (Path(name) / file for file in ("whole.onnx", "prepared.onnx", "made.onnx"))
        whole.write_bytes(model)
        try:
            quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
            _leave_weights_unsaid(prepared)
            if method == "static":
                quantize_static(
                    str(prepared),
                    str(made),
                    _reader(pixels, measures),
                    quant_format=QuantFormat.QDQ,
                    op_types_to_quantize=list(_STATIC_OPERATORS),
                    per_channel=True,
                    activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8,
                )
            else:
                quantize_dynamic(
                    str(prepared),
                    str(made),
                    op_types_to_quantize=list(_DYNAMIC_OPERATORS),
                    per_channel=True,
                    weight_type=QuantType.QInt8,
                )
            proto = onnx.load(str(made))
        except Exception as error:  # the quantiser's errors share no base of their own, and speak of its own parts
            _log.debug("the quantiser failed (%s)", method, exc_info=True)
            raise BundleError("this network cannot be made in 8-bit integers so") from error
    forget_origin(proto)
    return bytes(proto.SerializeToString(deterministic=True))


def _leave_weights_unsaid(file: Path) -> None:
    """Take out of a graph's table of shapes what it says of its weights, whose shapes they state themselves.

    torch writes the table with weights in it. The quantiser turns a linear layer into a product with the transposed
    weights, under their old name, and the table then contradicts them.
    """
    import onnx

    model = onnx.load(str(file))
    weights = {weight.name for weight in model.graph.initializer}
    kept = [value for value in model.graph.value_info if value.name not in weights]
    del model.graph.value_info[:]
    model.graph.value_info.extend(kept)
    onnx.save(model, str(file))


def _reader(pixels: npt.NDArray[np.uint8], measures: npt.NDArray[np.float32] | None) -> Any:
    """Return what the quantiser takes pictures from."""
    from onnxruntime.quantization import CalibrationDataReader

    def batches() -> Iterator[dict[str, npt.NDArray[Any]]]:
        for at in range(0, len(pixels), _AT_ONCE):
            rows = slice(at, at + _AT_ONCE)
            yield {INPUT: pixels[rows]} | ({} if measures is None else {MEASURES: measures[rows]})

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
        def __init__(self) -> None:
            self._batches = batches()

        def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
            return next(self._batches, None)

    return Reader()
