"""The Parquet beside a manifest: written of its rows, and believed only where both files are what they were then."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.storage.files import digest_of_file, whole_file

if TYPE_CHECKING:
    import polars as pl

_KEY = "rushes"  # of what we note in the file's metadata
_NOTE = re.compile(rb"manifest/2 ([0-9a-f]{64}) ([0-9]+) ([0-9a-f]{64})")
_BLANK_SEAL = "0" * 64
_PIECE_BYTES = 1 << 22
_ROWS_PER_GROUP = 1 << 18


@dataclass(frozen=True, slots=True)
class _Note:
    """What a Parquet file says of itself.

    Attributes:
        manifest: SHA-256 of the manifest whose rows it holds.
        size_bytes: of the manifest.
        seal: SHA-256 of the Parquet file as it was with a blank seal.
        place: where the seal stands in the file, in bytes.
    """

    manifest: str
    size_bytes: int
    seal: str
    place: int


def parquet_beside(path: Path) -> Path:
    """Return where the Parquet of a manifest stands: `<name>.parquet` for `<name>.jl`."""
    return path.with_suffix(".parquet")


def write_mirror(table: pl.DataFrame, path: Path, *, digest: str, size_bytes: int) -> None:
    """Write a manifest's rows as Parquet beside it, whole or not at all; the same bytes for the same rows.

    The file is sealed: its footer holds the manifest's digest and a digest of the file itself.

    Args:
        path: the manifest, which need not be there yet.
        digest: SHA-256 of the manifest, in hex.
        size_bytes: of the manifest.
    """
    about = {_KEY: f"manifest/2 {digest} {size_bytes} {_BLANK_SEAL}"}
    with whole_file(parquet_beside(path)) as temporary:
        # Without statistics the footer holds no values of rows, among which our note might be found as well.
        table.write_parquet(
            temporary, compression="zstd", statistics=False, row_group_size=_ROWS_PER_GROUP, metadata=about
        )
        note = _read_note(temporary)
        if note is None:
            raise RuntimeError(f"{temporary}: what was noted in the Parquet file is not found in it")
        with temporary.open("rb+") as file:
            file.seek(note.place)
            file.write(_seal_of(temporary, note.place).encode())


def read_mirror(path: Path, *, columns: Sequence[str | pl.Expr]) -> pl.DataFrame | None:
    """Read columns, or what is made of them, from the Parquet beside a manifest; None where none holds the same."""
    import polars as pl

    beside = parquet_beside(path)
    # A damaged file must not come before polars, which panics at some; a stale one costs no more than reading it.
    note = _sealed_note(path)
    if note is None:
        return None
    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(digest_of_file, path)
        try:
            table = pl.scan_parquet(beside, glob=False).select(columns).collect()
            return table if digest.result() == note.manifest else None
        except OSError:  # gone meanwhile, or not ours to read: the reader of lines says what is wrong
            return None


def is_mirror(path: Path) -> bool:
    """Return whether the Parquet beside a manifest is there and holds the same."""
    note = _sealed_note(path)
    return note is not None and digest_of_file(path) == note.manifest


def _sealed_note(path: Path) -> _Note | None:
    """Return what the Parquet beside a manifest says of itself; None where it was altered or is of another size."""
    beside = parquet_beside(path)
    try:
        note = _read_note(beside)
        fits = note is not None and note.size_bytes == path.stat().st_size and _seal_of(beside, note.place) == note.seal
    except OSError:
        return None
    return note if fits else None


def _read_note(path: Path) -> _Note | None:
    """Read our note in the footer of a Parquet file: its metadata, their length in four bytes, and the mark PAR1."""
    with path.open("rb") as file:
        size_bytes = file.seek(0, os.SEEK_END)
        file.seek(max(0, size_bytes - 8))
        length = int.from_bytes(file.read(4), "little") + 8
        start = file.seek(max(0, size_bytes - length))
        found = _NOTE.search(file.read())
    if found is None:
        return None
    return _Note(found[1].decode(), int(found[2]), found[3].decode(), start + found.start(3))


def _seal_of(path: Path, place: int) -> str:
    """Return the SHA-256 of a Parquet file as it was when its seal was blank."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while place and (piece := file.read(min(place, _PIECE_BYTES))):
            digest.update(piece)
            place -= len(piece)
        file.seek(len(_BLANK_SEAL), os.SEEK_CUR)
        digest.update(_BLANK_SEAL.encode() + file.read())
    return digest.hexdigest()
