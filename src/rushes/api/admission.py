"""Admission: how many requests are let in at a time, of all callers and of each, and how much they hold on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rushes.api.refusals import Refused

_GIB = 1 << 30


class Admission:
    """Counts who is in; used on one event loop."""

    def __init__(
        self, *, all_callers: int, per_caller: int, doing: str, noted: Callable[[int], None] = lambda count: None
    ) -> None:
        """Let nobody in yet.

        Args:
            all_callers, per_caller: requests at a time.
            doing: what is done with them, for refusals ("being answered").
            noted: told how many are in, whenever that changes.
        """
        self._all, self._each, self._doing, self._noted = all_callers, per_caller, doing, noted
        self._in: Counter[str] = Counter()
        self._count = 0

    def check(self, caller: str) -> None:
        """Raise Refused where too many are in: 429 of this caller, 503 of all."""
        if self._in[caller] >= self._each:
            raise Refused(429, f"{self._each} requests of yours are {self._doing} already. Wait for one of them",
                          retry_after_seconds=1)  # fmt: skip
        if self._count >= self._all:
            raise Refused(503, f"{self._count} requests are {self._doing} already. Try again a little later",
                          retry_after_seconds=2)  # fmt: skip

    @contextmanager
    def enter(self, caller: str) -> Iterator[None]:
        """Let a request in for as long as the context lasts.

        Raises:
            Refused: as `check`.
        """
        self.check(caller)
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


class Room:
    """Counts the bytes that requests and jobs hold on disk; used on one event loop."""

    def __init__(self, *, all_callers: int, per_caller: int) -> None:
        """Hold nothing yet.

        Args:
            all_callers, per_caller: bytes.
        """
        self._all, self._each = all_callers, per_caller
        self._held: Counter[str] = Counter()
        self._sum = 0

    def take(self, caller: str) -> Share:
        """Return what one request or job of a caller holds: nothing yet."""
        return Share(self, caller)

    def check(self, caller: str, by: int) -> None:
        """Raise Refused where so many bytes more of a caller have no room."""
        if self._held[caller] + by > self._each:
            raise Refused(507, f"{self._each / _GIB:,.1f} GiB of yours are kept already until they are answered. Wait "
                               "for one of your films", retry_after_seconds=30)  # fmt: skip
        if self._sum + by > self._all:
            raise Refused(507, f"{self._all / _GIB:,.1f} GiB are kept already until they are answered. Try again later",
                          retry_after_seconds=30)  # fmt: skip

    def note(self, caller: str, by: int) -> None:
        """Count more or less of a caller."""
        self._sum += by
        self._held[caller] += by
        if not self._held[caller]:
            del self._held[caller]


class Share:
    """What one request or job holds on disk."""

    def __init__(self, room: Room, caller: str) -> None:
        """Hold nothing yet."""
        self._room, self._caller, self._bytes = room, caller, 0

    def add(self, count: int) -> None:
        """Hold so many bytes more.

        Raises:
            Refused: there is no room for them.
        """
        self._room.check(self._caller, count)
        self.keep(count)

    def keep(self, count: int) -> None:
        """Hold so many bytes more that were let in already, by a request that is about to end."""
        self._room.note(self._caller, count)
        self._bytes += count

    def close(self) -> None:
        """Hold nothing any more."""
        self._room.note(self._caller, -self._bytes)
        self._bytes = 0
