"""An ONNX graph as a function from prepared pictures, and measures where it takes them, to probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushes.bundles.engines import OpenEngine, open_onnxruntime
from rushes.errors import BundleError

INPUT = "pixels"
MEASURES = "measures"  # a second input, of a model whose head takes measures of the picture
LOGITS = "logits"
PROBABILITIES = "probabilities"
FEATURES = "features"  # what the body sees, and the head is given; graphs exported before 2026-11-26 do not give it


class Graph:
    """The graph of a bundle, run on the processor."""

    def __init__(self, model: bytes, *, threads: int = 0, engine: OpenEngine = open_onnxruntime) -> None:
        """Load a graph.

        Args:
            model: the bytes of `model.onnx`, or of the same graph in another form.
            threads: how many threads compute; 0 takes as many as there are cores.
            engine: what runs it.

        Raises:
            BundleError: the bytes are no graph that the engine can run, or it is not one of ours.
        """
        self._engine = engine(model, threads)
        inputs, outputs = self._engine.inputs, self._engine.outputs
        measured = MEASURES in inputs
        wrong = set(inputs) - {MEASURES} != {INPUT} or inputs[INPUT].kind != "uint8"
        if wrong or PROBABILITIES not in outputs or (measured and inputs[MEASURES].kind != "float32"):
            raise BundleError(f"model.onnx takes {sorted(inputs)} and gives {sorted(outputs)}; a bundle's graph takes "
                              f"'{INPUT}' as uint8 (and '{MEASURES}' as float) and gives "
                              f"'{PROBABILITIES}'")  # fmt: skip
        self.measure_count: int = inputs[MEASURES].shape[-1] or 0 if measured else 0
        self.shape = inputs[INPUT].shape[1:]  # (height, width, channels)
        self.class_count: int = outputs[PROBABILITIES].shape[-1] or 0
        self.gives_features = FEATURES in outputs

    def __call__(
        self, pixels: npt.NDArray[np.uint8], measures: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the probabilities of prepared pictures.

        Args:
            pixels: (pictures, height, width, channels) uint8, any number of pictures, none included.
            measures: (pictures, measures) float32, of a graph that takes them.

        Returns:
            (pictures, classes) float32, each row summing to 1.
        """
        self._check(pixels)
        if not len(pixels):
            return np.zeros((0, self.class_count), np.float32)
        (probabilities,) = self._engine.run([PROBABILITIES], self._given(pixels, measures))
        return np.asarray(probabilities, np.float32)

    def features(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return what the body sees in prepared pictures, (pictures, features) float32; at least one picture.

        Raises:
            BundleError: the graph does not give it.
        """
        self._check(pixels)
        if not self.gives_features:
            raise BundleError("model.onnx gives no features: the bundle was exported by an older rushes. "
                              "Export the run again: rushes export RUN")  # fmt: skip
        unread = np.zeros((len(pixels), self.measure_count), np.float32) if self.measure_count else None
        (features,) = self._engine.run([FEATURES], self._given(pixels, unread))
        return np.asarray(features, np.float32)

    def _given(
        self, pixels: npt.NDArray[np.uint8], measures: npt.NDArray[np.float32] | None
    ) -> dict[str, npt.NDArray[np.generic]]:
        shape = None if measures is None else measures.shape
        if shape != ((len(pixels), self.measure_count) if self.measure_count else None):
            raise ValueError(f"the graph takes {self.measure_count} measures of {len(pixels)} pictures, got {shape}")
        given: dict[str, npt.NDArray[np.generic]] = {INPUT: np.ascontiguousarray(pixels)}
        return given if measures is None else given | {MEASURES: np.ascontiguousarray(measures, np.float32)}

    def _check(self, pixels: npt.NDArray[np.uint8]) -> None:
        if pixels.dtype != np.uint8 or pixels.shape[1:] != self.shape:
            raise ValueError(f"the graph takes uint8 {self.shape}, got {pixels.dtype} {pixels.shape[1:]}")
