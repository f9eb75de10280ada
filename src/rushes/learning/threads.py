"""How many threads a training takes, so that they do not fight."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rushes.cores import count_cores


def count_threads(asked: int | None) -> int:
    """Return how many threads to compute with.

    Args:
        asked: what the user wants; None takes OMP_NUM_THREADS where it is set, and otherwise every core that this
            process may use.
    """
    if asked:
        return asked
    named = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if named.isdigit() and int(named) > 0:
        return int(named)
    return count_cores()


def let_idle_threads_sleep() -> None:
    """Ask OpenMP not to spin while it waits; call it before torch is imported, it has no effect after.

    A spinning thread takes the core that the working one needs: on a busy machine a training of seconds takes a
    minute. What the user has set is left as it is.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute with this many threads while the block runs."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
