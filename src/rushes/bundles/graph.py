"""An ONNX graph as a function from prepared pictures to probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import BundleError

INPUT = "pixels"
LOGITS = "logits"
PROBABILITIES = "probabilities"
FEATURES = "features"  # what the head is given; graphs exported before 2026-11-26 do not give it


def open_session(model: bytes, *, threads: int = 0) -> Any:
    """Return an ONNX graph ready to run on the processor.

    Args:
        model: the bytes of `model.onnx`.
        threads: how many threads compute; 0 takes as many as there are cores.

    Raises:
        BundleError: the bytes are no graph that ONNX Runtime can run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin between two batches take the cores that decode the next one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base of their own
        raise BundleError(f"model.onnx cannot be run by ONNX Runtime {onnxruntime.__version__}: {error}. "
                          "Update rushes, or export the run again: rushes export RUN") from error  # fmt: skip


class Graph:
    """The graph of a bundle, run by ONNX Runtime on the processor."""

    def __init__(self, model: bytes, *, threads: int = 0) -> None:
        """Load a graph.

        Args:
            model: the bytes of `model.onnx`.
            threads: how many threads compute; 0 takes as many as there are cores.

        Raises:
            BundleError: the bytes are no graph that ONNX Runtime can run, or it is not one of ours.
        """
        self._session = open_session(model, threads=threads)
        inputs = {value.name: value for value in self._session.get_inputs()}
        outputs = {value.name: value for value in self._session.get_outputs()}
        if set(inputs) != {INPUT} or PROBABILITIES not in outputs or inputs[INPUT].type != "tensor(uint8)":
            raise BundleError(f"model.onnx takes {sorted(inputs)} and gives {sorted(outputs)}; a bundle's graph takes "
                              f"'{INPUT}' as uint8 and gives '{PROBABILITIES}'")  # fmt: skip
        self.shape: tuple[int, int, int] = tuple(inputs[INPUT].shape[1:])  # (height, width, channels)
        self.class_count: int = outputs[PROBABILITIES].shape[-1]
        self.gives_features = FEATURES in outputs

    def __call__(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the probabilities of prepared pictures.

        Args:
            pixels: (pictures, height, width, channels) uint8, any number of pictures, none included.

        Returns:
            (pictures, classes) float32, each row summing to 1.
        """
        self._check(pixels)
        if not len(pixels):
            return np.zeros((0, self.class_count), np.float32)
        (probabilities,) = self._session.run([PROBABILITIES], {INPUT: np.ascontiguousarray(pixels)})
        return np.asarray(probabilities, np.float32)

    def features(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return what the head is given for prepared pictures, (pictures, features) float32; at least one picture.

        Raises:
            BundleError: the graph does not give it.
        """
        self._check(pixels)
        if not self.gives_features:
            raise BundleError("model.onnx gives no features: the bundle was exported by an older rushes. "
                              "Export the run again: rushes export RUN")  # fmt: skip
        (features,) = self._session.run([FEATURES], {INPUT: np.ascontiguousarray(pixels)})
        return np.asarray(features, np.float32)

    def _check(self, pixels: npt.NDArray[np.uint8]) -> None:
        if pixels.dtype != np.uint8 or pixels.shape[1:] != self.shape:
            raise ValueError(f"the graph takes uint8 {self.shape}, got {pixels.dtype} {pixels.shape[1:]}")
