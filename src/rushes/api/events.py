"""Server-sent events: how far a job is, as a stream that a browser or `curl -N` reads."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from rushes.api.jobs import Job

EVENT_STREAM = "text/event-stream"
_ALIVE_SECONDS = 15.0  # proxies close what says nothing for longer than a minute or so


def format_event(name: str, table: dict[str, Any]) -> bytes:
    """Return one event: its name, and a table as JSON on one line."""
    return format_encoded(name, json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode())


def format_encoded(name: str, encoded: bytes) -> bytes:
    """Return one event with a table that is JSON already, on one line."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encoded)


async def events_of(job: Job) -> AsyncIterator[bytes]:
    """Yield `progress` events while a job goes on, and at its end one `result` or `problem`."""
    async for changed in job.watch(every_seconds=_ALIVE_SECONDS):
        if not changed:
            yield b": still here\n\n"
        elif not job.is_over:
            step = {"state": job.state, "done": job.done, "total": job.total, "note": job.note}
            yield format_event("progress", step)
    yield last_event(job)


def last_event(job: Job) -> bytes:
    """Return the event that ends the stream of a job."""
    if job.result is not None:
        return format_encoded("result", job.result)
    if job.refused is not None:
        return format_event("problem", job.refused.to_table())
    return format_event(
        "problem", {"type": "about:blank", "title": "Gone", "status": 410, "detail": "it was cancelled"}
    )
