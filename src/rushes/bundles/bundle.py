"""The value Bundle, and the folder it stands for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import BundleError
from rushes.storage.files import digest_of_bytes, digest_of_file, write_json

SCHEMA = "bundle/1"
BUNDLE_FILE = "bundle.json"
CONFIG_FILE = "config.json"
GRAPH_FILE = "model.onnx"
WEIGHTS_FILE = "model.safetensors"
CLASSES_FILE = "classes.json"
PREPROCESSING_FILE = "preprocessing.json"
SAMPLES_FILE = "parity/samples.npz"
EXPECTED_FILE = "parity/expected.json"
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


@dataclass(frozen=True, slots=True)
class Bundle:
    """A portable, tested model in a folder whose every file is known by its digest.

    Attributes:
        id: SHA-256, in hex, of all that `bundle.json` states, the digests of the files included.
        task: name of the question it answers.
        classes: the answers, in the order of the graph's outputs.
        working_size: what a picture is first shrunk to, as ingest did: `640` (long side) or `640x360`.
        run: where it comes from: the run's name, time, and digests of its manifest and split.
        files: name within the folder -> SHA-256.
    """

    folder: Path
    id: str
    name: str
    task: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    working_size: str
    run: Mapping[str, Any]
    files: Mapping[str, str]

    def read(self, name: str) -> bytes:
        """Return the bytes of one file.

        Raises:
            BundleError: the file is not of this bundle, is gone, or was altered.
        """
        if name not in self.files:
            raise BundleError(f"{self.folder}: the bundle has no file {name}")
        try:
            data = (self.folder / name).read_bytes()
        except OSError as error:
            raise BundleError(f"{self.folder}: {name} cannot be read ({error.strerror}). {_AGAIN}") from error
        _check_digest(self.folder, name, digest_of_bytes(data), self.files[name])
        return data


_AGAIN = "Copy the whole bundle again, or export it again: rushes export RUN"


def open_bundle(path: Path) -> Bundle:
    """Return the bundle in a folder, every file checked against its digest; needs no torch and unpickles nothing.

    Raises:
        BundleError: there is none, it is of another schema, or a file is missing or was altered.
    """
    folder = path.parent if path.name == BUNDLE_FILE else path
    record = _read_record(folder)
    files = _checked_files(folder, record)
    if record.get("id") != _digest_of_record(record):
        raise BundleError(f"{folder / BUNDLE_FILE}: it was altered since it was written: its id is not that of its "
                          f"content. {_AGAIN}")  # fmt: skip
    for name, recorded in files.items():
        if not (folder / name).is_file():
            raise BundleError(f"{folder}: {name} is missing. {_AGAIN}")
        _check_digest(folder, name, digest_of_file(folder / name), recorded)
    try:
        classes = tuple(_read_table(folder / CLASSES_FILE, "classes/1")["classes"])
        preprocessing = _read_table(folder / PREPROCESSING_FILE, "preprocessing/1")
        working_size = str(preprocessing.pop("working_size"))
        return Bundle(
            folder=folder,
            id=record["id"],
            name=record["name"],
            task=record["task"],
            classes=classes,
            preprocessing=Preprocessing.from_table(preprocessing),
            working_size=working_size,
            run=record["run"],
            files=files,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{folder}: what the bundle states cannot be understood ({error!r}). {_AGAIN}") from error


def seal_bundle(folder: Path, *, name: str, task: str, run: Mapping[str, Any]) -> Bundle:
    """Write `bundle.json` over the files that stand in a folder, and return the bundle.

    Args:
        run: provenance, as plain values.

    Raises:
        BundleError: a file that every bundle has is missing.
    """
    files = {
        file.relative_to(folder).as_posix(): digest_of_file(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != BUNDLE_FILE
    }
    record: dict[str, Any] = {"schema": SCHEMA, "id": "", "name": name, "task": task, "run": dict(run), "files": files}
    record["id"] = _digest_of_record(record)
    write_json(folder / BUNDLE_FILE, record)
    return open_bundle(folder)


def _digest_of_record(record: Mapping[str, Any]) -> str:
    stated = {key: value for key, value in record.items() if key != "id"}
    canonical = json.dumps(stated, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read_record(folder: Path) -> dict[str, Any]:
    if not (folder / BUNDLE_FILE).is_file():
        if (folder / "run.json").is_file():
            raise BundleError(f"{folder} is a run, not a bundle. Make a bundle of it: rushes export {folder}")
        found = "there is no such folder" if not folder.exists() else f"it holds no {BUNDLE_FILE}"
        raise BundleError(f"{folder} is not a bundle: {found}. Make one of a run: rushes export RUN")
    return _read_table(folder / BUNDLE_FILE, SCHEMA)


def _read_table(path: Path, schema: str) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} cannot be read as JSON ({error}). {_AGAIN}") from error
    found = table.get("schema") if isinstance(table, dict) else None
    if not isinstance(table, dict) or found != schema:
        raise BundleError(f"{path}: its schema is {found!r}, this rushes reads '{schema}'. "
                          "Update rushes, or export the run again: rushes export RUN")  # fmt: skip
    return table


def _checked_files(folder: Path, record: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of a record, or raise where a name leaves the folder or a file of every bundle is not named."""
    files = record.get("files")
    if not isinstance(files, dict):
        raise BundleError(f"{folder / BUNDLE_FILE}: it lists no files. {_AGAIN}")
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
            raise BundleError(f"{folder / BUNDLE_FILE}: '{name}' is no file within the bundle. {_AGAIN}")
    absent = [name for name in REQUIRED_FILES if name not in files]
    if absent:
        raise BundleError(f"{folder}: {', '.join(absent)} is missing. {_AGAIN}")
    return files


def _check_digest(folder: Path, name: str, found: str, recorded: str) -> None:
    if found != recorded:
        raise BundleError(f"{folder}: {name} was altered since the export (SHA-256 {found[:12]}…, recorded "
                          f"{str(recorded)[:12]}…). {_AGAIN}")  # fmt: skip
