"""Several devices that train one network together: each takes its share of every batch, gradients are summed."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.errors import RunError

if TYPE_CHECKING:
    import torch

_JOINING = timedelta(minutes=3)  # a process that imports torch on a busy machine
_PATIENCE = timedelta(minutes=30)  # for one step: another may read its pictures from far away
_EVER = timedelta(days=30)  # for what the leader alone does


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes that train one network together, as one of them sees them.

    Attributes:
        rank: of this process, from 0, which leads: it watches validation and keeps the state.
        size: how many there are; alone, nothing is sent.
        board: where the leader notes what it has done.
    """

    rank: int = 0
    size: int = 1
    board: Any = None

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def share(self, batch: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return what this process takes of a batch; there may be none left for it."""
        return batch[self.rank :: self.size]

    def agree(self, tensors: Sequence[torch.Tensor]) -> None:
        """Give every process the leader's values."""
        if self.size == 1:
            return
        from torch import distributed

        for tensor in tensors:
            distributed.broadcast(tensor.detach(), 0)

    def add_up(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace tensors by their sums over all processes; they are sent as one."""
        if self.size == 1:
            return
        import torch
        from torch import distributed

        flat = torch.cat([tensor.reshape(-1).float() for tensor in tensors])
        distributed.all_reduce(flat)
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()

    def tell(self, value: Any) -> Any:
        """Return what the leader says; the others' values are not looked at."""
        if self.size == 1:
            return value
        from torch import distributed

        said = [value]
        distributed.broadcast_object_list(said, 0)
        return said[0]

    def gather(self, value: Any) -> list[Any]:
        """Return what every process says, by rank."""
        if self.size == 1:
            return [value]
        from torch import distributed

        said: list[Any] = [None] * self.size
        distributed.all_gather_object(said, value)
        return said

    def note(self, done: str) -> None:
        """Tell the others, as the leader, that something is done."""
        if self.size > 1 and self.leads:
            self.board.set(done, "done")

    def await_note(self, done: str) -> None:
        """Return when the leader has noted that something is done, however long it takes."""
        if self.size > 1 and not self.leads:
            self.board.wait([done], _EVER)


ALONE = Crew()

_FAREWELL_SECONDS = 5.0


def _free_address() -> str:
    """Return an address on this machine at which the processes can meet."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{asked.getsockname()[1]}"


@contextmanager
def assembled(
    devices: Sequence[torch.device], assist: Callable[..., None], arguments: Sequence[Sequence[Any]]
) -> Iterator[Crew]:
    """Give the crew of this process, which leads, and one process for every further device.

    Args:
        assist: what a further process does, called with (address, rank, size, *its arguments); found by its name.
        arguments: of each further process, to be pickled.

    Raises:
        RunError: another process has ended before its time.
    """
    if len(devices) == 1:
        yield ALONE
        return
    address, size = _free_address(), len(devices)
    starting = multiprocessing.get_context("spawn")
    others = [
        starting.Process(target=assist, args=(address, rank, size, *more), daemon=True)
        for rank, more in enumerate(arguments, start=1)
    ]
    for other in others:
        other.start()
    try:
        with joined(address, rank=0, size=size, device=devices[0]) as crew:
            yield crew
    except RuntimeError as error:  # what torch raises where a process is gone
        # Its connection is gone a moment before the process itself is.
        wait([other.sentinel for other in others], _FAREWELL_SECONDS)
        ended = [other.exitcode for other in others if other.exitcode not in (None, 0)]
        if not ended:
            raise
        raise RunError(
            f"one of the {size} processes that train together has ended (status {ended[0]}). Train again: it goes on "
            "from the last epoch; or with one device: --device"
        ) from error
    finally:
        for other in others:
            other.join(_FAREWELL_SECONDS)
            other.kill()


def gathered(*, rank: int, size: int, device: torch.device, meeting: str) -> Crew:
    """Return the crew of a process group that is there already; all of its processes must ask for it.

    Args:
        meeting: address of the leader's machine.
    """
    if size == 1:
        return ALONE
    import torch
    from torch import distributed

    if device.type == "cuda":
        torch.cuda.set_device(device)
    own = _board(meeting, 0, size, leads=True) if rank == 0 else None
    port = Crew(rank, size).tell(own.port if own is not None else None)
    board = own if own is not None else _board(meeting, port, size, leads=False)
    distributed.barrier()  # what the leader keeps must be there until all have reached it
    return Crew(rank, size, board)


def _board(host: str, port: int, size: int, *, leads: bool) -> Any:
    from torch import distributed

    return distributed.TCPStore(  # type: ignore[attr-defined]
        host, port, size, is_master=leads, timeout=_JOINING, wait_for_workers=False
    )


@contextmanager
def joined(address: str, *, rank: int, size: int, device: torch.device) -> Iterator[Crew]:
    """Give the crew that meets at an address; the block must be entered by all of its processes."""
    import torch
    from torch import distributed

    if device.type == "cuda":
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    host, _, port = address.rpartition(":")
    board = distributed.TCPStore(  # type: ignore[attr-defined]
        host, int(port), size, is_master=rank == 0, timeout=_JOINING
    )
    distributed.init_process_group(backend, store=board, rank=rank, world_size=size, timeout=_PATIENCE)
    try:
        yield Crew(rank, size, board)
    finally:
        distributed.destroy_process_group()
