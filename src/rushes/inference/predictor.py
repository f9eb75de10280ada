"""A bundle as a function from pixels to probabilities, by one of its runtimes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import Bundle
from rushes.bundles.graph import Graph
from rushes.bundles.runtimes import DEFAULT, choose_runtime
from rushes.datasets.measured_input import Prepared, stack_measures
from rushes.errors import BundleError
from rushes.inference.preparer import Preparer

BATCH_SIZE = 8  # more are no faster on a processor, and what the runtime takes for them it keeps
_RANGES_OF_BATCH = b"DynamicQuantizeLinear"


class Predictor(Preparer):
    """A loaded bundle; safe to call from several threads at once.

    Attributes:
        runtime: name of what runs the graph.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0, runtime: str = DEFAULT) -> None:
        """Load the graph of a bundle.

        Args:
            threads: how many threads compute; 0 takes as many as there are cores.
            runtime: name of what runs it; another than the default is held against the stored samples first.

        Raises:
            BundleError: the graph was altered, cannot be run, or does not fit what the bundle says of it; or the
                runtime cannot run here, or was not found good enough.
        """
        chosen = choose_runtime(bundle, runtime)
        self.bundle = bundle
        self.runtime = chosen.name
        model = bundle.read(chosen.file)
        self._graph = Graph(model, threads=threads, engine=chosen.engine)
        # Of such a graph the widest value of all pictures that are computed together decides how each is rounded.
        self._alone = _RANGES_OF_BATCH in model
        shown = bundle.preprocessing
        if self._graph.shape != (shown.height, shown.width, shown.channels):
            raise BundleError(f"{bundle.folder}: the graph takes pictures of {self._graph.shape}, its preprocessing "
                              f"makes {(shown.height, shown.width, shown.channels)}. Export the run again")  # fmt: skip
        if self._graph.class_count != len(bundle.classes):
            raise BundleError(f"{bundle.folder}: the graph answers {self._graph.class_count} classes, the bundle names "
                              f"{len(bundle.classes)}. Export the run again")  # fmt: skip
        count = len(bundle.measures.names) if bundle.measures is not None else 0
        if self._graph.measure_count != count:
            raise BundleError(f"{bundle.folder}: the graph takes {self._graph.measure_count} measures, its "
                              f"preprocessing names {count}. Export the run again")  # fmt: skip
        super().__init__(bundle)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self.bundle.classes

    @property
    def thresholds(self) -> Mapping[str, float] | None:
        """Class -> probability from which on a picture is taken for it; None of a bundle without."""
        return self.bundle.thresholds

    def probabilities(self, pixels: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
        """Return the probabilities of pictures of any sizes, as the bundle calibrates them.

        Args:
            pixels: of each picture, (height, width, 3) RGB uint8.

        Returns:
            (pictures, classes) float32, each row summing to 1.
        """
        return self.probabilities_of_prepared([self.prepared(one) for one in pixels])

    def probabilities_of_prepared(
        self, pictures: Sequence[Prepared], *, whole: bool = False
    ) -> npt.NDArray[np.float32]:
        """Return the probabilities, calibrated, of pictures that `prepared` made: (pictures, classes) float32.

        Args:
            whole: compute by whole batches, the last of which is filled up. The last bits of an answer depend on how
                many pictures are computed together, not on which: so they are the same whatever stands beside it.
        """
        size = 1 if whole and self._alone else BATCH_SIZE
        parts = []
        for at in range(0, len(pictures), size):
            some = list(pictures[at : at + size])
            filled = some + [some[-1]] * (size - len(some)) if whole else some
            answers = self._graph(np.stack([one.pixels for one in filled]), stack_measures(filled))
            parts.append(answers[: len(some)])
        raw = np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)
        return self.bundle.calibration.apply(raw)

    def features_of_prepared(self, pictures: Sequence[Prepared]) -> npt.NDArray[np.float32] | None:
        """Return what the body sees in pictures that `prepared` made, (pictures, features) float32.

        None where there are no pictures, or the bundle's graph does not give it.
        """
        if not self._graph.gives_features or not pictures:
            return None
        pixels = [one.pixels for one in pictures]
        parts = [
            self._graph.features(np.stack(pixels[at : at + BATCH_SIZE])) for at in range(0, len(pixels), BATCH_SIZE)
        ]
        return np.concatenate(parts)
