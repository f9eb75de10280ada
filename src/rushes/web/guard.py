"""Guard: who may speak to the server, and what every reply tells the browser not to do."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from rushes.web.problem import send_problem

KNOWN = "rushes.known"  # in the scope of a request that was let in: whether it bore the token
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
# Nothing from elsewhere, nothing inlined that runs, no frame around the page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
# A page that people made, such as a run's report, is served under a policy of its own: two policies would both apply.
_LEFT_ALONE = frozenset({b"content-security-policy", b"x-frame-options"})


def _nothing(path: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in.

    Attributes:
        token: that a request has to bear: as `?token=`, in the cookie that the page is given for it, or as
            `Authorization: Bearer`.
        cookie: name of the cookie, to which the port is added: browsers keep one jar for all ports of a machine.
        once: stands for the token in one request. Whoever reads it later, in the list of processes, has nothing.
        hosts: names under which the server may be asked for, without ports; None lets any name in. A name of another
            site that leads to this machine (DNS rebinding) is none of these.
        is_free: path -> whether it is answered without a token.
        command: that prints the address with the token, for the message.
    """

    token: str
    cookie: str
    once: str = ""
    hosts: frozenset[str] | None = LOCAL_NAMES
    is_free: Callable[[str], bool] = _nothing
    command: str = "rushes serve"


class Guard:
    """ASGI around an application: lets in who knows the token and comes from the page itself, or from no page.

    A page of another site that the browser has open may send requests to this machine. It does not know the token, its
    requests bear another Origin, and one that reaches this machine by a name of its own bears that name as Host.
    """

    def __init__(self, app: Any, access: Access) -> None:
        """Stand before an application."""
        self._app, self._access, self._once = app, access, access.once

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        stated = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_headers_beside(message["headers"]), *given]}
            await send(message)

        given: list[tuple[bytes, bytes]] = []
        refusal = self._refusal(scope, host, headers, stated)
        if refusal is not None:
            status, said = refusal
            challenge = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
            await send_problem(send_guarded, status, said, challenge)
            return
        if stated:
            given = [(b"set-cookie", self._cookie_of(host, scope["scheme"]).encode())]
        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Any, host: str, headers: dict[str, str], stated: str) -> tuple[HTTPStatus, str] | None:
        """Return why a request is refused; None where it is let in."""
        hosts = self._access.hosts
        if hosts is not None and _name_of(host) not in hosts:
            named = " or ".join(sorted(name for name in hosts if not name.startswith("[")))
            return HTTPStatus.FORBIDDEN, f"Host is '{host[:80]}'; the server is at {named}"
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return HTTPStatus.FORBIDDEN, f"Origin is '{origin[:80]}'; only the page itself may ask"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and (
            scope["method"] != "GET" or headers.get("sec-fetch-mode") != "navigate"
        ):
            return HTTPStatus.FORBIDDEN, "the request comes from a page of another site; only the page itself may ask"
        if self._access.is_free(scope["path"]) and not stated:
            cookie = _token_in(headers.get("cookie", ""), self._cookie_name(host))
            scope[KNOWN] = hmac.compare_digest((_bearer_of(headers) or cookie).encode(), self._access.token.encode())
            return None
        borne = stated or _bearer_of(headers) or _token_in(headers.get("cookie", ""), self._cookie_name(host))
        if not self._is_known(borne):
            said = f"the token is missing or another one. Open the address that '{self._access.command}' printed, " \
                   "or send the header 'Authorization: Bearer TOKEN'"  # fmt: skip
            return HTTPStatus.UNAUTHORIZED, said
        scope[KNOWN] = True
        return None

    def _is_known(self, token: str) -> bool:
        if self._once and hmac.compare_digest(token.encode(), self._once.encode()):
            self._once = ""
            return True
        return hmac.compare_digest(token.encode(), self._access.token.encode())

    def _cookie_name(self, host: str) -> str:
        return f"{self._access.cookie}-{host.rpartition(':')[2]}"

    def _cookie_of(self, host: str, scheme: str) -> str:
        secure = "; Secure" if scheme == "https" else ""  # as a proxy in front says that the browser came
        return (
            f"{self._cookie_name(host)}={quote(self._access.token, safe='')}; Path=/; HttpOnly; SameSite=Strict{secure}"
        )


def _headers_beside(stated: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers that a reply gets; one that states its own policy keeps it, and says who may frame it."""
    if not any(name.lower() == b"content-security-policy" for name, _ in stated):
        return _HEADERS
    return [header for header in _HEADERS if header[0] not in _LEFT_ALONE]


def _bearer_of(headers: dict[str, str]) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else ""


def _name_of(host: str) -> str:
    """Return the name in a Host header, without its port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
    return f"[{name}]" if ":" in name else name


def _token_in(cookie: str, name: str) -> str:
    """Return the value of one cookie.

    The browser sends those of other servers of this machine along, whatever they hold: what `http.cookies` does not
    like ends its reading, and with it the token behind.
    """
    pairs = (one.strip().partition("=") for one in cookie.split(";"))
    return next((unquote(value) for found, _, value in pairs if found == name), "")
