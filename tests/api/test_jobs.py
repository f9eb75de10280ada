from __future__ import annotations

import asyncio
import json

import pytest

from rushes.api.events import events_of
from rushes.api.jobs import Job, Jobs
from rushes.api.refusals import Refused


def _jobs(
    *, waiting: int = 4, per_caller: int = 4, kept: int = 2, kept_bytes: int = 1000, kept_seconds: float = 60
) -> Jobs:
    return Jobs(waiting=waiting, per_caller=per_caller, kept=kept, kept_bytes=kept_bytes, kept_seconds=kept_seconds)


async def _events(job: Job) -> str:
    return b"".join([event async for event in events_of(job)]).decode()


async def _at_once(job: Job) -> bytes:
    return b"{}"


async def _for_ever(job: Job) -> bytes:
    await asyncio.sleep(600)
    return b"{}"


def test_a_job_tells_how_far_it_is_and_ends_with_its_result() -> None:
    async def work(job: Job) -> bytes:
        job.move("running")
        for done in (1, 2):
            job.told(done, 2, "frames scanned")
            await asyncio.sleep(0.01)
        return b'{"predicted_class":"MS"}'

    async def go() -> None:
        jobs = _jobs()
        job = jobs.begin(work)
        assert jobs.find(job.id).state == "queued"
        said = await _events(job)
        assert '"state":"running","done":2,"total":2,"note":"frames scanned"' in said
        assert said.endswith('event: result\ndata: {"predicted_class":"MS"}\n\n')
        assert json.loads(job.to_json())["result"] == {"predicted_class": "MS"}
        assert await _events(job) == 'event: result\ndata: {"predicted_class":"MS"}\n\n', "also for who comes later"

    asyncio.run(go())


def test_a_job_that_fails_keeps_why() -> None:
    async def work(job: Job) -> bytes:
        raise Refused(422, "the file is cut off")

    async def go() -> None:
        jobs = _jobs()
        job = jobs.begin(work)
        assert "event: problem" in await _events(job)
        assert json.loads(job.to_json())["problem"]["detail"] == "the file is cut off"
        assert jobs.states["failed"] == 1

    asyncio.run(go())


def test_a_job_that_is_given_up_is_cancelled_and_leaves_its_place() -> None:
    async def go() -> None:
        jobs = _jobs(waiting=1)
        job = jobs.begin(_for_ever)
        with pytest.raises(Refused) as caught:
            jobs.begin(_for_ever)
        assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "30"})
        await asyncio.sleep(0)
        await jobs.cancel(job)
        assert job.state == "cancelled"
        jobs.begin(_for_ever)
        await jobs.close()

    asyncio.run(go())


def test_a_job_that_never_began_is_cancelled_too_and_what_it_held_is_let_go() -> None:
    let_go: list[str] = []

    async def go() -> None:
        jobs = _jobs()
        job = jobs.begin(_for_ever, ended=lambda: let_go.append("upload"))
        await jobs.cancel(job)
        await asyncio.sleep(0)
        assert job.state == "cancelled"

    asyncio.run(go())
    assert let_go == ["upload"]


def test_jobs_that_ended_are_forgotten_after_a_while_the_oldest_first() -> None:
    async def go() -> None:
        jobs, made = _jobs(kept=2), []
        for _ in range(4):
            made.append(jobs.begin(_at_once))
            await _events(made[-1])
        with pytest.raises(Refused, match="no such job"):
            jobs.find(made[0].id)
        assert jobs.find(made[3].id) is made[3]
        brief = _jobs(kept_seconds=0)
        job = brief.begin(_at_once)
        await _events(job)
        await asyncio.sleep(0.01)
        with pytest.raises(Refused):
            brief.find(job.id)

    asyncio.run(go())


def test_results_are_remembered_up_to_a_size_and_those_that_were_waited_for_not_at_all() -> None:
    async def large(job: Job) -> bytes:
        return b'"%b"' % (b"x" * 600)

    async def go() -> None:
        jobs = _jobs(kept=9)
        first, second = jobs.begin(large), jobs.begin(large)
        waited = jobs.begin(large, is_kept=False)
        for job in (first, second, waited):
            await _events(job)
        assert waited.result is not None
        await asyncio.sleep(0)
        assert jobs.states["done"] == 1
        assert jobs.find(second.id) is second

    asyncio.run(go())


def test_one_caller_has_no_more_than_his_share_of_the_queue() -> None:
    async def go() -> None:
        jobs = _jobs(per_caller=1)
        jobs.begin(_for_ever, caller="ann")
        with pytest.raises(Refused, match="1 films of yours wait") as caught:
            jobs.check_room("ann")
        assert caught.value.status == 429
        jobs.begin(_for_ever, caller="bob")
        await jobs.close()

    asyncio.run(go())
