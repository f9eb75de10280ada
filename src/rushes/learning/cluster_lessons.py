"""A lesson taught by processes on a cluster: sent there, followed from here, its outcome brought back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import RushesError
from rushes.learning.lessons import Lesson, Outcome
from rushes.learning.monitors import GivenUpError
from rushes.progress import silent

if TYPE_CHECKING:
    from rushes.scale.on_ray_crew import Member
    from rushes.scale.room import OnCluster

_NOTE_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Note:
    done: int
    total: int | None
    note: str


@dataclass(frozen=True, slots=True)
class _Epoch:
    record: Mapping[str, Any]


def teach_on_cluster(
    lesson: Lesson,
    cluster: OnCluster,
    *,
    work: Callable[[Lesson, Member], tuple[Outcome, Mapping[str, Any]] | None],
    threads: int | None,
) -> tuple[Outcome, Mapping[str, Any]]:
    """Return what comes of a lesson that the processes of a cluster are taught together, and what the leader ran on.

    Where one of them is lost, all go on from the last epoch whose state is kept, and the outcome's warnings say so.

    Args:
        work: what each does; found by its name there.
        threads: of each; None takes all cores of the cluster.
    """
    from rushes.scale.on_ray_crew import work_together
    from rushes.scale.ray_room import room_on_cluster

    losses = 0

    def lost(times: int) -> None:
        nonlocal losses
        losses = times
        lesson.progress(0, None, "a process was lost: going on from the last epoch")

    def heard(said: _Note | _Epoch) -> None:
        if isinstance(said, _Note):
            lesson.progress(said.done, said.total, said.note)
        elif lesson.on_epoch is not None:
            try:
                lesson.on_epoch(said.record)
            except (GivenUpError, RushesError):
                forget_state(lesson.checkpoint)
                raise

    with room_on_cluster(cluster, cores=threads or 0) as room:
        lesson.progress(0, None, f"{room.workers} processes begin on the cluster")
        sent = replace(lesson, threads=room.cores, progress=silent, on_epoch=None)
        outcome, machine = work_together(
            partial(work, sent), room=room, shared=lesson.checkpoint.parent, heard=heard, lost=lost
        )
    if losses:
        times = "once" if losses == 1 else f"{losses} times"
        said = (
            f"a process of the cluster was lost {times} while it trained, and the training went on from the last epoch"
        )
        outcome = replace(outcome, warnings=(*outcome.warnings, said))
    return outcome, machine


def heard_from_afar(lesson: Lesson, member: Member) -> Lesson:
    """Return a lesson of which the leader tells what would have been told here."""
    if member.rank:
        return lesson
    said_at = 0.0

    def progress(done: int, total: int | None, note: str = "") -> None:
        nonlocal said_at
        if time.monotonic() - said_at > _NOTE_EVERY_SECONDS or done == total:
            said_at = time.monotonic()
            member.tell(_Note(done, total, note))

    def on_epoch(record: Mapping[str, Any]) -> None:
        member.ask(_Epoch(dict(record)))  # it may end here

    return replace(lesson, progress=progress, on_epoch=on_epoch)


def forget_state(checkpoint: Path) -> None:
    """Remove the states that are kept of a lesson, whatever weights they began with."""
    for state in checkpoint.parent.glob(f"{checkpoint.stem}*"):
        state.unlink(missing_ok=True)
