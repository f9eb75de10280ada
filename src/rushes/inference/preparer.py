"""A bundle's way from a picture to what its graph takes; needs no graph, so that a process may do just this."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import Bundle
from rushes.datasets.measured_input import Measurer, Prepared
from rushes.datasets.preprocessing import prepare
from rushes.errors import BundleError
from rushes.footage.photo_measures import PhotoMeasures
from rushes.footage.picture import parse_size, resize


class Preparer:
    """What makes pictures ready for a bundle's graph; safe to call from several threads at once.

    Attributes:
        working_size: the size at which training pictures were kept, and that every picture is brought to first.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Take a bundle's preprocessing, and load the face detector where its measures need one.

        Raises:
            BundleError: its working size is wrong.
        """
        self._preprocessing = bundle.preprocessing
        self._measurer = Measurer(bundle.measures, bundle.folder) if bundle.measures is not None else None
        try:
            self.working_size = parse_size(bundle.working_size)
        except ValueError as error:
            raise BundleError(f"{bundle.folder}: its working size is wrong: {error}. Export the run again") from error

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
        return Prepared(prepare(kept, self._preprocessing), measures)
