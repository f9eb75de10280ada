"""Where a server answered last, so that a page that is still open finds it again."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from rushes.storage.files import digest_of_bytes, write_text
from rushes.web.server import ADDRESS

_FOLDER = "review"
_TOKEN_BYTES = 24
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Door:
    """Where something answered last.

    Attributes:
        port: 0 for any that is free.
        token: that every request bears.
    """

    port: int
    token: str

    @property
    def address(self) -> str:
        """What a browser opens."""
        return f"http://{ADDRESS}:{self.port}/?token={self.token}"


def remembered_door(own: Path, what: str) -> Door:
    """Return where something answered last; another port or token would lose what an open page has not sent yet.

    Where nothing is remembered, the port is any and the token a new one.

    Args:
        own: folder of the project's own files.
        what: is served: the key of a review, or `serve:HOST`.
    """
    try:
        table = json.loads(_place_of(own, what).read_text(encoding="utf-8"))
        port, token = int(table["port"]), str(table["token"])
    except (OSError, ValueError, KeyError, TypeError):
        port, token = 0, ""
    is_sound = 0 <= port <= _HIGHEST_PORT and len(token) >= _TOKEN_BYTES and token.isascii()
    return Door(port, token) if is_sound else Door(0, secrets.token_urlsafe(_TOKEN_BYTES))


def remember_door(own: Path, what: str, door: Door) -> None:
    """Remember where something answers, readable for this user alone."""
    path = _place_of(own, what)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_text(path, json.dumps({"port": door.port, "token": door.token}) + "\n")
    path.chmod(0o600)


def _place_of(own: Path, what: str) -> Path:
    return own / _FOLDER / f"{digest_of_bytes(what.encode())[:16]}.json"
