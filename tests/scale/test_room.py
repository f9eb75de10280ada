"""How many processes fit on a cluster."""

from __future__ import annotations

import pytest

from rushes.errors import UsageError
from rushes.scale.room import Machine, OnCluster, Room, plan_room

TWO_SMALL_ONE_LARGE = [Machine(4), Machine(4), Machine(16, 2)]


@pytest.mark.parametrize(
    ("workers", "device", "cores", "room"),
    [
        (2, "cpu", 0, Room(2, 8, False)),
        (3, "cpu", 0, Room(3, 5, False)),
        (4, "cpu", 0, Room(4, 4, False)),
        (0, "cpu", 0, Room(3, 5, False)),
        (0, None, 0, Room(2, 8, True)),
        (1, "cuda", 3, Room(1, 3, True)),
    ],
)
def test_processes_get_as_many_cores_as_fit_on_their_machines(
    workers: int, device: str | None, cores: int, room: Room
) -> None:
    assert plan_room(TWO_SMALL_ONE_LARGE, OnCluster("", workers, device), cores=cores) == room


def test_more_processes_than_cores_are_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"--workers 9: the cluster has cores for 8 \(2 machines with 4 cores\)"):
        plan_room([Machine(4), Machine(4)], OnCluster(workers=9))


def test_more_processes_than_gpus_are_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"--workers 3: the cluster has GPUs with a core for 2 .*16 cores and 2 GPUs"):
        plan_room(TWO_SMALL_ONE_LARGE, OnCluster(workers=3, device="cuda"))


def test_a_gpu_that_no_machine_has_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"--device cuda: no machine of the cluster has a GPU \(1 machine with 1 core\)"
    ):
        plan_room([Machine(1)], OnCluster(device="cuda"))


def test_more_threads_than_each_can_have_are_refused() -> None:
    with pytest.raises(UsageError, match="--threads 5: of 2 workers each can have 4 cores"):
        plan_room([Machine(4), Machine(4)], OnCluster(workers=2), cores=5)


def test_a_cluster_without_cores_is_refused() -> None:
    with pytest.raises(UsageError, match="--workers 1: the cluster has cores for 0"):
        plan_room([Machine(0)], OnCluster())
