"""Jobs: work that takes longer than one likes to wait for an answer; asked for, looked after, and fetched."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Literal

from rushes.api.refusals import Refused
from rushes.web.encoded import encode_json

State = Literal["queued", "running", "done", "failed", "cancelled"]
Work = Callable[["Job"], Awaitable[bytes]]

_log = logging.getLogger(__name__)
_ID_BYTES = 16  # whoever knows the id of a job may see it: it cannot be guessed


class Job:
    """One piece of work and how far it is; used on one event loop.

    Attributes:
        done, total: of what the work counts; None where that is not known. `note` says what is counted: a film's
            frames are scanned, and then, from the start again, its shots answered.
        caller: who began it.
        result: once it is done, as JSON: it may be large, and is not written anew whenever it is asked for.
        refused: why it failed.
    """

    def __init__(self, caller: str = "") -> None:
        """Stand in the queue."""
        self.caller = caller
        self.id = secrets.token_urlsafe(_ID_BYTES)
        self.state: State = "queued"
        self.done: int = 0
        self.total: int | None = None
        self.note = ""
        self.result: bytes | None = None
        self.refused: Refused | None = None
        self.ended_at: float | None = None
        self._version = 0
        self._changed = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will change."""
        return self.state in ("done", "failed", "cancelled")

    def told(self, done: int, total: int | None, note: str = "") -> None:
        """Take note of how far it is."""
        self.done, self.total, self.note = done, total, note
        self._note()

    def move(self, state: State) -> None:
        """Take note of a new state; whoever watches hears of it."""
        self.state = state
        if self.is_over:
            self.ended_at = time.monotonic()
        self._note()

    async def watch(self, *, every_seconds: float) -> AsyncIterator[bool]:
        """Yield whenever something changed, True; or nothing did for so long, False. It ends with the job."""
        seen = -1
        while True:
            changed = self._changed
            if self._version != seen:
                seen = self._version
                yield True
                if self.is_over:
                    return
                continue
            try:
                await asyncio.wait_for(changed.wait(), every_seconds)
            except TimeoutError:
                yield False

    def to_json(self) -> bytes:
        """Return the job as JSON."""
        encoded = encode_json(self._to_table())
        if self.result is None:
            return encoded
        return b'%b,"result":%b}' % (encoded[:-1], self.result)

    def _to_table(self) -> dict[str, Any]:
        table: dict[str, Any] = {"id": self.id, "state": self.state, "done": self.done, "total": self.total}
        table |= {"note": self.note} if self.note else {}
        table["href"] = f"/jobs/{self.id}"
        if self.refused is not None:
            table["problem"] = self.refused.to_table()
        return table

    def _note(self) -> None:
        self._version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Jobs:
    """The jobs that wait, run, or ended a while ago."""

    def __init__(
        self,
        *,
        waiting: int,
        per_caller: int,
        kept: int,
        kept_bytes: int,
        kept_seconds: float,
        noted: Callable[[Mapping[str, int]], None] = lambda counts: None,
    ) -> None:
        """Know of none.

        Args:
            waiting, per_caller: jobs that are not over, at the most, of all callers and of each.
            kept, kept_bytes, kept_seconds: how many that are over are remembered, how large their results are together,
                and how long.
            noted: told how many jobs are in each state when one begins or ends.
        """
        self._noted = noted
        self._waiting, self._each = waiting, per_caller
        self._kept, self._kept_bytes, self._kept_seconds = kept, kept_bytes, kept_seconds
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def states(self) -> dict[str, int]:
        """How many jobs there are in each state."""
        found: dict[str, int] = dict.fromkeys(("queued", "running", "done", "failed", "cancelled"), 0)
        for job in self._jobs.values():
            found[job.state] += 1
        return found

    def check_room(self, caller: str) -> None:
        """Raise Refused where too many wait; asked before a film is taken in, and again when it begins."""
        if sum(self._jobs[id].caller == caller for id in self._tasks) >= self._each:
            raise Refused(429, f"{self._each} films of yours wait already. Wait for one of them, or give one up",
                          retry_after_seconds=30)  # fmt: skip
        if len(self._tasks) >= self._waiting:
            raise Refused(503, f"{len(self._tasks)} films wait already. Try again later", retry_after_seconds=30)

    def begin(
        self, work: Work, *, caller: str = "", is_kept: bool = True, ended: Callable[[], None] = lambda: None
    ) -> Job:
        """Return a new job, which runs.

        Args:
            work: does it; `Refused` is how it fails.
            is_kept: whether it is remembered when it is over; otherwise it belongs to whoever holds it.
            ended: called when the job is over, also where it was given up before it began.

        Raises:
            Refused: as `check_room`.
        """
        self._forget()
        self.check_room(caller)
        job = Job(caller)
        self._jobs[job.id] = job
        task = asyncio.get_running_loop().create_task(self._run(job, work))
        self._tasks[job.id] = task

        def over(_: asyncio.Task[None]) -> None:
            self._tasks.pop(job.id, None)
            if not job.is_over:  # given up before its first step
                job.move("cancelled")
            if not is_kept:
                del self._jobs[job.id]
            self._forget()
            ended()
            self._noted(self.states)

        task.add_done_callback(over)
        self._noted(self.states)
        return job

    def find(self, id: str) -> Job:
        """Return a job.

        Raises:
            Refused: there is none of that id, or it ended too long ago.
        """
        self._forget()
        if id not in self._jobs:
            raise Refused(404, f"there is no such job. A job is remembered for {self._kept_seconds / 60:.0f} minutes "
                               "after it ended")  # fmt: skip
        return self._jobs[id]

    async def cancel(self, job: Job) -> None:
        """Give a job up, unless it is over."""
        task = self._tasks.get(job.id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        """Give all up."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, job: Job, work: Work) -> None:
        try:
            job.result = await work(job)
        except asyncio.CancelledError:
            job.move("cancelled")
        except Refused as refused:
            job.refused = refused
            job.move("failed")
        except Exception:
            _log.exception("job %s failed", job.id)
            job.refused = Refused(500, "a fault of rushes itself. Its log says more")
            job.move("failed")
        else:
            job.move("done")

    def _forget(self) -> None:
        now = time.monotonic()
        over = [job for job in self._jobs.values() if job.ended_at is not None and job.id not in self._tasks]
        size = 0
        for place, job in enumerate(sorted(over, key=lambda one: one.ended_at or 0, reverse=True)):  # the latest first
            size += len(job.result or b"")
            is_old = now - (job.ended_at or now) > self._kept_seconds
            if place >= self._kept or is_old or (size > self._kept_bytes and place > 0):
                del self._jobs[job.id]
