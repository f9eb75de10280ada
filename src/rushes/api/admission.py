"""Admission: how many requests are let in at a time, of all callers and of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rushes.api.refusals import Refused


class Admission:
    """Counts who is in; used on one event loop."""

    def __init__(self, *, all_callers: int, per_caller: int, noted: Callable[[int], None] = lambda count: None) -> None:
        """Let nobody in yet.

        Args:
            all_callers, per_caller: requests at a time.
            noted: told how many are in, whenever that changes.
        """
        self._all, self._each, self._noted = all_callers, per_caller, noted
        self._in: Counter[str] = Counter()
        self._count = 0

    @contextmanager
    def enter(self, caller: str) -> Iterator[None]:
        """Let a request in for as long as the context lasts.

        Raises:
            Refused: too many are in: 429 of this caller, 503 of all.
        """
        if self._in[caller] >= self._each:
            raise Refused(429, f"{self._each} requests of yours are being answered already. Wait for one of them",
                          retry_after_seconds=1)  # fmt: skip
        if self._count >= self._all:
            raise Refused(503, f"{self._count} requests are being answered already. Try again a little later",
                          retry_after_seconds=2)  # fmt: skip
        self._in[caller] += 1
        self._move(1)
        try:
            yield
        finally:
            self._in[caller] -= 1
            if not self._in[caller]:
                del self._in[caller]
            self._move(-1)

    def _move(self, by: int) -> None:
        self._count += by
        self._noted(self._count)
