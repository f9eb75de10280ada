"""Many trainings on the same samples, one after the other here or several at once in processes of their own."""

from __future__ import annotations

import errno
import json
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Protocol

from rushes.errors import PlaceError, RunError, RushesError, StoreError, remedy_of
from rushes.learning.ground import Ground, train_on
from rushes.learning.monitors import GivenUpError
from rushes.learning.recipe import Recipe
from rushes.learning.runs import RUN_FILE, Run, name_run, read_run
from rushes.learning.search import Setting
from rushes.learning.threads import count_threads
from rushes.progress import Progress, silent
from rushes.scale.child import become_child
from rushes.scale.full_disk import is_full

_NOTE_EVERY_SECONDS = 1.0
_TRIES = 2  # of a training whose process dies, as by the system when memory runs out


@dataclass(frozen=True, slots=True)
class Job:
    """One training to be done.

    Attributes:
        recipe: with its seed and a name of its own; None where the setting cannot be, for the reason in `fault`.
    """

    number: int
    setting: Setting
    repeat: int
    recipe: Recipe | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a training ended: with a run, given up by the watcher (`pruned`), or failed for a reason."""

    run: Path | None = None
    pruned: bool = False
    reason: str = ""
    seconds: float = 0.0


class Source(Protocol):
    """Who knows what is to be trained next. All calls come from one thread."""

    def next_job(self) -> Job | None:
        """Return a training to begin now; None where there is none before another has ended."""

    def goes_on(self, job: Job, record: Mapping[str, Any]) -> bool:
        """Take note of the record of an epoch, and say whether the training goes on."""

    def ended(self, job: Job, ended: Ended) -> None:
        """Take note of how a training ended."""


class _PrunedError(GivenUpError):
    """The watcher has seen enough of a training."""


def train_all(
    source: Source, ground: Ground, *, devices: Sequence[str | None], workers: int = 1, tell: Callable[[str], None]
) -> None:
    """Do the trainings of a source until it has no more.

    Args:
        devices: the first worker takes the first, and so on, around; None takes the best that is there.
        workers: processes at a time; with 1 all is done in this one.
        tell: told now and then how far the training is that said so last.
    """
    if workers > 1:
        _train_in_processes(source, ground, devices=devices, workers=workers, tell=tell)
        return
    while (job := source.next_job()) is not None:

        def goes_on(record: Mapping[str, Any], job: Job = job) -> bool:
            return source.goes_on(job, record)

        def progress(done: int, total: int | None, note: str = "") -> None:
            tell(note)

        source.ended(job, train_one(job, ground, device=devices[0], goes_on=goes_on, progress=progress))


def train_one(
    job: Job,
    ground: Ground,
    *,
    device: str | None,
    goes_on: Callable[[Mapping[str, Any]], bool] = lambda record: True,
    progress: Progress = silent,
    threads: int | None = None,
) -> Ended:
    """Train a job's recipe, or find the run that was kept before a search was killed; a failure is a value.

    Raises:
        StoreError: a store gives nothing more for now, whatever the recipe.
        PlaceError: the disk is full, whatever the recipe.
    """

    def watch(record: Mapping[str, Any]) -> None:
        if not goes_on(record):
            raise _PrunedError

    if job.recipe is None:
        return Ended(reason=job.fault)
    kept = _find_kept(job.recipe, ground)
    if kept is not None:
        return Ended(run=kept.folder, seconds=kept.elapsed_seconds)
    started = time.monotonic()
    try:
        run = train_on(
            ground if threads is None else replace(ground, threads=threads),
            job.recipe,
            device=device,
            on_epoch=watch,
            progress=progress,
            now=datetime.now(UTC),
        )
    except _PrunedError:
        return Ended(pruned=True, seconds=time.monotonic() - started)
    except (RushesError, MemoryError, RuntimeError, OSError) as error:
        if isinstance(error, ConnectionError | StoreError):
            raise  # whoever sent the work is gone; or no other training would have its pictures either
        if is_full(error):
            raise PlaceError(ground.runs_folder, f"has no room ({error}). {remedy_of(errno.ENOSPC)}") from error
        if isinstance(error, RuntimeError) and "out of memory" not in str(error).casefold():
            raise  # a bug is to be seen as one
        if isinstance(error, RushesError):
            reason = str(error)
        else:
            reason = f"{'the system' if isinstance(error, OSError) else 'out of memory'}: {error}".strip(" :")
        return Ended(reason=reason, seconds=time.monotonic() - started)
    return Ended(run=run.folder, seconds=run.elapsed_seconds)


def _find_kept(recipe: Recipe, ground: Ground) -> Run | None:
    """Return the run of a recipe that was kept just before a search was killed, or None."""
    slug = name_run(recipe.name, datetime(2000, 1, 1)).removeprefix("2000-01-01-000000")
    for path in sorted(ground.runs_folder.glob(f"[0-9]*{slug}*/{RUN_FILE}")):
        with suppress(RunError):
            run = read_run(path.parent)
            if is_run_of(run, recipe, task_name=ground.task.name):
                return run
    return None


def is_run_of(run: Run, recipe: Recipe, *, task_name: str) -> bool:
    """Return whether a run was trained by a recipe: what the recipe leaves to be found while training may be any."""
    wanted = json.loads(json.dumps(recipe.to_table() | {"task": task_name}))
    asked = json.loads(json.dumps(run.recipe))
    if wanted["training"]["batch_size"] == 0:
        found = {name: wanted["training"][name] for name in ("batch_size", "learning_rate")}
        asked["training"] = dict(asked["training"]) | found
    return bool(asked == wanted)


class _Worker:
    """A process that trains what it is sent, and asks after each epoch whether to go on."""

    def __init__(self, ground: Ground, device: str | None, threads: int) -> None:
        self._begin = (replace(ground, engine=None), device, threads)
        self.process: SpawnProcess | None = None
        self.line: Connection | None = None
        self.job: Job | None = None
        self.tries = 0

    def send(self, job: Job, *, tries: int = 1) -> None:
        if self.process is None:
            context = multiprocessing.get_context("spawn")
            self.line, other = context.Pipe()
            self.process = context.Process(target=_work, args=(other, *self._begin))
            self.process.start()
            other.close()
        assert self.line is not None
        self.job, self.tries = job, tries
        with suppress(BrokenPipeError):  # it died while it was idle: `wait` will say so
            self.line.send(job)

    def stop(self) -> int | None:
        """End the process, and return its exit status."""
        if self.process is None or self.line is None:
            return None
        self.line.close()
        self.process.join(0.2)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        status = self.process.exitcode
        self.process, self.line, self.job = None, None, None
        return status


def _train_in_processes(
    source: Source, ground: Ground, *, devices: Sequence[str | None], workers: int, tell: Callable[[str], None]
) -> None:
    threads = max(1, count_threads(ground.threads) // workers)
    pool = [_Worker(ground, devices[index % len(devices)], threads) for index in range(workers)]
    again: deque[Job] = deque()  # whose process died once
    try:
        while True:
            for worker in pool:
                if worker.job is None:
                    if again:
                        worker.send(again.popleft(), tries=_TRIES)
                    elif (job := source.next_job()) is not None:
                        worker.send(job)
            busy = {worker.line: worker for worker in pool if worker.job is not None and worker.line is not None}
            if not busy:
                return
            for line in wait(list(busy)):
                assert isinstance(line, Connection)
                _hear(busy[line], line, source=source, again=again, tell=tell)
    finally:
        for worker in pool:
            worker.stop()


def _hear(
    worker: _Worker, line: Connection, *, source: Source, again: deque[Job], tell: Callable[[str], None]
) -> None:  # fmt: skip
    """Take what a worker says: an epoch, a note, the end; or that it is no more."""
    job, tries = worker.job, worker.tries
    assert job is not None
    try:
        kind, said = line.recv()
        if kind == "epoch":
            line.send(source.goes_on(job, said))
    except (EOFError, OSError):
        status = worker.stop()
        if tries < _TRIES:
            again.append(job)
            return
        kind, said = "gone", Ended(reason=f"its process was killed {_TRIES} times (exit status {status}); memory may "
                                          "be short: take fewer --workers")  # fmt: skip
    if kind == "note":
        tell(said)
    elif kind == "bug":
        raise said
    elif kind in ("ended", "gone"):
        worker.job = None
        source.ended(job, said)


def _work(line: Connection, ground: Ground, device: str | None, threads: int) -> None:
    """Train what comes down a line until it is closed: a worker's whole life."""
    become_child()
    said_at = 0.0

    def goes_on(record: Mapping[str, Any]) -> bool:
        line.send(("epoch", dict(record)))
        return bool(line.recv())

    def progress(done: int, total: int | None, note: str = "") -> None:
        nonlocal said_at
        if time.monotonic() - said_at > _NOTE_EVERY_SECONDS:
            said_at = time.monotonic()
            line.send(("note", note))

    with suppress(EOFError, OSError):
        while True:
            job: Job = line.recv()
            try:
                ended = train_one(job, ground, device=device, goes_on=goes_on, progress=progress, threads=threads)
            except EOFError:
                raise
            except Exception as error:
                line.send(("bug", error))
                raise
            line.send(("ended", ended))
