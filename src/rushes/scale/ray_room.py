"""Room on a Ray cluster for as long as a work goes on: the cluster joined, and what is taken of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rushes.errors import require_extra
from rushes.scale.ray_cluster import join, reached
from rushes.scale.room import Machine, OnCluster, Room, plan_room


@contextmanager
def room_on_cluster(wanted: OnCluster, *, cores: int = 0) -> Iterator[Room]:
    """Join a cluster for as long as the block takes, and give what is taken of it.

    Args:
        cores: of each process that were asked for; 0 divides evenly what there is.

    Raises:
        MissingExtraError: the extra `ray` is not installed.
        EngineError: the cluster does not answer.
        UsageError: it has no room for what is wanted.
    """
    require_extra("ray", "ray", purpose="working on a cluster")
    cluster = join(wanted.address)
    try:
        with reached(cluster.address):
            machines = _machines()
        yield plan_room(machines, wanted, cores=cores)
    finally:
        cluster.leave()


def address_here() -> str:
    """Return how the cluster calls the machine of this process."""
    import ray

    return str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]


def _machines() -> list[Machine]:
    import ray

    resources = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    return [Machine(int(found.get("CPU", 0)), int(found.get("GPU", 0))) for found in resources]
