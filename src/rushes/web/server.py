"""Server: an application on a socket, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from rushes.errors import UsageError
from rushes.web.connections import ConnectionLimits, bounded, limits_of_system, say_seldom
from rushes.web.unread import ClosesUnread

ADDRESS = "127.0.0.1"
_KEEP_ALIVE_SECONDS = 75  # longer than a person looks at one photograph
_GRACE_SECONDS = 2
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
        grace_seconds: int = _GRACE_SECONDS,
        limits: ConnectionLimits | None = None,
    ) -> None:
        """Serve nothing yet.

        Args:
            started: called once requests are answered.
            lifespan: whether the application opens and closes things of its own with the server.
            grace_seconds: how long what is being answered may take when the server is stopped.
            limits: of its connections; None takes those that this system allows.
        """
        import uvicorn

        config = uvicorn.Config(
            ClosesUnread(app),
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
            async def startup(self, sockets: Any = None) -> None:
                say_seldom(asyncio.get_running_loop())
                await super().startup(sockets)
                started()

        self._server = Told(config)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def run(self) -> None:
        """Serve until `stop`, Ctrl-C or SIGTERM, which end it well; what is being answered is answered."""
        try:
            self._server.run(sockets=[self._listening])
        except KeyboardInterrupt:  # which the server raises again once it has ended
            pass
        finally:
            self._listening.close()

    def stop(self) -> None:
        """Let `run` return, from another thread."""
        self._server.should_exit = True
