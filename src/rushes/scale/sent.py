"""What one process sends another of its work: answers and errors, as they can be sent, and what is said of losses."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from rushes.errors import RushesError
from rushes.scale.engine import Lost
from rushes.scale.in_process import failed


class ElsewhereError(Exception):
    """What `--debug` shows of an error raised in another process: the trace there."""


def packed_answers(pack: Callable[[Sequence[Any]], bytes], answers: Sequence[Any]) -> bytes:
    """Return answers as `pack` packs them, with Lost for each that cannot be sent."""
    try:
        return pack(answers)
    except Exception:
        return pack([_sendable(answer) for answer in answers])


def _sendable(answer: Any) -> Any:
    try:
        pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return failed(error)
    return answer


def sendable_error(error: Exception) -> tuple[Exception, str]:
    """Return an error that can be sent, and its trace; one that cannot be sent as it is, is by its text."""
    trace = "".join(traceback.format_exception(error))
    error.__traceback__ = error.__cause__ = error.__context__ = None
    try:
        pickle.loads(pickle.dumps(error, pickle.HIGHEST_PROTOCOL))
        return error, trace
    except Exception:
        kind = RushesError if isinstance(error, RushesError) else RuntimeError
        return kind(str(error)), trace


def died(end: str = "") -> Lost:
    """Return what is said of an item that ended its process twice.

    Args:
        end: how it ended, where that is known: `SIGKILL`, `exit status 1`.
    """
    if end in ("", "SIGKILL"):
        why = "as the system does where memory runs out. Try it with fewer --workers, or leave it out"
    else:
        why = "which damaged files do, or a fault of a library. Leave it out, or repair it"
    return Lost("died", f"ended the process that worked on it, twice{f' ({end})' if end else ''}, {why}")


def late(seconds: float) -> Lost:
    """Return what is said of an item that took too long."""
    return Lost(
        "late",
        f"took longer than {seconds:g} s and was given up. Leave it out, or try again when the machine has less to do",
    )


def few_ready(what: str, count: int) -> str:
    """Return what is said where a work goes on with fewer processes than were asked for.

    Args:
        what: the work, as `Work.what`.
        count: of the processes that go on.
    """
    become = "process becomes" if count == 1 else "processes become"
    return (
        f"{what}: no more than {count} {become} ready, and the work goes on with that. Others may lack memory: take "
        "fewer --workers"
    )
