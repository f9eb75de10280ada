"""The engine of this machine: a pool of processes, each with a line of its own."""

from __future__ import annotations

import logging
import math
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from multiprocessing.connection import wait
from typing import Any

from rushes.cores import count_cores
from rushes.errors import EngineError
from rushes.progress import Progress, silent
from rushes.scale.engine import BUILD_SECONDS, Answer, Done, Item, Work, count_of, never
from rushes.scale.in_process import InProcess
from rushes.scale.process import GoneError, Process, Task, pack_chunk, pack_work
from rushes.scale.sent import died, few_ready, late

_log = logging.getLogger(__name__)

_CHUNK_SECONDS = 0.1  # that a chunk is to take: long beside what sending costs, short beside a person's patience
_GROWTH = 4  # by which a chunk is longer than the last, at most
_AHEAD = 2  # chunks that a process has at a time: the one that it works on, and the one after
_LOOK_SECONDS = 0.2  # how often one looks whether the map was stopped
_BUILD_TRIES = 3  # of building in a process that dies meanwhile, one after the other
_DEATHS = 2  # of processes that worked on an item, after which it is lost


class Here:
    """Does work in processes of this machine, and in this one where that is no slower.

    A process that dies is replaced. What was sent to it and not begun counts as untried.
    """

    name = "here"

    def __init__(self, *, workers: int = 0, threads: int = 0, build_seconds: float = BUILD_SECONDS) -> None:
        """Start nothing yet.

        Args:
            workers: processes at a time; 0 takes one per core, and works in this process where the items are too few.
            threads: of the work of one process; 0 divides the cores among them.
            build_seconds: within which a process has to be ready.
        """
        self.workers = workers or count_cores()
        self._is_named = workers > 0
        self._threads = threads
        self._build_seconds = build_seconds
        self._processes: list[Process] = []
        self._work = b""  # that they do
        self._started = 0
        self._turn = 0  # counts maps

    def map(
        self,
        work: Work[Item, Answer],
        items: Iterable[Item],
        *,
        total: int | None = None,
        progress: Progress = silent,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[list[Done[Item, Answer]]]:
        """Give what came of the items; see `Engine.map`."""
        count = count_of(items, total)
        if self._works_here(work, count):
            alone = InProcess(threads=self._threads)
            return alone.map(work, items, total=total, progress=progress, stopped=stopped)
        return self._map(_Course(work, items, count, self.workers), progress, stopped)

    def close(self) -> None:
        """End the processes."""
        self._turn += 1
        idle, busy = [one for one in self._processes if not one.chunks], [one for one in self._processes if one.chunks]
        self._processes = []
        for process in busy:
            process.kill()
        for process in idle:
            process.dismiss()
        for process in idle:
            process.wait_until_dismissed()

    def _works_here(self, work: Work[Any, Any], count: int | None) -> bool:
        if multiprocessing.current_process().daemon:  # a process of a pool has none of its own
            return True
        is_little = work.worth is None or (count is not None and count < work.worth)
        return self.workers == 1 or (is_little and not self._is_named)

    def _map(
        self, course: _Course, progress: Progress, stopped: Callable[[], bool]
    ) -> Iterator[list[Done[Any, Any]]]:  # fmt: skip
        self._begin(course)
        turn, done = self._turn, 0
        try:
            self._give(course)
            while course.under_way and not stopped():
                parts = self._hear(course)
                self._give(course)  # before others do something with what there is, so that nobody waits for them
                for part in parts:
                    done += len(part)
                    progress(done, course.count, course.work.what)
                    yield part
                    if turn != self._turn:
                        raise RuntimeError("another map was begun, or the engine closed, while this one was under way")
        finally:
            if turn == self._turn:
                self._end_busy()

    def _begin(self, course: _Course) -> None:
        """Keep the processes that did the same work and are idle."""
        self._turn += 1
        packed = pack_work(course.work, threads=self._threads or max(1, count_cores() // self.workers))
        if packed != self._work:
            self.close()
            self._work = packed
        self._end_busy()

    def _end_busy(self) -> None:
        for process in [one for one in self._processes if one.chunks]:
            self._end(process)

    def _end(self, process: Process) -> str:
        self._processes.remove(process)
        return process.kill()

    def _give(self, course: _Course) -> None:
        """Send chunks to processes that have none, and then those that are sent ahead."""
        for depth in range(_AHEAD):
            for process in [one for one in self._processes if len(one.chunks) == depth]:
                if not course.send_to(process):
                    return
            while depth == 0 and len(self._processes) < course.seats and course.has_more():
                process = self._start(course)
                if not course.send_to(process):
                    return

    def _start(self, course: _Course) -> Process:
        self._started += 1
        process = Process(self._work, keeps=course.work.fills is not None, number=self._started)
        self._processes.append(process)
        return process

    def _hear(self, course: _Course) -> list[list[Done[Any, Any]]]:
        """Wait until a process says something or has to be ended, and return what came of items."""
        speakers: dict[Any, Process] = {}
        for process in self._processes:
            speakers |= {process.line: process, process.sentinel: process}
        heard = wait(list(speakers), self._patience(course))
        parts = [self._hear_one(process, course) for process in dict.fromkeys(speakers[one] for one in heard)]
        parts += [self._end_late(process, course) for process in list(self._processes)]
        return [part for part in parts if part]

    def _patience(self, course: _Course) -> float:
        """Return for how long nothing has to be looked after."""
        soonest = min((one.end_of(course.work) for one in self._processes), default=math.inf) - time.monotonic()
        return min(max(soonest, 0.0), _LOOK_SECONDS)

    def _hear_one(self, process: Process, course: _Course) -> list[Done[Any, Any]]:
        done: list[Done[Any, Any]] = []
        try:
            was_alive = process.is_alive()  # asked first: what it said before it died is heard
            while (heard := process.hear()) is not None:
                if heard.tasks:
                    done += course.answered(heard.tasks, heard.answers, heard.seconds)
                else:
                    course.failures = 0
        except GoneError:
            return done + self._take_death(process, course)
        except Exception:
            self._end(process)
            raise
        return done if was_alive else done + self._take_death(process, course)

    def _take_death(self, process: Process, course: _Course) -> list[Done[Any, Any]]:
        """Replace a process that died, and return the items that are lost with it."""
        end = self._end(process)
        _log.info("a process ended with %s", end)
        if process.is_ready:
            begun = process.chunks.popleft() if process.chunks else ()
            course.take_back(process.chunks)
            return course.died(begun, end)
        course.take_back(process.chunks)
        self._take_failure(course, f"ended ({end})")
        return []

    def _take_failure(self, course: _Course, how: str) -> None:
        """Take note of a process that did not become ready, and go on with fewer, or not at all, after some."""
        course.failures += 1
        if course.failures < _BUILD_TRIES:
            return
        if not any(one.is_ready for one in self._processes):
            raise EngineError(
                f"{course.work.what}: a process {how} before it was ready, {_BUILD_TRIES} times in a row. The system "
                "ends processes where memory runs out: take fewer --workers, or --workers 1, which says more"
            )
        course.seats, course.failures = len(self._processes), 0
        _log.warning("%s", few_ready(course.work.what, course.seats))

    def _end_late(self, process: Process, course: _Course) -> list[Done[Any, Any]]:
        """End a process that takes too long, and return the item that is lost with it."""
        if time.monotonic() > process.end_of(course.work):
            self._end(process)
            begun = process.chunks.popleft()
            course.take_back(process.chunks)
            return course.late(begun)
        if not process.is_ready and time.monotonic() > process.since + self._build_seconds:
            self._end(process)
            course.take_back(process.chunks)
            self._take_failure(course, f"took longer than {self._build_seconds:g} s")
        return []


class _Course:
    """The items of one map on their way.

    Attributes:
        under_way: items that were taken and are not done.
        seats: processes at a time, at most.
        failures: processes in a row that did not become ready.
    """

    def __init__(self, work: Work[Any, Any], items: Iterable[Any], count: int | None, workers: int) -> None:
        self.work, self.count = work, count
        self.under_way = self.failures = 0
        self.seats = workers
        self._items = enumerate(items)
        self._taken = 0
        self._each = 0.0  # seconds that an item takes, of late
        self._longest = 1  # items of a chunk that was answered
        self._least = work.at_once  # items of a chunk
        self._next: deque[Sequence[Task]] = deque()  # that were sent in vain, or could not be sent yet

    def has_more(self) -> bool:
        """Return whether there is something to send; an item is taken where that is not known otherwise."""
        if not self._next:
            chunk = [Task(number, item) for number, item in islice(self._items, self._size())]
            self._taken += len(chunk)
            self.under_way += len(chunk)
            if chunk:
                self._next.append(chunk)
        return bool(self._next)

    def send_to(self, process: Process) -> bool:
        """Send the next chunk to a process that has room for it; False where nothing is left to send."""
        if not self.has_more():
            return False
        packed = pack_chunk(self._next[0])
        if process.has_room(packed):
            process.send(packed, self._next.popleft())
        return True

    def answered(self, tasks: Sequence[Task], answers: Sequence[Any], seconds: float) -> list[Done[Any, Any]]:
        """Take note of a chunk that is done."""
        each = seconds / len(tasks)
        self._each = (self._each + each) / 2 if self._each else each
        self._longest = max(self._longest, len(tasks))
        return self._done(zip(tasks, answers, strict=True))

    def take_back(self, chunks: Iterable[Sequence[Task]]) -> None:
        """Send again what was not begun."""
        self._next.extendleft(reversed(list(chunks)))

    def died(self, tasks: Sequence[Task], end: str) -> list[Done[Any, Any]]:
        """Try once more, each by itself, what a process worked on when it ended; return what is lost."""
        lost = []
        for task in tasks:
            task.deaths += 1
            if task.deaths < _DEATHS:
                self._next.append([task])
            else:
                lost.append((task, died(end)))
        return self._done(lost)

    def late(self, tasks: Sequence[Task]) -> list[Done[Any, Any]]:
        """Try by themselves the items of a chunk that took too long; return the one that was by itself."""
        if len(tasks) > 1:
            self._next.extend([task] for task in tasks)
            self._least, self._longest = min(self._least, len(tasks) // 2), 1  # the next ones may be as slow
            return []
        return self._done([(tasks[0], late(self.work.limit_seconds))])

    def _done(self, pairs: Iterable[tuple[Task, Any]]) -> list[Done[Any, Any]]:
        done = [Done(task.number, task.item, answer) for task, answer in pairs]
        self.under_way -= len(done)
        return done

    def _size(self) -> int:
        """Return how many items make a chunk: of some time, and the last ones spread evenly."""
        least = self._least
        size = self._longest * _GROWTH if self._each else least
        if self._each:
            size = min(size, int(_CHUNK_SECONDS / self._each))
        if self.count is not None:
            size = min(size, (self.count - self._taken) // (_AHEAD * self.seats))
        return max(least, min(size, self.work.together) // least * least)
