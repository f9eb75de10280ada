"""The page at /docs: whole, ours, and without a word to anybody else."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from fastapi import FastAPI, UploadFile
from fastapi.testclient import TestClient

from rushes.api.docs_page import docs_router
from rushes.web.guard import Access, Guard
from rushes.web.replies import add_problems
from rushes.web.server import Server, listen

VENDOR = Path(str(files("rushes.api"))) / "docs_files" / "vendor"


def described() -> FastAPI:
    app = FastAPI(title="rushes", docs_url=None, redoc_url=None)

    @app.post("/predict")
    def predict(file: UploadFile) -> dict[str, str]:
        return {"predicted_class": "MS"}

    add_problems(app)
    app.include_router(docs_router())
    return app


@pytest.fixture
def address() -> Iterator[str]:
    """The page on a socket, behind the guard, as it is served."""
    up = threading.Event()
    access = Access("secret", "trial", is_free=lambda path: path.startswith(("/docs", "/openapi.json")))
    server = Server(Guard(described(), access), listen(0), started=up.set)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert up.wait(30)
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    thread.join()


def test_what_is_vendored_is_what_its_table_says() -> None:
    table = json.loads((VENDOR / "VENDOR.json").read_text())
    (package,) = table["packages"]
    assert package["licence"] == "Apache-2.0"
    assert len(base64.b64decode(package["integrity"].removeprefix("sha512-"))) == 64
    named = {file["name"] for file in package["files"]}
    assert named == {path.name for path in VENDOR.iterdir()} - {"VENDOR.json"}
    for file in package["files"]:
        data = (VENDOR / file["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        if "packed" in file:
            unpacked = gzip.decompress(data)
            assert len(unpacked) == file["packed"]["bytes_before"]
            assert hashlib.sha256(unpacked).hexdigest() == file["packed"]["sha256_before"]


def test_the_page_and_each_file_that_it_names_are_served() -> None:
    client = TestClient(described())
    page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text)
    assert len(named) == 4
    for name in named:
        reply = client.get(f"/{name}")
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/css" if name.endswith(".css") else "text/javascript")
    assert "/docs" not in client.get("/openapi.json").json()["paths"]


def test_who_takes_no_gzip_gets_the_same_bytes_plain() -> None:
    client = TestClient(described())
    packed = client.get("/docs/swagger-ui.css", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/docs/swagger-ui.css", headers={"Accept-Encoding": "identity"})
    assert (packed.headers.get("content-encoding"), plain.headers.get("content-encoding")) == ("gzip", None)
    assert packed.content == plain.content
    assert plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["VENDOR.json", "vendor", "..%2fdocs_page.py", "index.html"])
def test_no_other_file_is_served(name: str) -> None:
    reply = TestClient(described()).get(f"/docs/{name}")
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"


def test_the_place_of_the_description_cannot_break_out_of_the_page() -> None:
    app = FastAPI(docs_url=None)
    app.include_router(docs_router('/x"><script>alert(1)</script>'))
    assert "<script>alert" not in TestClient(app).get("/docs").text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chromium_shows_it_under_the_strict_policy_and_asks_nobody_else(
    address: str, chromium: str, scheme: str, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    asked: list[str] = []
    upload = tmp_path / "picture.txt"
    upload.write_text("no picture")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        reply = page.goto(f"{address}/docs?token=secret")
        assert reply is not None
        assert "script-src 'self';" in reply.headers["content-security-policy"]
        page.click("text=/predict")
        page.set_input_files("input[type=file]", upload)
        page.click("text=Execute")
        assert page.text_content(".live-responses-table tbody .response-col_status").strip().startswith("200")  # type: ignore[union-attr]
        assert page.url.partition("#")[0] == f"{address}/docs"  # the token has left the address bar
        assert ("dark-mode" in (page.get_attribute("html", "class") or "")) is (scheme == "dark")
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
