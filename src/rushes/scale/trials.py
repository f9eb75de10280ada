"""Trials whose next depends on those before: what they are drawn from, and what is said while they are under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rushes.scale.engine import Lost


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A trial was ended because `Trials.goes_on` said so."""


@dataclass(frozen=True, slots=True)
class NoMore:
    """There is nothing to try any more."""


class Trials(Protocol):
    """Who knows what is to be tried next. All calls come from one thread."""

    def next(self) -> Any:
        """Return a trial to begin now; None where there is none before another has ended."""

    def goes_on(self, trial: Any, record: Mapping[str, Any]) -> bool:
        """Take note of what a trial says of itself, and say whether it goes on; it may say the same twice."""

    def ended(self, trial: Any, came: Any) -> None:
        """Take note of what came of a trial: its answer, GivenUp or Lost."""


class Ledger:
    """Answers those who carry trials out, wherever that is: each trial goes by a key that they chose."""

    def __init__(self, trials: Trials) -> None:
        self._trials = trials
        self._under_way: dict[str, Any] = {}
        self._given_up: set[str] = set()

    def begin(self, key: str) -> Any:
        """Return a trial to begin; None where another must end first, NoMore where none is left."""
        trial = self._trials.next()
        if trial is None:
            return None if self._under_way else NoMore()
        self._under_way[key] = trial
        return trial

    def goes_on(self, key: str, record: Mapping[str, Any]) -> bool:
        """Return whether a trial goes on behind a record."""
        if not self._trials.goes_on(self._under_way[key], record):
            self._given_up.add(key)
        return key not in self._given_up

    def end(self, key: str, answer: Any) -> None:
        """Take what came of a trial; of one that was given up that alone."""
        trial = self._under_way.pop(key)
        self._trials.ended(trial, GivenUp() if key in self._given_up else answer)

    def lose(self, key: str, *, tries: int) -> None:
        """Take that a trial was tried in vain: its process ended each time."""
        again = f"its process ended {tries} times before its time; memory may be short: take fewer --workers"
        self.end(key, Lost("died", again))
