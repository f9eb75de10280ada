"""Desk: workers of one kind, and the orders that wait for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rushes.api.workers import Do, Tell, Worker


def _silent(told: Any) -> None: ...


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
    ) -> None:
        """Start no worker yet.

        Args:
            make, memory_bytes, ended: as `Worker` takes them; `ended` is called in other threads.
        """
        self._workers = [
            Worker(make, memory_bytes=memory_bytes, name=f"rushes {name}", ended=ended) for _ in range(count)
        ]
        self._threads = ThreadPoolExecutor(count, name)
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for worker in reversed(self._workers):
            self._idle.put_nowait(worker)

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

    async def do(self, order: Any, *, seconds: float, stall_seconds: float | None = None, told: Tell = _silent) -> Any:
        """Return the reply to an order, once a worker is free.

        Args:
            told: called on the event loop with what the worker tells on the way.

        Raises:
            MediaError, StartError, WorkerError: as `Worker.do`. Where the caller is cancelled, the work is given up.
        """
        loop = asyncio.get_running_loop()
        worker, taken_back = await self._idle.get(), threading.Event()

        def tell(value: Any) -> None:
            loop.call_soon_threadsafe(told, value)

        def carry_out() -> Any:
            return worker.do(order, seconds=seconds, stall_seconds=stall_seconds, told=tell, taken_back=taken_back)

        done = loop.run_in_executor(self._threads, carry_out)
        done.add_done_callback(lambda _: self._idle.put_nowait(worker))
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
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
