"""Folders of this machine that go with the process they are of, however it ends."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from rushes.errors import EngineError, remedy_of
from rushes.scale.full_disk import free_in
from rushes.storage.alone import alone_in

_LEAST_BYTES = 4096  # that are free where a file can be written


def temporary_home() -> Path:
    """Return the system's folder for temporary files.

    Raises:
        OSError: those that the system names are full, for one; the working folder, which Python takes then, is not for
            what other programs should not see.
    """
    homes = (*map(os.environ.get, ("TMPDIR", "TEMP", "TMP")), "/tmp", "/var/tmp", "/usr/tmp")
    named = [Path(home) for home in homes if home and Path(home).is_dir()]
    why: FileNotFoundError | None = None
    try:
        found = Path(tempfile.gettempdir())
        if found != Path.cwd() or found in named:
            return found
    except FileNotFoundError as error:
        why = error
    for home in named:
        if (free_in(home) or 0) < _LEAST_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(home)) from why
    if why is not None:
        raise why
    return found


def folder_of_user(what: str, *, below: Path | None = None) -> Path:
    """Return a folder for temporary things of one kind, of this user alone: `rushes-luggage-1000`.

    Args:
        below: in which folder; None takes the system's for temporary files.

    Raises:
        OSError: it cannot be made, or is somebody else's.
    """
    me = os.getuid() if hasattr(os, "getuid") else 0
    kept = (below or temporary_home()) / f"rushes-{what}-{me}"
    kept.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (kept.is_symlink() or kept.stat().st_uid != me):
        raise PermissionError(f"{kept} is somebody else's")
    return kept


def own_folder(what: str, *, below: Path | None = None) -> tuple[Path, int]:
    """Make a folder of this process, and remove those of processes that are no more.

    Args:
        what: kind of folder; those of one kind stand in one place.
        below: see `folder_of_user`.

    Returns:
        The folder, and a handle on it that the process keeps open: its end tells others that the folder is free.

    Raises:
        OSError: none can be made.
    """
    home = folder_of_user(what, below=below)
    with alone_in(home):  # otherwise one that is made and not yet held would be taken for one that was left
        for left in home.iterdir():
            handle = _held(left)
            if handle is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(handle)
        folder = Path(tempfile.mkdtemp(prefix="", dir=home))
        handle = _held(folder)
    return folder, -1 if handle is None else handle


def pool_folder() -> tuple[Path, int]:
    """Make a folder for what a process of the pool makes and nobody keeps; see `own_folder`.

    Raises:
        EngineError: none can be made.
    """
    try:
        return own_folder("pool")
    except OSError as error:
        raise EngineError(
            f"there is no folder for temporary files to work in ({error.filename or 'the system names none'}: "
            f"{error.strerror or error}). {remedy_of(error.errno) or 'Name another one in TMPDIR'}"
        ) from error


def end_folder(folder: Path, handle: int) -> None:
    """Remove a folder of this process before the process ends."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        os.close(handle)


def _held(folder: Path) -> int | None:
    """Return a handle that locks a folder; None where another process holds it, or it cannot be locked."""
    try:
        import fcntl
    except ImportError:
        return None
    handle = -1
    try:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle
    except OSError:
        with suppress(OSError):
            os.close(handle)
        return None
