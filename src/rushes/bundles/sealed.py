"""A sealed folder: every file in it is known by its digest, and what it states by one digest of all that."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rushes.errors import BundleError
from rushes.storage.files import digest_of_bytes, digest_of_file, write_json

BUNDLE_FILE = "bundle.json"
AGAIN = "Copy the whole bundle again, or export it again: rushes export RUN"


@dataclass(frozen=True, slots=True)
class SealedFolder:
    """A folder whose every file was found as it was written.

    Attributes:
        id: SHA-256, in hex, of all that `bundle.json` states, the digests of the files included.
        run: where it comes from: the run's name, time, and digests of its manifest and split.
        files: name within the folder -> SHA-256.
    """

    folder: Path
    id: str
    name: str
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
            raise BundleError(f"{self.folder}: {name} cannot be read ({error.strerror}). {AGAIN}") from error
        _check_digest(self.folder, name, digest_of_bytes(data), self.files[name], AGAIN)
        return data


def schema_of(path: Path) -> str | None:
    """Return the schema that a bundle's `bundle.json` states; None where that cannot be read."""
    try:
        table = json.loads((folder_of(path) / BUNDLE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = table.get("schema") if isinstance(table, dict) else None
    return found if isinstance(found, str) else None


def is_page(schema: str) -> bool:
    """Return whether a schema is that of a page of a bundle, which a browser runs, in any version."""
    return schema.partition("/")[0] == "browser"


def folder_of(path: Path) -> Path:
    """Return the folder of a bundle, which its `bundle.json` may stand for."""
    return path.parent if path.name == BUNDLE_FILE else path


def list_bundles(home: Path) -> tuple[str, ...]:
    """Return the names of the folders in a folder that hold bundles, by name; pages of bundles are none."""
    stated = {file.parent.name: schema_of(file) for file in home.glob(f"*/{BUNDLE_FILE}")}
    return tuple(sorted(name for name, schema in stated.items() if schema is not None and not is_page(schema)))


def open_sealed(path: Path, *, schema: str, required: Sequence[str], again: str = AGAIN) -> SealedFolder:
    """Return what is sealed in a folder, every file checked against its digest.

    Args:
        required: files without which it is not whole.
        again: what to do where it was altered.

    Raises:
        BundleError: there is none, it is of another schema, or a file is missing or was altered.
    """
    folder = folder_of(path)
    record = _read_record(folder, schema, again)
    files = _checked_files(folder, record, required, again)
    if record.get("id") != _digest_of_record(record):
        raise BundleError(f"{folder / BUNDLE_FILE}: it was altered since it was written: its id is not that of its "
                          f"content. {again}")  # fmt: skip
    for name, recorded in files.items():
        if not (folder / name).is_file():
            raise BundleError(f"{folder}: {name} is missing. {again}")
        _check_digest(folder, name, digest_of_file(folder / name), recorded, again)
    try:
        return SealedFolder(folder, record["id"], record["name"], record["run"], files)
    except KeyError as error:
        raise not_understood(folder, error) from error


def not_understood(folder: Path, error: Exception) -> BundleError:
    """Return what to raise where a value that a bundle states is missing or makes no sense."""
    return BundleError(f"{folder}: what the bundle states cannot be understood ({error!r}). {AGAIN}")


def seal_folder(folder: Path, *, schema: str, name: str, run: Mapping[str, Any], **more: str) -> None:
    """Write `bundle.json` over the files that stand in a folder.

    Args:
        run: provenance, as plain values.
        more: what it states besides.
    """
    files = {
        file.relative_to(folder).as_posix(): digest_of_file(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != BUNDLE_FILE
    }
    record: dict[str, Any] = {"schema": schema, "id": "", "name": name, **more, "run": dict(run), "files": files}
    record["id"] = _digest_of_record(record)
    write_json(folder / BUNDLE_FILE, record)


def read_table(path: Path, schema: str, *, again: str = AGAIN) -> dict[str, Any]:
    """Return the JSON object of a schema in a file.

    Args:
        again: what to do where it cannot be read.

    Raises:
        BundleError: there is none, or it is of another schema.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} cannot be read as JSON ({error}). {again}") from error
    found = table.get("schema") if isinstance(table, dict) else None
    if not isinstance(table, dict) or found != schema:
        raise BundleError(f"{path}: its schema is {found!r}, this rushes reads '{schema}'. "
                          "Update rushes, or export the run again: rushes export RUN")  # fmt: skip
    return table


def check_free(to_folder: Path) -> None:
    """Raise BundleError where something has the name of a new bundle."""
    if to_folder.exists():
        raise BundleError(f"{to_folder} is there already, and a bundle is never overwritten. "
                          "Export to another folder with --to, or remove this one")  # fmt: skip


@contextmanager
def whole_folder(to_folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `to_folder` that takes its name on success, and is removed otherwise."""
    to_folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=to_folder.parent, prefix=f".{to_folder.name[:40]}-"))
    try:
        yield building
        building.chmod(0o755)
        try:
            building.rename(to_folder)
        except OSError as error:
            raise BundleError(f"{to_folder} cannot be written ({error.strerror}). Is the name taken?") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _digest_of_record(record: Mapping[str, Any]) -> str:
    stated = {key: value for key, value in record.items() if key != "id"}
    canonical = json.dumps(stated, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _bundle_of_page(folder: Path) -> str:
    """Return how to name the bundle that a page was made of: by where it lies where that is beside the page."""
    table = json.loads((folder / BUNDLE_FILE).read_text(encoding="utf-8"))
    try:
        of = table["run"]["bundle"]
        beside = [name for name in list_bundles(folder.parent) if _states_id(folder.parent / name, of["id"])]
        return str(folder.parent / beside[0]) if beside else f"'{of['name']}', of which it was made"
    except (KeyError, TypeError):
        return "of which it was made"


def _states_id(folder: Path, id: str) -> bool:
    return bool(json.loads((folder / BUNDLE_FILE).read_text(encoding="utf-8")).get("id") == id)


def _read_record(folder: Path, schema: str, again: str) -> dict[str, Any]:
    if not (folder / BUNDLE_FILE).is_file():
        if (folder / "run.json").is_file():
            raise BundleError(f"{folder} is a run, not a bundle. Make a bundle of it: rushes export {folder}")
        if inside := list_bundles(folder):
            raise BundleError(f"{folder} is not a bundle; it holds {', '.join(inside)}. "
                              f"Give one of them: {folder / inside[0]}")  # fmt: skip
        found = "there is no such folder" if not folder.exists() else f"it holds no {BUNDLE_FILE}"
        raise BundleError(f"{folder} is not a bundle: {found}. Make one of a run: rushes export RUN")
    if is_page(schema_of(folder) or "") and not is_page(schema):
        raise BundleError(f"{folder} is a page for browsers, not a bundle. Give the bundle {_bundle_of_page(folder)}")
    return read_table(folder / BUNDLE_FILE, schema, again=again)


def _checked_files(
    folder: Path, record: Mapping[str, Any], required: Sequence[str], again: str
) -> dict[str, str]:  # fmt: skip
    """Return the files of a record, or raise where a name leaves the folder or a file that is required is not named."""
    files = record.get("files")
    if not isinstance(files, dict):
        raise BundleError(f"{folder / BUNDLE_FILE}: it lists no files. {again}")
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
            raise BundleError(f"{folder / BUNDLE_FILE}: '{name}' is no file within the bundle. {again}")
    absent = [name for name in required if name not in files]
    if absent:
        raise BundleError(f"{folder}: {', '.join(absent)} is missing. {again}")
    return files


def _check_digest(folder: Path, name: str, found: str, recorded: str, again: str) -> None:
    if found != recorded:
        raise BundleError(f"{folder}: {name} was altered since the export (SHA-256 {found[:12]}…, recorded "
                          f"{str(recorded)[:12]}…). {again}")  # fmt: skip
