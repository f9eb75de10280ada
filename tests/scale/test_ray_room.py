"""Whether the machines that are left hold what a work takes; what Ray would say of them is given."""

from __future__ import annotations

import logging
import time

import pytest

from rushes.errors import EngineError
from rushes.scale.ray_room import RoomWatch
from rushes.scale.room import Machine, Room

TWO = Room(workers=2, cores=4, on_gpu=False)


def look_for(watch: RoomWatch, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        watch.look()
        time.sleep(0.01)


def test_machines_that_hold_all_are_left_alone() -> None:
    look_for(RoomWatch(TWO, 2, lambda: [Machine(4), Machine(9)], patience=0.02), 0.2)
    look_for(RoomWatch(TWO, 1, lambda: [Machine(4)], patience=0.02), 0.2)


def test_machines_that_are_lost_and_do_not_come_back_end_the_work(caplog: pytest.LogCaptureFixture) -> None:
    watch = RoomWatch(TWO, 2, lambda: [Machine(7)], patience=0.02)
    with (
        caplog.at_level(logging.WARNING, logger="rushes"),
        pytest.raises(EngineError, match=r"room for 1 of 2 workers with 4 cores each.*Start a machine.*run this again"),
    ):
        look_for(watch, 5)
    assert [record.message for record in caplog.records] == [
        "machines of the cluster were lost: it has room for 1 of 2 workers with 4 cores each; waiting for others"
    ]


def test_a_machine_that_comes_back_in_time_is_waited_for() -> None:
    seen: list[list[Machine]] = []

    def machines() -> list[Machine]:
        seen.append([Machine(4, 1)] * (1 if len(seen) % 2 else 2))
        return seen[-1]

    room = Room(workers=2, cores=1, on_gpu=True)
    look_for(RoomWatch(room, 2, machines, patience=0.03), 0.3)
    assert len(seen) > 3
    assert room.describe_process() == "1 core and a GPU"
