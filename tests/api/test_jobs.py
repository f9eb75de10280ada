from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rushes.api.events import events_of
from rushes.api.jobs import Job, Jobs
from rushes.api.refusals import Refused


def _jobs(*, waiting: int = 4, kept: int = 2, kept_seconds: float = 60) -> Jobs:
    return Jobs(waiting=waiting, kept=kept, kept_seconds=kept_seconds)


async def _events(job: Job) -> str:
    return b"".join([event async for event in events_of(job)]).decode()


async def _at_once(job: Job) -> dict[str, Any]:
    return {}


async def _for_ever(job: Job) -> dict[str, Any]:
    await asyncio.sleep(600)
    return {}


def test_a_job_tells_how_far_it_is_and_ends_with_its_result() -> None:
    async def work(job: Job) -> dict[str, Any]:
        job.move("running")
        for done in (1, 2):
            job.told(done, 2, "frames scanned")
            await asyncio.sleep(0.01)
        return {"predicted_class": "MS"}

    async def go() -> None:
        jobs = _jobs()
        job = jobs.begin(work)
        assert jobs.find(job.id).state == "queued"
        said = await _events(job)
        assert '"state":"running","done":2,"total":2,"note":"frames scanned"' in said
        assert said.endswith('event: result\ndata: {"predicted_class":"MS"}\n\n')
        assert job.to_table()["result"] == {"predicted_class": "MS"}
        assert await _events(job) == 'event: result\ndata: {"predicted_class":"MS"}\n\n', "also for who comes later"

    asyncio.run(go())


def test_a_job_that_fails_keeps_why() -> None:
    async def work(job: Job) -> dict[str, Any]:
        raise Refused(422, "the file is cut off")

    async def go() -> None:
        jobs = _jobs()
        job = jobs.begin(work)
        assert "event: problem" in await _events(job)
        assert job.to_table()["problem"]["detail"] == "the file is cut off"
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
