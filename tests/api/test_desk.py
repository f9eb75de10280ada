"""Who has the next turn at a desk, and what becomes of an order that nobody waits for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.answering import Obedient
from rushes.api.admission import Admission, Room
from rushes.api.desk import Asker, Desk, GoneError, OverdueError
from rushes.api.refusals import Refused

_LONG = 60


def _desk(*, wait_seconds: float | None = None, kills: bool = True) -> Desk:
    return Desk(Obedient, count=1, memory_bytes=1 << 30, name="test", wait_seconds=wait_seconds, kills=kills)


async def _busy(desk: Desk, seconds: float) -> asyncio.Task[Any]:
    await desk.start()
    task = asyncio.create_task(desk.do(("sleep", seconds), seconds=_LONG))
    await asyncio.sleep(0.05)
    return task


def test_callers_and_their_requests_take_turns_and_an_order_that_is_taken_back_costs_nobody_one() -> None:
    done: list[str] = []

    async def order(desk: Desk, word: str) -> None:
        asker = Asker(word[0], int(word[1]))
        done.append(await desk.do(("echo", word), seconds=_LONG, asker=asker))

    async def go() -> None:
        desk = _desk()
        first = await _busy(desk, 0.3)
        words = ("a1 first", "a1 second", "a1 third", "a2", "a1 fourth", "b1 first", "b1 second", "c1")
        tasks = [asyncio.create_task(order(desk, word)) for word in words]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(first, *tasks, return_exceptions=True)
        desk.close()

    asyncio.run(go())
    assert done == ["a1 first", "b1 first", "c1", "a2", "b1 second", "a1 third", "a1 fourth"]


def test_an_order_of_who_has_gone_is_not_begun_and_one_has_its_turn_within_its_time_or_not_at_all() -> None:
    async def gone() -> bool:
        return True

    async def there() -> bool:
        return False

    async def go() -> None:
        desk = _desk(wait_seconds=1.5)
        first = await _busy(desk, 3)
        orders = (
            desk.do(("count", None), seconds=_LONG, asker=Asker(one.__name__, is_gone=one)) for one in (gone, there)
        )
        found = await asyncio.gather(*orders, return_exceptions=True)
        assert [type(one) for one in found] == [GoneError, OverdueError]
        await first
        assert await desk.do(("count", None), seconds=_LONG) == 2, "neither was begun"
        desk.close()

    asyncio.run(go())


@pytest.mark.parametrize("kills", [True, False])
def test_an_order_that_is_given_up_ends_its_process_only_where_it_may_be_long(kills: bool) -> None:
    async def go() -> None:
        desk = _desk(kills=kills)
        first = await _busy(desk, 0.4)
        (pid,) = desk.pids
        first.cancel()
        await asyncio.wait([first])
        assert await desk.do(("echo", 7), seconds=_LONG) == 7
        assert (desk.pids != [pid]) is kills
        desk.close()

    asyncio.run(go())


def test_requests_are_let_in_up_to_a_number_of_each_caller_and_of_all() -> None:
    admission = Admission(all_callers=2, per_caller=1, doing="being received")
    with admission.enter("ann"):
        with pytest.raises(Refused, match="1 requests of yours are being received") as caught:
            admission.check("ann")
        assert caught.value.status == 429
        with admission.enter("bob"), pytest.raises(Refused) as caught:
            admission.check("eve")
        assert caught.value.status == 503
    admission.check("ann")


def test_what_is_held_on_disk_is_bounded_of_each_caller_and_of_all() -> None:
    room = Room(all_callers=100, per_caller=60)
    ann, bob = room.take("ann"), room.take("bob")
    ann.add(60)
    with pytest.raises(Refused, match="of yours") as caught:
        ann.add(1)
    assert caught.value.status == 507
    bob.add(40)
    with pytest.raises(Refused, match="are kept already until"):
        bob.add(1)
    ann.close()
    bob.add(20)
