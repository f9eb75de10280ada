"""Whether whoever asked is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from fastapi import Request

Made = TypeVar("Made")


async def gone(request: Request) -> None:
    """Return when the browser has closed the connection; the body has to be read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def while_present(request: Request, work: Awaitable[Made]) -> Made | None:
    """Return what work gives; None where it was given up, or the caller has gone before: then the work is cancelled."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() and not working.cancelled() else None
    finally:
        for task in (leaving, working):
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
