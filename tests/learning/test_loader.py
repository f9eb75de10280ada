from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rushes.errors import UnreachableError
from rushes.labels.manifest import ManifestRow
from rushes.learning.crew import Crew
from rushes.learning.loader import Batch, Loader, in_batches
from rushes.learning.samples import UnusableSample

THREADS = 3


class Numbered:
    """Samples whose every pixel is their place; some cannot be read, and all take a while."""

    shape = (2, 3, 1)

    def __init__(self, count: int, *, lost: tuple[int, ...] = (), seconds: float = 0.0) -> None:
        self.truth = np.arange(count, dtype=np.int64) % 2
        self.lost = lost
        self.seconds = seconds
        self.announced: list[int] = []
        self.readers: set[int] = set()

    def __len__(self) -> int:
        return len(self.truth)

    def announce(self, place: int) -> None:
        self.announced.append(place)

    def read(self, place: int) -> np.ndarray | UnusableSample:
        self.readers.add(threading.get_ident())
        time.sleep(self.seconds)
        if place in self.lost:
            return UnusableSample(ManifestRow("a.png", "a"), "lost")
        return np.full(self.shape, place, np.uint8)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


def load(samples: Numbered, order: np.ndarray, pool: ThreadPoolExecutor, *, size: int = 4, **more: object) -> Loader:
    batches = more.pop("batches", in_batches(len(order), size))
    return Loader(samples, order, batches=batches, pool=pool, threads=THREADS, **more)  # type: ignore[arg-type]


def places_of(batches: list[Batch]) -> list[list[int]]:
    return [batch.places.tolist() for batch in batches]


def test_batches_come_in_order_with_their_labels_and_pictures(pool: ThreadPoolExecutor) -> None:
    order = np.array([5, 0, 9, 3, 3, 7, 1, 2, 8])
    batches = list(load(Numbered(10), order, pool))
    assert places_of(batches) == [[5, 0, 9, 3], [3, 7, 1, 2], [8]]
    for batch in batches:
        assert batch.truth.tolist() == [place % 2 for place in batch.places]
        assert batch.pixels[:, 0, 0, 0].tolist() == batch.places.tolist()
        assert batch.pixels.shape[1:] == (2, 3, 1)


def test_what_cannot_be_read_is_left_out_and_a_batch_of_nothing_else_is_empty(pool: ThreadPoolExecutor) -> None:
    batches = list(load(Numbered(12, lost=(1, 4, 5, 6, 7)), np.arange(12), pool))
    assert places_of(batches) == [[0, 2, 3], [], [8, 9, 10, 11]]
    assert batches[0].pixels[:, 0, 0, 0].tolist() == [0, 2, 3]


def test_a_change_is_told_the_place_and_the_turn(pool: ThreadPoolExecutor) -> None:
    heard = []

    def change(picture: np.ndarray, place: int, turn: int) -> np.ndarray:
        heard.append((place, turn))
        return picture + 100

    batches = list(load(Numbered(6), np.array([4, 2, 4]), pool, change=change))
    assert sorted(heard) == [(2, 1), (4, 0), (4, 2)]
    assert batches[0].pixels[:, 0, 0, 0].tolist() == [104, 102, 104]


def test_batches_are_made_before_they_are_asked_for(pool: ThreadPoolExecutor) -> None:
    samples = Numbered(200, seconds=0.001)  # as long as it takes for all threads to come by
    loader = load(samples, np.arange(200), pool)
    assert samples.announced[:8] == list(range(8))
    assert len(samples.announced) < 300
    for _ in loader:
        time.sleep(0.001)  # the network
    assert samples.announced == list(range(200))
    assert len(samples.readers) == THREADS


def test_waiting_is_counted_and_a_slow_taker_does_not_wait(pool: ThreadPoolExecutor) -> None:
    slow = load(Numbered(24, seconds=0.01), np.arange(24), pool)
    list(slow)
    assert slow.waited_seconds > 0.02
    ready = load(Numbered(24), np.arange(24), pool)
    time.sleep(0.2)
    list(ready)
    assert ready.waited_seconds < slow.waited_seconds


def test_an_error_of_a_reader_reaches_the_taker(pool: ThreadPoolExecutor) -> None:
    class Unreachable(Numbered):
        def read(self, place: int) -> np.ndarray | UnusableSample:
            raise UnreachableError("store", "does not answer")

    with pytest.raises(UnreachableError, match="does not answer"):
        list(load(Unreachable(4), np.arange(4), pool))


def test_a_crew_divides_every_batch_and_leaves_nothing_out() -> None:
    shares = [in_batches(11, 5, crew=Crew(rank, 3)) for rank in range(3)]
    for number, whole in enumerate(in_batches(11, 5)):
        assert sorted(np.concatenate([share[number] for share in shares])) == whole.tolist()
    assert [len(share[-1]) for share in shares] == [1, 0, 0]
