"""Processes on a Ray cluster that do one work together, as Ray Train keeps them: with a process group between them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.errors import RushesError
from rushes.scale.edition import edition_here, require_same
from rushes.scale.ray_post import carried_out
from rushes.scale.ray_room import RoomWatch, address_here
from rushes.scale.room import Room
from rushes.scale.shared_folder import Mark, marked, require_seen, storage_beside

_PATIENCE_SECONDS = 1800  # for one step: another may read its pictures from far away
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """One of the processes, as it sees itself.

    Attributes:
        rank: from 0, which leads.
        size: how many there are.
        device: what torch calls what it computes on.
        machine: address of its machine.
        meeting: address of the leader's machine, at which the others reach it.
        tell: says something to whoever wanted the work; it does not wait.
        ask: says it likewise, and waits until it was heard.
    """

    rank: int
    size: int
    device: str
    machine: str
    meeting: str
    tell: Callable[[Any], None]
    ask: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class _Began:
    rank: int
    process: int
    machine: str


@dataclass(frozen=True, slots=True)
class _Fault:
    error: RushesError


def work_together(
    work: Callable[[Member], Any],
    *,
    room: Room,
    shared: Path,
    heard: Callable[[Any], None],
    lost: Callable[[int], None],
    losses: int = 3,
) -> Any:
    """Return what the leader returns of a work that every process does; torch's process group is there when it begins.

    Where a process or its machine is lost, all are ended and the work is begun anew, by as many: it must know how to
    take up what it has kept in `shared`. The cluster is joined already (`room_on_cluster`).

    Args:
        work: found by its name on the other machines.
        shared: a folder that all machines must see.
        heard: what processes tell, in order, in this process.
        lost: told how many times it was begun anew.
        losses: that are borne, at most.

    Raises:
        RushesError: the work raised it, in any of the processes.
        EngineError: more were lost than are borne, or there is no room left for all of them.
    """
    begun = 0

    def hear(said: Any) -> None:
        nonlocal begun
        if isinstance(said, _Fault):
            raise said.error
        if not isinstance(said, _Began):
            heard(said)
            return
        _log.info("process %d on %s works as %d of %d", said.process, said.machine, said.rank + 1, room.workers)
        if said.rank == 0:
            begun += 1
            if begun > 1:
                _log.info("a process was lost; all were begun anew")
                lost(begun - 1)

    watch = RoomWatch(room, room.workers)
    with marked(shared) as mark:
        return carried_out(_train, hear, work, room, mark, edition_here(), losses, look=watch.look)


def _train(
    post: Any, work: Callable[[Member], Any], room: Room, mark: Mark, edition: Mapping[str, str], losses: int
) -> Any:
    """Have Ray Train do a work; runs on the cluster."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig

    resources = {"CPU": float(room.cores)} | ({"GPU": 1.0} if room.on_gpu else {})
    trainer = _trainer_class()(
        _take_part,
        train_loop_config={"work": work, "post": post, "mark": mark, "edition": edition},
        scaling_config=ScalingConfig(num_workers=room.workers, use_gpu=room.on_gpu, resources_per_worker=resources),
        torch_config=TorchConfig(backend="nccl" if room.on_gpu else "gloo", timeout_s=_PATIENCE_SECONDS),
        run_config=RunConfig(
            name="crew", storage_path=str(storage_beside(mark)), failure_config=FailureConfig(max_failures=losses)
        ),
    )
    done: Any = trainer.fit()
    return done.return_value


def _trainer_class() -> Any:
    """Return Ray's trainer without a helper of it that would stay on the cluster.

    The helper gives back what a controller held that was killed, and learns of that only from the dashboard's server:
    without one it stays, detached, after every driver that was killed. Ray's own bookkeeping gives back as much as
    soon as the driver has ended.
    """
    from ray.train.torch import TorchTrainer

    trainer: Any = TorchTrainer

    class Trainer(trainer):  # type: ignore[misc]
        def _create_default_callbacks(self) -> list[Any]:
            made: list[Any] = super()._create_default_callbacks()
            return [one for one in made if type(one).__name__ != "PlacementGroupCleanerCallback"]

    return Trainer


def _take_part(config: dict[str, Any]) -> Any:
    """Do a work as one of its processes; returns what the leader's comes to."""
    import ray
    from ray import train
    from ray.train.torch import get_device

    post, place = config["post"], train.get_context()
    member = Member(
        rank=place.get_world_rank(),
        size=place.get_world_size(),
        device=str(get_device()),
        machine=address_here(),
        meeting=os.environ["MASTER_ADDR"],
        tell=post.tell.remote,
        ask=lambda said: ray.get(post.ask.remote(said)),
    )
    ray.get(post.tell.remote(_Began(member.rank, os.getpid(), member.machine)))
    try:
        require_same(config["edition"], machine=member.machine)
        require_seen(config["mark"], machine=member.machine)
        answer = config["work"](member)
    except RushesError as error:
        # Ray Train would take it for a loss, and try again what fails each time.
        ray.get(post.tell.remote(_Fault(error)))
        return None
    return answer if member.rank == 0 else None
