"""Filling a folder of kept vectors with what it lacks, by an engine or in this process."""

from __future__ import annotations

from collections.abc import Sequence

from rushes.progress import Progress, silent
from rushes.scale.engine import Answer, Engine, Item, Lost, Work
from rushes.scale.in_process import InProcess
from rushes.storage.kept_vectors import join_vectors


def fill_vectors(
    work: Work[Item, Answer | None],
    items: Sequence[Item],
    *,
    engine: Engine | None = None,
    threads: int = 0,
    progress: Progress = silent,
) -> list[tuple[Item, Answer | Lost]]:
    """Do work that keeps a vector of each item; return the items of which none is kept, in order, each with the reason.

    Args:
        work: fills a folder of vectors; answers None where it kept one, or else why it cannot.
        engine: that does it; None does it in this process.
        threads: that it may keep busy there; 0 takes one per core.
    """
    refused: dict[int, tuple[Item, Answer | Lost]] = {}
    for part in (engine or InProcess(threads=threads)).map(work, items, progress=progress):
        refused |= {done.number: (done.item, done.answer) for done in part if done.answer is not None}
    if work.fills is not None:
        join_vectors(work.fills)
    return [refused[number] for number in sorted(refused)]
