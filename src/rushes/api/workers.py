"""Worker: a process that does one thing at a time, within bounds of time and memory, and can be killed."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rushes.errors import MediaError, RushesError
from rushes.scale.child import become_child

_log = logging.getLogger(__name__)

_START_SECONDS = 120.0  # within which a process has loaded what it needs, on a busy machine
_LOOK_SECONDS = 0.25  # how often one looks whether the order was taken back
_RENEWED_AFTER = 20_000  # orders; what decoders leak ends with their process
_RENEWED_GROWN = 0.25  # of the bound of its memory, over what it held after its first order
_M_ARENA_MAX = -8  # of malloc.h
_END_SECONDS = 2.0
_FILES_AT_MOST = 256  # that a process has open at a time; a film and the graphs of a bundle take a dozen

Tell = Callable[[Any], None]
Do = Callable[[Any, Tell], Any]  # order, and what is told on the way -> reply


# Why a process ended that is begun anew: by what it was given, by whoever took that back, by someone outside, or worn.
ENDS = ("time", "memory", "crash", "cancelled", "killed", "worn")


def _silent(told: Any) -> None: ...


class WorkerError(Exception):
    """An order was not carried out, for a cause that is not in what was ordered being unreadable.

    Attributes:
        cause: `time`, `memory`, `crash` or `cancelled`, with which the process ended; `fault`, after which it goes on.
    """

    def __init__(self, cause: str, said: str) -> None:
        """Say what happened in a sentence."""
        super().__init__(said)
        self.cause = cause


class _KilledError(WorkerError):
    """The process was ended from outside: by a person, or by a system that is short of memory."""


class StartError(RushesError):
    """A process did not become ready, which is no fault of anything that it was given."""


class Worker:
    """A process at the other end of a pipe; one thread at a time gives it orders.

    It is started with the first order, and anew after one that it did not survive.
    """

    def __init__(
        self, make: Callable[[], Do], *, memory_bytes: int, name: str, ended: Callable[[str], None] = _silent
    ) -> None:
        """Start nothing yet.

        Args:
            make: gives, in the process, what carries out orders; has to be picklable.
            memory_bytes: that the process may fill, where the system can bound it (Linux).
            name: for the list of processes.
            ended: told which of ENDS it was, each time that a process ends which is begun anew.
        """
        self._make, self._memory_bytes, self._name, self._ended = make, memory_bytes, name, ended
        self._lock = threading.Lock()
        self._process: Any = None
        self._pipe: Connection | None = None
        self._orders = self._lean = 0
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the process; None where none runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process where none runs, and wait until it is ready.

        Raises:
            StartError: it does not become ready, or cannot load what it needs, and says why.
            WorkerError: it is closed.
        """
        if self._process is not None and self._process.is_alive():
            return
        self.kill()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._make, self._memory_bytes), name=self._name, daemon=True
        )
        process.start()
        theirs.close()
        with self._lock:
            self._process, self._pipe, self._orders, self._lean = process, ours, 0, 0
            closed = self._closed
        if closed:
            self.kill()
            raise WorkerError("crash", "the server is stopping")
        try:
            kind, said = self._next(time.monotonic() + _START_SECONDS, _START_SECONDS, threading.Event())
        except WorkerError as error:
            if self._closed:
                raise
            raise StartError(_said_of_start(error)) from error
        if kind == "broken":
            self.kill()
            raise StartError(said)

    def do(
        self,
        order: Any,
        *,
        seconds: float,
        stall_seconds: float | None = None,
        told: Tell = _silent,
        taken_back: threading.Event | None = None,
    ) -> Any:
        """Return the reply to an order.

        Args:
            seconds: within which it has to be carried out, or the process is killed.
            stall_seconds: the same from one thing that is told to the next; None is as long as the whole.
            told: called with what the process tells on the way.
            taken_back: set by another thread where nobody waits any more: the process is then killed.

        Raises:
            MediaError: what was ordered to be read cannot be; its `reason` says why.
            StartError: its process had to be begun anew, and does not become ready.
            WorkerError: the order took too long, filled too much memory, or its process died. Where someone else ended
                the process, which says nothing of the file, it is carried out once more.
        """
        try:
            return self._carry_out(order, seconds, stall_seconds, told, taken_back or threading.Event())
        except (_KilledError, StartError) as error:
            from_outside = isinstance(error, _KilledError) or isinstance(error.__cause__, _KilledError)
            if self._closed or not from_outside:
                raise
            return self._carry_out(order, seconds, stall_seconds, told, taken_back or threading.Event())

    def _carry_out(
        self, order: Any, seconds: float, stall_seconds: float | None, told: Tell, stop: threading.Event
    ) -> Any:
        self.start()
        assert self._pipe is not None
        self._orders += 1
        end = time.monotonic() + seconds
        try:
            self._pipe.send(order)
        except OSError as error:
            raise self._lost() from error
        while True:
            kind, said = self._next(end, stall_seconds or seconds, stop)
            if kind == "told":
                told(said)
            elif kind == "done":
                self._renew()
                return said
            elif kind == "unreadable":
                self._renew()
                raise MediaError("the file", said)
            elif kind == "memory":
                self._end("memory")
                raise WorkerError("memory", "needs more memory to be decoded than the server gives to one file")
            else:
                _log.error("a worker failed: %s", said)
                raise WorkerError("fault", "could not be decoded, by a fault of rushes itself")

    def kill(self) -> None:
        """End the process at once, where one runs."""
        with self._lock:
            process, pipe = self._process, self._pipe
            self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join(_END_SECONDS)
            with suppress(ValueError):
                process.close()

    def close(self) -> None:
        """End the process, and start none again; whoever waits for it hears that it is lost."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            with suppress(ValueError):
                process.kill()

    def _renew(self) -> None:
        """End the process where it did enough, or holds much more than it did: the next order would have no room."""
        held = _resident(self.pid)
        self._lean = self._lean or held
        if self._orders >= _RENEWED_AFTER or held - self._lean > _RENEWED_GROWN * self._memory_bytes:
            self._end("worn")

    def _end(self, why: str) -> None:
        """End a process that is begun anew with the next order, and tell why."""
        self.kill()
        if not self._closed:
            self._ended(why)

    def _next(self, end: float, stall_seconds: float, taken_back: threading.Event) -> tuple[str, Any]:
        """Return the next thing that the process says."""
        pipe, last = self._pipe, time.monotonic() + stall_seconds
        assert pipe is not None
        while True:
            now = time.monotonic()
            left = min(end, last) - now
            if left <= 0:
                self._end("time")
                waited = f"showed no progress for {stall_seconds:,.0f} s" if last < end else "took too long"
                raise WorkerError("time", f"{waited} to decode, and was given up")
            if taken_back.is_set():
                self._end("cancelled")
                raise WorkerError("cancelled", "was taken back")
            try:
                if pipe.poll(min(left, _LOOK_SECONDS)):
                    kind, said = pipe.recv()
                    return str(kind), said
            except (EOFError, OSError) as error:
                raise self._lost() from error

    def _lost(self) -> WorkerError:
        process = self._process
        if process is not None:
            process.join(_END_SECONDS)
        code = process.exitcode if process is not None else None
        killed = code == -getattr(signal, "SIGKILL", 0)
        self._end("killed" if killed else "crash")
        if self._orders and not self._closed:  # without an order it was starting, and whoever starts it hears why
            _log.warning("a process that decodes ended with %s", code)
        kind = _KilledError if killed else WorkerError
        return kind("crash", "ended the process that decoded it. It is damaged, or made to do so")


def _said_of_start(error: WorkerError) -> str:
    """Return why a process did not become ready, in words that blame no file."""
    if error.cause == "time":
        return (
            f"a process that decodes did not become ready within {_START_SECONDS:.0f} s. The machine has too much to "
            "do, or reads the bundle too slowly; try again, or with fewer processes (--decoders 1)"
        )
    if isinstance(error, _KilledError):
        return (
            "a process that decodes was killed while it started: by someone, or by a system that is short of memory. "
            "Try again, with more memory or fewer processes (--decoders 1)"
        )
    return "a process that decodes ended while it started. Its log says more; 'rushes doctor' says what is missing"


def _resident(pid: int | None) -> int:
    """Return the bytes that a process holds in memory; 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _serve(pipe: Connection, make: Callable[[], Do], memory_bytes: int) -> None:
    """Carry out orders until the pipe is closed; runs in the process."""
    _share_heaps()
    become_child()  # also in the middle of a long film it ends with the server, which ends its workers itself
    _bound(memory_bytes)
    with suppress(OSError, EOFError):
        try:
            do = make()
        except RushesError as error:
            pipe.send(("broken", str(error)))
            return
        _hush()
        _keep_from_writing()
        pipe.send(("ready", None))
        while True:
            kind, said = _carried_out(do, pipe.recv(), lambda told: pipe.send(("told", told)))
            pipe.send((kind, said))
            if kind == "memory":
                return


def _share_heaps() -> None:
    """Let all threads of the process take memory from two heaps.

    glibc gives each thread a heap of its own, and keeps what was freed there: the threads of a HEIC's decoder took
    18 MB more with every few pictures, to 220 MB where 88 are enough.
    """
    with suppress(OSError, AttributeError):  # of other systems' libraries
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _hush() -> None:
    """Send nowhere what libraries print of a stranger's file: it would fill the server's log. Faults go by the pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _carried_out(do: Do, order: Any, tell: Tell) -> tuple[str, Any]:
    try:
        return "done", do(order, tell)
    except (BrokenPipeError, ConnectionError, EOFError):
        raise
    except MediaError as error:
        return "unreadable", error.reason
    except MemoryError:
        return "memory", None
    except Exception:
        return "fault", traceback.format_exc()


def _bound(memory_bytes: int) -> None:
    """Let the process fill no more than so much memory, open so many files, and leave no core file.

    How many processes there are is not bounded here: the system counts those of the user, with all threads of the
    server, so that any bound would be too small for one machine or too large for another.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        bound = _FILES_AT_MOST if most == resource.RLIM_INFINITY else min(most, _FILES_AT_MOST)
        resource.setrlimit(resource.RLIMIT_NOFILE, (bound, bound))
    with suppress(ValueError, OSError):
        # What is written to counts, and not what libraries reserve or map: those alone are some GiB.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def _keep_from_writing() -> None:
    """Let no file grow by what the process writes; what decodes has nothing to write, and pipes go on."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
