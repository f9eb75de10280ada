"""An ONNX graph as a function from what is read of shots to the probabilities of each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rushes.bundles.engines import OpenEngine, open_onnxruntime
from rushes.datasets.shot_sample import StackedShots
from rushes.errors import BundleError

FRAME_INPUTS = ("pixels", "mask")
SUBJECT_INPUT = "subject"
AGGREGATES_INPUT = "aggregates"
SERIES_INPUTS = ("series", "series_mask")
INPUTS = (*FRAME_INPUTS, SUBJECT_INPUT, *SERIES_INPUTS, AGGREGATES_INPUT)

Table = npt.NDArray[np.float32]


def output_of(task: str) -> str:
    """Return the name of the output that holds the probabilities of a task."""
    return f"{task}_probabilities"


class ShotGraph:
    """The graph of a bundle of shots, run on the processor.

    Attributes:
        inputs: which of `INPUTS` it takes, in their order.
        frame_shape: (height, width, channels) of a frame; None where it takes none.
    """

    def __init__(
        self,
        model: bytes,
        tasks: Mapping[str, Sequence[str]],
        *,
        threads: int = 0,
        engine: OpenEngine = open_onnxruntime,
    ) -> None:
        """Load a graph.

        Args:
            model: the bytes of `model.onnx`.
            tasks: task -> its classes.
            threads: how many threads compute; 0 takes as many as there are cores.
            engine: what runs it.

        Raises:
            BundleError: the bytes are no graph that the engine can run, or it does not answer these tasks.
        """
        self._engine = engine(model, threads)
        inputs, outputs = self._engine.inputs, self._engine.outputs
        wanted = {output_of(task): len(classes) for task, classes in tasks.items()}
        found = {name: outputs[name].shape[-1] if name in outputs else None for name in wanted}
        if not inputs.keys() <= set(INPUTS) or found != wanted:
            raise BundleError(
                f"model.onnx takes {sorted(inputs)} and gives {found}; a bundle of shots takes some of "
                f"{', '.join(INPUTS)} and gives {wanted}. Export the run again: rushes export RUN"
            )
        self.inputs = tuple(name for name in INPUTS if name in inputs)
        pixels = inputs.get("pixels")
        self.frame_shape = None if pixels is None else pixels.shape[2:]
        self._tasks = tuple(tasks)

    def __call__(self, shots: StackedShots) -> dict[str, Table]:
        """Return for each task the probabilities of the shots: (shots, classes) float32, each row summing to 1."""
        given = {name: np.ascontiguousarray(getattr(shots, name)) for name in self.inputs}
        if self.frame_shape is not None and shots.pixels.shape[2:] != self.frame_shape:
            raise ValueError(f"the graph takes frames of {self.frame_shape}, got {shots.pixels.shape[2:]}")
        tables = self._engine.run([output_of(task) for task in self._tasks], given)
        return {task: np.asarray(table, np.float32) for task, table in zip(self._tasks, tables, strict=True)}
