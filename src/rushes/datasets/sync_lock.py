"""The lock that keeps two syncs of one dataset apart."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rushes.errors import RushesError, SyncError
from rushes.storage.object_folder import ObjectFolder
from rushes.storage.stores import State

LOCK_KEY = ".rushes/lock.json"
RENEW_SECONDS = 20.0
STALE_SECONDS = 300.0  # a holder on another machine that has not renewed its lock for so long is taken for dead


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        token: what tells this holding from every other.
        process: number of the process on its machine, with the time at which it began where the system says so.
        renewed_at: seconds since the epoch, by the holder's clock.
    """

    token: str
    host: str
    process: str
    since: str
    renewed_at: float

    @property
    def text(self) -> str:
        """Return the holder as the lock's JSON."""
        table = {
            "schema": "lock/1",
            "token": self.token,
            "host": self.host,
            "process": self.process,
            "since": self.since,
            "renewed_at": self.renewed_at,
        }
        return json.dumps(table) + "\n"


class Lock:
    """A lock that is held. Ask `still_held` before each thing that must not happen twice at once."""

    def __init__(self, folder: ObjectFolder, holder: Holder, state: State) -> None:
        self._folder, self._holder, self._state = folder, holder, state
        self._lost: str | None = None
        self._stop = threading.Event()

    def still_held(self) -> None:
        """Raise SyncError where somebody else has taken the lock, or where it could not be renewed in time."""
        if self._lost is not None:
            raise SyncError(f"{self._folder.place}: {self._lost}. Run it again: it goes on from where it was")

    def _renew_until_stopped(self, renew_seconds: float) -> None:
        last = time.monotonic()
        while not self._stop.wait(renew_seconds):
            self._holder = _renewed(self._holder)
            try:
                state = self._folder.rewrite(LOCK_KEY, self._holder.text.encode(), known=self._state)
            except (RushesError, OSError) as error:
                if time.monotonic() - last > STALE_SECONDS / 2:
                    self._lost = f"the lock could not be renewed ({error})"
                    return
                continue
            if state is None:
                self._lost = "another sync has taken the lock"
                return
            self._state, last = state, time.monotonic()

    def _release(self) -> None:
        self._stop.set()
        with suppress(RushesError, OSError):  # it would be taken for dead later; the work is done
            held = _read(self._folder)
            if held is not None and held[0].token == self._holder.token:
                self._folder.delete([LOCK_KEY])


@contextmanager
def hold_lock(
    folder: ObjectFolder,
    *,
    take_over: bool = False,
    renew_seconds: float = RENEW_SECONDS,
    clock: Callable[[], float] = time.time,
) -> Iterator[Lock]:
    """Hold the lock of a dataset; it is renewed in the background and let go of at the end.

    The lock of a process of this machine that has ended, and one that was not renewed for STALE_SECONDS, is taken
    over: by one of those who try, since the change is made only to the lock that was read.

    Args:
        take_over: take the lock whoever holds it.

    Raises:
        SyncError: another sync holds it.
    """
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    holder = Holder(secrets.token_hex(8), socket.gethostname(), _process(os.getpid()) or "", now, clock())
    state = folder.write_new(LOCK_KEY, holder.text.encode())
    if state is None:
        held = _read(folder)
        if held is None:  # let go of in between
            state = folder.write_new(LOCK_KEY, holder.text.encode())
        elif take_over or _is_dead(held[0], now=clock()):
            state = folder.rewrite(LOCK_KEY, holder.text.encode(), known=held[1])
        if state is None:
            raise SyncError(_describe(folder, held[0] if held else None))
    lock = Lock(folder, holder, state)
    renewing = threading.Thread(target=lock._renew_until_stopped, args=(renew_seconds,), daemon=True)
    renewing.start()
    try:
        yield lock
    finally:
        lock._stop.set()
        renewing.join(timeout=60)
        lock._release()


def _read(folder: ObjectFolder) -> tuple[Holder, State] | None:
    """Return who holds the lock and the state in which that was read; None where nobody does."""
    state = folder.state(LOCK_KEY)
    if state is None:
        return None
    try:
        table = json.loads(folder.read(LOCK_KEY))
        holder = Holder(table["token"], table["host"], table["process"], table["since"], float(table["renewed_at"]))
    except (ValueError, KeyError, TypeError):
        holder = Holder("", "an unknown machine", "", "an unknown time", 0.0)  # cut short, or not a lock of ours
    except (RushesError, OSError):
        return None
    return holder, state


def _is_dead(holder: Holder, *, now: float) -> bool:
    if now - holder.renewed_at > STALE_SECONDS:
        return True
    number = holder.process.partition("@")[0]
    return holder.host == socket.gethostname() and number.isdigit() and _process(int(number)) != holder.process


def _process(number: int) -> str | None:
    """Return a process's number with the tick at which it began, where /proc tells; None where there is none."""
    try:
        said = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        fields = said.rpartition(")")[2].split()
        if fields[0] == "Z":  # it was killed, and nobody has asked for its exit status
            return None
        return f"{number}@{fields[19]}"
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except (OSError, IndexError):
        pass
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return str(number)


def _renewed(holder: Holder) -> Holder:
    return Holder(holder.token, holder.host, holder.process, holder.since, time.time())


def _describe(folder: ObjectFolder, holder: Holder | None) -> str:
    who = f"process {holder.process.partition('@')[0]} on {holder.host} since {holder.since}" if holder else "another"
    return (
        f"{folder.place}: another sync holds the lock: {who}. Wait for it to end. If it is known to be dead, "
        "run this again with --break-lock"
    )
