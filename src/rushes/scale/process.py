"""A process of the pool: how it is started, spoken with and ended, and what it does in its life."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rushes.errors import EngineError, RushesError
from rushes.scale.child import become_child, without_interrupt
from rushes.scale.engine import Seat, Work
from rushes.scale.in_process import answers_of, failed
from rushes.scale.own_folders import end_folder, pool_folder
from rushes.scale.sent import ElsewhereError, packed_answers, sendable_error

# Bytes that a line takes in although nobody reads them yet: half of what the smallest holds.
_ROOM = 32_768 if sys.platform == "linux" else 4_096
_END_SECONDS = 2.0  # that an idle process has to end by itself
_COUNT_BYTES = 4  # at the head of a chunk: how many items it has


@dataclass(slots=True)
class Task:
    """An item under way.

    Attributes:
        deaths: how many processes ended while they worked on it, or on a chunk that it was in.
    """

    number: int
    item: Any
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a process said.

    Attributes:
        tasks: that are answered; none where it said that it is ready.
        seconds: that they took.
    """

    tasks: Sequence[Task] = ()
    answers: Sequence[Any] = ()
    seconds: float = 0.0


def pack_work(work: Work[Any, Any], *, threads: int) -> bytes:
    """Return what a process is told of its work; the same work gives the same bytes."""
    return pickle.dumps((work.build, dict(work.files), work.fills, threads), pickle.HIGHEST_PROTOCOL)


def pack_chunk(chunk: Sequence[Task]) -> bytes:
    """Return a chunk as it is sent."""
    items = pickle.dumps([task.item for task in chunk], pickle.HIGHEST_PROTOCOL)
    return len(chunk).to_bytes(_COUNT_BYTES) + items


class Process:
    """A process and the line to it, which nobody else uses: a kill leaves nothing locked.

    Attributes:
        chunks: sent and not answered; it works on the first once it is ready.
        is_ready: whether it has built its work.
        since: when it was started, or else when it got to the first of its chunks; by `time.monotonic`.
    """

    def __init__(self, work: bytes, *, keeps: bool, number: int) -> None:
        """Start the process.

        Args:
            work: of `pack_work`.
            keeps: whether its work keeps what it makes; otherwise it gets a folder that goes with the process.

        Raises:
            EngineError: the system starts no more processes, or there is no room for the folder.
        """
        self.chunks: deque[Sequence[Task]] = deque()
        self.is_ready = False
        self.since = time.monotonic()
        self._unread = 0
        self._folder: Path | None = None
        self._end_folder: Callable[[], object] = int
        if not keeps:
            self._folder, handle = pool_folder()
            self._end_folder = weakref.finalize(self, end_folder, self._folder, handle)  # once, at exit at the latest
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        args = (theirs, str(self._folder) if self._folder is not None else None, _heard_by())
        self._process = context.Process(target=_live, args=args, name=f"rushes-{number}", daemon=True)
        try:
            with without_interrupt():
                self._process.start()
        except OSError as error:
            self._leave()
            raise EngineError(
                f"another process to work in cannot be started: {error.strerror or error}. Close other programs, or "
                "take fewer --workers"
            ) from error
        finally:
            theirs.close()
        self.sentinel = self._process.sentinel
        with suppress(OSError):  # it died already: whoever waits for it hears so
            self.line.send_bytes(work)

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return self._process.pid

    def has_room(self, packed: bytes) -> bool:
        """Return whether what is sent is taken in at once, so that nobody waits for a process that does not read."""
        is_waiting = self.is_ready and not self.chunks
        return is_waiting or self._unread + len(packed) <= _ROOM

    def send(self, packed: bytes, chunk: Sequence[Task]) -> None:
        """Give the process a chunk, for which it must have room."""
        if self.is_ready and not self.chunks:
            self.since = time.monotonic()
        else:
            self._unread += len(packed)
        self.chunks.append(chunk)
        with suppress(OSError):  # as above
            self.line.send_bytes(packed)

    def hear(self) -> Heard | None:
        """Return what the process said next; None where it has said nothing.

        Raises:
            RushesError: its work raised it.
            GoneError: the process is no more.
            Exception: its work cannot be built, by a bug.
        """
        try:
            if not self.line.poll():
                return None
            packed = self.line.recv_bytes()
        except (EOFError, OSError) as end:  # also in the middle of what it said
            raise GoneError from end
        kind, seconds, said = pickle.loads(packed)
        if kind == "raised":
            error, trace = said
            raise error from ElsewhereError(trace)
        self.since, self._unread = time.monotonic(), 0
        if kind == "ready":
            self.is_ready = True
            return Heard()
        return Heard(self.chunks.popleft(), said, seconds)

    def end_of(self, work: Work[Any, Any]) -> float:
        """Return when the first chunk has to be done; infinity where there is none, or no limit."""
        limit = work.limit_of(len(self.chunks[0])) if self.is_ready and self.chunks else 0.0
        return self.since + limit if limit else math.inf

    def is_alive(self) -> bool:
        """Return whether the process lives."""
        return self._process.is_alive()

    def kill(self) -> str:
        """End the process at once, and return how it ended: its own end where it had ended before."""
        self._process.kill()
        self._process.join(_END_SECONDS)
        end = _said_of(self._process.exitcode)
        self._leave()
        return end

    def dismiss(self) -> None:
        """Let an idle process end; `kill` sees to it that it has."""
        self.line.close()

    def wait_until_dismissed(self) -> None:
        """Wait until the process has ended, and end it where it does not."""
        self._process.join(_END_SECONDS)
        self.kill()

    def _leave(self) -> None:
        self.line.close()
        with suppress(ValueError):  # it does not end, although it was killed: it waits for a disk
            self._process.close()
        self._end_folder()


class GoneError(Exception):
    """A process is no more, and has said all that it will."""


def _said_of(status: int | None) -> str:
    """Return how a process ended: by a signal or with an exit status."""
    if status is None or status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _heard_by() -> int | None:
    """Return from which level on what is logged here is shown on stderr; None where it goes elsewhere or nowhere."""
    root = logging.getLogger()
    if root.handlers and not any(getattr(one, "stream", None) is sys.stderr for one in root.handlers):
        return None
    return max(root.getEffectiveLevel(), logging.WARNING if not root.handlers else logging.NOTSET)


def _live(line: Connection, folder: str | None, level: int | None) -> None:
    """Answer the chunks that come down a line until it is closed: the life of a process."""
    become_child(partial(shutil.rmtree, folder, ignore_errors=True) if folder is not None else None)
    _be_quiet(level)
    with suppress(EOFError, OSError):
        try:
            build, files, fills, threads = pickle.loads(line.recv_bytes())
            os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # of libraries that the work loads and does not ask
            chore = build(Seat(threads, files, fills if fills is not None else Path(folder or "")))
        except (EOFError, ConnectionError):
            raise
        except Exception as error:
            line.send_bytes(_packed_error(error))
            return
        line.send(("ready", 0.0, None))
        while True:
            line.send_bytes(_answered(chore, line.recv_bytes()))


def _answered(chore: Any, packed: bytes) -> bytes:
    """Return the answers to a chunk as they are sent."""
    started = time.perf_counter()
    try:
        try:
            items = pickle.loads(memoryview(packed)[_COUNT_BYTES:])
        except Exception as error:  # a bug: what was sent is unknown here
            answers: list[Any] = [failed(error)] * int.from_bytes(packed[:_COUNT_BYTES])
        else:
            answers = answers_of(chore, items)
    except RushesError as error:
        return _packed_error(error)
    seconds = time.perf_counter() - started
    return packed_answers(lambda sent: pickle.dumps(("answers", seconds, sent), pickle.HIGHEST_PROTOCOL), answers)


def _packed_error(error: Exception) -> bytes:
    """Return an error with its trace as they are sent."""
    return pickle.dumps(("raised", 0.0, sendable_error(error)), pickle.HIGHEST_PROTOCOL)


def _be_quiet(level: int | None) -> None:
    """Let what is logged and warned of reach stderr no more than in the process that asked."""
    warnings.simplefilter("ignore")
    root = logging.getLogger()
    if level is None:
        root.addHandler(logging.NullHandler())
    else:
        logging.basicConfig(level=level, stream=sys.stderr)
