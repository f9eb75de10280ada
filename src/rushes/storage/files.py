"""Local files: written whole or not at all, and known by their digest."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_PIECE_BYTES = 1 << 22
_STEM_LETTERS = 40  # of a temporary file's name
_MARK = ".rushes-"  # what a temporary file's name begins with: no person's file does
_TEMPORARY = re.compile(rf"{re.escape(_MARK)}.{{0,{_STEM_LETTERS}}}-[a-z0-9_]{{8}}(\.[^.]+)?", re.DOTALL)
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_LEFT_SECONDS = 600.0  # a file is written in far less, whoever writes it


def digest_of_file(path: Path, *, stopped: Callable[[], bool] = lambda: False) -> str:
    """Return the SHA-256 of a file's bytes, in hex.

    Args:
        stopped: asked now and then; where it says so, an InterruptedError is raised.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            if stopped():
                raise InterruptedError(errno.EINTR, "stopped", str(path))
    return digest.hexdigest()


def digest_of_bytes(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to, and rename it to `path` on success.

    Nothing stands at `path` before all bytes are on disk; on an error the temporary file is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{_MARK}{path.stem[:_STEM_LETTERS]}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT) and error.filename is None:  # the system names none in a write
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path, *, owner: str = "") -> Path:
    """Return a name in the folder of `path` that counts as a temporary file, and that nothing has yet.

    Args:
        owner: who asks. The same owner gets the same name again, and so finds what a killed process of its own left.
    """
    if owner:
        letters = digest_of_bytes(os.fsencode(f"{owner}\0{path}"))[:8]
    else:
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return path.with_name(f"{_MARK}{path.stem[:_STEM_LETTERS]}-{letters}{path.suffix}")


def is_temporary(name: str) -> bool:
    """Return whether a file's name is that of a temporary file, which a killed process may have left."""
    return _TEMPORARY.fullmatch(name) is not None


def sweep_temporaries(folder: Path) -> int:
    """Remove the temporary files of `whole_file` that a killed process left in a folder; return how many.

    Files of the last ten minutes stay: another process may be about to write and rename them.
    """
    swept = 0
    try:
        entries = [entry for entry in os.scandir(folder) if _TEMPORARY.fullmatch(entry.name)]
    except OSError:  # there is no such folder, or what it lacks is said when it is written to
        return 0
    for entry in entries:
        with suppress(OSError):
            if entry.is_file(follow_symlinks=False) and time.time() - entry.stat().st_mtime > _LEFT_SECONDS:
                Path(entry.path).unlink()
                swept += 1
    return swept


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON a person can read, whole or not at all; floats keep their full digits."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
