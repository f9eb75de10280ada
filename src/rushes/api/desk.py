"""Desk: workers of one kind, and the orders that wait for them.

Callers take turns, and so do the requests of each: whoever orders much waits behind his own orders, and not others
behind them. Behind a proxy that does not say for whom it asks, all are one caller, and their requests still take turns.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from rushes.api.workers import Do, Tell, Worker

_LOOK_SECONDS = 1.0  # between two looks at what waits


def _silent(told: Any) -> None: ...


class GoneError(Exception):
    """Whoever ordered has gone before it was begun."""


class OverdueError(Exception):
    """An order waited for its turn as long as it may."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who orders.

    Attributes:
        name: of the caller.
        request: of his requests, the number of the one that the order belongs to.
        is_gone: whether he has gone, asked about once a second while his order waits; None is not known.
    """

    name: str = ""
    request: int = 0
    is_gone: Callable[[], Awaitable[bool]] | None = None


@dataclass(slots=True, eq=False)
class _Place:
    """One order that waits for a worker."""

    asker: Asker
    since: float
    worker: asyncio.Future[Worker]


_Row = dict[Any, Any]  # caller -> request -> place -> None, in the order of their turns


class _Turns:
    """What waits: of the caller whose turn it is, the request whose turn it is, the order that came first."""

    def __init__(self) -> None:
        self._row: _Row = {}

    def add(self, place: _Place) -> None:
        row = self._row
        for key in (place.asker.name, place.asker.request):
            row = row.setdefault(key, {})
        row[place] = None

    def drop(self, place: _Place) -> None:
        """Take a place out, where it is still in."""
        _drop(self._row, (place.asker.name, place.asker.request, place))

    def next(self) -> _Place | None:
        """Take out the place whose turn it is; its caller's next comes after that of all others."""
        return _next(self._row) if self._row else None

    def all(self) -> list[_Place]:
        return [place for requests in self._row.values() for row in requests.values() for place in row]


def _next(row: _Row) -> _Place:
    key = next(iter(row))
    below = row.pop(key)
    if below is None:
        place: _Place = key
        return place
    found = _next(below)
    if below:
        row[key] = below
    return found


def _drop(row: _Row, path: tuple[Any, ...]) -> None:
    key, *rest = path
    if key in row:
        if rest:
            _drop(row[key], tuple(rest))
        if not row[key]:
            del row[key]


class Desk:
    """So many workers, each with a thread that waits for it; used on one event loop."""

    def __init__(
        self,
        make: Callable[[], Do],
        *,
        count: int,
        memory_bytes: int,
        name: str,
        ended: Callable[[str], None] = _silent,
        wait_seconds: float | None = None,
        kills: bool = True,
    ) -> None:
        """Start no worker yet.

        Args:
            make, memory_bytes, ended: as `Worker` takes them; `ended` is called in other threads.
            wait_seconds: within which an order has its turn; None lets it wait.
            kills: whether an order that nobody waits for any more is ended with its process; otherwise it is carried
                out, as is better of what is soon done: a new process takes a second to start.
        """
        self._workers = [
            Worker(make, memory_bytes=memory_bytes, name=f"rushes {name}", ended=ended) for _ in range(count)
        ]
        self._threads = ThreadPoolExecutor(count, name)
        self._wait_seconds, self._kills = wait_seconds, kills
        self._idle = self._workers[::-1]  # those that worked last are warm, and taken first
        self._turns = _Turns()
        self._looking: asyncio.Task[None] | None = None

    @property
    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def start(self) -> None:
        """Start every worker, and wait until all are ready.

        Raises:
            StartError: a worker does not become ready.
        """
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._threads, worker.start) for worker in self._workers))

    async def do(
        self,
        order: Any,
        *,
        seconds: float,
        stall_seconds: float | None = None,
        told: Tell = _silent,
        asker: Asker = Asker(),
    ) -> Any:
        """Return the reply to an order, once a worker is free and it is the caller's turn.

        Args:
            told: called on the event loop with what the worker tells on the way.

        Raises:
            MediaError, StartError, WorkerError: as `Worker.do`.
            GoneError, OverdueError: it was not begun.
        """
        loop = asyncio.get_running_loop()
        worker, taken_back = await self._turn(asker), threading.Event()

        def tell(value: Any) -> None:
            loop.call_soon_threadsafe(told, value)

        def carry_out() -> Any:
            return worker.do(order, seconds=seconds, stall_seconds=stall_seconds, told=tell, taken_back=taken_back)

        done = loop.run_in_executor(self._threads, carry_out)
        done.add_done_callback(lambda _: self._free(worker))
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            if self._kills:
                taken_back.set()
            done.add_done_callback(lambda future: future.cancelled() or future.exception())
            raise

    def close(self) -> None:
        """End every worker; whoever waits for one hears that it is lost."""
        for worker in self._workers:
            worker.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.kill()

    async def _turn(self, asker: Asker) -> Worker:
        """Return a worker, once there is one for this caller."""
        if self._idle:  # then nobody waits
            return self._idle.pop()
        loop = asyncio.get_running_loop()
        place = _Place(asker, loop.time(), loop.create_future())
        self._turns.add(place)
        if self._looking is None or self._looking.done():
            self._looking = loop.create_task(self._look())
        try:
            return await place.worker
        except asyncio.CancelledError:
            if place.worker.done() and not place.worker.cancelled() and place.worker.exception() is None:
                self._free(place.worker.result())  # it was given out, and its taker went in the same moment
            raise
        finally:
            self._turns.drop(place)

    def _free(self, worker: Worker) -> None:
        """Give a worker to whoever's turn it is."""
        while (place := self._turns.next()) is not None:
            if not place.worker.done():
                place.worker.set_result(worker)
                return
        self._idle.append(worker)

    async def _look(self) -> None:
        """Send away what has waited too long, or is waited for by nobody, for as long as anything waits.

        A look at all of them now and then costs those nothing that have their turn at once.
        """
        loop = asyncio.get_running_loop()
        while waiting := self._turns.all():
            for place in waiting:
                waited, is_gone = loop.time() - place.since, place.asker.is_gone
                if self._wait_seconds is not None and waited >= self._wait_seconds:
                    _send_away(place, OverdueError())
                elif is_gone is not None and waited >= _LOOK_SECONDS and await is_gone():
                    _send_away(place, GoneError())
            await asyncio.sleep(_LOOK_SECONDS)


def _send_away(place: _Place, error: Exception) -> None:
    if not place.worker.done():
        place.worker.set_exception(error)
