"""What runs the bytes of a graph on the processor: ONNX Runtime, OpenVINO, LiteRT."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rushes.cores import count_cores
from rushes.errors import BundleError

Array = npt.NDArray[Any]
Given = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a graph.

    Attributes:
        kind: of its numbers, as numpy names it: `uint8`, `float32`, `bool`.
        shape: None of a side that may be of any length.
    """

    kind: str
    shape: tuple[int | None, ...]


class Engine(Protocol):
    """A graph that is ready to run; safe to call from several threads at once."""

    @property
    def inputs(self) -> Mapping[str, Port]: ...

    @property
    def outputs(self) -> Mapping[str, Port]: ...

    def run(self, outputs: Sequence[str], given: Given) -> list[Array]:
        """Return the named outputs, in their order, for contiguous arrays of every input."""
        ...


OpenEngine = Callable[[bytes, int], Engine]  # the bytes of a graph, and how many threads compute; 0 for all cores

_ONNX_KINDS = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(bool)": "bool"}
_OPENVINO_KINDS = {"u8": "uint8", "f32": "float32", "boolean": "bool"}


class _OnnxRuntime:
    def __init__(self, model: bytes, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that spin between two batches take the cores that decode the next one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no base of their own
            raise BundleError(f"the graph cannot be run by ONNX Runtime {onnxruntime.__version__}: {error}. "
                              "Update rushes, or export the run again: rushes export RUN") from error  # fmt: skip
        self.inputs = {value.name: _port_of_onnx(value) for value in self._session.get_inputs()}
        self.outputs = {value.name: _port_of_onnx(value) for value in self._session.get_outputs()}

    def run(self, outputs: Sequence[str], given: Given) -> list[Array]:
        return list(self._session.run(list(outputs), dict(given)))


class _OpenVino:
    """A graph compiled by OpenVINO; each thread that calls has a request of its own, as requests are not shared."""

    def __init__(self, model: bytes, threads: int, *, precision: str) -> None:
        import openvino

        wish: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": precision,  # left alone, it takes bfloat16 where the processor has it
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # other threads decode on the same cores
        }
        try:
            core = openvino.Core()
            # The bytes that were held against their digest are what is run: no file is read a second time.
            compiled = core.compile_model(
                core.read_model(model), "CPU", wish | ({"INFERENCE_NUM_THREADS": threads} if threads else {})
            )
        except RuntimeError as error:
            raise BundleError(f"the graph cannot be run by OpenVINO {openvino.__version__}: {error}. "
                              "Take another runtime: --runtime onnxruntime") from error  # fmt: skip
        self._compiled = compiled
        self._of_thread = threading.local()
        self.inputs = {port.get_any_name(): _port_of_openvino(port) for port in compiled.inputs}
        self.outputs = {port.get_any_name(): _port_of_openvino(port) for port in compiled.outputs}

    def run(self, outputs: Sequence[str], given: Given) -> list[Array]:
        request = getattr(self._of_thread, "request", None)
        if request is None:
            request = self._of_thread.request = self._compiled.create_infer_request()
        request.infer(dict(given))
        # The tensors are the request's own, and hold the next answer after the next call.
        return [np.array(request.get_tensor(name).data) for name in outputs]


class _LiteRt:
    """A LiteRT graph of one picture at a time; each thread that calls has an interpreter of its own."""

    def __init__(self, model: bytes, threads: int) -> None:
        self._model, self._threads = model, threads or count_cores()
        self._of_thread = threading.local()
        try:
            signature = self._signature()
            self.inputs = _ports_of_litert(signature.get_input_details())
            self.outputs = _ports_of_litert(signature.get_output_details())
        except (ValueError, RuntimeError) as error:
            raise BundleError(f"the graph cannot be run by LiteRT: {error}. "
                              "Take another runtime: --runtime onnxruntime") from error  # fmt: skip

    def run(self, outputs: Sequence[str], given: Given) -> list[Array]:
        signature = self._signature()
        rows = [
            signature(**{name: table[at : at + 1] for name, table in given.items()})
            for at in range(len(next(iter(given.values()))))
        ]
        return [np.concatenate([row[name] for row in rows]) for name in outputs]

    def _signature(self) -> Any:
        signature = getattr(self._of_thread, "signature", None)
        if signature is None:
            from ai_edge_litert.interpreter import Interpreter

            interpreter = Interpreter(model_content=self._model, num_threads=self._threads)
            signature = self._of_thread.signature = interpreter.get_signature_runner()
        return signature


def open_onnxruntime(model: bytes, threads: int) -> Engine:
    """Return a graph run by ONNX Runtime.

    Args:
        model: the bytes of the graph.
        threads: how many threads compute; 0 takes as many as there are cores.

    Raises:
        BundleError: the bytes are no graph that it can run.
    """
    return _OnnxRuntime(model, threads)


def openvino_in(precision: str) -> OpenEngine:
    """Return what opens a graph by OpenVINO, computing in `f32` or `bf16`; raises BundleError as ONNX Runtime's."""
    return partial(_OpenVino, precision=precision)


def open_litert(model: bytes, threads: int) -> Engine:
    """Return a LiteRT graph run by its interpreter, picture by picture; raises BundleError as ONNX Runtime's."""
    return _LiteRt(model, threads)


def has_bfloat16() -> bool:
    """Return whether OpenVINO computes in bfloat16 on this processor, instead of falling back to float32."""
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _port_of_onnx(value: Any) -> Port:
    sides = tuple(side if isinstance(side, int) else None for side in value.shape)
    return Port(_ONNX_KINDS.get(value.type, value.type), sides)


def _port_of_openvino(port: Any) -> Port:
    sides = tuple(None if side.is_dynamic else side.get_length() for side in port.get_partial_shape())
    kind = port.get_element_type().get_type_name()
    return Port(_OPENVINO_KINDS.get(kind, kind), sides)


def _ports_of_litert(details: Mapping[str, Mapping[str, Any]]) -> dict[str, Port]:
    """Return the ports by name; the first side, of one picture, counts as any: `run` goes picture by picture."""
    return {
        name: Port(np.dtype(one["dtype"]).name, (None, *(int(side) for side in one["shape"][1:])))
        for name, one in details.items()
    }
