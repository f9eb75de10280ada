"""Requests to a service with a quota: paced, and asked again after a wait."""

from __future__ import annotations

import copy
import email.utils
import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rushes.errors import UsageError, require_extra

if TYPE_CHECKING:
    import requests

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_BUSY = frozenset({429, 500, 502, 503, 504})
_QUOTA_REASONS = ("rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "quotaExceeded")
_MINUTE_SECONDS = 60.0
_TIMEOUT_SECONDS = (5.0, 60.0)  # to be connected, and between two pieces of an answer


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a service is asked, and how long it is waited for.

    Attributes:
        reads_per_minute: that are sent at most; Google allows 60 to each user.
        tries: of one request that is answered 429 or 5xx. The waits between seven tries add up to more than the
            minute after which a quota is renewed.
        tries_unreached: of one that is not answered.
        first_wait_seconds: doubled with every try, with up to half as much again by chance.
        longest_wait_seconds: that is chosen here; a service may ask for a longer one.
        longest_in_all_seconds: the waits for one sheet, of all its requests; a wait that would make them longer is
            not begun.
        clock: seconds that only rise.
        sleep: None waits, and ends early when the work is stopped.
        chance: a number in [0, 1).
    """

    reads_per_minute: int = 60
    tries: int = 7
    tries_unreached: int = 3
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 64.0
    longest_in_all_seconds: float = 120.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] | None = None
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered.

    Attributes:
        url: where the answer came from in the end.
        headers: by name in lower case.
    """

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""

    @property
    def is_html(self) -> bool:
        return self.headers.get("content-type", "").casefold().startswith("text/html")

    @property
    def is_of_quota(self) -> bool:
        """Whether it says that too much was asked."""
        return self.status == 429 or (self.status == 403 and any(word in self.text for word in _QUOTA_REASONS))

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """Return the value that it holds.

        Raises:
            ServiceError: it is no JSON.
        """
        try:
            return json.loads(self.data)
        except ValueError:
            raise ServiceError(
                "Google's answer is no JSON, and was cut off or replaced on the way. Try again"
            ) from None


class ServiceError(Exception):
    """Why a service gives no answer that can be used, and what to do; its text goes behind the name of a sheet."""


class Asker:
    """Asks a service about one sheet after the other, or about several with an asker each; use it in a `with` block."""

    def __init__(self, patience: Patience, *, direct: bool = False) -> None:
        """Open nothing yet.

        Args:
            direct: pass by the proxies of the environment, as for a service on this machine.

        Raises:
            MissingExtraError: the extra `sheets` is not installed.
        """
        require_extra("sheets", "requests", purpose="reading Google Sheets")
        self._patience = patience
        self._session = _session_of(direct=direct)
        self._stopped = threading.Event()
        self._sent: deque[float] = deque()
        self._lock = threading.Lock()
        self._waited_seconds = 0.0

    def for_one_sheet(self) -> Asker:
        """Return an asker of the same service that waits as long as one sheet is waited for; for one thread."""
        other = copy.copy(self)
        other._waited_seconds = 0.0
        return other

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._session.close()

    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        params: Sequence[tuple[str, str]] = (),
        data: bytes | None = None,
        paced: bool = True,
    ) -> Answer:
        """Return the answer to a request; what is busy is asked again, each time after a longer wait.

        Args:
            paced: whether it counts against the quota.

        Raises:
            ServiceError: there is no answer, or none but that the service is busy.
        """
        tried = unreached = 0
        while True:
            if paced:
                self._wait_for_turn()
            try:
                answer = self._send(url, method=method, headers=headers, params=params, data=data)
            except ServiceError:
                unreached += 1
                pause = self._pause(unreached)
                if unreached >= self._patience.tries_unreached or self._is_too_long(pause):
                    raise
                self._wait_for_service(pause)
                continue
            if method != "GET" and 300 <= answer.status < 400:
                raise ServiceError(
                    f"{urlsplit(url).hostname} leads to another address ({answer.status}), to which nothing signed is "
                    "sent. Check token_uri in the credentials file, and the network"
                )
            if answer.status not in _BUSY and not answer.is_of_quota:
                return answer
            tried += 1
            pause = max(_retry_after(answer), self._pause(tried))
            if tried >= self._patience.tries or self._is_too_long(pause):
                raise ServiceError(_why_busy(answer))
            self._wait_for_service(pause)

    def _is_too_long(self, pause: float) -> bool:
        return self._waited_seconds + pause > self._patience.longest_in_all_seconds

    def _wait_for_service(self, seconds: float) -> None:
        self._waited_seconds += seconds
        self._wait(seconds)

    def _pause(self, tried: int) -> float:
        most = self._patience.longest_wait_seconds
        wait = min(self._patience.first_wait_seconds * 2.0 ** (tried - 1), most)
        return wait * (1 + self._patience.chance() / 2)

    def _wait(self, seconds: float) -> None:
        if self._patience.sleep is not None:
            self._patience.sleep(seconds)
        elif self._stopped.wait(seconds):
            raise ServiceError("stopped")

    def _wait_for_turn(self) -> None:
        while True:
            with self._lock:
                now = self._patience.clock()
                while self._sent and now - self._sent[0] >= _MINUTE_SECONDS:
                    self._sent.popleft()
                if len(self._sent) < self._patience.reads_per_minute:
                    self._sent.append(now)
                    return
                pause = self._sent[0] + _MINUTE_SECONDS - now
            self._wait(pause)

    def _send(
        self,
        url: str,
        *,
        method: str,
        headers: Mapping[str, str] | None,
        params: Sequence[tuple[str, str]],
        data: bytes | None,
    ) -> Answer:
        import requests

        try:
            answer = self._session.request(
                method,
                url,
                headers=dict(headers or {}),
                params=list(params),
                data=data,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=method == "GET",  # what is sent is meant for one host alone
            )
        except requests.RequestException as error:
            # Without its cause: the text of that holds addresses and what was sent.
            raise ServiceError(_why_unreached(error, url)) from None
        named = {name.casefold(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, answer.url, named, answer.content)


def _session_of(*, direct: bool) -> requests.Session:
    """Return a session that sends no password of a `.netrc`, in place of our token or to where an answer leads."""
    import requests

    class Session(requests.Session):
        def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
            to, by = prepared_request.url or "", response.request.url or ""
            if self.should_strip_auth(by, to):
                prepared_request.headers.pop("Authorization", None)

    session = Session()
    session.trust_env = not direct
    session.auth = _add_nothing  # an `auth` of any kind keeps the one of a .netrc out
    return session


def _add_nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def check_address(url: str, *, named_by: str) -> str:
    """Return an address without the slash behind it.

    Raises:
        UsageError: it is none, or goes without TLS to another machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError(f"{named_by} names no address. Write https://host")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise UsageError(f"{named_by} names http://{host}, where anyone on the way can read along. Use https://")
    return url.rstrip("/")


def is_on_this_machine(url: str) -> bool:
    """Return whether an address is of this machine."""
    return urlsplit(url).hostname in LOOPBACK


def _retry_after(answer: Answer) -> float:
    """Return how many seconds an answer asks to wait; 0 where it does not say (RFC 9110, 10.2.3)."""
    stated = answer.headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdigit():
        return float(stated[:9])
    try:
        until = email.utils.parsedate_to_datetime(stated).astimezone(UTC)
    except (ValueError, OverflowError):  # a year beyond those that there are
        return 0.0
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _why_busy(answer: Answer) -> str:
    if answer.is_of_quota:
        return (
            f"Google's quota of reads is used up ({answer.status}), also after waiting. Run this again in some minutes"
        )
    return f"Google answered {answer.status}, also when asked again. Try again later"


def _why_unreached(error: Exception, url: str) -> str:
    import requests

    host, said = urlsplit(url).hostname, str(error)
    if isinstance(error, requests.Timeout):
        return f"cannot be reached: {host} did not answer in time. Check the network, or try again later"
    if isinstance(error, requests.exceptions.SSLError):
        return f"cannot be reached: the certificate of {host} is not trusted here. Check the clock and the network"
    if isinstance(error, requests.exceptions.ProxyError):
        return "cannot be reached: the proxy did not answer. Check HTTPS_PROXY and the network"
    if "NameResolutionError" in said or "getaddrinfo" in said:
        return f"cannot be reached: the name {host} is not known. Check the network"
    if "refused" in said:
        return f"cannot be reached: {host} refused the connection. Check the network"
    return f"cannot be reached: the connection to {host} broke. Check the network, or try again later"
