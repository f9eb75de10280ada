"""What is wrong with a request, as RFC 9457 (problem details) writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

PROBLEM = "application/problem+json"


def problem(status: HTTPStatus, detail: str, **more: Any) -> dict[str, Any]:
    """Return the table of a problem.

    Args:
        more: further members, such as what is allowed.
    """
    return {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail} | more


async def send_problem(send: Any, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
    """Answer an ASGI request with a problem."""
    body = json.dumps(problem(status, detail), ensure_ascii=False).encode()
    head = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())]
    head += [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    await send({"type": "http.response.start", "status": int(status), "headers": head})
    await send({"type": "http.response.body", "body": body})
