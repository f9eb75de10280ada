"""Who is let in, by what a browser sends."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")

from fastapi import FastAPI
from fastapi.testclient import TestClient

from rushes.studio.access import is_local
from rushes.web.guard import Access, Guard
from rushes.web.page_files import page_router

_ODD = 'a;token=of, "more"+than%16;characters'


def _client(token: str) -> TestClient:
    app = FastAPI()
    app.include_router(page_router())
    return TestClient(Guard(app, Access(token, "rushes", hosts=None)), base_url="http://here:8000")


@pytest.mark.parametrize("other", ['odd={"a":1}', 'odd="half', "=", "a b c", "odd=\\", "rushes-80=x", ";;"])
def test_the_cookie_of_another_application_does_not_lock_out(other: str) -> None:
    client = _client("secret")
    assert client.get("/", headers={"Cookie": other}).status_code == 401
    for cookie in (f"{other}; rushes-8000=secret", f"rushes-8000=secret; {other}"):
        assert client.get("/", headers={"Cookie": cookie}).status_code == 200, cookie


def test_a_token_of_odd_characters_comes_back_in_its_cookie() -> None:
    client = _client(_ODD)
    assert client.get("/", params={"token": _ODD}).status_code == 200
    assert client.get("/").status_code == 200, "by the cookie"
    assert client.get("/", headers={"Cookie": "rushes-8000=a"}).status_code == 401


def test_the_page_is_there_for_who_asks_only_for_its_head() -> None:
    reply = _client("secret").head("/?token=secret")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("127.evil.example", False),
     ("127.0.0.1.evil.example", False), ("0.0.0.0", False), ("::", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_only_an_address_of_the_loopback_is_this_machine_alone(host: str, local: bool) -> None:
    assert is_local(host) is local
