"""What workers of tests carry out; it has to be found by their processes."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Any

from rushes.api.workers import Tell
from rushes.errors import MediaError, RushesError


class Obedient:
    """Does what an order says."""

    def __init__(self) -> None:
        self.orders = 0
        self.kept: list[bytearray] = []

    def __call__(self, order: tuple[str, Any], tell: Tell) -> Any:
        self.orders += 1
        word, value = order
        if word == "count":
            return self.orders
        if word == "tell":
            for step in range(value):
                tell(step)
        elif word == "sleep":
            time.sleep(value)
        elif word == "keep":  # as a library does that leaks
            self.kept.append(bytearray(b"x") * value)
        elif word == "print":
            os.write(1, value)
            os.write(2, value)
        elif word == "write":
            try:
                value.write_bytes(b"x")
            except OSError:
                return "refused"
        elif word == "open":
            return _opened(value)
        elif word == "spin":
            end = time.monotonic() + value
            while time.monotonic() < end:
                pass
        elif word == "die":
            os.kill(os.getpid(), value)
        elif word == "die once":  # as one that is killed from outside
            if not value.exists():
                value.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return "alive"
        elif word == "fill":
            return len(bytearray(value))
        elif word == "unreadable":
            raise MediaError("/spool/a.jpg", value)
        elif word == "fault":
            raise ZeroDivisionError
        return value


class Broken:
    def __init__(self) -> None:
        raise RushesError("the bundle is gone. Export it again")

    def __call__(self, order: Any, tell: Tell) -> Any:
        raise AssertionError


class KilledAtTheStart(Broken):
    def __init__(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class DiesAtTheStart(Broken):
    def __init__(self) -> None:
        os._exit(1)


def _opened(count: int) -> int:
    """Return how many files can be opened, of so many."""
    found: list[int] = []
    with suppress(OSError):
        while len(found) < count:
            found.append(os.open(os.devnull, os.O_RDONLY))
    for one in found:
        os.close(one)
    return len(found)
