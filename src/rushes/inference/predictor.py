"""A bundle as a function from pixels to probabilities, by ONNX Runtime alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import GRAPH_FILE, Bundle
from rushes.bundles.graph import Graph
from rushes.datasets.measured_input import Measurer, Prepared, stack_measures
from rushes.datasets.preprocessing import prepare
from rushes.errors import BundleError
from rushes.footage.photo_measures import PhotoMeasures
from rushes.footage.picture import parse_size, resize

BATCH_SIZE = 32


class Predictor:
    """A loaded bundle; safe to call from several threads at once.

    Attributes:
        working_size: the size at which training pictures were kept, and that every picture is brought to first.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0) -> None:
        """Load the graph of a bundle.

        Args:
            threads: how many threads compute; 0 takes as many as there are cores.

        Raises:
            BundleError: the graph was altered, cannot be run, or does not fit what the bundle says of it.
        """
        self.bundle = bundle
        self._graph = Graph(bundle.read(GRAPH_FILE), threads=threads)
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
        self._measurer = Measurer(bundle.measures, bundle.folder) if bundle.measures is not None else None
        try:
            self.working_size = parse_size(bundle.working_size)
        except ValueError as error:
            raise BundleError(f"{bundle.folder}: its working size is wrong: {error}. Export the run again") from error

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self.bundle.classes

    @property
    def thresholds(self) -> Mapping[str, float] | None:
        """Class -> probability from which on a picture is taken for it; None of a bundle without."""
        return self.bundle.thresholds

    def as_stored(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return a picture as the graph's measures are taken of it: at the working size, and stored as in training."""
        kept = resize(pixels, self.working_size)
        return self._measurer.as_stored(kept) if self._measurer is not None else kept

    def prepared(
        self, pixels: npt.NDArray[np.uint8], *, measured: PhotoMeasures | None = None, stored: bool = False
    ) -> Prepared:
        """Return one picture as the graph takes it, by way of the size at which training pictures were kept.

        Args:
            pixels: (height, width, 3) RGB uint8, any size.
            measured: what `measure_photograph` said of this picture `as_stored`, with the bundle's own face detector or
                none if it has none; None measures it, where the graph takes measures.
            stored: whether the picture was stored in a project before, as those of training were.

        Returns:
            its pixels by the bundle's preprocessing, and its measures where the graph takes them.

        Raises:
            ValueError: these are no such pixels.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
            raise ValueError(f"pixels are (height, width, 3) uint8, not empty; got {pixels.shape} {pixels.dtype}")
        kept = resize(pixels, self.working_size)
        measures = self._measurer(kept, measured, stored=stored) if self._measurer is not None else None
        return Prepared(prepare(kept, self.bundle.preprocessing), measures)

    def probabilities(self, pixels: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
        """Return the probabilities of pictures of any sizes, as the bundle calibrates them.

        Args:
            pixels: of each picture, (height, width, 3) RGB uint8.

        Returns:
            (pictures, classes) float32, each row summing to 1.
        """
        return self.probabilities_of_prepared([self.prepared(one) for one in pixels])

    def probabilities_of_prepared(self, pictures: Sequence[Prepared]) -> npt.NDArray[np.float32]:
        """Return the probabilities, calibrated, of pictures that `prepared` made: (pictures, classes) float32."""
        batches = [list(pictures[at : at + BATCH_SIZE]) for at in range(0, len(pictures), BATCH_SIZE)]
        parts = [self._graph(np.stack([one.pixels for one in some]), stack_measures(some)) for some in batches]
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
