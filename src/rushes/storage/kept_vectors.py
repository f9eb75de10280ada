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
    """Return digest -> its vector for those of the wanted that are there; parts that cannot be read are removed."""
    known: dict[str, Floats] = {}
    for path in sorted(folder.glob("part-*.npz")):
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as part:
                names, values = part["digests"], part["features"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
            continue
        for name, row in zip(names.tolist(), values, strict=True):
            if name in wanted:
                known[name] = row
    return known


def write_vectors(folder: Path, digests: Sequence[str], values: Floats) -> None:
    """Keep vectors, (digests, length), as one part; whole or not at all."""
    name = digest_of_bytes("\n".join(digests).encode())[:16]
    with whole_file(folder / f"part-{name}.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, digests=np.array(digests), features=values)


def join_vectors(folder: Path) -> None:
    """Write many small parts as one, and remove them; as many processes leave them, who write what they have done.

    Another process that reads meanwhile may miss what moves, and then computes it again.
    """
    small = [path for path in sorted(folder.glob("part-*.npz")) if path.stat().st_size < _SMALL_BYTES]
    if len(small) < _MANY:
        return
    joined: dict[str, Floats] = {}
    for path in small:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as part:
                joined |= dict(zip(part["digests"].tolist(), part["features"], strict=True))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            continue  # what reads it removes it
    if len({len(row) for row in joined.values()}) == 1:
        write_vectors(folder, list(joined), np.stack(list(joined.values())))
        for path in small:
            path.unlink(missing_ok=True)
