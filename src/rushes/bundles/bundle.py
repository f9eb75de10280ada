"""The value Bundle, and the folder it stands for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rushes.bundles.calibrated import calibration_of_bundle
from rushes.bundles.sealed import AGAIN, SealedFolder, not_understood, open_sealed, read_table, schema_of, seal_folder
from rushes.bundles.thresholded import THRESHOLDS_FILE, thresholds_of_bundle
from rushes.datasets.measured_input import FACES_FILE, MeasuredInput
from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import BundleError
from rushes.learning.calibration import CALIBRATION_FILE, UNCALIBRATED, Calibration
from rushes.wish import Wish, parse_wish

SCHEMA = "bundle/1"
SHOTS_SCHEMA = "shot-bundle/1"  # of a bundle that answers about shots, in several tasks
CONFIG_FILE = "config.json"
GRAPH_FILE = "model.onnx"
INT8_FILE = "model.int8.onnx"  # the same graph in 8-bit integers; only where validation found it good enough
LITERT_FILE = "model.tflite"  # the same network for phones and small boards; only where an export was asked for it
WEIGHTS_FILE = "model.safetensors"
CLASSES_FILE = "classes.json"
PREPROCESSING_FILE = "preprocessing.json"
SAMPLES_FILE = "parity/samples.npz"
EXPECTED_FILE = "parity/expected.json"
RUNTIMES_FILE = "parity/runtimes.json"  # what was found of other runtimes; older bundles have none
CARD_FILE = "README.md"
REQUIRED_FILES = (
    CONFIG_FILE,
    GRAPH_FILE,
    WEIGHTS_FILE,
    CLASSES_FILE,
    PREPROCESSING_FILE,
    SAMPLES_FILE,
    EXPECTED_FILE,
    CARD_FILE,
)
OPTIONAL_FILES = (INT8_FILE, LITERT_FILE, RUNTIMES_FILE, CALIBRATION_FILE, THRESHOLDS_FILE, FACES_FILE)


@dataclass(frozen=True, slots=True)
class Bundle(SealedFolder):
    """A portable, tested model in a folder whose every file is known by its digest.

    Attributes:
        task: name of the question it answers.
        classes: the answers, in the order of the graph's outputs.
        working_size: what a picture is first shrunk to, as ingest did: `640` (long side) or `640x360`.
        thresholds: class -> probability from which on a picture is taken for it, whatever else it may be; without
            those for which none could be chosen. None of a bundle whose run was not evaluated with a validation.
        calibration: what the graph's probabilities are turned into; older bundles have none.
        measures: which measures of a picture the graph takes beside pixels; None of most bundles.
    """

    task: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    working_size: str
    thresholds: Mapping[str, float] | None = field(default=None)
    calibration: Calibration = UNCALIBRATED
    measures: MeasuredInput | None = None


def is_of_shots(path: Path) -> bool:
    """Return whether a bundle answers about shots, in any version; `rushes.bundles.shot_bundle` opens such a one."""
    return (schema_of(path) or "").partition("/")[0] == SHOTS_SCHEMA.partition("/")[0]


def open_bundle(path: Path) -> Bundle:
    """Return the bundle in a folder, every file checked against its digest; needs no torch and unpickles nothing.

    Raises:
        BundleError: there is none, it is of another schema, a file is missing or was altered, or this rushes measures
            photographs otherwise than the bundle was trained on.
    """
    if is_of_shots(path):
        raise BundleError(f"{path} answers about shots, not about pictures. Give a bundle of a run on pictures")
    sealed = open_sealed(path, schema=SCHEMA, required=REQUIRED_FILES)
    classes = read_table(sealed.folder / CLASSES_FILE, "classes/1")
    preprocessing = read_table(sealed.folder / PREPROCESSING_FILE, "preprocessing/1")
    try:
        working_size = str(preprocessing.pop("working_size"))
        measures = _measures_of(preprocessing.pop("measures", None), sealed)
        return Bundle(
            folder=sealed.folder,
            id=sealed.id,
            name=sealed.name,
            run=sealed.run,
            files=sealed.files,
            task=classes["task"],
            classes=tuple(classes["classes"]),
            preprocessing=Preprocessing.from_table(preprocessing),
            working_size=working_size,
            thresholds=thresholds_of_bundle(sealed, tuple(classes["classes"])),
            calibration=calibration_of_bundle(sealed, tuple(classes["classes"])),
            measures=measures,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise not_understood(sealed.folder, error) from error


def _measures_of(table: Mapping[str, Any] | None, sealed: SealedFolder) -> MeasuredInput | None:
    """Return which measures a bundle takes.

    Raises:
        BundleError: this rushes measures otherwise, or the bundle's face detector is another one.
    """
    if table is None:
        return None
    measured = MeasuredInput.from_table(table)
    if why := measured.why_not_now():
        raise BundleError(f"{sealed.folder} cannot be asked: {why}. Take the rushes that it was exported with, "
                          "or train its recipe again")  # fmt: skip
    if measured.faces and sealed.files.get(FACES_FILE) != measured.faces:
        raise BundleError(f"{sealed.folder}: {FACES_FILE} is not the face detector that it was trained with. {AGAIN}")
    return measured


def read_wishes(bundle: Bundle) -> dict[str, Wish]:
    """Return class -> what its threshold was chosen for; without those of which the bundle does not say it.

    Raises:
        BundleError: the thresholds are gone or were altered.
    """
    if bundle.thresholds is None:
        return {}
    stated = json.loads(bundle.read(THRESHOLDS_FILE))["thresholds"]
    found: dict[str, Wish] = {}
    for name in bundle.thresholds:
        with suppress(KeyError, ValueError):  # such as a newer rushes may have wishes of other kinds
            found[name] = parse_wish(str(stated[name]["wish"]))
    return found


def seal_bundle(folder: Path, *, name: str, task: str, run: Mapping[str, Any]) -> Bundle:
    """Write `bundle.json` over the files that stand in a folder, and return the bundle.

    Args:
        run: provenance, as plain values.

    Raises:
        BundleError: a file that every bundle has is missing.
    """
    seal_folder(folder, schema=SCHEMA, name=name, run=run, task=task)
    return open_bundle(folder)
