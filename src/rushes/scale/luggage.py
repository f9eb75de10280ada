"""What work takes along to another machine: seen there already, or packed in pieces and unpacked once."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from rushes.errors import PlaceError
from rushes.storage.alone import alone_in
from rushes.storage.files import digest_of_file, is_temporary, temporary_beside

# Pieces of files: name below the folder they are unpacked into, where in the file, and the bytes.
Piece: TypeAlias = list[tuple[str, int, bytes]]

PIECE_BYTES = 16 << 20
_KEPT_DAYS = 14  # of what no work asked for


def stamp_of(path: Path) -> str:
    """Return what tells a file or folder from another without reading it: names, sizes and times; "" of none."""
    try:
        told = [(name, found.st_size, found.st_mtime_ns) for name, found in _stats(path)]
    except OSError:
        return ""
    return hashlib.sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest() if told or path.is_dir() else ""


def digest_of(path: Path) -> str:
    """Return the digest of a file's or a folder's content, names included, in hex.

    Raises:
        PlaceError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for name, _ in _stats(path):
            digest.update(f"{name}\0{digest_of_file(path.parent / name)}\n".encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise _unreadable(path, error) from error
    return digest.hexdigest()


def bytes_of(path: Path) -> int:
    """Return how many bytes a file or folder has; 0 of none."""
    try:
        return sum(found.st_size for _, found in _stats(path))
    except OSError:
        return 0


def pieces_of(path: Path, *, piece_bytes: int = PIECE_BYTES) -> Iterator[Piece]:
    """Yield a file or folder in pieces that hold about as many bytes each.

    Raises:
        PlaceError: it cannot be read.
    """
    piece: Piece = []
    held = 0
    try:
        for name, _ in _stats(path):
            with (path.parent / name).open("rb") as file:
                at = 0
                while (data := file.read(piece_bytes - held)) or at == 0:
                    piece.append((name, at, data))
                    at, held = at + len(data), held + len(data)
                    if held >= piece_bytes:
                        yield piece
                        piece, held = [], 0
                    if not data:
                        break
    except OSError as error:
        raise _unreadable(path, error) from error
    if piece:
        yield piece


def unpack(pieces: Iterable[Piece], *, name: str, digest: str, kept: Path) -> Path:
    """Return where a packed file or folder is on this machine; it is unpacked where no process did so before.

    Of many processes that ask at once one unpacks, whole or not at all.

    Args:
        name: its name, behind the folder that it was in.
        digest: of its content; what arrives must have it.
        kept: the folder in which unpacked luggage is kept, by digest.

    Raises:
        OSError: this machine cannot keep it.
        PlaceError: it changed while it was packed.
    """
    whole = kept / digest
    with alone_in(kept):
        if whole.is_dir():
            with suppress(OSError):
                os.utime(whole)
            return whole / name
        _sweep(kept)
        begun = temporary_beside(whole)
        try:
            begun.mkdir()
            for piece in pieces:
                for below, at, data in piece:
                    target = _inside(begun, below)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("r+b" if at else "wb") as file:
                        file.seek(at)
                        file.write(data)
            if digest_of(begun / name) != digest:
                raise PlaceError(name, "changed while it was sent to another machine. Run this again")
            begun.replace(whole)
        finally:
            shutil.rmtree(begun, ignore_errors=True)
    return whole / name


def _stats(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files of a file or folder, in the order of their names, which begin with its own."""
    if not path.is_dir():
        yield path.name, path.stat()
        return
    for found in sorted(path.rglob("*")):
        if not is_temporary(found.name) and found.is_file():
            yield found.relative_to(path.parent).as_posix(), found.stat()


def _inside(folder: Path, below: str) -> Path:
    parts = below.split("/")
    if not all(parts) or ".." in parts or "." in parts:
        raise ValueError(f"luggage has no file {below!r}")
    return folder.joinpath(*parts)


def _sweep(kept: Path) -> None:
    """Remove what no work asked for in a long time, and what a killed process did not end."""
    for entry in kept.iterdir():
        with suppress(OSError):
            age = time.time() - entry.stat().st_mtime
            if is_temporary(entry.name) or age > _KEPT_DAYS * 86400:
                shutil.rmtree(entry)


def _unreadable(path: Path, error: OSError) -> PlaceError:
    return PlaceError(path, f"cannot be read ({error.strerror}), and must be sent to another machine. Check the file")
