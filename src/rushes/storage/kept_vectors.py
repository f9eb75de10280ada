"""Vectors of pictures kept in a folder under their digests, part by part; what is spoilt is computed again."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.storage.files import digest_of_bytes, whole_file

Floats = npt.NDArray[np.float32]

_MANY = 32  # small parts, from which on they are joined
_SMALL_BYTES = 256 << 10


def read_vectors(folder: Path, wanted: Collection[str]) -> dict[str, Floats]:
    """Return digest -> its vector for those of the wanted that are there; parts that cannot be read are removed.

    Where another process joins parts meanwhile, what it wrote is read in place of what it removed.
    """
    known: dict[str, Floats] = {}
    seen: set[Path] = set()
    moved = True
    while moved:
        moved = False
        for path in sorted(set(folder.glob("part-*.npz")) - seen):
            seen.add(path)
            try:
                part = _read(path)
            except FileNotFoundError:
                moved = True
                continue
            if part is None:
                path.unlink(missing_ok=True)
                continue
            names, values = part
            for name, row in zip(names, values, strict=True):
                if name in wanted:
                    known[name] = row
    return known


def write_vectors(folder: Path, digests: Sequence[str], values: Floats) -> Path:
    """Keep vectors, (digests, length), as one part, whole or not at all, and return its path."""
    path = folder / f"part-{digest_of_bytes(chr(10).join(digests).encode())[:16]}.npz"
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, digests=np.array(digests), features=values)
    return path


def join_vectors(folder: Path) -> None:
    """Write many small parts as one, and remove them; as many processes leave them, who write what they have done.

    Several processes may do so at once. Only what was read and is in the new part is removed; and since that is named
    by its digests in their order, two that remove each other's part would have written the same one.
    """
    small = [path for path in sorted(folder.glob("part-*.npz")) if _size_of(path) < _SMALL_BYTES]
    if len(small) < _MANY:
        return
    joined: dict[str, Floats] = {}
    read: list[Path] = []
    for path in small:
        try:
            part = _read(path)
        except FileNotFoundError:
            continue
        if part is not None:  # else what reads it removes it
            names, values = part
            joined |= dict(zip(names, values, strict=True))
            read.append(path)
    if len({len(row) for row in joined.values()}) == 1:
        ordered = sorted(joined)
        whole = write_vectors(folder, ordered, np.stack([joined[name] for name in ordered]))
        for path in read:
            if path != whole:
                path.unlink(missing_ok=True)


def _read(path: Path) -> tuple[list[str], Floats] | None:
    """Return the digests and vectors of a part; None where it is spoilt.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as part:
            return part["digests"].tolist(), part["features"]
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process joined it
        return _SMALL_BYTES
