"""The engine that a project or a command line names."""

from __future__ import annotations

from rushes.errors import UsageError
from rushes.project import why_no_engine
from rushes.scale.engine import Engine
from rushes.scale.here import Here
from rushes.scale.in_process import InProcess


def open_engine(name: str = "here", *, workers: int = 0, threads: int = 0, store: str = "") -> Engine:
    """Return the engine of a name; it starts what it needs when it is first asked to work.

    Args:
        name: `here`, `ray` (the cluster that RAY_ADDRESS names, or else one on this machine) or `ray://HOST:PORT`.
        workers: processes at a time; 0 takes one per core, and here none where the items are too few to be worth it.
            1 works here in this process.
        threads: of the work of one process; 0 divides the cores among them.
        store: folder of a bucket through which workers of a cluster hand on what they make; "" sends it to this
            machine.

    Raises:
        UsageError: no engine is called so.
        MissingExtraError: the extra `ray` is not installed.
    """
    wrong = why_no_engine(name)
    if wrong:
        raise UsageError(f"--engine {wrong}")
    return InProcess(threads=threads) if workers == 1 else Here(workers=workers, threads=threads)
