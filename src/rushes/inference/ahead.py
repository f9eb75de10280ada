"""Reading ahead: the next batch is read by several threads while one is answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Seen = TypeVar("Seen")


def batches_ahead(
    items: Sequence[Item], read: Callable[[Item], Seen], *, size: int, threads: int
) -> Iterator[list[Seen]]:
    """Give what is read of the items, in their order and in batches; two batches at most are held.

    Args:
        read: called from several threads; what it raises is raised here, in the order of the items.
        size: items per batch; the last may be smaller.
        threads: that read.
    """
    yield from read_batches(in_batches(items, size), read, threads=threads)


def in_batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Give the items in their order, so many at a time; the last may be fewer."""
    return (items[at : at + size] for at in range(0, len(items), size))


def read_batches(
    batches: Iterable[Sequence[Item]], read: Callable[[Item], Seen], *, threads: int
) -> Iterator[list[Seen]]:
    """Give what is read of each batch, as `batches_ahead` does."""
    readers = ThreadPoolExecutor(threads, thread_name_prefix="read-ahead")
    ahead: deque[list[Future[Seen]]] = deque()
    try:
        for batch in batches:
            ahead.append([readers.submit(read, item) for item in batch])
            if len(ahead) == 2:
                yield [reading.result() for reading in ahead.popleft()]
        for readings in ahead:
            yield [reading.result() for reading in readings]
    finally:
        readers.shutdown(cancel_futures=True)
