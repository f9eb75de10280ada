"""Files that requests name by an address."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.sent import jpeg
from api.serving import Served, serving
from rushes.api.addresses import Network
from rushes.api.limits import Limits


class Web:
    """Servers out there: one that gives a picture, and one that says nothing until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = threading.Event()
        self.network = Network(
            lambda host, port: ["10.0.0.1" if host == "intranet" else "93.184.215.14"], self._connect
        )

    def _connect(self, address: str, port: int, seconds: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._answer, args=(theirs,), daemon=True).start()
        ours.settimeout(seconds)
        return ours

    def _answer(self, line: socket.socket) -> None:
        with line:
            asked = line.recv(65536).split(b" ")[1]
            self.asked.set()
            if asked == b"/slow.jpg":
                self.let_go.wait(60)
            data = jpeg() if asked.endswith(b".jpg") else b"<html>"
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data))


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.let_go.set()


@pytest.fixture(scope="module")
def fetching(colours: Path, web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = Limits(body_seconds=600)
    with serving([colours], tmp_path_factory.mktemp("spool"), network=web.network, limits=limits) as served:
        yield served


def _problem(served: Served, path: str = "/predict", **fields: str) -> tuple[int, str]:
    reply = served.client.post(path, data=fields)
    assert reply.headers["content-type"] == "application/problem+json", reply.text
    return reply.status_code, reply.json()["detail"]


def test_an_address_stands_for_a_file_in_a_form_or_behind_the_path(fetching: Served) -> None:
    url = "http://example.com/a.jpg"
    by_form = fetching.client.post("/predict", data={"url": url})
    assert (by_form.status_code, by_form.json()["kind"]) == (200, "photo")
    assert fetching.client.post("/predict", params={"url": url}).json() == by_form.json()
    assert fetching.client.post("/explain", data={"url": url}).headers["content-type"] == "image/png"
    assert not list(fetching.spool.iterdir())


def test_what_is_behind_an_address_is_judged_as_a_file_is(fetching: Served) -> None:
    assert _problem(fetching, url="http://example.com/page")[0] == 415
    assert _problem(fetching, "/jobs", url="http://example.com/a.jpg")[0] == 415
    assert _problem(fetching, url="http://intranet/a.jpg") == (
        422, "url: its server is not on the public network. Send the file itself",
    )  # fmt: skip
    assert _problem(fetching, url="file:///etc/passwd")[0] == 422
    assert not list(fetching.spool.iterdir())


def test_an_address_goes_with_no_file_and_into_no_batch(fetching: Served) -> None:
    url = "http://example.com/a.jpg"
    both = fetching.client.post("/predict", files={"file": jpeg()}, data={"url": url})
    assert (both.status_code, "Send one of them" in both.text) == (422, True)
    status, said = _problem(fetching, "/predict/batch", url=url)
    assert (status, "one at a time" in said) == (422, True)
    assert not list(fetching.spool.iterdir())


def test_a_slow_server_keeps_nobody_else_waiting_and_counts_as_a_request(fetching: Served, web: Web) -> None:
    replies = []
    web.asked.clear()
    waiting = threading.Thread(
        target=lambda: replies.append(fetching.client.post("/predict", data={"url": "http://example.com/slow.jpg"}))
    )
    waiting.start()
    assert web.asked.wait(60)
    assert fetching.predict(jpeg()).status_code == 200
    assert "rushes_requests_under_way 2" in fetching.client.get("/metrics").text
    web.let_go.set()
    waiting.join(60)
    assert replies[0].status_code == 200
    end = time.monotonic() + 20
    while list(fetching.spool.iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    assert not list(fetching.spool.iterdir())


def test_a_server_that_fetches_nothing_says_how_it_would(served: Served) -> None:
    paths = ("/predict", "/explain", "/jobs")
    for path in paths:
        status, said = _problem(served, path, url="http://example.com/a.jpg")
        assert (status, "--urls" in said) == (422, True)
