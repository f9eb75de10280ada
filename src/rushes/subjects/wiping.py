"""What holds a wipe of face data: a mark of the last one, beside the folder, and a lock that writers share with it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rushes.storage.alone import alone_in
from rushes.storage.files import write_text


def wipe_mark(folder: Path) -> str:
    """Return what changes with each wipe of a folder of face data; "" where it was never wiped.

    Who looks for faces, or holds what was found, takes the mark when they begin, and keeps nothing in the folder once
    it is another: what was wiped is not written anew by whoever still had it in memory.
    """
    try:
        return _mark_of(folder).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def mark_wiped(folder: Path) -> None:
    """Note that a folder of face data was wiped, beside it; the note says when, and nothing else."""
    write_text(
        _mark_of(folder), f"face data was wiped {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC {secrets.token_hex(8)}\n"
    )


@contextmanager
def alone_with_faces(folder: Path) -> Iterator[None]:
    """Keep others, wipers among them, from changing a folder of face data meanwhile; the folder need not be there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone_in(folder.parent):
        yield


def _mark_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.wiped")
