"""Trials that are under way somewhere: what is asked of whoever draws them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rushes.scale.engine import Lost
from rushes.scale.trials import GivenUp, Ledger, NoMore


class Letters:
    """Draws a, b, and c once a has ended; b is given up behind its first record."""

    def __init__(self) -> None:
        self.waiting = ["b", "a"]
        self.came: list[tuple[str, Any]] = []

    def next(self) -> str | None:
        return self.waiting.pop() if self.waiting else None

    def goes_on(self, trial: str, record: Mapping[str, Any]) -> bool:
        return trial != "b"

    def ended(self, trial: str, came: Any) -> None:
        self.came.append((trial, came))
        if trial == "a":
            self.waiting.append("c")


def test_there_is_no_more_only_when_nothing_is_under_way() -> None:
    ledger = Ledger(Letters())
    assert [ledger.begin("1"), ledger.begin("2"), ledger.begin("3")] == ["a", "b", None]
    ledger.end("1", "fine")
    assert ledger.begin("3") == "c"
    for key in ("2", "3"):
        ledger.end(key, "fine")
    assert ledger.begin("4") == NoMore()


def test_what_was_given_up_has_no_answer() -> None:
    letters = Letters()
    ledger = Ledger(letters)
    ledger.begin("1")
    ledger.begin("2")
    assert ledger.goes_on("1", {"epoch": 1})
    assert not ledger.goes_on("2", {"epoch": 1})
    ledger.end("2", None)
    ledger.end("1", "fine")
    assert letters.came == [("b", GivenUp()), ("a", "fine")]


def test_a_trial_whose_process_ended_each_time_is_lost() -> None:
    letters = Letters()
    ledger = Ledger(letters)
    ledger.begin("1")
    ledger.lose("1", tries=2)
    ((_, came),) = letters.came
    assert isinstance(came, Lost)
    assert came.cause == "died"
    assert came.reason.startswith("its process ended 2 times before its time")
