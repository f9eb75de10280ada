"""A folder that every machine of a cluster must see as this one does."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import ProjectError
from rushes.storage.files import sweep_temporaries, temporary_beside

_BEAT_SECONDS = 60.0  # far less than a temporary file must be old to count as one that was left


@dataclass(frozen=True, slots=True)
class Mark:
    """A file that was left in a folder, and the word in it."""

    path: Path
    word: str


@contextmanager
def marked(folder: Path, *, beat: float = _BEAT_SECONDS) -> Iterator[Mark]:
    """Leave a mark in a folder for as long as the block takes; what killed commands left there is removed first.

    Args:
        beat: seconds between two times that the mark is touched, by which it is told from one that was left.
    """
    folder, word = folder.resolve(), secrets.token_hex(16)
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    mark = Mark(temporary_beside(folder / "seen"), word)
    mark.path.write_text(word, encoding="ascii")
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(mark.path, beat, ended), name="rushes-mark", daemon=True)
    beating.start()
    try:
        yield mark
    finally:
        ended.set()
        beating.join()
        shutil.rmtree(storage_beside(mark), ignore_errors=True)
        mark.path.unlink(missing_ok=True)


def storage_beside(mark: Mark) -> Path:
    """Return where Ray may write while a mark is there; it writes hardly anything: the work keeps its state itself."""
    return mark.path.with_name(mark.path.name.replace("-seen-", "-ray-", 1))


def _beat(path: Path, seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds):
        with suppress(OSError):  # a disk that does not answer for a moment
            os.utime(path)


def _sweep(folder: Path) -> None:
    """Remove marks that were left, and storage that no mark is beside."""
    sweep_temporaries(folder)
    found = list(folder.glob(".rushes-ray-*"))  # looked for first: a storage that is there has its mark already
    kept = {storage_beside(Mark(path, "")) for path in folder.glob(".rushes-seen-*")}
    for path in found:
        if path not in kept:
            shutil.rmtree(path, ignore_errors=True)


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
