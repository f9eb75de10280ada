"""A folder that every machine of a cluster must see as this one does."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import ProjectError


@dataclass(frozen=True, slots=True)
class Mark:
    """A file that was left in a folder, and the word in it."""

    path: Path
    word: str


@contextmanager
def marked(folder: Path) -> Iterator[Mark]:
    """Leave a mark in a folder for as long as the block takes."""
    word = secrets.token_hex(16)
    mark = Mark(folder.resolve() / f".seen-{word[:8]}", word)
    mark.path.parent.mkdir(parents=True, exist_ok=True)
    mark.path.write_text(word, encoding="ascii")
    try:
        yield mark
    finally:
        mark.path.unlink(missing_ok=True)


def require_seen(mark: Mark, *, machine: str) -> None:
    """Raise ProjectError where a mark that another machine left is not to be seen on this one.

    Args:
        machine: how this one is called, for the message.
    """
    try:
        seen = mark.path.read_text(encoding="ascii")
    except OSError:
        seen = ""
    if seen != mark.word:
        raise ProjectError(
            f"{mark.path.parent}: the machine {machine} of the cluster does not see this folder of the project. "
            "Trainings on a cluster read pictures there and keep their state there: put the project on a disk that "
            "all machines share, under the same path (NFS, for one), or train here: --engine here"
        )
