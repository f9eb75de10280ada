"""Engine: the seam through which work is done on many items, wherever that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from rushes.progress import Progress, silent
from rushes.storage.patience import stated_patience

BUILD_SECONDS = 300.0  # within which a process has loaded what it needs, on a busy machine

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# What a process does with some items: as many answers, in their order.
Chore: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Seat:
    """What a process is given to work with.

    Attributes:
        threads: that its work may keep busy.
        files: name of a file or folder that the work takes along -> where it is on the machine of this process.
        folder: where the work writes what it keeps; what is written there is below `Work.fills` once its chunk is done.
            Of work that fills nothing, a folder that does not outlast the process.
    """

    threads: int
    files: Mapping[str, Path]
    folder: Path


@dataclass(frozen=True, slots=True)
class Work(Generic[Item, Answer]):
    """What is done with each item, in any process.

    Attributes:
        build: called once in each process, where a model is loaded; gives what is called with some items at a time and
            answers each. It is sent to other processes: a function of a module, or a `functools.partial` of one.
            A RushesError that it raises, or that what it gives raises, ends the map; what is wrong with one item is an
            answer. Any other exception is held to be of one item, which is Lost.
        what: is done, for a person: `looking at pictures`.
        files: name -> a file or folder that the work reads, and that must come along to another machine.
        fills: folder of this machine in which the work keeps what it makes, in files that are whole or not at all and
            whose names tell their content, so that two processes may write the same one; None keeps nothing.
        together: items that are given to a process at once, at most.
        at_once: items that the work does at the cost of one: a process is given so many or a multiple, while there are
            and until so many were late.
        seconds: that one item may take, the building of the process and patience with a store that throttles aside; 0
            for any time.
        worth: the number of items from which on processes of their own are started here, where nobody said how many;
            None where they are not worth it however many there are.
        takes_gpu: whether each process computes on a GPU of its own, on a cluster that has some; there, work that says
            nothing sees none. Here, every process sees what the machine has.
        name_of: how an item is called, for a person.
    """

    build: Callable[[Seat], Callable[[Sequence[Item]], Sequence[Answer]]]
    what: str
    files: Mapping[str, Path] = field(default_factory=dict)
    fills: Path | None = None
    together: int = 16
    at_once: int = 1
    seconds: float = 0.0
    worth: int | None = 256
    takes_gpu: bool = False
    name_of: Callable[[Item], str] = str

    @property
    def limit_seconds(self) -> float:
        """After how long an item is given up, 0 for never: a process is to learn first that a store gives up."""
        return self.seconds + stated_patience() if self.seconds else 0.0

    def limit_of(self, items: int) -> float:
        """Return after how long so many items that were given at once are given up, 0 for never.

        Several may each be in time and yet be late together: engines try them in ones then, so that none is lost.
        """
        return self.limit_seconds * min(items, 2)


@dataclass(frozen=True, slots=True)
class Lost:
    """Why an item has no answer although it was tried.

    Attributes:
        cause: its process ended (`died`), it took too long (`late`), or the work failed on it in a way that nobody
            foresaw (`failed`).
        reason: what is said of it, to be read behind its name; it says what to do.
        trace: the traceback of a failure, for whoever is to mend it.
    """

    cause: Literal["died", "late", "failed"]
    reason: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Done(Generic[Item, Answer]):
    """What came of one item; `number` counts the items of a map from 0."""

    number: int
    item: Item
    answer: Answer | Lost


def never() -> bool:
    """Return that the map goes on: the default of `stopped`."""
    return False


class Engine(Protocol):
    """Who does work on many items. All calls come from one thread at a time."""

    @property
    def name(self) -> str:
        """How it is called, for a person: `here`, `ray`."""

    @property
    def workers(self) -> int:
        """How many processes work at a time, this one where there are no others."""

    def map(
        self,
        work: Work[Item, Answer],
        items: Iterable[Item],
        *,
        total: int | None = None,
        progress: Progress = silent,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[list[Done[Item, Answer]]]:
        """Give what came of the items, some at a time, in the order in which they are done; each item once.

        Items are taken from the iterable only as they are needed: a few chunks for each process are under way. Closing
        the iterator ends the work; what was begun is not waited for. An item whose process ended is tried once more, by
        itself, before it is Lost; one that took too long is Lost.

        Args:
            total: how many items there are; None takes their length where they have one.
            progress: counts items.
            stopped: asked now and then; where it says so, no more are begun, and the map ends with what is under way
                left undone.

        Raises:
            RushesError: the work cannot be done, whatever the item (see `Work.build`); or the engine cannot go on.
        """

    def close(self) -> None:
        """End the processes."""


def in_order(parts: Iterable[Sequence[Done[Item, Answer]]]) -> Iterator[Done[Item, Answer]]:
    """Yield what a map gives in the order of its items; what comes early is held until its turn."""
    early: dict[int, Done[Item, Answer]] = {}
    turn = 0
    for part in parts:
        early |= {done.number: done for done in part}
        while turn in early:
            yield early.pop(turn)
            turn += 1


def count_of(items: Iterable[object], total: int | None) -> int | None:
    """Return how many items there are: what was said, or else their length where they have one."""
    if total is not None:
        return total
    return len(items) if isinstance(items, Sequence) else None
