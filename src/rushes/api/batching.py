"""Batcher: single questions to a model, answered together.

Nothing waits for a batch to fill: what comes in while the model computes is its next batch. One caller alone is
answered at once, and many are answered at the speed of full batches.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Generic, TypeVar

Question = TypeVar("Question")
Reply = TypeVar("Reply")

# More are no faster on a processor, and cost memory that the runtime keeps: a MobileNetV2 answers 32 with 380 MB more.
MOST = 8


class Batcher(Generic[Question, Reply]):
    """What asks a model about several things at a time; used on one event loop."""

    def __init__(
        self,
        answer: Callable[[Sequence[Question]], Sequence[Reply]],
        executor: Executor,
        *,
        most: int = MOST,
        noted: Callable[[int, float], None] = lambda size, seconds: None,
    ) -> None:
        """Ask nothing yet.

        Args:
            answer: questions -> replies in the same order; called in the executor, one call at a time.
            most: questions in one call.
            noted: told of each batch, how large it was and how long it took.
        """
        if most < 1:
            raise ValueError(f"a batch holds at least one question, got {most=}")
        self._answer, self._executor, self._most, self._noted = answer, executor, most, noted
        self._waiting: deque[tuple[Question, asyncio.Future[Reply]]] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many questions wait for their batch."""
        return len(self._waiting)

    async def ask(self, question: Question) -> Reply:
        """Return the reply to one question; who does not wait any more takes its question along."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiting.append((question, future))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work())
        return await future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._next():
            begun = loop.time()
            try:
                replies = await loop.run_in_executor(self._executor, self._answer, [one for one, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            self._noted(len(batch), loop.time() - begun)
            for (_, future), reply in zip(batch, replies, strict=True):
                with suppress(asyncio.InvalidStateError):  # nobody waits for it any more
                    future.set_result(reply)

    def _next(self) -> list[tuple[Question, asyncio.Future[Reply]]]:
        batch: list[tuple[Question, asyncio.Future[Reply]]] = []
        while self._waiting and len(batch) < self._most:
            question, future = self._waiting.popleft()
            if not future.done():
                batch.append((question, future))
        return batch
