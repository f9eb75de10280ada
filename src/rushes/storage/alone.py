"""alone_in: one thread of one process at a time in a folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_guard = threading.Lock()  # where the system has no lock on a folder


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other threads and processes that ask for the same folder waiting, where the file system can.

    Nothing is written for it, and the system lets go of it when this process ends, however it does. It is not to be
    asked for again by who holds it.
    """
    try:
        import fcntl
    except ImportError:
        with _guard:
            yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have no such lock
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
