"""A stand-in for the server of `rushes review`: serves the page that comes with rushes, and answers from memory."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

_MARKS = ("decision", "own", "rating", "color")
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


@dataclass
class Standin:
    """A review in memory, and what the page asked for.

    Attributes:
        pictures: quality -> JPEGs, which repeat behind the items in turn; `full` falls back to `fit`.
        flaws: quality -> why its pictures are not the photographs.
        key: of the review.
        told: path and body of every decision, undo and redo, in order.
        port: that it listens at, from the first time that it is served on.
    """

    items: Sequence[dict[str, Any]]
    pictures: Mapping[str, Sequence[bytes]]
    pages: Mapping[str, str] = field(default_factory=dict)
    flaws: Mapping[str, str] = field(default_factory=dict)
    key: str = "stand-in"
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._places = {item["id"]: place for place, item in enumerate(self.items)}
        self._lock = threading.Lock()
        self._done: list[tuple[str, list[dict[str, Any]]]] = []  # by request
        self._undone: list[tuple[str, list[dict[str, Any]]]] = []
        self._answered: dict[str, dict[str, Any]] = {}
        self._touched: list[list[str]] = []

    def session(self) -> dict[str, Any]:
        """Return what `/api/session` says."""
        cull = {"control": "recall >= 0.99", "threshold": 0.5, "promise": {}, "class_name": "select"}
        return {
            "schema": "review/1", "key": self.key, "title": "A shoot", "task": "select",
            "classes": {"pick": "select", "reject": "reject"}, "count": len(self.items),
            "revision": len(self._touched), "cull": cull, "items": list(self.items),
        }  # fmt: skip

    def item(self, frame: str) -> dict[str, Any]:
        """Return what `/api/items/ID` says."""
        reason = {"measure": "sharpness", "value": 0.8, "speaks": "for", "words": "the subject is sharp", "weight": 1.0}
        return {**self.items[self._places[frame]], "reasons": [reason], "measures": {}, "companions": [], "heat": False}

    def picture(self, frame: str, quality: str) -> bytes:
        """Return a JPEG."""
        kept = self.pictures.get(quality, self.pictures["fit"])
        return kept[self._places[frame] % len(kept)]

    def changes(self, since: int) -> dict[str, Any]:
        """Return what `/api/changes` says."""
        frames = [frame for step in self._touched[since:] for frame in step]
        return {"revision": len(self._touched), "previous": since, "changes": self._states(frames)}

    def take(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do what a POST asks for, once per name of a request."""
        with self._lock:
            name = body.get("request", "")
            if name not in self._answered:
                self.told.append((path, body))
                self._answered[name] = self._act(path, body)
            return self._answered[name]

    def _act(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        before = len(self._touched)
        if path == "/api/decisions":
            changes = [_whole(change) for change in body["changes"]]
            self._undone.clear()
            self._done.append((body.get("request", ""), self._apply(changes)))
        else:
            source, target = (self._done, self._undone) if path == "/api/undo" else (self._undone, self._done)
            wanted = [one for one in source if body.get("of") in (None, one[0])][-1:]
            changes = wanted[0][1] if wanted else []
            if wanted:
                source.remove(wanted[0])
                target.append((wanted[0][0], self._apply(changes)))
        frames = [change["id"] for change in changes]
        self._touched.append(frames)
        step = len(self._touched) if frames else None
        return {"revision": len(self._touched), "previous": before, "step": step, "changes": self._states(frames)}

    def _apply(self, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        before = []
        for change in changes:
            item = self.items[self._places[change["id"]]]
            before.append({name: item[name] for name in change})
            item.update(change)
        return before

    def _states(self, frames: Sequence[str]) -> list[dict[str, Any]]:
        return [{name: self.items[self._places[frame]][name] for name in ("id", *_MARKS)} for frame in frames]


def _whole(change: Mapping[str, Any]) -> dict[str, Any]:
    own = {"own": change["decision"] is not None} if "decision" in change else {}
    return {**change, **own}


def make_items(count: int, *, width: int = 6000, height: int = 4000) -> list[dict[str, Any]]:
    """Return so many photographs; of every eight, three are a burst, whose second is the best."""
    return [_item(place, count, width, height) for place in range(count)]


def _item(place: int, count: int, width: int, height: int) -> dict[str, Any]:
    burst, within = place // 8, place % 8 - 2
    series = None
    if 0 <= within < 3 and burst * 8 + 5 <= count:
        series = {"index": burst, "kind": "burst", "why": "3 frames in 0.3 s", "rank": (2, 1, 3)[within], "size": 3}
    score = place * 37 % 100 / 100
    return {
        "id": f"frame-{place:05d}", "name": f"IMG_{place:05d}.CR3", "path": f"shoot/IMG_{place:05d}.CR3",
        "width": width, "height": height, "captured_at": f"2026-10-03T12:{place // 60 % 60:02d}:{place % 60:02d}",
        "camera": None, "series": series, "verdict": "pick" if score >= 0.5 else "reject", "score": score, "why": "",
        "better": None, "audited": score < 0.05, "drawn": -place if score < 0.05 else None, "reasons": [],
        "decision": None, "own": False, "rating": None, "color": None,
    }  # fmt: skip


@contextmanager
def serve(standin: Standin) -> Iterator[str]:
    """Serve a review on this machine, and give its address; a second time it is the same one."""
    server = _Server(("127.0.0.1", standin.port), _handler(standin))
    standin.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{standin.port}/"
    finally:
        server.shutdown()
        server.server_close()
        server.hang_up()
        thread.join()


class _Server(ThreadingHTTPServer):
    """A server that can be gone: browsers keep connections, which would be answered after its end."""

    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close the connections that are open."""
        for request in list(self._open):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


def _handler(standin: Standin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            first, _, rest = address.path[1:].partition("/")
            if first in ("", "page"):
                name = rest or "index.html"
                self._answer((files("rushes.review") / "page" / name).read_bytes(), _TYPES[name.rpartition(".")[2]])
            elif first in standin.pages:
                self._answer(standin.pages[first].encode(), "text/html")
            elif first == "pictures":
                frame, _, quality = rest.partition("/")
                self._answer(standin.picture(frame, quality), "image/jpeg", flaw=standin.flaws.get(quality, ""))
            elif self._is_of_another_review():
                pass
            elif first != "api":
                self.send_error(404)
            else:
                self._answer(json.dumps(self._told(rest, address.query)).encode(), "application/json")

        def _told(self, name: str, query: str) -> dict[str, Any]:
            if name == "session":
                return standin.session()
            if name == "changes":
                return standin.changes(int(parse_qs(query)["since"][0]))
            if name == "audit":
                return {"drawn": 1, "looked_at": 0, "misses": 0, "sentence": "Nothing has been looked at yet."}
            return standin.item(name.removeprefix("items/"))

        def _is_of_another_review(self) -> bool:
            named = self.headers.get("Rushes-Review")
            is_other = named is not None and unquote(named) != standin.key
            if is_other:
                self._answer(b"{}", "application/problem+json", status=409)
            return is_other

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self._is_of_another_review():
                self._answer(json.dumps(standin.take(self.path, body)).encode(), "application/json")

        def _answer(self, data: bytes, kind: str, *, status: int = 200, flaw: str = "") -> None:
            lasting = kind == "image/jpeg"
            try:
                self.send_response(status)
                if flaw:
                    self.send_header("Rushes-Flaw", quote(flaw))
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Cache-Control", "max-age=31536000, immutable" if lasting else "no-store")
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # the browser no longer wants it

    return Handler
