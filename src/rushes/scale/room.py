"""How many processes fit on the machines of a cluster, and what each may take of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rushes.errors import UsageError


@dataclass(frozen=True, slots=True)
class OnCluster:
    """That a work is to be done on a cluster, and by how much of it.

    Attributes:
        address: `ray://HOST:PORT`; "" for the cluster that RAY_ADDRESS names, or else one on this machine.
        workers: processes at a time; 0 takes one for each GPU, or else one for each machine.
        device: of each: `cpu` or `cuda`; None takes GPUs where there are any.
    """

    address: str = ""
    workers: int = 0
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine of a cluster has to give."""

    cores: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """What a work takes of a cluster.

    Attributes:
        workers: processes at a time.
        cores: of each.
        on_gpu: each takes a GPU too.
    """

    workers: int
    cores: int
    on_gpu: bool

    def count_fitting(self, machines: Sequence[Machine]) -> int:
        """Return how many such processes the machines hold."""
        return _count_fitting(machines, self.cores, on_gpu=self.on_gpu)

    def describe_process(self) -> str:
        """Return what each process takes, in words."""
        return _counted(self.cores, "core") + (" and a GPU" if self.on_gpu else "")


def plan_room(machines: Sequence[Machine], wanted: OnCluster, *, cores: int = 0) -> Room:
    """Return what is taken of a cluster: processes that fit on it, none of them over two machines.

    Args:
        cores: of each process that were asked for; 0 divides evenly what there is.

    Raises:
        UsageError: the cluster has no room for them, or no GPU.
    """
    gpus = sum(machine.gpus for machine in machines)
    there = _describe(machines)
    if wanted.device == "cuda" and not gpus:
        raise UsageError(
            f"--device cuda: no machine of the cluster has a GPU ({there}). Say --device cpu, or add a machine that "
            "has one"
        )
    on_gpu = gpus > 0 if wanted.device is None else wanted.device == "cuda"
    workers = wanted.workers or max(1, gpus if on_gpu else sum(machine.cores > 0 for machine in machines))
    most = most_cores(machines, workers, on_gpu=on_gpu)
    if not most:
        fitting = _count_fitting(machines, 1, on_gpu=on_gpu)
        what = "GPUs with a core" if on_gpu else "cores"
        raise UsageError(
            f"--workers {workers}: the cluster has {what} for {fitting} ({there}). Take fewer, or add machines"
        )
    if cores > most:
        raise UsageError(
            f"--threads {cores}: of {workers} workers each can have {most} cores ({there}). Say --threads {most}, or "
            "take fewer --workers"
        )
    return Room(workers, cores or most, on_gpu)


def most_cores(machines: Sequence[Machine], workers: int, *, on_gpu: bool) -> int:
    """Return the most cores that each of some processes may have, so that all fit; 0 where they do not with one each.

    Args:
        on_gpu: each takes a GPU too.
    """
    most = max((machine.cores for machine in machines), default=0)
    while most and _count_fitting(machines, most, on_gpu=on_gpu) < workers:
        most -= 1
    return most


def _count_fitting(machines: Sequence[Machine], cores: int, *, on_gpu: bool) -> int:
    """Return how many processes of so many cores the machines hold."""
    return sum(min(machine.cores // cores, machine.gpus) if on_gpu else machine.cores // cores for machine in machines)


def _describe(machines: Sequence[Machine]) -> str:
    words = [_counted(machine.cores, "core") + (f" and {_counted(machine.gpus, 'GPU')}" if machine.gpus else "")
             for machine in machines]  # fmt: skip
    return "; ".join(f"{_counted(words.count(word), 'machine')} with {word}" for word in dict.fromkeys(words))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
