"""Guard: who may speak to the server, and what every reply tells the browser not to do."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from rushes.storage.files import digest_of_bytes

PROBLEM = "application/problem+json"
REVIEW_HEADER = "rushes-review"  # bears the key of the review that a page shows, percent-encoded
_READING = ("GET", "HEAD")
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
# Nothing from elsewhere, nothing inlined that runs, no frame around the page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]


class Guard:
    """ASGI around an application: lets in who knows the token and comes from the page itself.

    A page of another site that the browser has open may send requests to this machine. It does not know the token, its
    requests bear another Origin, and one that reaches this machine by a name of its own bears that name as Host.
    """

    def __init__(self, app: Any, *, token: str, review: str, once: str = "") -> None:
        """Stand before an application.

        Args:
            token: that every request has to bear, as `?token=` or in the cookie that the page is given.
            review: key of what is reviewed. What changes something has to name it: a page that is still open on
                another review, which was served at this port before, must not decide here.
            once: stands for the token in one request. Whoever reads it later, in the list of processes, has nothing.
        """
        self._app, self._token, self._once = app, token, once
        self._review = quote(review, safe="")
        self._cookie = f"rushes-review-{digest_of_bytes(review.encode())[:12]}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        stated = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        refusal = self._refusal(scope["method"], host, headers, stated)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        given = [] if not stated else [(b"set-cookie", self._cookie_of(host).encode())]

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_HEADERS, *given]}
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _refusal(self, method: str, host: str, headers: dict[str, str], stated: str) -> tuple[HTTPStatus, str] | None:
        """Return why a request is refused; None where it is let in."""
        if _name_of(host) not in _LOCAL_NAMES:
            return HTTPStatus.FORBIDDEN, f"Host is '{host[:80]}'; the page is at 127.0.0.1 or localhost"
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return HTTPStatus.FORBIDDEN, f"Origin is '{origin[:80]}'; only the page itself may ask"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and (
            method != "GET" or headers.get("sec-fetch-mode") != "navigate"
        ):
            return HTTPStatus.FORBIDDEN, "the request comes from a page of another site; only the page itself may ask"
        if not self._is_known(stated or _token_in(headers.get("cookie", ""), self._cookie_name(host))):
            said = "the token is missing or another one. Open the address that 'rushes review' printed"
            return HTTPStatus.UNAUTHORIZED, said
        named = headers.get(REVIEW_HEADER)
        if named != self._review and (named is not None or method not in _READING):
            said = f"'{unquote(named)[:80]}' is reviewed" if named else f"the header {REVIEW_HEADER} is missing"
            return HTTPStatus.CONFLICT, f"{said} there, and '{unquote(self._review)}' here. Nothing was changed"
        return None

    def _is_known(self, token: str) -> bool:
        if self._once and hmac.compare_digest(token.encode(), self._once.encode()):
            self._once = ""
            return True
        return hmac.compare_digest(token.encode(), self._token.encode())

    def _cookie_name(self, host: str) -> str:
        """Return the cookie's name: browsers keep one jar for all ports of a machine."""
        return f"{self._cookie}-{host.rpartition(':')[2]}"

    def _cookie_of(self, host: str) -> str:
        return f"{self._cookie_name(host)}={self._token}; Path=/; HttpOnly; SameSite=Strict"


def problem(status: HTTPStatus, detail: str) -> dict[str, Any]:
    """Return what is wrong with a request, as RFC 9457 writes it."""
    return {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}


async def _refuse(send: Any, status: HTTPStatus, detail: str) -> None:
    body = json.dumps(problem(status, detail)).encode()
    head = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode()), *_HEADERS]
    await send({"type": "http.response.start", "status": int(status), "headers": head})
    await send({"type": "http.response.body", "body": body})


def _name_of(host: str) -> str:
    """Return the name in a Host header, without its port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
    return f"[{name}]" if ":" in name else name


def _token_in(cookie: str, name: str) -> str:
    try:
        found = SimpleCookie(cookie).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
