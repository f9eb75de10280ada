"""What a driver hears of work that is done in its own process, while it is done."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rushes.catalog.catalog import StoredFrame


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told of a film's frames as they come; from any thread, with the digest of the film.

    Attributes:
        stored: told of frames whose pictures are written, which it notes at once.
        scanned: told how many more frames were looked at, where none is written.
    """

    stored: Callable[[str, Sequence[StoredFrame]], None]
    scanned: Callable[[str, int], None]


@contextmanager
def heard(listener: Listener) -> Iterator[str]:
    """Give the word by which work of this process finds a listener; in another process it leads to none."""
    word = secrets.token_hex(8)
    _listeners[word] = listener
    try:
        yield word
    finally:
        del _listeners[word]


def listener_of(word: str) -> Listener | None:
    """Return the listener of a word; None in another process than the driver's."""
    return _listeners.get(word)


_listeners: dict[str, Listener] = {}
