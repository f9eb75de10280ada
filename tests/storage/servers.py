"""Loopback servers: a web server whose files can misbehave, and an S3 store."""

from __future__ import annotations

import email.utils
import logging
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen


@dataclass
class Shelf:
    """A file on the web server, and how it is given out.

    Attributes:
        ranges: whether a range is honoured.
        refusals: so many requests are answered with `refusal` first.
        breaks: so many bodies are broken off after `breaks_after` bytes.
        stamped: whether an ETag and a time of change are stated.
    """

    data: bytes
    etag: str | None = '"one"'
    modified: float | None = 1.0e9
    ranges: bool = True
    refusals: int = 0
    refusal: int = 503
    breaks: int = 0
    breaks_after: int = 1000
    sized: bool = True


@dataclass
class WebServer:
    """A web server on this machine; `requests` and `sent` count by path, `asked` keeps (path, range)."""

    base: str
    files: dict[str, Shelf] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    before: Callable[[str, int], None] = lambda path, number: None  # called with the path and how often it was asked

    def put(self, path: str, data: bytes, **how: Any) -> str:
        """Put a file on the server; return its address."""
        self.files[path] = Shelf(data, **how)
        return f"{self.base}{path}"


@contextmanager
def web_server() -> Iterator[WebServer]:
    lock = threading.Lock()

    class Asked(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            asked = self.headers.get("Range")
            with lock:
                web.asked.append((self.path, asked))
                number = sum(1 for one, _ in web.asked if unquote(urlsplit(one).path) == path)
                web.before(path, number)
                shelf = web.files.get(path)
                if shelf is None:
                    return self.plain(404)
                if shelf.refusals > 0:
                    shelf.refusals -= 1
                    return self.plain(shelf.refusal)
                breaks = shelf.breaks > 0
                shelf.breaks -= breaks
            if shelf.etag and self.headers.get("If-Match", shelf.etag) != shelf.etag:
                return self.plain(412)
            self.give(path, shelf, asked, breaks)

        def plain(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def give(self, path: str, shelf: Shelf, asked: str | None, breaks: bool) -> None:
            data, length = shelf.data, len(shelf.data)
            if asked and shelf.ranges:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start, stop = int(first), min(int(last) + 1, length) if last else length
                if start >= length:
                    return self.plain(416)
                data = data[start:stop]
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{length}")
            else:
                self.send_response(200)
            if shelf.etag:
                self.send_header("ETag", shelf.etag)
            if shelf.modified:
                self.send_header("Last-Modified", email.utils.formatdate(shelf.modified, usegmt=True))
            if shelf.sized:
                self.send_header("Content-Length", str(len(data)))
            else:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            try:
                if breaks:
                    self.wfile.write(data[: shelf.breaks_after])
                    self.wfile.flush()
                    self.connection.shutdown(2)
                else:
                    with lock:
                        web.sent[path] += len(data)
                    self.wfile.write(data)
            except OSError:  # whoever asked has heard enough
                pass
            if breaks:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a connection that the client closed
    web = WebServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def metadata_server(keys: str) -> Iterator[str]:
    """A server as each machine of Amazon's has one, which gives the keys of its role; give its address."""

    class Asked(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_PUT(self) -> None:
            self.answer("token" if self.path == "/latest/api/token" else None)

        def do_GET(self) -> None:
            role = "/latest/meta-data/iam/security-credentials/"
            allowed = self.headers.get("x-aws-ec2-metadata-token") == "token"
            self.answer({role: "studio", f"{role}studio": keys}.get(self.path) if allowed else None)

        def answer(self, text: str | None) -> None:
            self.send_response(404 if text is None else 200)
            self.send_header("Content-Length", str(len(text or "")))
            self.end_headers()
            self.wfile.write((text or "").encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Bucket:
    """A bucket in an S3 store on this machine; `environment` is what leads rushes to it."""

    name: str
    endpoint: str
    client: Any

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}

    def put(self, key: str, data: bytes) -> str:
        self.client.put_object(Bucket=self.name, Key=key, Body=data)
        return f"s3://{self.name}/{key}"


@contextmanager
def s3_store(name: str = "rushes-films") -> Iterator[Bucket]:
    import pytest

    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    import boto3

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for every request
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(moto|boto3|botocore|werkzeug|flask).*")
        server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            client = boto3.client(
                "s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1",
                aws_access_key_id="key", aws_secret_access_key="secret",
            )  # fmt: skip
            client.create_bucket(Bucket=name)
            try:
                yield Bucket(name, f"http://{host}:{port}", client)
            finally:
                client.close()
                # What the store holds belongs to the process, and the next one would find it.
                urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
        finally:
            server.stop()
