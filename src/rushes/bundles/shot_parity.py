"""The proof that the graph of a bundle of shots computes what the trained network did, on shots kept in the bundle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import EXPECTED_FILE, GRAPH_FILE, SAMPLES_FILE
from rushes.bundles.engines import OpenEngine, open_onnxruntime
from rushes.bundles.parity import TOLERANCE, Parity, compare
from rushes.bundles.shot_bundle import ShotBundle
from rushes.bundles.shot_graph import ShotGraph
from rushes.datasets.shot_sample import StackedShots
from rushes.errors import BundleError
from rushes.storage.files import write_bytes, write_json

SCHEMA = "shot-parity/1"

Tables = Mapping[str, npt.NDArray[np.float32]]


def compare_tasks(expected: Tables, found: Tables, *, tolerance: float = TOLERANCE) -> Parity:
    """Return how near the probabilities of all tasks are: of each number the worst.

    Args:
        expected, found: task -> (shots, classes).
    """
    each = [compare(expected[task], found[task], tolerance=tolerance) for task in expected]
    return Parity(
        pictures=each[0].pictures,
        largest_difference=max(one.largest_difference for one in each),
        disagreements=sum(one.disagreements for one in each),
        tolerance=tolerance,
    )


def shots_at(shots: StackedShots, rows: slice) -> StackedShots:
    """Return some shots of a stack."""
    return StackedShots(
        pixels=shots.pixels[rows],
        mask=shots.mask[rows],
        subject=None if shots.subject is None else shots.subject[rows],
        series=shots.series[rows],
        series_mask=shots.series_mask[rows],
        aggregates=shots.aggregates[rows],
    )


def write_shot_samples(
    folder: Path,
    *,
    shots: StackedShots,
    inputs: Sequence[str],
    names: Sequence[str],
    probabilities: Tables,
    certificate: Mapping[str, Any],
) -> None:
    """Write sample shots and what the trained network answers to them into a bundle's folder.

    Args:
        inputs: what the graph takes; nothing else is kept.
        certificate: what was compared at export, as plain values.
    """
    packed = io.BytesIO()
    np.savez_compressed(packed, **{name: getattr(shots, name) for name in inputs})
    write_bytes(folder / SAMPLES_FILE, packed.getvalue())
    expected = {
        "schema": SCHEMA,
        "tolerance": TOLERANCE,
        "samples": list(names),
        "probabilities": {
            task: [[float(value) for value in row] for row in table] for task, table in probabilities.items()
        },
        "certificate": dict(certificate),
    }
    write_json(folder / EXPECTED_FILE, expected)


def find_shot_parity(bundle: ShotBundle, *, engine: OpenEngine = open_onnxruntime, threads: int = 1) -> Parity:
    """Run a bundle's graph on its own sample shots, here and now, and return how near it comes to the trained network.

    Args:
        engine: what runs the graph.

    Raises:
        BundleError: the samples cannot be read, or the graph cannot be run.
    """
    try:
        expected = json.loads(bundle.read(EXPECTED_FILE))
        wanted = {task: np.array(expected["probabilities"][task], np.float32) for task in bundle.tasks}
        with np.load(io.BytesIO(bundle.read(SAMPLES_FILE)), allow_pickle=False) as samples:
            shots = _stacked({name: samples[name] for name in samples.files})
        graph = ShotGraph(bundle.read(GRAPH_FILE), bundle.tasks, threads=threads, engine=engine)
        return compare_tasks(wanted, graph(shots), tolerance=float(expected["tolerance"]))
    except (KeyError, ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{bundle.folder}: the parity samples cannot be read ({error}). "
                          "Export the run again: rushes export RUN") from error  # fmt: skip


def check_shot_parity(bundle: ShotBundle, *, threads: int = 1) -> Parity:
    """Run a bundle's graph on its own sample shots, here and now, and return how near it comes.

    Raises:
        BundleError: the samples cannot be read, or this machine computes something else than was certified.
    """
    parity = find_shot_parity(bundle, threads=threads)
    if not parity.holds:
        raise BundleError(
            f"{bundle.folder}: on this machine the model does not compute what it was certified to: probabilities "
            f"differ by up to {parity.largest_difference:.2g} (allowed {parity.tolerance:.0e}), "
            f"{parity.disagreements} answers are others. Update onnxruntime, then try again"
        )
    return parity


def _stacked(arrays: Mapping[str, npt.NDArray[Any]]) -> StackedShots:
    """Return kept arrays as a stack; what the graph does not take is empty."""
    nothing: dict[str, Any] = {field.name: np.zeros((0,), np.uint8) for field in fields(StackedShots)}
    return StackedShots(**{**nothing, **arrays})
