"""Room on a Ray cluster while a work goes on: the cluster joined, what is taken of it, whether it is still there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rushes.errors import EngineError, require_extra
from rushes.scale.ray_cluster import join, joined_name, reached, require_connection
from rushes.scale.room import Machine, OnCluster, Room, plan_room

_LOOK_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0  # with too few machines: one that is started again is back in less
_log = logging.getLogger(__name__)


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
        yield plan_room(_machines(), wanted, cores=cores)
    finally:
        cluster.leave()


def address_here() -> str:
    """Return how the cluster calls the machine of this process."""
    import ray

    return str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]


class RoomWatch:
    """Looks from time to time whether the machines of the cluster still hold what a work takes."""

    def __init__(
        self,
        room: Room,
        least: int,
        machines: Callable[[], Sequence[Machine]] | None = None,
        *,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """Begin to look.

        Args:
            least: processes for which there must be room.
            machines: tells what there is; None asks the cluster that this process has joined.
            patience: seconds that too few are borne.
        """
        self._room = room
        self._least = least
        self._machines = machines or _machines
        self._patience = patience
        self._next = time.monotonic() + min(_LOOK_SECONDS, self._patience)
        self._short_since: float | None = None

    def look(self) -> None:
        """Look, where it is time to; Ray itself would wait for ever.

        Raises:
            EngineError: there has been too little room for too long, or the cluster does not answer.
        """
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + min(_LOOK_SECONDS, self._patience)
        fitting = self._room.count_fitting(self._machines())
        if fitting >= self._least:
            self._short_since = None
            return
        what = (
            f"machines of the cluster were lost: it has room for {fitting} of {self._room.workers} workers with "
            f"{self._room.describe_process()} each"
        )
        if self._short_since is None:
            self._short_since = now
            _log.warning("%s; waiting for others", what)
        elif now - self._short_since >= self._patience:
            raise EngineError(
                f"{what}. Start a machine in their place, or take fewer --workers, then run this again: it goes on "
                "from where it was"
            )


def _machines() -> list[Machine]:
    import ray

    with reached(joined_name()):
        require_connection()
        resources = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    return [Machine(int(found.get("CPU", 0)), int(found.get("GPU", 0))) for found in resources]
