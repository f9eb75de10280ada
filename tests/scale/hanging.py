"""An engine in which the work on one item hangs, and is ended by its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rushes.progress import Progress, silent
from rushes.scale.engine import Answer, Done, Item, Lost, Work, never
from rushes.scale.in_process import InProcess

HUNG = "took too long"


class Hanging(InProcess):
    """Works in this process, but loses item `number` as late, for which the work must have a limit."""

    def __init__(self, number: int) -> None:
        super().__init__(threads=1)
        self._number = number

    def map(
        self,
        work: Work[Item, Answer],
        items: Iterable[Item],
        *,
        total: int | None = None,
        progress: Progress = silent,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[list[Done[Item, Answer]]]:
        assert work.seconds > 0, "nothing would end it"
        given = list(items)
        others = [item for number, item in enumerate(given) if number != self._number]
        yield [Done(self._number, given[self._number], Lost("late", HUNG))]
        for part in super().map(work, others, total=total, progress=progress, stopped=stopped):
            yield [Done(one.number + (one.number >= self._number), one.item, one.answer) for one in part]
