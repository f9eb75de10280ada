"""What a model takes beside pixels: the measures of a photograph, which they are and how they were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.stored_form import StoredForm
from rushes.footage.photo_measures import LONG_SIDE, VECTOR_NAMES, VERSION, PhotoMeasures, measure_photograph, vector_of
from rushes.footage.picture import PictureSize
from rushes.footage.subject import Faces

FACES_FILE = "measures/faces.onnx"  # in the folder of a run or a bundle: the detector that its measures need


@dataclass(frozen=True, slots=True)
class MeasuredInput:
    """Which measures a model takes, in this order, and how they were measured.

    Attributes:
        names: of the numbers, as `VECTOR_NAMES` has them.
        version: of the way in which they are measured.
        long_side: pixels that a picture is shrunk to before it is measured.
        faces: SHA-256 of the face detector; "" without.
        stored: how the pictures of training were stored, which leaves its traces in what is measured, in the grain
            most of all; None where it is not known, or before 2026-11-26.
    """

    names: tuple[str, ...] = VECTOR_NAMES
    version: int = VERSION
    long_side: int = LONG_SIDE
    faces: str = ""
    stored: StoredForm | None = None

    def why_not_now(self) -> str:
        """Return in what this rushes measures otherwise, in words; "" where a model gets what it was trained on."""
        if self.version != VERSION or self.long_side != LONG_SIDE:
            return (f"it takes measures of version {self.version} at {self.long_side} pixels, this rushes measures "
                    f"version {VERSION} at {LONG_SIDE}")  # fmt: skip
        if self.names != VECTOR_NAMES:
            return f"it takes {len(self.names)} measures, this rushes knows {len(VECTOR_NAMES)} in another order"
        return ""

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "names": list(self.names),
            "version": self.version,
            "long_side": self.long_side,
            "faces": self.faces or None,
            "stored": self.stored.to_table() if self.stored is not None else None,
        }

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> MeasuredInput:
        """Return what its `to_table` described.

        Raises:
            KeyError, TypeError, ValueError: the table describes none.
        """
        stored = table.get("stored")
        return cls(
            tuple(table["names"]),
            int(table["version"]),
            int(table["long_side"]),
            str(table["faces"] or ""),
            StoredForm.from_table(stored) if stored is not None else None,
        )


class Measurer:
    """Measures pictures as a model takes them; may be used by several threads."""

    def __init__(self, measured: MeasuredInput, folder: Path) -> None:
        """Read the face detector, where the measures need one.

        Args:
            folder: of the run or bundle that takes them.

        Raises:
            WeightsError: the detector is missing, or none.
        """
        self._faces = Faces(folder / FACES_FILE) if measured.faces else None
        self._stored = measured.stored

    def as_stored(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return a picture at the size at which frames are kept as training read it to measure it."""
        return (
            pixels if self._stored is None else self._stored.applied_to(pixels, size=PictureSize(long_side=LONG_SIDE))
        )

    def __call__(
        self, pixels: npt.NDArray[np.uint8], measured: PhotoMeasures | None = None, *, stored: bool = False
    ) -> npt.NDArray[np.float32]:
        """Return (measures,) float32 of a picture, (height, width, 3), at the size at which frames are kept.

        Args:
            measured: what was measured of this picture `as_stored` already, with this detector.
            stored: whether it was stored in a project before.
        """
        if measured is None:
            measured = measure_photograph(pixels if stored else self.as_stored(pixels), faces=self._faces)
        return vector_of(measured)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One picture as a model takes it.

    Attributes:
        pixels: (height, width, channels) uint8, of the model's preprocessing.
        measures: (measures,) float32; None of a model that takes pixels alone.
    """

    pixels: npt.NDArray[np.uint8]
    measures: npt.NDArray[np.float32] | None = None


def stack_measures(pictures: Sequence[Prepared]) -> npt.NDArray[np.float32] | None:
    """Return the measures of pictures, (pictures, measures); None where they have none."""
    found = [one.measures for one in pictures if one.measures is not None]
    return np.stack(found) if found else None
