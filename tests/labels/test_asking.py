"""Asking a service: whose password is sent, where to, how long it is waited for, and what is said of failures."""

from __future__ import annotations

import email.utils
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rushes.labels.sheets.asking import Asker, Patience, ServiceError

pytest.importorskip("requests", reason="the extra 'sheets' is not installed")


@dataclass
class Asked:
    """What a server was asked: the method with the whole target, what it was authorized by, and the body."""

    base: str
    requests: list[tuple[str, str | None, bytes]] = field(default_factory=list)


@contextmanager
def answering(status: int, **headers: str) -> Iterator[Asked]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.requests.append((f"{self.command} {self.path}", self.headers.get("Authorization"), body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    asked = Asked(f"http://127.0.0.1:{server.server_port}")
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def waits_of(url: str, **how: Any) -> list[float]:
    """Return how long is waited between the tries of a request that never succeeds."""
    waits: list[float] = []
    patience = Patience(sleep=waits.append, chance=lambda: 0.0, **how)
    with Asker(patience, direct=True) as asker, pytest.raises(ServiceError):
        asker.ask(url)
    return waits


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("no_proxy")
def test_no_password_of_a_netrc_is_sent_here_or_where_an_answer_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with (
        answering(200) as last,
        answering(302, Location=last.base.replace("127.0.0.1", "localhost")) as first,
        Asker(Patience()) as asker,
    ):
        asker.ask(last.base, headers={"Authorization": "Bearer token"})
        asker.ask(first.base, headers={"Authorization": "Bearer token"})
        asker.ask(last.base)
    assert [by for _, by, _ in (*last.requests, *first.requests)] == ["Bearer token", None, None, "Bearer token"]


@pytest.mark.usefixtures("no_proxy")
def test_a_proxy_of_the_environment_is_taken_but_for_a_service_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with answering(200) as proxy, answering(200) as service:
        monkeypatch.setenv("http_proxy", proxy.base)
        with Asker(Patience(), direct=True) as asker:
            asker.ask(service.base)
        assert not proxy.requests
        with Asker(Patience()) as asker:
            asker.ask("http://sheets.invalid/v4")
    assert [what for what, _, _ in proxy.requests] == ["GET http://sheets.invalid/v4"]
    assert len(service.requests) == 1


def test_what_is_posted_is_not_sent_on_to_where_an_answer_leads() -> None:
    with (
        answering(200) as last,
        answering(307, Location=f"{last.base}/x") as first,
        Asker(Patience(), direct=True) as asker,
        pytest.raises(ServiceError, match=r"leads to another address \(307\), to which nothing signed is sent"),
    ):
        asker.ask(first.base, method="POST", data=b"assertion=SIGNED")
    assert [body for _, _, body in first.requests] == [b"assertion=SIGNED"]
    assert not last.requests


def test_a_date_in_retry_after_is_waited_for_and_one_that_cannot_be_is_not() -> None:
    until = email.utils.formatdate(time.time() + 60, usegmt=True)
    with answering(429, Retry_After=until) as service:
        assert waits_of(service.base, tries=2)[0] > 5  # not the one second of a first wait
    with answering(429, Retry_After="Fri, 31 Dec 9999 23:59:59 -2359") as service:
        assert waits_of(service.base, tries=3) == [1, 2]


def test_the_waits_for_one_sheet_are_bounded_in_all_and_the_next_sheet_has_its_own() -> None:
    waits: list[float] = []
    patience = Patience(sleep=waits.append, chance=lambda: 0.0, longest_in_all_seconds=120)
    with answering(429, Retry_After="50") as busy, Asker(patience, direct=True) as asker:
        for sheet in (asker.for_one_sheet(), asker.for_one_sheet()):
            for _ in range(3):
                with pytest.raises(ServiceError, match="quota"):
                    sheet.ask(busy.base)
    assert waits == [50, 50, 50, 50]


def test_what_is_said_of_a_failure_holds_nothing_of_what_was_sent_in_its_traceback_either() -> None:
    secret = "hush" * 3  # a traceback shows lines of this file too
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/sheet"
        with Asker(Patience(sleep=lambda _: None), direct=True) as asker, pytest.raises(ServiceError) as raised:
            asker.ask(url, params=[("sig", secret)])
    told = "".join(traceback.format_exception(raised.value))
    assert "refused the connection" in told
    assert secret not in told
