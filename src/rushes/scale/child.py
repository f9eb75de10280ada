"""A process that works for another one: it leaves Ctrl-C to that one, and ends with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait


@contextmanager
def without_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back inside; what is started there begins so, and `become_child` is in time to ignore it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def become_child(leave: Callable[[], None] | None = None) -> None:
    """Ignore Ctrl-C, which reaches the whole group, and end as soon as the process that started this one is gone.

    Args:
        leave: called before the process ends so; what it may be in the middle of is not waited for.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, args=(leave,), name="watch", daemon=True).start()


def _end_with_parent(leave: Callable[[], None] | None) -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    try:
        if leave is not None:
            leave()
    finally:
        os._exit(1)
