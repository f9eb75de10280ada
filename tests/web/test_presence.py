"""What is made for whoever asked, as long as they are there."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

from fastapi import Request

from rushes.web.presence import while_present


async def _asked(future: Future[str], *, leaves: bool) -> str | None:
    async def receive() -> dict[str, Any]:
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "GET", "headers": []}, receive)
    return await while_present(request, asyncio.shield(asyncio.wrap_future(future)))


def test_who_leaves_takes_nothing_from_who_waits_for_the_same() -> None:
    async def both() -> tuple[str | None, str | None]:
        future: Future[str] = Future()
        staying = asyncio.ensure_future(_asked(future, leaves=False))
        gone = await _asked(future, leaves=True)
        assert not future.cancelled()
        future.set_result("made")
        return gone, await staying

    assert asyncio.run(both()) == (None, "made")


def test_what_nobody_makes_any_more_is_nothing() -> None:
    future: Future[str] = Future()
    future.cancel()
    assert asyncio.run(_asked(future, leaves=False)) is None
