"""Reading ahead."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.inference.ahead import batches_ahead


@given(st.lists(st.integers(), max_size=30), st.integers(1, 7), st.integers(1, 3))
def test_items_come_in_their_order_and_in_batches(items: list[int], size: int, threads: int) -> None:
    batches = list(batches_ahead(items, lambda item: item * 2, size=size, threads=threads))
    assert [one for batch in batches for one in batch] == [item * 2 for item in items]
    assert all(len(batch) == size for batch in batches[:-1])


def test_no_more_than_two_batches_are_read_before_they_are_taken() -> None:
    read: list[int] = []
    lock = threading.Lock()

    def note(item: int) -> int:
        with lock:
            read.append(item)
        return item

    batches = batches_ahead(range(100), note, size=5, threads=2)
    assert next(batches) == [0, 1, 2, 3, 4]
    assert len(read) <= 10
    batches.close()
    assert len(read) <= 10


def test_what_reading_raises_is_raised_where_the_item_would_have_come() -> None:
    def read(item: int) -> int:
        if item == 7:
            raise OSError("gone")
        return item

    batches = batches_ahead(range(20), read, size=5, threads=2)
    assert next(batches) == [0, 1, 2, 3, 4]
    with pytest.raises(OSError, match="gone"):
        next(batches)
