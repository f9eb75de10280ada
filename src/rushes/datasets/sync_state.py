"""What a dataset says of itself: the record of what was put there, and the steps of a sync that was stopped."""

from __future__ import annotations

import hashlib
import io
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rushes.errors import SyncError
from rushes.storage.files import digest_of_bytes
from rushes.storage.object_folder import ObjectFolder

if TYPE_CHECKING:
    import polars as pl

RECORD_KEY = ".rushes/record.parquet"
STEPS_KEY = ".rushes/steps.parquet"
_NOTES = "rushes"  # the key of our JSON in a Parquet file's metadata
_BLANK_SEAL = "0" * 64
_SEAL = re.compile(rb'"seal": "([0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class Record:
    """What earlier syncs put in a dataset.

    Attributes:
        built: columns key, content, size_bytes, etag, frame: an object each. The content is "" where a step failed and
            left nobody knows what.
        sidecars: key of a sidecar (`classes.json`) -> SHA-256, size and mark of what was written; "" where it is about
            to be.
        manifest: name of the manifest that it follows; "" where nothing was built yet.
        task, kind: of which task and of which kind of split, `grouped` or `mixed`; "" where nothing was built yet.
    """

    built: pl.DataFrame
    sidecars: Mapping[str, str] = field(default_factory=dict)
    manifest: str = ""
    task: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The steps of a sync that has begun.

    Attributes:
        steps: as `steps_of` makes them.
        name: what tells the journal of these steps from any other, of equal steps at another time too.
        manifest, task, kind: as in `Record`, of the dataset when all is done.
    """

    steps: pl.DataFrame
    name: str
    manifest: str
    task: str
    kind: str


def no_record() -> Record:
    """Return the record of a dataset that does not exist yet."""
    import polars as pl

    kinds = {"key": pl.String, "content": pl.String, "size_bytes": pl.Int64, "etag": pl.String, "frame": pl.String}
    return Record(pl.DataFrame(schema=kinds))


def read_record(folder: ObjectFolder) -> Record:
    """Read the record of a dataset; an empty one where there is none.

    Raises:
        SyncError: what stands there is not a record.
    """
    if folder.state(RECORD_KEY) is None:
        return no_record()
    table, notes = _from_parquet(folder.read(RECORD_KEY), where=f"{folder.place}: {RECORD_KEY}", schema="record/1")
    return Record(table, notes["sidecars"], notes["manifest"], notes["task"], notes["kind"])


def write_record(folder: ObjectFolder, record: Record) -> None:
    """Write the record of a dataset, whole or not at all."""
    notes = {
        "schema": "record/1",
        "manifest": record.manifest,
        "task": record.task,
        "kind": record.kind,
        "sidecars": dict(record.sidecars),
    }
    folder.write(RECORD_KEY, _as_parquet(record.built.sort("key"), notes))


def read_unfinished(folder: ObjectFolder) -> Unfinished | None:
    """Read the steps of a sync that was stopped; None where none was.

    Raises:
        SyncError: what stands there are not steps.
    """
    if folder.state(STEPS_KEY) is None:
        return None
    data = folder.read(STEPS_KEY)
    table, notes = _from_parquet(data, where=f"{folder.place}: {STEPS_KEY}", schema="steps/1")
    return Unfinished(table, notes["name"], notes["manifest"], notes["task"], notes["kind"])


def write_unfinished(folder: ObjectFolder, steps: pl.DataFrame, *, manifest: str, task: str, kind: str) -> Unfinished:
    """Write down what is about to be done, before the first of it is."""
    name = secrets.token_hex(8)
    notes = {"schema": "steps/1", "name": name, "manifest": manifest, "task": task, "kind": kind}
    folder.write(STEPS_KEY, _as_parquet(steps, notes))
    return Unfinished(steps, name, manifest, task, kind)


def _as_parquet(table: pl.DataFrame, notes: Mapping[str, object]) -> bytes:
    """Return a table and notes as Parquet, sealed: its footer holds the SHA-256 of the file as it was without it."""
    buffer = io.BytesIO()
    sealed = {**notes, "seal": _BLANK_SEAL}
    # Without statistics the footer holds no values of rows, among which a seal might be found as well.
    table.write_parquet(
        buffer, compression="zstd", statistics=False, metadata={_NOTES: json.dumps(sealed, ensure_ascii=False)}
    )
    data = buffer.getvalue()
    place = _place_of_seal(data)
    assert place is not None
    return data[:place] + digest_of_bytes(data).encode() + data[place + len(_BLANK_SEAL) :]


def _from_parquet(data: bytes, *, where: str, schema: str) -> tuple[pl.DataFrame, dict[str, Any]]:
    import polars as pl

    # A damaged file must not come before polars, which panics at some and reads others without a word.
    if not _is_whole(data):
        raise SyncError(
            f"{where} is not what rushes wrote there. Put a copy in its place; or remove it and run this again with "
            "--adopt, which takes what stands there into a new record"
        )
    notes: dict[str, Any] = json.loads(pl.read_parquet_metadata(io.BytesIO(data))[_NOTES])
    if notes["schema"] != schema:
        raise SyncError(f"{where}: its schema is '{notes['schema']}', this rushes reads '{schema}'. Update rushes")
    return pl.read_parquet(io.BytesIO(data)), notes


def _is_whole(data: bytes) -> bool:
    place = _place_of_seal(data)
    if place is None:
        return False
    stop = place + len(_BLANK_SEAL)
    digest = hashlib.sha256(data[:place])
    digest.update(_BLANK_SEAL.encode())
    digest.update(memoryview(data)[stop:])
    return digest.hexdigest().encode() == data[place:stop]


def _place_of_seal(data: bytes) -> int | None:
    """Return where the seal stands in the footer: its metadata, their length in four bytes, and the mark PAR1."""
    length = int.from_bytes(data[-8:-4], "little") + 8
    start = max(0, len(data) - length)
    found = _SEAL.search(data, start)
    return None if found is None else found.start(1)
