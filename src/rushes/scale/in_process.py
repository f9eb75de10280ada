"""The engine that needs no other process: chunk after chunk in the one that asks."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice

from rushes.cores import count_cores
from rushes.errors import RushesError
from rushes.progress import Progress, silent
from rushes.scale.engine import Answer, Done, Item, Lost, Seat, Work, count_of, never
from rushes.scale.own_folders import end_folder, pool_folder

_log = logging.getLogger(__name__)


class InProcess:
    """Does work in this process; what ends it ends all, and no item has a time limit."""

    name = "here"
    workers = 1

    def __init__(self, *, threads: int = 0) -> None:
        """Begin.

        Args:
            threads: that the work may keep busy; 0 takes one per core.
        """
        self._threads = threads or count_cores()

    def map(
        self,
        work: Work[Item, Answer],
        items: Iterable[Item],
        *,
        total: int | None = None,
        progress: Progress = silent,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[list[Done[Item, Answer]]]:
        """Give what came of the items; see `Engine.map`."""
        count, waiting, done = count_of(items, total), iter(items), 0
        with ExitStack() as ends:
            folder = work.fills
            if folder is None:
                folder, handle = pool_folder()
                ends.callback(end_folder, folder, handle)
            chore = work.build(Seat(self._threads, work.files, folder))
            while not stopped() and (chunk := list(islice(waiting, max(1, work.together)))):
                part = [
                    Done(done + at, item, answer)
                    for at, (item, answer) in enumerate(zip(chunk, answers_of(chore, chunk), strict=True))
                ]
                done += len(part)
                progress(done, count, work.what)
                yield part

    def close(self) -> None:
        """End nothing: there are no other processes."""


def answers_of(chore: Callable[[Sequence[Item]], Sequence[Answer]], chunk: Sequence[Item]) -> list[Answer | Lost]:
    """Return the answers to a chunk; where it fails as a whole, item by item, and Lost for each that fails again.

    Raises:
        RushesError: the work raises it.
    """
    try:
        answers: list[Answer | Lost] = list(chore(chunk))
        if len(answers) != len(chunk):
            raise ValueError(f"{len(answers)} answers to {len(chunk)} items")
        return answers
    except RushesError:
        raise
    except Exception as error:  # a bug, or a library's: of one item until it is shown to be of all
        if len(chunk) == 1:
            _log.debug("failed on %r", chunk[0], exc_info=True)
            return [failed(error)]
        return [answer for item in chunk for answer in answers_of(chore, [item])]


def failed(error: Exception) -> Lost:
    """Return what is said of an item on which the work failed unforeseen."""
    reason = f"rushes failed on it ({type(error).__name__}: {error}). Please report this, with --debug"
    return Lost("failed", reason, "".join(traceback.format_exception(error)))
