"""What is done with the rest of a body where a request is answered before all of it has come."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

_SMALL = 1 << 20  # bytes that are rather read than a connection given up
_SMALL_SECONDS = 2.0
_CLOSE = (b"connection", b"close")


class ClosesUnread:
    """ASGI around an application: a connection ends with a reply that comes before its request's body is over.

    Otherwise all of the body would be read and thrown away, however long it is. A small rest is, so that whoever sent
    it finds the reply: many a client reads none while it cannot send.
    """

    def __init__(self, app: Any) -> None:
        """Stand before an application, and before its guard too."""
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "http" and (body := _Body(scope["headers"], receive)).left != 0:

            async def send_noted(message: Any) -> None:
                if message["type"] == "http.response.start" and not await body.is_over():
                    message = {**message, "headers": [*message["headers"], _CLOSE]}
                await send(message)

            await self._app(scope, body.receive, send_noted)
        else:
            await self._app(scope, receive, send)


class _Body:
    """The body of a request, of which `left` bytes are to come; below 0 where that is not known."""

    def __init__(self, headers: Any, receive: Any) -> None:
        self._receive, self.left, self._waits = receive, 0, False
        for name, value in headers:
            if name == b"content-length":
                self.left = int(value) if value.isdigit() else -1
            elif name == b"transfer-encoding":
                self.left = -1
            elif name == b"expect":
                self._waits = True  # and has sent nothing yet
        self._is_over = self.left == 0

    async def receive(self) -> Any:
        message = await self._receive()
        self._is_over = self._is_over or not message.get("more_body", False)
        if self.left > 0:
            self.left -= len(message.get("body", b""))
        self._waits = False
        return message

    async def is_over(self) -> bool:
        """Whether all has come, once a small rest was read past."""
        if self._is_over or self._waits or self.left > _SMALL:
            return self._is_over
        read = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_SMALL_SECONDS):
                while not self._is_over and read <= _SMALL:
                    read += len((await self.receive()).get("body", b""))
        return self._is_over
