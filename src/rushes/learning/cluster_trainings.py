"""Many trainings on the same samples, on a cluster: each is a trial that is sent there, and judged here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rushes.learning.ground import Ground, forget_on
from rushes.learning.trainings import Ended, Job, Source, train_one

if TYPE_CHECKING:
    from rushes.scale.on_ray_trials import Bench
    from rushes.scale.room import OnCluster

_NOTE_EVERY_SECONDS = 1.0


def train_all_on_cluster(source: Source, ground: Ground, cluster: OnCluster, *, tell: Callable[[str], None]) -> None:
    """Do the trainings of a source on a cluster until it has no more; as `rushes.learning.trainings.train_all`.

    Runs are written where `ground` says, so that the machines must share the project's folder.
    """
    from rushes.scale.on_ray_trials import try_all
    from rushes.scale.ray_room import room_on_cluster

    with room_on_cluster(cluster, cores=ground.threads or 0) as room:
        tell(f"{room.workers} at a time on the cluster")
        try_all(
            partial(_train_there, ground=replace(ground, threads=room.cores)),
            _Trials(source, ground),
            room=room,
            shared=ground.cache_folder / "training",
            heard=tell,
            name_of=_name_of,
        )


class _Trials:
    """A source of trainings, as a cluster asks it."""

    def __init__(self, source: Source, ground: Ground) -> None:
        self._source, self._ground = source, ground
        self._began: dict[str, float] = {}

    def next(self) -> Job | None:
        job = self._source.next_job()
        if job is not None:
            self._began[_name_of(job)] = time.monotonic()
        return job

    def goes_on(self, job: Job, record: Mapping[str, Any]) -> bool:
        return self._source.goes_on(job, record)

    def ended(self, job: Job, came: Any) -> None:
        from rushes.scale.engine import Lost
        from rushes.scale.trials import GivenUp

        seconds = time.monotonic() - self._began.pop(_name_of(job))
        if isinstance(came, Lost):
            came = Ended(reason=came.reason, seconds=seconds)
        elif isinstance(came, GivenUp):
            if job.recipe is not None:
                forget_on(self._ground, job.recipe)
            came = Ended(pruned=True, seconds=seconds)
        self._source.ended(job, came)


def _name_of(job: Job) -> str:
    return f"setting {job.number}, seed {job.repeat + 1}"


def _train_there(job: Job, bench: Bench, *, ground: Ground) -> Ended:
    """Train a job in a process on the cluster."""
    said_at = 0.0

    def goes_on(record: Mapping[str, Any]) -> bool:
        bench.report(record)
        return True

    def progress(done: int, total: int | None, note: str = "") -> None:
        nonlocal said_at
        if time.monotonic() - said_at > _NOTE_EVERY_SECONDS:
            said_at = time.monotonic()
            bench.tell(note)

    return train_one(job, ground, device=bench.device, goes_on=goes_on, progress=progress)
