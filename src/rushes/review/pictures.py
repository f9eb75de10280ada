"""Pictures for the page: made by threads that serve who waits first, and then work ahead of the reader."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from rushes.cores import count_cores
from rushes.review.picture_cache import PictureCache
from rushes.review.renditions import Kind, Rendition, Renditions
from rushes.review.session import Item

_URGENCY: dict[Kind, int] = {"fit": 0, "full": 1, "thumb": 2}
_FITS_AHEAD, _FITS_BEHIND = 24, 6
_THUMBS_NEAR = 120  # around the reader; they come before fits, the rest of the thumbs after

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    item: Item
    kind: Kind
    key: str
    number: int  # of the request: of equally urgent ones the latest is what the reader looks at
    waiting: int = 0
    future: Future[Rendition] = field(default_factory=Future)

    @property
    def order(self) -> tuple[int, int]:
        return _URGENCY[self.kind], -self.number


class Asked:
    """One wait for a picture. `leave` it where nobody waits any more."""

    def __init__(self, desk: PictureDesk, job: _Job) -> None:
        self._desk, self._job = desk, job
        self.future = job.future

    def leave(self) -> None:
        """Say that this wait is over; a picture that nobody waits for is not begun."""
        self._desk._leave(self._job)


class PictureDesk:
    """A pool of threads that makes pictures: first those that are waited for, then those that will be."""

    def __init__(
        self,
        items: Sequence[Item],
        *,
        renditions: Renditions,
        cache: PictureCache,
        threads: int | None = None,
        works_ahead: bool = True,
    ) -> None:
        """Begin; the threads end with `close`.

        Args:
            threads: None takes one per core, and two at least, so that one is free for who waits.
            works_ahead: make what is not yet asked for, too.
        """
        self._items = items
        self._place = {item.id: number for number, item in enumerate(items)}
        self._renditions, self.cache = renditions, cache
        self._lock = threading.Condition()
        self._jobs: dict[str, _Job] = {}  # by key, those that are not begun
        self._begun: dict[str, _Job] = {}
        self._numbers = 0
        self._reader = 0
        self._ahead_at_work = 0
        self._works_ahead = works_ahead
        self._seen: set[tuple[int, Kind]] = set()  # made, or looked for in vain: not to be thought of again
        self._first_thumb = 0
        self._is_closed = False
        count = max(2, threads or count_cores())
        self._most_ahead = count - 1
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"pictures-{n}") for n in range(count)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the threads, after what they have begun; who waits still is told of a cancelled future."""
        with self._lock:
            self._is_closed = True
            for job in self._jobs.values():
                job.future.cancel()
            self._jobs.clear()
            self._lock.notify_all()
        for thread in self._threads:
            thread.join(timeout=30)

    def find(self, item: Item, kind: Kind) -> tuple[str, bytes | None]:
        """Return what a picture is known by as its file is now, and the picture where it was made before.

        It asks the disk, and is not for a thread that must not wait.
        """
        key = self._renditions.key(item, kind)
        return key, self.cache.get(key)

    def original(self, item: Item) -> tuple[Path, str] | None:
        """Return the file that a browser shows 1:1 as it is, and its media type; None where one has to be made."""
        return self._renditions.original(item)

    def look_at(self, item: Item) -> None:
        """Take note of where the reader is, so that what comes next is made next."""
        with self._lock:
            self._reader = self._place[item.id]
            self._lock.notify()

    def ask(self, item: Item, kind: Kind, key: str) -> Asked:
        """Ask for a picture. Who waits for the same one already waits together with this."""
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the pictures are closed")
            job = self._begun.get(key) or self._jobs.get(key)
            if job is None:
                job = self._jobs[key] = _Job(item, kind, key, 0)
            self._numbers += 1
            job.number = self._numbers
            job.waiting += 1
            if kind != "thumb":
                self._reader = self._place[item.id]
            self._lock.notify()
            return Asked(self, job)

    def _leave(self, job: _Job) -> None:
        with self._lock:
            job.waiting -= 1
            if job.waiting <= 0 and self._jobs.get(job.key) is job:
                del self._jobs[job.key]
                job.future.cancel()

    def _work(self) -> None:
        while True:
            with self._lock:
                while (found := self._next()) is None:
                    if self._is_closed:
                        return
                    self._lock.wait()
                if isinstance(found, _Job):
                    self._begun[found.key] = found
                else:
                    self._ahead_at_work += 1
            if isinstance(found, _Job):
                self._do(found)
            else:
                self._do_ahead(*found)
            with self._lock:
                self._ahead_at_work -= not isinstance(found, _Job)
                self._lock.notify_all()

    def _do(self, job: _Job) -> None:
        try:
            if job.future.set_running_or_notify_cancel():
                job.future.set_result(self._make(job))
        except BaseException as error:  # a fault of ours: who waits gets it, and the thread goes on
            _log.warning("%s: %s: %s", job.item.path, type(error).__name__, error)
            if not job.future.done():
                job.future.set_exception(error)
        finally:
            with self._lock:
                self._begun.pop(job.key, None)

    def _do_ahead(self, item: Item, kind: Kind) -> None:
        key = self._renditions.key(item, kind)
        if key in self.cache:
            return
        with self._lock:
            if key in self._begun or key in self._jobs:
                return
            job = self._begun[key] = _Job(item, kind, key, 0)
        self._do(job)

    def _next(self) -> _Job | tuple[Item, Kind] | None:
        """Return what to make now, taken out of what waits, or what to make ahead. Called with the lock."""
        if self._is_closed:
            return None
        if self._jobs:
            job = min(self._jobs.values(), key=lambda one: one.order)
            del self._jobs[job.key]
            return job
        if not self._works_ahead or self._ahead_at_work >= self._most_ahead:
            return None
        for place, kind in self._wishes():
            if (place, kind) not in self._seen:
                self._seen.add((place, kind))
                return self._items[place], kind
        return None

    def _wishes(self) -> Iterator[tuple[int, Kind]]:
        """Yield what the reader will look at, the soonest first."""
        count, here = len(self._items), self._reader
        near = range(max(0, here - _THUMBS_NEAR // 4), min(count, here + _THUMBS_NEAR))
        yield from ((place, "thumb") for place in near)
        yield from ((place, "fit") for place in range(here, min(count, here + _FITS_AHEAD)))
        yield from ((place, "fit") for place in range(here - 1, max(-1, here - _FITS_BEHIND - 1), -1))
        yield from ((place, "thumb") for place in range(self._first_unseen(), count))

    def _first_unseen(self) -> int:
        """Return the first place whose thumb was not thought of yet; everything before it is done with."""
        place = self._first_thumb
        while (place, "thumb") in self._seen:
            place += 1
        self._first_thumb = place
        return place

    def _make(self, job: _Job) -> Rendition:
        kept = self.cache.get(job.key)
        if kept is not None:
            return Rendition(kept)

        def larger() -> bytes | None:
            return self.cache.get(self._renditions.key(job.item, "fit"))

        made = self._renditions.make(job.item, job.kind, larger)
        if made.is_lasting:
            self.cache.put(job.key, made.data)
        return made
