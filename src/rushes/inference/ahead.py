"""Reading ahead: the next batch is read by several threads while one is answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
    readers = ThreadPoolExecutor(threads, thread_name_prefix="read-ahead")
    ahead: deque[list[Future[Seen]]] = deque()
    try:
        for at in range(0, len(items), size):
            ahead.append([readers.submit(read, item) for item in items[at : at + size]])
            if len(ahead) == 2:
                yield [reading.result() for reading in ahead.popleft()]
        for readings in ahead:
            yield [reading.result() for reading in readings]
    finally:
        readers.shutdown(cancel_futures=True)
