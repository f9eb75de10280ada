"""Who may ask a server for what, by the address that it listens on."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from ipaddress import ip_address

from rushes.web.guard import LOCAL_NAMES, Access

_TOKEN_BYTES = 24
# What says that a server is there, and how to ask it, is answered to anyone.
_FREE = frozenset({"/ping", "/health/live", "/health/ready", "/openapi.json", "/docs"})
_FREE_FOLDER = "/docs/"
# What shows or changes a project, and needs the token on this machine's own address too.
_OF_PROJECT = ("/reviews", "/footage", "/runs")


def is_local(host: str) -> bool:
    """Return whether nobody but this machine reaches what listens on an address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name: whoever keeps it says where it leads, also one that begins with 127
        return False


def access_for(
    host: str,
    *,
    token: str = "",
    remembered: str = "",
    cookie: str = "rushes",
    once: str = "",
    names: Collection[str] = (),
    command: str,
) -> Access:
    """Return who is let in by a server that listens on an address.

    On this machine's own address the API needs no token, unless one was asked for; what shows or changes a project
    always needs it. On any other address everything does, but what says that the server is there.

    Args:
        token: that was asked for; "" takes the one of last time, or makes one.
        remembered: the token of last time; "" where there is none.
        names: further ones under which the server may be asked for, such as a proxy's in front; a token is then needed.
        once, command: as `Access` has them.
    """
    local, asked = is_local(host), bool(token or names)

    def is_free(path: str) -> bool:
        if path in _FREE or path.startswith(_FREE_FOLDER):
            return True
        return local and not asked and not path.startswith(_OF_PROJECT)

    return Access(
        token or remembered or secrets.token_urlsafe(_TOKEN_BYTES),
        cookie,
        once=once,
        hosts=LOCAL_NAMES | {host.casefold(), *(name.casefold() for name in names)} if local or names else None,
        is_free=is_free,
        command=command,
    )
