"""An S3 store in memory, on this machine, in a process of its own: quick enough that clients are what is measured.

`python -m benchmarks.loopback_s3 --bucket films` prints its address and serves until its input ends.
It checks no signatures. It knows what rushes, boto3 and the aws command ask of a bucket, and what clients of Google
Cloud Storage, whose XML is nearly the same, ask in words of their own; else it says NotImplemented.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import itertools
import re
import secrets
import subprocess
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from benchmarks.harness import ROOT

_PAGE = 1000
_REASONS = {200: "OK", 204: "No Content", 206: "Partial Content", 304: "Not Modified"}
_STATUSES = {
    "AccessDenied": 403,
    "NoSuchKey": 404,
    "NoSuchBucket": 404,
    "NoSuchUpload": 404,
    "PreconditionFailed": 412,
    "InvalidRange": 416,
    "InvalidRequest": 400,
    "InvalidPart": 400,
    "MalformedXML": 400,
    "NotImplemented": 501,
    "SlowDown": 503,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """An object; under a key of the store's own its ETag says nothing of its content.

    Attributes:
        generation: a number of its own, by which Google's clients tell versions apart.
    """

    data: bytes
    etag: str
    modified: float
    kind: str = "binary/octet-stream"
    under_key: bool = False
    generation: int = field(default_factory=itertools.count(1).__next__)


@dataclass
class Store:
    """Buckets in memory.

    Attributes:
        under_key: buckets that encrypt what is put into them.
        refuse: called with method, bucket and key before anything is done; a code such as `AccessDenied` refuses.
        requests: how many were answered.
    """

    buckets: dict[str, dict[str, Stored]] = field(default_factory=dict)
    under_key: set[str] = field(default_factory=set)
    refuse: Callable[[str, str, str], str | None] = lambda method, bucket, key: None
    requests: int = 0
    uploads: dict[str, tuple[str, str, str, dict[int, Stored]]] = field(default_factory=dict)
    _sorted: dict[str, list[str]] = field(default_factory=dict)

    def put(self, bucket: str, key: str, data: bytes, kind: str, etag: str | None = None) -> Stored:
        managed = bucket in self.under_key
        if managed:
            etag = f'"{secrets.token_hex(16)}"'
        elif etag is None:
            etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        stored = Stored(data, etag, time.time(), kind, managed)
        objects = self.buckets[bucket]
        if key not in objects:
            self._sorted.pop(bucket, None)
        objects[key] = stored
        return stored

    def remove(self, bucket: str, key: str) -> None:
        if self.buckets[bucket].pop(key, None) is not None:
            self._sorted.pop(bucket, None)

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket in the order of their bytes."""
        keys = self._sorted.get(bucket)
        if keys is None:
            keys = self._sorted[bucket] = sorted(self.buckets[bucket], key=lambda key: key.encode())
        return keys


class Refused(Exception):
    """A request that is answered with one of the codes of S3."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Asked:
    """A request."""

    method: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


# An answer: status, headers beside the length, body.
Answer = tuple[int, str, bytes]


def answer_to(store: Store, asked: Asked) -> Answer:
    """Return what the store answers, having done what was asked."""
    store.requests += 1
    try:
        code = store.refuse(asked.method, asked.bucket, asked.key)
        if code is not None:
            raise Refused(code)
        if not asked.bucket:
            return _list_buckets(store)
        if asked.bucket not in store.buckets and not (asked.method == "PUT" and not asked.key):
            raise Refused("NoSuchBucket")
        return _ANSWERS.get((asked.method, bool(asked.key)), _not_known)(store, asked)
    except Refused as refused:
        body = f"<Error><Code>{refused.code}</Code><Message>{refused.code}</Message></Error>"
        return _STATUSES.get(refused.code, 400), "Content-Type: application/xml\r\n", _document(body)


def _not_known(store: Store, asked: Asked) -> Answer:
    raise Refused("NotImplemented")


def _get(store: Store, asked: Asked) -> Answer:
    stored = store.buckets[asked.bucket].get(asked.key)
    if stored is None:
        raise Refused("NoSuchKey")
    if (wanted := asked.headers.get("if-match")) is not None and wanted != stored.etag:
        raise Refused("PreconditionFailed")
    about = _about(stored)
    bounds = re.fullmatch(r"bytes=(\d*)-(\d*)", asked.headers.get("range", ""))
    if bounds is None:
        return 200, about, stored.data
    size = len(stored.data)
    if bounds[1]:
        start, stop = int(bounds[1]), min(int(bounds[2]) + 1 if bounds[2] else size, size)
    else:
        start, stop = max(0, size - int(bounds[2])), size
    if start >= size:
        raise Refused("InvalidRange")
    return 206, f"{about}Content-Range: bytes {start}-{stop - 1}/{size}\r\n", stored.data[start:stop]


def _about(stored: Stored) -> str:
    managed = "x-amz-server-side-encryption: aws:kms\r\n" if stored.under_key else ""
    return (
        f"ETag: {stored.etag}\r\nLast-Modified: {formatdate(stored.modified, usegmt=True)}\r\n"
        f"Content-Type: {stored.kind}\r\nAccept-Ranges: bytes\r\nx-goog-generation: {stored.generation}\r\n{managed}"
    )


def _put(store: Store, asked: Asked) -> Answer:
    if "partnumber" in asked.query:
        return _put_part(store, asked)
    headers, key = asked.headers, asked.key
    copies = "x-amz-copy-source" in headers or "x-goog-copy-source" in headers
    there = store.buckets[asked.bucket].get(key)
    if headers.get("if-none-match") == "*" and there is not None:
        raise Refused("PreconditionFailed")
    if (wanted := headers.get("if-match")) is not None:
        if there is None:
            raise Refused("NoSuchKey")
        if wanted != there.etag:
            raise Refused("PreconditionFailed")
    generation = 0 if there is None else there.generation
    if int(headers.get("x-goog-if-generation-match", generation)) != generation:
        raise Refused("PreconditionFailed")
    if not copies:
        stored = store.put(asked.bucket, key, asked.body, headers.get("content-type", "binary/octet-stream"))
        return 200, f"ETag: {stored.etag}\r\nx-goog-generation: {stored.generation}\r\n", b""
    bucket, name, source = _source(store, headers)
    if (bucket, name) == (asked.bucket, key) and headers.get("x-amz-metadata-directive") != "REPLACE":
        raise Refused("InvalidRequest")
    # What was put in parts is one part after a copy, and has the ETag of its bytes; so have copies out of encryption.
    plain = not source.under_key and "-" not in source.etag
    stored = store.put(asked.bucket, key, source.data, source.kind, source.etag if plain else None)
    return 200, "Content-Type: application/xml\r\n", _copied("CopyObjectResult", stored)


def _source(store: Store, headers: dict[str, str]) -> tuple[str, str, Stored]:
    named = headers.get("x-amz-copy-source") or headers["x-goog-copy-source"]
    bucket, _, key = unquote(named.partition("?")[0]).lstrip("/").partition("/")
    if bucket not in store.buckets:
        raise Refused("NoSuchBucket")
    source = store.buckets[bucket].get(key)
    if source is None:
        raise Refused("NoSuchKey")
    code = store.refuse("GET", bucket, key)
    if code is not None:
        raise Refused(code)
    if (wanted := headers.get("x-amz-copy-source-if-match")) is not None and wanted != source.etag:
        raise Refused("PreconditionFailed")
    return bucket, key, source


def _copied(name: str, stored: Stored) -> bytes:
    etag = escape(stored.etag, {'"': "&quot;"})
    return _document(f"<{name}><LastModified>{_iso(stored.modified)}</LastModified><ETag>{etag}</ETag></{name}>")


def _delete(store: Store, asked: Asked) -> Answer:
    if "uploadid" in asked.query:
        store.uploads.pop(asked.query["uploadid"], None)
    else:
        store.remove(asked.bucket, asked.key)
    return 204, "", b""


def _delete_bucket(store: Store, asked: Asked) -> Answer:
    del store.buckets[asked.bucket]
    return 204, "", b""


def _delete_many(store: Store, asked: Asked) -> Answer:
    if "delete" not in asked.query:
        raise Refused("NotImplemented")
    try:
        tree = ElementTree.fromstring(asked.body)
    except ElementTree.ParseError:
        raise Refused("MalformedXML") from None
    said = []
    quiet = tree.findtext("{*}Quiet") == "true"
    for named in tree.iterfind("{*}Object/{*}Key"):
        key = named.text or ""
        code = store.refuse("DELETE", asked.bucket, key)
        if code is not None:
            said.append(f"<Error><Key>{escape(key)}</Key><Code>{code}</Code><Message>{code}</Message></Error>")
            continue
        store.remove(asked.bucket, key)
        if not quiet:
            said.append(f"<Deleted><Key>{escape(key)}</Key></Deleted>")
    body = f'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(said)}</DeleteResult>'
    return 200, "Content-Type: application/xml\r\n", _document(body)


def _post(store: Store, asked: Asked) -> Answer:
    where = f"<Bucket>{escape(asked.bucket)}</Bucket><Key>{escape(asked.key)}</Key>"
    if "uploads" in asked.query:
        number = secrets.token_hex(8)
        kind = asked.headers.get("content-type", "binary/octet-stream")
        store.uploads[number] = asked.bucket, asked.key, kind, {}
        body = f"<InitiateMultipartUploadResult>{where}<UploadId>{number}</UploadId></InitiateMultipartUploadResult>"
        return 200, "Content-Type: application/xml\r\n", _document(body)
    if "uploadid" not in asked.query:
        raise Refused("NotImplemented")
    bucket, key, kind, sent = _upload(store, asked)
    try:
        numbers = [int(part.text or 0) for part in ElementTree.fromstring(asked.body).iterfind("{*}Part/{*}PartNumber")]
        parts = [sent[number] for number in numbers]
    except (ElementTree.ParseError, KeyError, ValueError):
        raise Refused("InvalidPart") from None
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts), usedforsecurity=False)
    whole = b"".join(part.data for part in parts)
    stored = store.put(bucket, key, whole, kind, f'"{digest.hexdigest()}-{len(parts)}"')
    del store.uploads[asked.query["uploadid"]]
    etag = escape(stored.etag, {'"': "&quot;"})
    body = f"<CompleteMultipartUploadResult>{where}<ETag>{etag}</ETag></CompleteMultipartUploadResult>"
    return 200, "Content-Type: application/xml\r\n", _document(body)


def _put_part(store: Store, asked: Asked) -> Answer:
    sent = _upload(store, asked)[3]
    data = asked.body
    copies = "x-amz-copy-source" in asked.headers
    if copies:
        data = _source(store, asked.headers)[2].data
        if bounds := re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("x-amz-copy-source-range", "")):
            data = data[int(bounds[1]) : int(bounds[2]) + 1]
    part = Stored(data, f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"', time.time())
    sent[int(asked.query["partnumber"])] = part
    if copies:
        return 200, "Content-Type: application/xml\r\n", _copied("CopyPartResult", part)
    return 200, f"ETag: {part.etag}\r\n", b""


def _upload(store: Store, asked: Asked) -> tuple[str, str, str, dict[int, Stored]]:
    try:
        return store.uploads[asked.query["uploadid"]]
    except KeyError:
        raise Refused("NoSuchUpload") from None


def _of_bucket(store: Store, asked: Asked) -> Answer:
    if "location" in asked.query:
        body = '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>'
        return 200, "Content-Type: application/xml\r\n", _document(body)
    if "uploads" in asked.query:
        found = "".join(
            f"<Upload><Key>{escape(key)}</Key><UploadId>{number}</UploadId></Upload>"
            for number, (bucket, key, _, _) in store.uploads.items()
            if bucket == asked.bucket
        )
        body = f"<ListMultipartUploadsResult>{found}</ListMultipartUploadsResult>"
        return 200, "Content-Type: application/xml\r\n", _document(body)
    if asked.query.get("list-type") != "2":
        raise Refused("NotImplemented")
    return _list(store, asked)


def _list(store: Store, asked: Asked) -> Answer:
    query, objects = asked.query, store.buckets[asked.bucket]
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    most = min(int(query.get("max-keys", _PAGE)), _PAGE)
    keys = store.keys(asked.bucket)
    after = query.get("continuation-token") or query.get("start-after") or ""
    place = max(bisect_left(keys, prefix.encode(), key=str.encode), bisect_right(keys, after.encode(), key=str.encode))
    shown = (lambda text: quote(text, safe="/")) if query.get("encoding-type") == "url" else escape
    said: list[str] = []
    below: list[str] = []
    last = after
    count, more = 0, False
    while place < len(keys) and keys[place].startswith(prefix):
        key = keys[place]
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        folder = key[: end + len(delimiter)] if end >= 0 else ""
        if folder and after.startswith(folder):
            place += 1
            continue
        if count == most:
            more = True
            break
        count += 1
        if folder:
            below.append(f"<CommonPrefixes><Prefix>{shown(folder)}</Prefix></CommonPrefixes>")
            last = folder + "\U0010ffff"
            place = bisect_right(keys, last.encode(), key=str.encode)
            continue
        stored = objects[key]
        said.append(
            f"<Contents><Key>{shown(key)}</Key><LastModified>{_iso(stored.modified)}</LastModified>"
            f"<ETag>{escape(stored.etag)}</ETag><Size>{len(stored.data)}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
        )
        last = key
        place += 1
    token = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if more else ""
    url = "<EncodingType>url</EncodingType>" if query.get("encoding-type") == "url" else ""
    body = (
        f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{asked.bucket}</Name>'
        f"<Prefix>{shown(prefix)}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{most}</MaxKeys>{url}"
        f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{''.join(said)}{''.join(below)}"
        "</ListBucketResult>"
    )
    return 200, "Content-Type: application/xml\r\n", _document(body)


def _list_buckets(store: Store) -> Answer:
    names = "".join(f"<Bucket><Name>{escape(name)}</Name></Bucket>" for name in store.buckets)
    body = _document(f"<ListAllMyBucketsResult><Buckets>{names}</Buckets></ListAllMyBucketsResult>")
    return 200, "Content-Type: application/xml\r\n", body


def _head_bucket(store: Store, asked: Asked) -> Answer:
    return 200, "", b""


def _make_bucket(store: Store, asked: Asked) -> Answer:
    store.buckets.setdefault(asked.bucket, {})
    return 200, f"Location: /{asked.bucket}\r\n", b""


_ANSWERS: dict[tuple[str, bool], Callable[[Store, Asked], Answer]] = {
    ("GET", True): _get,
    ("HEAD", True): _get,
    ("PUT", True): _put,
    ("DELETE", True): _delete,
    ("POST", True): _post,
    ("GET", False): _of_bucket,
    ("HEAD", False): _head_bucket,
    ("PUT", False): _make_bucket,
    ("DELETE", False): _delete_bucket,
    ("POST", False): _delete_many,
}


def _document(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


class Connection(asyncio.Protocol):
    """One connection: its requests are read and answered one after the other."""

    def __init__(self, store: Store, latency_seconds: float, connections: set[Connection]) -> None:
        self._connections = connections
        self._store = store
        self._latency_seconds = latency_seconds
        self._buffer = b""
        self._parts: list[bytes] = []  # of a long body
        self._missing = 0
        self._waiting = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._missing > 0:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            self._buffer, self._parts = b"".join(self._parts), []
        else:
            self._buffer = self._buffer + data if self._buffer else data
        self._read()

    def _read(self) -> None:
        while self._buffer and not self._waiting and self._missing <= 0 and self._take():
            pass

    def _take(self) -> bool:
        """Take the request that the buffer begins with, and answer it; False where not all of it has come."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        stop = end + 4 + int(headers.get("content-length") or 0)
        if len(self._buffer) < stop:
            if "expect" in headers and len(self._buffer) == end + 4 and self._transport:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._parts, self._missing = [self._buffer], stop - len(self._buffer)
            self._buffer = b""
            return False
        body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
        if "aws-chunked" in headers.get("content-encoding", "") or headers.get("x-amz-content-sha256", "").startswith(
            "STREAMING"
        ):
            body = _unchunked(body)
        method, target, _ = first.split(" ", 2)
        path, _, query = target.partition("?")
        bucket, _, key = unquote(path[1:]).partition("/")
        asked = Asked(method, bucket, key, _parse_query(query), headers, body)
        if self._latency_seconds:
            self._waiting = True
            asyncio.get_running_loop().call_later(self._latency_seconds, self._answer_late, asked)
        else:
            self._answer(asked)
        return True

    def _answer_late(self, asked: Asked) -> None:
        self._waiting = False
        self._answer(asked)
        self._read()

    def _answer(self, asked: Asked) -> None:
        status, about, body = answer_to(self._store, asked)
        reason = _REASONS.get(status, "Refused")
        length = "" if status == 204 else f"Content-Length: {len(body)}\r\n"
        head = f"HTTP/1.1 {status} {reason}\r\n{about}{length}x-amz-request-id: 1\r\n\r\n".encode("latin-1")
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(head if asked.method == "HEAD" or not body else head + body)


def _parse_query(query: str) -> dict[str, str]:
    """Return what stands behind the question mark; names of parts and uploads in small letters."""
    if not query:
        return {}
    return {name.lower(): value for name, value in parse_qsl(query, keep_blank_values=True)}


def _unchunked(body: bytes) -> bytes:
    """Return the bytes of a body that came in the pieces of `aws-chunked`, without their signatures."""
    pieces, place = [], 0
    while True:
        end = body.index(b"\r\n", place)
        size = int(body[place:end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(pieces)
        pieces.append(body[end + 2 : end + 2 + size])
        place = end + 2 + size + 2


async def serve(
    store: Store, *, latency_seconds: float = 0.0, port: int = 0, connections: set[Connection] | None = None
) -> asyncio.Server:
    """Return a server that answers on a port of this machine; 0 takes any that is free.

    Args:
        connections: is kept at those that are open.
    """
    kept = set() if connections is None else connections
    return await asyncio.get_running_loop().create_server(
        lambda: Connection(store, latency_seconds, kept), "127.0.0.1", port, backlog=512
    )


async def _close(server: asyncio.Server, connections: set[Connection]) -> None:
    server.close()
    for connection in list(connections):
        connection.close()
    while connections:
        await asyncio.sleep(0.001)


@contextmanager
def s3_here(store: Store, *, latency_seconds: float = 0.0) -> Iterator[str]:
    """Serve from a thread of this process; give the address. For tests, which look into the store."""
    loop = asyncio.new_event_loop()
    connections: set[Connection] = set()
    server = loop.run_until_complete(serve(store, latency_seconds=latency_seconds, connections=connections))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, connections), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def s3_apart(buckets: Sequence[str], *, latency_ms: float = 0.0) -> Iterator[str]:
    """Serve from a process of its own; give the address."""
    words = [word for bucket in buckets for word in ("--bucket", bucket)]
    command = [sys.executable, "-m", "benchmarks.loopback_s3", "--latency-ms", str(latency_ms), *words]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def environment(endpoint: str) -> dict[str, str]:
    """Return what leads rushes, boto3 and the aws command to a store on this machine."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


async def _run(store: Store, latency_seconds: float, port: int) -> None:
    server = await serve(store, latency_seconds=latency_seconds, port=port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loopback_s3", description="An S3 store in memory.")
    parser.add_argument("--bucket", action="append", default=[], help="a bucket that is there; may be repeated")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="how long every answer waits")
    parser.add_argument("--port", type=int, default=0)
    words = parser.parse_args()
    store = Store({name: {} for name in words.bucket})
    asyncio.run(_run(store, words.latency_ms / 1000, words.port))


if __name__ == "__main__":
    main()
