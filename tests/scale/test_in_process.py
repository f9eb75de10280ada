from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rushes.errors import MediaError
from rushes.scale.engine import Done, Lost, Seat, Work, in_order
from rushes.scale.in_process import InProcess


def build_square(seat: Seat) -> Callable[[Sequence[int]], list[int]]:
    def square(numbers: Sequence[int]) -> list[int]:
        if 7 in numbers:
            raise ValueError("seven")
        if 99 in numbers:
            raise MediaError("bucket", "does not answer")
        return [number * number for number in numbers]

    return square


def test_every_item_is_answered_once_and_one_that_fails_is_lost_alone(tmp_path: Path) -> None:
    seen: list[int] = []
    work = Work(build_square, "squaring", together=4)
    parts = list(InProcess().map(work, range(10), progress=lambda done, total, note="": seen.append(done)))
    answers = {done.item: done.answer for part in parts for done in part}
    lost = answers.pop(7)
    assert isinstance(lost, Lost)
    assert lost.cause == "failed"
    assert "ValueError: seven" in lost.reason
    assert answers == {number: number * number for number in range(10) if number != 7}
    assert seen == [4, 8, 10]


def test_an_error_that_a_person_can_put_right_ends_the_map() -> None:
    with pytest.raises(MediaError, match="does not answer"):
        list(InProcess().map(Work(build_square, "squaring"), [1, 99]))


def test_what_is_done_out_of_turn_is_given_in_turn() -> None:
    parts = [[Done(2, "c", 2)], [Done(0, "a", 0), Done(3, "d", 3)], [Done(1, "b", 1)]]
    assert [done.item for done in in_order(parts)] == ["a", "b", "c", "d"]
