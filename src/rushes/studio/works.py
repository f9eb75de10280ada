"""Works: long acts on films, done one after another in the background while the page is told how far they are."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rushes.errors import MediaError, RushesError
from rushes.progress import Progress

State = Literal["queued", "running", "done", "failed"]
MOST_WAITING = 64
_REMEMBERED = 256  # works that are over, so that a page that asks late is told

_log = logging.getLogger(__name__)


class FullError(RushesError):
    """So much waits already that no more is taken."""


class _StoppedError(Exception):
    """The server stops."""


@dataclass(frozen=True, slots=True)
class Work:
    """How far an act is.

    Attributes:
        kind: `scan` or `preview`.
        done, total: in what `note` says; total None where it is not known.
        detail: why it failed.
    """

    kind: str
    state: State = "queued"
    done: int = 0
    total: int | None = None
    note: str = ""
    detail: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("done", "failed")

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "kind": self.kind,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "note": self.note,
            "detail": self.detail or None,
        }


class Works:
    """One thread that does what is asked for, the first first; what was asked for twice is done once."""

    def __init__(self) -> None:
        """Begin when the first work comes."""
        self._changed = threading.Condition()
        self._works: OrderedDict[tuple[str, str], Work] = OrderedDict()
        self._waiting: deque[tuple[tuple[str, str], Callable[[Progress], None]]] = deque()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def ask(self, kind: str, digest: str, act: Callable[[Progress], None]) -> Work:
        """Ask for an act on a film; one that waits or is at work already goes on as it is.

        Raises:
            FullError: MOST_WAITING acts wait.
        """
        key = (kind, digest)
        with self._changed:
            known = self._works.get(key)
            if known is not None and not known.is_over:
                return known
            if self._is_closed or len(self._waiting) >= MOST_WAITING:
                raise FullError(f"{len(self._waiting)} works wait already. Try again when some are done")
            self._works[key] = Work(kind)
            self._works.move_to_end(key)
            self._waiting.append((key, act))
            self._forget()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="works")
                self._thread.start()
            self._changed.notify_all()
            return self._works[key]

    def of(self, digest: str) -> list[Work]:
        """Return what was asked for of a film, the latest last."""
        with self._changed:
            return [work for (_, film), work in self._works.items() if film == digest]

    def close(self) -> None:
        """Let go of what waits; what is at work ends at its next word."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=10)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._is_closed:
                    self._changed.wait()
                if self._is_closed:
                    return
                key, act = self._waiting.popleft()
                self._works[key] = Work(key[0], "running")
            self._do(key, act)

    def _do(self, key: tuple[str, str], act: Callable[[Progress], None]) -> None:
        def tell(done: int, total: int | None, note: str = "") -> None:
            if self._is_closed:
                raise _StoppedError
            with self._changed:
                self._works[key] = Work(key[0], "running", done, total, note)

        try:
            act(tell)
            over = Work(key[0], "done")
        except MediaError as error:  # where the file is, is nobody's business
            over = Work(key[0], "failed", detail=error.reason)
        except RushesError as error:
            over = Work(key[0], "failed", detail=str(error))
        except _StoppedError:
            over = Work(key[0], "failed", detail="the server was stopped")
        except Exception as error:
            _log.exception("%s of %s failed", *key)
            over = Work(key[0], "failed", detail=f"a fault of rushes itself: {type(error).__name__}. Its log says more")
        with self._changed:
            self._works[key] = over

    def _forget(self) -> None:
        over = [key for key, work in self._works.items() if work.is_over]
        for key in over[: max(0, len(over) - _REMEMBERED)]:
            del self._works[key]
