"""The proof that a bundle's graph computes what the trained network did, on sample pictures kept in the bundle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import EXPECTED_FILE, GRAPH_FILE, SAMPLES_FILE, Bundle
from rushes.bundles.engines import OpenEngine, open_onnxruntime
from rushes.bundles.graph import Graph
from rushes.errors import BundleError
from rushes.storage.files import write_bytes, write_json

TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Parity:
    """How near two tables of probabilities are.

    Attributes:
        pictures: how many rows were compared.
        largest_difference: of any probability, absolute.
        disagreements: rows whose most probable class is another, other than by a tie within the tolerance.
    """

    pictures: int
    largest_difference: float
    disagreements: int
    tolerance: float = TOLERANCE

    @property
    def holds(self) -> bool:
        return self.largest_difference <= self.tolerance and self.disagreements == 0


def compare(
    expected: npt.NDArray[np.float32], found: npt.NDArray[np.float32], *, tolerance: float = TOLERANCE
) -> Parity:
    """Return how near the probabilities found are to those expected.

    Args:
        expected, found: (pictures, classes). A value that is not a number is an infinite difference.

    Raises:
        ValueError: the shapes differ, or there is nothing to compare.
    """
    if expected.shape != found.shape or expected.ndim != 2 or not expected.size:
        raise ValueError(f"two tables of one shape, not empty, can be compared; got {expected.shape}, {found.shape}")
    with np.errstate(invalid="ignore"):
        difference = np.abs(expected.astype(np.float64) - found.astype(np.float64))
        difference[~np.isfinite(difference)] = np.inf
        margin = expected.max(axis=1) - expected[np.arange(len(expected)), found.argmax(axis=1)]
    disagreements = int((~(margin <= 2 * tolerance)).sum())
    return Parity(len(expected), float(difference.max()), disagreements, tolerance)


def write_samples(
    folder: Path,
    *,
    pixels: npt.NDArray[np.uint8],
    names: Sequence[str],
    probabilities: npt.NDArray[np.float32],
    certificate: Mapping[str, Any],
    measures: npt.NDArray[np.float32] | None = None,
) -> None:
    """Write sample pictures and what the trained network answers to them into a bundle's folder.

    Args:
        pixels: (pictures, height, width, channels) uint8, prepared.
        certificate: what was compared at export, as plain values.
        measures: (pictures, measures) float32, of a model that takes them.
    """
    packed = io.BytesIO()
    if measures is None:
        np.savez_compressed(packed, pixels=pixels)
    else:
        np.savez_compressed(packed, pixels=pixels, measures=measures)
    write_bytes(folder / SAMPLES_FILE, packed.getvalue())
    expected = {
        "schema": "parity/1",
        "tolerance": TOLERANCE,
        "samples": list(names),
        "probabilities": [[float(value) for value in row] for row in probabilities],
        "certificate": dict(certificate),
    }
    write_json(folder / EXPECTED_FILE, expected)


def find_parity(
    bundle: Bundle,
    *,
    file: str = GRAPH_FILE,
    engine: OpenEngine = open_onnxruntime,
    tolerance: float | None = None,
    threads: int = 1,
) -> Parity:
    """Run a bundle on its own sample pictures, here and now, and return how near it comes to the trained network.

    Args:
        file: of the bundle, what is run; `engine` runs it.
        tolerance: None takes the one that the bundle states.

    Raises:
        BundleError: the samples cannot be read, or the file cannot be run.
    """
    try:
        expected = json.loads(bundle.read(EXPECTED_FILE))
        with np.load(io.BytesIO(bundle.read(SAMPLES_FILE)), allow_pickle=False) as samples:
            pixels = samples["pixels"]
            measures = samples.get("measures")
        wanted = np.array(expected["probabilities"], np.float32)
        found = Graph(bundle.read(file), threads=threads, engine=engine)(pixels, measures)
        return compare(wanted, found, tolerance=float(expected["tolerance"]) if tolerance is None else tolerance)
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{bundle.folder}: the parity samples cannot be read ({error}). "
                          "Export the run again: rushes export RUN") from error  # fmt: skip


def check_parity(bundle: Bundle, *, threads: int = 1) -> Parity:
    """Run a bundle's graph on its own sample pictures, here and now, and return how near it comes.

    Raises:
        BundleError: the samples cannot be read, or this machine computes something else than was certified.
    """
    parity = find_parity(bundle, threads=threads)
    if not parity.holds:
        raise BundleError(
            f"{bundle.folder}: on this machine the model does not compute what it was certified to: probabilities "
            f"differ by up to {parity.largest_difference:.2g} (allowed {parity.tolerance:.0e}), "
            f"{parity.disagreements} of {parity.pictures} answers are others. Update onnxruntime, then try again"
        )
    return parity
