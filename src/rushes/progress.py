"""The seam through which long work tells a door how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A callable that a door passes in; the work calls it, and prints nothing itself."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        """Take note that `done` of `total` units are done; `total` None means not known.

        `note` is what a person would like to read beside the bar (a file name, a loss).
        """


def noting(progress: Progress, note: str) -> Progress:
    """Return progress that is told with a note of its own, whatever the work notes."""
    return lambda done, total, _="": progress(done, total, note)


def silent(done: int, total: int | None, note: str = "") -> None:
    """Ignore progress: the default of every act."""
