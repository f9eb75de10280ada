"""The value ShotBundle: a bundle that answers several tasks about shots, and the folder it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.bundles.bundle import (
    CARD_FILE,
    CLASSES_FILE,
    CONFIG_FILE,
    EXPECTED_FILE,
    GRAPH_FILE,
    PREPROCESSING_FILE,
    SAMPLES_FILE,
    SHOTS_SCHEMA,
    WEIGHTS_FILE,
    is_of_shots,
)
from rushes.bundles.calibrated import calibration_of_bundle
from rushes.bundles.sealed import SealedFolder, not_understood, open_sealed, read_table, schema_of, seal_folder
from rushes.bundles.thresholded import THRESHOLDS_FILE, thresholds_of_bundle
from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.shot_sample import ShotReading
from rushes.errors import BundleError
from rushes.footage.movement import FEATURES, SERIES_COLUMNS
from rushes.footage.signals import SCHEMA as SCAN_SCHEMA
from rushes.learning.calibration import CALIBRATION_FILE, Calibration

SHOTS_FILE = "shots.json"
FACES_FILE = "faces.onnx"  # a face detector, where subjects are found by one
CLASSES_SCHEMA = "shot-classes/1"
READING_SCHEMA = "shot-reading/1"
REQUIRED_FILES = (
    CONFIG_FILE,
    GRAPH_FILE,
    WEIGHTS_FILE,
    CLASSES_FILE,
    PREPROCESSING_FILE,
    SHOTS_FILE,
    SAMPLES_FILE,
    EXPECTED_FILE,
    CARD_FILE,
)
TASK_FILES = (CALIBRATION_FILE, THRESHOLDS_FILE)  # in a folder of each task's name, of a run that was evaluated


@dataclass(frozen=True, slots=True)
class ShotBundle(SealedFolder):
    """A portable, tested model of shots in a folder whose every file is known by its digest.

    Attributes:
        tasks: task -> its classes, in the order of the probabilities.
        reading: what of each shot it is shown.
        looks: whether it looks at frames; otherwise the measured motion is all it goes by.
        calibrations: task -> what the graph's probabilities are turned into, of every task; older bundles leave them.
        thresholds: task -> class -> probability from which on a shot is taken for it, whatever else it may be, without
            those for which none could be chosen. Without tasks that were not evaluated with a validation.
    """

    tasks: Mapping[str, tuple[str, ...]]
    reading: ShotReading
    looks: bool
    calibrations: Mapping[str, Calibration]
    thresholds: Mapping[str, Mapping[str, float]]


def file_of_task(task: str, file: str) -> str:
    """Return the name within a bundle of what is stated of one task alone: `scale/calibration.json`."""
    return f"{task}/{file}"


def open_shot_bundle(path: Path) -> ShotBundle:
    """Return the bundle of shots in a folder, every file checked against its digest; needs no torch.

    Raises:
        BundleError: there is none, a file is missing or was altered, it is of pictures, or the motion that it goes by
            is measured otherwise by this rushes.
    """
    if schema_of(path) is not None and not is_of_shots(path):
        raise BundleError(f"{path} answers about pictures, not about shots. Give a bundle of a run on shots")
    sealed = open_sealed(path, schema=SHOTS_SCHEMA, required=REQUIRED_FILES)
    classes = read_table(sealed.folder / CLASSES_FILE, CLASSES_SCHEMA)
    preprocessing = read_table(sealed.folder / PREPROCESSING_FILE, "preprocessing/1")
    table = read_table(sealed.folder / SHOTS_FILE, READING_SCHEMA)
    try:
        _check_motion(sealed.folder, table["motion"])
        faces = sealed.files.get(FACES_FILE)
        tasks = {task: tuple(names) for task, names in classes["tasks"].items()}
        return ShotBundle(
            folder=sealed.folder,
            id=sealed.id,
            name=sealed.name,
            run=sealed.run,
            files=sealed.files,
            tasks=tasks,
            reading=ShotReading(
                Preprocessing.from_table(preprocessing),
                frames=int(table["frames"]),
                choice=table["choice"],
                subject=bool(table["subject"]),
                faces=None if faces is None else (str(sealed.folder / FACES_FILE), faces),
            ),
            looks=bool(table["looks"]),
            calibrations={
                task: calibration_of_bundle(sealed, names, file=file_of_task(task, CALIBRATION_FILE))
                for task, names in tasks.items()
            },
            thresholds=_thresholds_of(sealed, tasks),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_understood(sealed.folder, error) from error


def seal_shot_bundle(folder: Path, *, name: str, run: Mapping[str, Any]) -> ShotBundle:
    """Write `bundle.json` over the files that stand in a folder, and return the bundle.

    Args:
        run: provenance, as plain values.

    Raises:
        BundleError: a file that every bundle of shots has is missing.
    """
    seal_folder(folder, schema=SHOTS_SCHEMA, name=name, run=run)
    return open_shot_bundle(folder)


def table_of_reading(reading: ShotReading, *, looks: bool, by_motion: bool) -> dict[str, Any]:
    """Return what `shots.json` holds.

    Args:
        looks: whether the network looks at frames; `by_motion` whether it goes by the measured motion.
    """
    motion = {"scan": SCAN_SCHEMA, "features": list(FEATURES), "series": list(SERIES_COLUMNS)}
    return {
        "schema": READING_SCHEMA,
        "frames": reading.frames,
        "choice": reading.choice,
        "subject": reading.subject,
        "looks": looks,
        "motion": motion if by_motion else None,
    }


def _thresholds_of(sealed: SealedFolder, tasks: Mapping[str, tuple[str, ...]]) -> dict[str, dict[str, float]]:
    found = {
        task: thresholds_of_bundle(sealed, names, file=file_of_task(task, THRESHOLDS_FILE))
        for task, names in tasks.items()
    }
    return {task: thresholds for task, thresholds in found.items() if thresholds is not None}


def _check_motion(folder: Path, motion: Mapping[str, Any] | None) -> None:
    """Raise BundleError where a bundle goes by motion that this rushes measures otherwise."""
    if motion is None:
        return
    ours: dict[str, Any] = {"scan": SCAN_SCHEMA, "features": list(FEATURES), "series": list(SERIES_COLUMNS)}
    for key, what in (
        ("scan", "scans"),
        ("series", "columns of the motion"),
        ("features", "numbers of a shot's motion"),
    ):
        if motion[key] != ours[key]:
            raise BundleError(f"{folder} was made for other {what} than this rushes measures "
                              f"({_described(motion[key])}, here {_described(ours[key])}). Train again with this "
                              "version, then export: rushes export RUN")  # fmt: skip


def _described(stated: Any) -> str:
    return f"'{stated}'" if isinstance(stated, str) else f"{len(stated)} of them"
