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
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rushes.errors import AbsentError, RushesError, SyncError
from rushes.storage.object_folder import ObjectFolder
from rushes.storage.stores import State

LOCK_KEY = ".rushes/lock.json"
RENEW_SECONDS = 20.0
STALE_SECONDS = 300.0  # a lock that says it was renewed longer ago is watched, and taken over where it does not change
_WATCH_SECONDS = 2.5 * RENEW_SECONDS
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        token: what tells this holding from every other.
        host: the machine as a person calls it.
        machine: what tells machines apart, and containers in which processes are numbered anew; "" where nobody knows.
        process: number of the process, with the time at which it began where the system says so.
        since: when it took the lock.
        renewed_at: seconds since the epoch, by the holder's clock.
    """

    token: str
    host: str
    machine: str
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
            "machine": self.machine,
            "process": self.process,
            "since": self.since,
            "renewed_at": self.renewed_at,
        }
        return json.dumps(table) + "\n"


class Lock:
    """A lock that is held. Ask before each thing that must not happen twice at once."""

    def __init__(self, folder: ObjectFolder, holder: Holder, state: State) -> None:
        self._folder, self._holder, self._state = folder, holder, state
        self._renewed_at = time.time()  # by the wall: a machine that slept must know that it did
        self._lost: str | None = None
        self._stop = threading.Event()

    def still_held(self, *, for_certain: bool = False) -> None:
        """Raise SyncError where somebody else has taken the lock, or where it could not be renewed in time.

        Args:
            for_certain: look, instead of believing the last renewal.
        """
        if self._lost is None and (for_certain or time.time() - self._renewed_at > STALE_SECONDS / 2):
            held = _read(self._folder)
            if held is None or held[0].token != self._holder.token:
                self._lost = "another sync has taken the lock"
        if self._lost is not None:
            raise SyncError(f"{self._folder.place}: {self._lost}. Run it again: it goes on from where it was")

    def _renew_until_stopped(self, renew_seconds: float) -> None:
        while not self._stop.wait(renew_seconds):
            now = replace(self._holder, renewed_at=time.time())
            try:
                state = self._folder.rewrite(LOCK_KEY, now.text.encode(), known=self._state)
                if state is None:
                    held = _read(self._folder)  # it was this one, where the answer to the last was lost
                    if held is None or held[0].token != self._holder.token:
                        self._lost = "another sync has taken the lock"
                        return
                    state = held[1]
            except (RushesError, OSError) as error:
                if time.time() - self._renewed_at > STALE_SECONDS / 2:
                    self._lost = f"the lock could not be renewed ({error})"
                    return
                continue
            self._holder, self._state, self._renewed_at = now, state, time.time()

    def _release(self) -> None:
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
    sleep: Callable[[float], Any] = time.sleep,
) -> Iterator[Lock]:
    """Hold the lock of a dataset; it is renewed in the background and let go of at the end.

    The lock of a process of this machine that has ended is taken over at once. One that says it was not renewed for
    STALE_SECONDS is watched for a while, since clocks differ, and taken over where it is not renewed meanwhile. Of
    those who try, one gets it, since the change is made only to the lock that was read.

    Args:
        take_over: take the lock whoever holds it.

    Raises:
        SyncError: another sync holds it.
        PlaceError: it cannot be read or written.
    """
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    process = _process(os.getpid()) or str(os.getpid())
    holder = Holder(secrets.token_hex(8), socket.gethostname(), _machine(), process, now, clock())
    lock = Lock(folder, holder, _take(folder, holder, take_over=take_over, clock=clock, sleep=sleep))
    renewing = threading.Thread(target=lock._renew_until_stopped, args=(renew_seconds,), daemon=True)
    renewing.start()
    try:
        yield lock
    finally:
        lock._stop.set()
        renewing.join(timeout=60)
        lock._release()


def _take(
    folder: ObjectFolder,
    holder: Holder,
    *,
    take_over: bool,
    clock: Callable[[], float],
    sleep: Callable[[float], Any],
) -> State:
    """Return the state of the lock, which is the holder's."""
    text = holder.text.encode()
    state = folder.write_new(LOCK_KEY, text)
    held = None if state is not None else _read(folder)
    if held is not None and held[0].token == holder.token:  # it was written, and the answer was lost
        return held[1]
    if state is None and held is None:  # let go of in between
        state = folder.write_new(LOCK_KEY, text)
    elif state is None and held is not None:
        if not take_over and not _has_ended(held[0]) and clock() - held[0].renewed_at > STALE_SECONDS:
            sleep(_WATCH_SECONDS)
            again = _read(folder)
            take_over = again is not None and again[0] == held[0]
        if take_over or _has_ended(held[0]):
            state = folder.rewrite(LOCK_KEY, text, known=held[1])
    if state is None:
        raise SyncError(_describe(folder, held[0] if held else None))
    return state


def _read(folder: ObjectFolder) -> tuple[Holder, State] | None:
    """Return who holds the lock and the state in which that was read; None where nobody does."""
    state = folder.state(LOCK_KEY)
    if state is None:
        return None
    try:
        table = json.loads(folder.read(LOCK_KEY))
        words = [str(table[name]) for name in ("token", "host", "machine", "process", "since")]
        return Holder(words[0], words[1], words[2], words[3], words[4], float(table["renewed_at"])), state
    except AbsentError:
        return None
    except (ValueError, KeyError, TypeError):
        return Holder("", "an unknown machine", "", "", "an unknown time", 0.0), state  # cut short, or not one of ours


def _has_ended(holder: Holder) -> bool:
    """Return whether the holder was a process of this machine that is no more."""
    number = holder.process.partition("@")[0]
    here = holder.host == socket.gethostname() and holder.machine == _machine()
    return here and number.isdigit() and _process(int(number)) != holder.process


def _machine() -> str:
    """Return what tells this machine since it was started, and the numbers of its processes, from every other."""
    try:
        return f"{_BOOT.read_text(encoding='ascii').strip()} {_PROCESSES.readlink()}"
    except OSError:
        return ""


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


def _describe(folder: ObjectFolder, holder: Holder | None) -> str:
    who = f"process {holder.process.partition('@')[0]} on {holder.host} since {holder.since}" if holder else "another"
    return (
        f"{folder.place}: another sync holds the lock: {who}. Wait for it to end. If it is known to be dead, "
        "run this again with --break-lock"
    )
