"""Server: an application on a socket, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from typing import Any

from rushes.errors import RushesError, UsageError
from rushes.web.connections import ConnectionLimits, bounded, limits_of_system, say_seldom
from rushes.web.unread import ClosesUnread

ADDRESS = "127.0.0.1"
_KEEP_ALIVE_SECONDS = 75  # longer than a person looks at one photograph
_GRACE_SECONDS = 2
_LAST_SECONDS = 3.0  # of the grace, in which what is given up is told
_LOOK_SECONDS = 0.1  # how often one looks whether Ctrl-C came again
_BACKLOG = 256


def listen(port: int, *, preferred: int = 0, address: str = ADDRESS) -> socket.socket:
    """Return a socket on an address of this machine; at the usual one, nobody on the network reaches it.

    Args:
        port: that is asked for; 0 takes `preferred` where that is free, or else any.
        address: IPv4, IPv6 or a name of this machine.

    Raises:
        UsageError: the port that is asked for is taken or may not be used, or the address is none of this machine.
    """
    try:
        family, kind, protocol, _, found = socket.getaddrinfo(address, 0, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UsageError(f"--host {address}: is no address of this machine ({error.strerror})") from error
    for wanted in (port,) if port else (preferred, 0):
        # Where the protocol is not named, asyncio leaves Nagle's algorithm on: each reply then comes 40 ms late.
        listening = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((found[0], wanted, *found[2:]))
        except OSError as error:
            listening.close()
            if wanted == port and port:
                raise UsageError(
                    f"--port {port}: cannot be used ({error.strerror}). Another rushes may have it; name "
                    "another port, or leave --port out"
                ) from error
            continue
        listening.listen(_BACKLOG)
        return listening
    raise UsageError(f"{address} has no free port, or is no address of this machine")


class Server:
    """An application that is served on a socket."""

    def __init__(
        self,
        app: Any,
        listening: socket.socket,
        *,
        started: Callable[[], None] = lambda: None,
        lifespan: bool = False,
        leaving: Callable[[], None] = lambda: None,
        giving_up: Callable[[], None] = lambda: None,
        drain_seconds: float = 0,
        grace_seconds: int = _GRACE_SECONDS,
        limits: ConnectionLimits | None = None,
    ) -> None:
        """Serve nothing yet.

        Args:
            started: called once requests are answered.
            lifespan: whether the application opens and closes things of its own with the server.
            leaving: called when the server is stopped, while it still answers.
            giving_up: called on the event loop when there is little grace left, so that what would take longer can
                still say so.
            drain_seconds: how long it then goes on to take requests in, for those who send them to look elsewhere;
                not where Ctrl-C stops it, at which somebody waits.
            grace_seconds: how long what is being answered may take after that.
            limits: of its connections; None takes those that this system allows.
        """
        import uvicorn

        self._lifespan = _Lifespan(app)
        config = uvicorn.Config(
            ClosesUnread(self._lifespan),
            log_config=None,
            access_log=False,
            lifespan="on" if lifespan else "off",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=grace_seconds,
            backlog=_BACKLOG,
        )
        config.load()
        config.http_protocol_class = bounded(config.http_protocol_class, limits or limits_of_system())
        self._listening = listening

        class Told(uvicorn.Server):
            by_hand = False  # whether Ctrl-C ended it

            def handle_exit(self, sig: int, frame: Any) -> None:
                self.by_hand = self.by_hand or sig == signal.SIGINT
                super().handle_exit(sig, frame)

            async def startup(self, sockets: Any = None) -> None:
                say_seldom(asyncio.get_running_loop())
                await super().startup(sockets)
                started()

            async def shutdown(self, sockets: Any = None) -> None:
                leaving()
                waits = 0 if self.by_hand else round(drain_seconds / _LOOK_SECONDS)
                for _ in range(waits):
                    if not self.force_exit:
                        await asyncio.sleep(_LOOK_SECONDS)
                soon = asyncio.get_running_loop().call_later(max(0.0, grace_seconds - _LAST_SECONDS), giving_up)
                try:
                    await super().shutdown(sockets)
                finally:
                    soon.cancel()

        self._server = Told(config)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def run(self) -> None:
        """Serve until `stop`, Ctrl-C or SIGTERM, which end it well; what is being answered is answered.

        Raises:
            RushesError: the application cannot open what it needs, and says why.
        """
        try:
            self._server.run(sockets=[self._listening])
        except KeyboardInterrupt:  # which the server raises again once it has ended
            pass
        except SystemExit:
            if self._lifespan.error is None:
                raise
            raise self._lifespan.error from None
        finally:
            self._listening.close()

    def stop(self) -> None:
        """Let `run` return, from another thread."""
        self._server.should_exit = True


class _Lifespan:
    """ASGI around an application: keeps the error with which it did not start, and its trace out of the log."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.error: RushesError | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        failed: dict[str, Any] = {}

        async def send_on(message: Any) -> None:
            if message["type"] == "lifespan.startup.failed":
                failed.update(message)  # until it is known whether its words are for a person
            else:
                await send(message)

        try:
            await self._app(scope, receive, send_on)
        except RushesError as error:
            self.error = error
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # whoever runs the server says it
            failed.pop("message", None)
            raise
        finally:
            if failed:
                await send(failed)
