"""A container in Azure's blob storage on this machine, by the words of its protocol that obstore speaks."""

from __future__ import annotations

import email.utils
import hashlib
import itertools
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

ACCOUNT = "devstoreaccount1"
_PAGE = 1000


@contextmanager
def azure_store(container: str) -> Iterator[dict[str, str]]:
    """Serve an empty container; give the environment that leads to it. Signatures are not checked."""
    blobs: dict[str, tuple[bytes, str, float, str]] = {}  # key -> bytes, ETag, time of change, type
    blocks: dict[tuple[str, str], bytes] = {}
    lock, numbers = threading.Lock(), itertools.count(1)

    def put(key: str, data: bytes, kind: str) -> str:
        etag = f'"0x{next(numbers):08X}"'
        blobs[key] = data, etag, float(int(time.time())), kind
        return etag

    class Asked(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def setup(self) -> None:
            super().setup()
            self.body = b""

        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            address = urlsplit(self.path)
            _, account, self.held, *key = unquote(address.path).split("/", 3)
            self.key = key[0] if key else ""
            self.query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
            assert account == ACCOUNT
            return True

        def do_GET(self) -> None:
            with lock:
                if self.held != container:
                    return self.refuse(404, "ContainerNotFound")
                if self.query.get("comp") == "list":
                    return self.answer(200, {"Content-Type": "application/xml"}, self.listed())
                found = blobs.get(self.key)
            if found is None:
                return self.refuse(404, "BlobNotFound")
            data, etag, modified, kind = found
            if self.headers.get("If-Match", etag) != etag:
                return self.refuse(412, "ConditionNotMet")
            about = {
                "ETag": etag,
                "Last-Modified": email.utils.formatdate(modified, usegmt=True),
                "Content-Type": kind,
                "x-ms-blob-type": "BlockBlob",
            }
            bounds = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("x-ms-range") or self.headers.get("Range", ""))
            if bounds is None:
                return self.answer(200, about, data)
            start, stop = int(bounds[1]), min(int(bounds[2] or len(data)) + 1, len(data))
            if start >= len(data):
                return self.refuse(416, "InvalidRange")
            self.answer(206, about | {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"}, data[start:stop])

        do_HEAD = do_GET

        def do_PUT(self) -> None:
            kind = self.headers.get("x-ms-blob-content-type") or self.headers.get("Content-Type", "")
            with lock:
                there = blobs.get(self.key)
                if self.headers.get("If-None-Match") == "*" and there is not None:
                    return self.refuse(409, "BlobAlreadyExists")
                wanted = self.headers.get("If-Match")
                if wanted is not None and (there is None or there[1] != wanted):
                    return self.refuse(412 if there else 404, "ConditionNotMet" if there else "BlobNotFound")
                if self.query.get("comp") == "block":
                    blocks[self.key, self.query["blockid"]] = self.body
                    return self.answer(201, {}, b"")
                if self.query.get("comp") == "blocklist":
                    named = [one.text or "" for one in ElementTree.fromstring(self.body)]
                    data = b"".join(blocks.pop((self.key, name)) for name in named)
                elif (source := self.headers.get("x-ms-copy-source")) is not None:
                    copied = blobs.get(unquote(urlsplit(source).path).split("/", 3)[3])
                    if copied is None:
                        return self.refuse(404, "BlobNotFound")
                    data, kind = copied[0], copied[3]
                else:
                    data = self.body
                etag = put(self.key, data, kind)
            about = {"ETag": etag, "Last-Modified": email.utils.formatdate(time.time(), usegmt=True)}
            self.answer(201, about | {"x-ms-copy-status": "success"}, b"")

        def do_DELETE(self) -> None:
            with lock:
                gone = blobs.pop(self.key, None)
            if gone is None:
                return self.refuse(404, "BlobNotFound")
            self.answer(202, {}, b"")

        def do_POST(self) -> None:
            """Answer a batch of removals, each in a part of its own."""
            said = []
            with lock:
                for number, path in enumerate(re.findall(rb"DELETE (\S+) HTTP", self.body)):
                    key = unquote(path.decode().partition("?")[0]).split("/")
                    key = key[key.index(container) + 1 :]
                    gone = blobs.pop("/".join(key), None)
                    status = "202 Accepted" if gone else "404 The specified blob does not exist."
                    said.append(
                        f"--batch\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
                        f"HTTP/1.1 {status}\r\nx-ms-request-id: 1\r\nContent-Length: 0\r\n\r\n"
                    )
            self.answer(
                202, {"Content-Type": "multipart/mixed; boundary=batch"}, f"{''.join(said)}--batch--\r\n".encode()
            )

        def listed(self) -> bytes:
            prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter")
            found: dict[str, str] = {}
            for key in sorted(blobs):
                if not key.startswith(prefix) or key <= self.query.get("marker", ""):
                    continue
                below, mark, _ = key[len(prefix) :].partition(delimiter or "\0")
                if delimiter and mark:
                    name = f"{prefix}{below}{mark}"
                    found[name] = f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>"
                    continue
                data, etag, modified, kind = blobs[key]
                found[key] = (
                    f"<Blob><Name>{escape(key)}</Name><Properties>"
                    f"<Last-Modified>{email.utils.formatdate(modified, usegmt=True)}</Last-Modified><Etag>{etag}</Etag>"
                    f"<Content-Length>{len(data)}</Content-Length><Content-Type>{kind}</Content-Type>"
                    f"<Content-MD5>{hashlib.md5(data, usedforsecurity=False).hexdigest()}</Content-MD5>"
                    "<BlobType>BlockBlob</BlobType></Properties></Blob>"
                )
            page = list(found)[:_PAGE]
            more = f"<NextMarker>{escape(page[-1])}</NextMarker>" if len(found) > _PAGE else "<NextMarker/>"
            body = "".join(found[name] for name in page)
            return (
                f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{container}">'
                f"<Prefix>{escape(prefix)}</Prefix><Blobs>{body}</Blobs>{more}</EnumerationResults>"
            ).encode()

        def refuse(self, status: int, code: str) -> None:
            body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
            self.answer(status, {"x-ms-error-code": code}, body.encode())

        def answer(self, status: int, about: dict[str, Any], body: bytes) -> None:
            self.send_response(status)
            for name, value in about.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a connection that the client closed
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield {
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{server.server_port}",
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
