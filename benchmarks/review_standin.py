"""A stand-in for the server of a review (`review/2`): serves the page of rushes, and answers from memory."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

_MARKS = ("decision", "own", "by", "origin", "rating", "color")
_MADE = ("own", "by", "origin", "at")
_TYPES = {
    "html": "text/html", "css": "text/css", "js": "text/javascript", "mjs": "text/javascript",
    "json": "application/json", "svg": "image/svg+xml",
}  # fmt: skip
_CULL = ({"name": "select", "key": "1", "word": "pick"}, {"name": "reject", "key": "2", "word": "reject"})


@dataclass
class Standin:
    """A review in memory, and what the page asked for.

    Attributes:
        pictures: quality -> JPEGs, which repeat behind the items in turn; `full` falls back to `fit`.
        flaws: quality -> why its pictures are not the photographs.
        key: of the review.
        classes: names of the task's classes; none makes it a cull, which picks and rejects.
        person: whose name the server was started with.
        told: path and body of every decision, undo and redo, in order.
        port: that it listens at, from the first time that it is served on.
    """

    items: Sequence[dict[str, Any]]
    pictures: Mapping[str, Sequence[bytes]]
    pages: Mapping[str, str] = field(default_factory=dict)
    flaws: Mapping[str, str] = field(default_factory=dict)
    key: str = "stand-in"
    classes: Sequence[str] = ()
    person: str = "ann"
    opens_on: str = "all"
    opens_in: str = "capture"
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._places = {item["id"]: place for place, item in enumerate(self.items)}
        self._lock = threading.Lock()
        self._done: list[tuple[str, list[dict[str, Any]]]] = []  # by request
        self._undone: list[tuple[str, list[dict[str, Any]]]] = []
        self._answered: dict[str, dict[str, Any]] = {}
        self._touched: list[list[str]] = []

    @property
    def slug(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()[:12]

    @property
    def task(self) -> str:
        return "scale" if self.classes else "select"

    def app(self) -> dict[str, Any]:
        """Return what `/app.json` says."""
        review = {"slug": self.slug, "title": "A shoot", "task": self.task, "count": len(self.items)}
        return {
            "schema": "app/1", "version": "0", "tabs": ["review"], "opens_on": "review", "person": self.person,
            "bundles": [], "reviews": [review], "project": "stand-in", "limits": {},
        }  # fmt: skip

    def session(self, person: str = "") -> dict[str, Any]:
        """Return what `/session` says, to a person where one is named."""
        cull = {"control": "recall >= 0.99", "threshold": 0.5, "promise": {}, "class_name": "select"}
        classes = [{"name": name, "key": str(place + 1), "word": None} for place, name in enumerate(self.classes)]
        return {
            "schema": "review/2", "key": self.key, "title": "A shoot", "task": self.task,
            "classes": classes or _CULL, "culling": not classes, "count": len(self.items), "opens_on": self.opens_on,
            "opens_in": self.opens_in, "revision": len(self._touched), "cull": None if classes else cull,
            "person": person.casefold() or self.person,
            "model": {"bundle": "scale", "id": "0" * 12, "done": len(self.items), "total": len(self.items), "note": ""}
            if classes else None, "items": list(self.items),
            "groups": sorted({item["group"] for item in self.items if item.get("group")}),
            "origins": sorted({item["origin"] for item in self.items if item["origin"]}),
        }  # fmt: skip

    def item(self, frame: str) -> dict[str, Any]:
        """Return what `/items/ID` says."""
        item = self.items[self._places[frame]]
        reason = {"measure": "sharpness", "value": 0.8, "speaks": "for", "words": "the subject is sharp", "weight": 1.0}
        said = {"decision": item["decision"], "by": item["by"], "origin": item["origin"], "at": "2026-11-26T12:00:00Z"}
        return {
            **item, "reasons": [] if self.classes else [reason], "measures": {}, "companions": [], "heat": False,
            "probabilities": self._probabilities(item), "history": [said] if item["decision"] else [],
        }  # fmt: skip

    def _probabilities(self, item: Mapping[str, Any]) -> dict[str, float]:
        if not item.get("answer"):
            return {}
        rest = (1 - item["confidence"]) / max(1, len(self.classes) - 1)
        return {name: item["confidence"] if name == item["answer"] else rest for name in self.classes}

    def picture(self, frame: str, quality: str) -> bytes:
        """Return a JPEG."""
        kept = self.pictures.get(quality, self.pictures["fit"])
        return kept[self._places[frame] % len(kept)]

    def changes(self, since: int) -> dict[str, Any]:
        """Return what `/changes` says."""
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
        body = body | {"by": body.get("by", self.person).casefold()}
        conflicts: list[dict[str, Any]] = []
        if path == "decisions":
            wanted = body["changes"]
            if not body.get("over"):
                conflicts = [told for change in wanted if (told := self._conflict(change, body.get("by"))) is not None]
            refused = {one["id"] for one in conflicts}
            changes = [_whole(change, body.get("by")) for change in wanted if change["id"] not in refused]
            self._undone.clear()
            self._done.append((body.get("request", ""), self._apply(changes)))
        else:
            source, target = (self._done, self._undone) if path == "undo" else (self._undone, self._done)
            found = [one for one in source if body.get("of") in (None, one[0])][-1:]
            changes = found[0][1] if found else []
            if found:
                source.remove(found[0])
                target.append((found[0][0], self._apply(changes)))
        frames = [change["id"] for change in changes]
        self._touched.append(frames)
        step = len(self._touched) if frames else None
        told = self._states([*frames, *(one["id"] for one in conflicts)])
        return {"revision": len(self._touched), "previous": before, "step": step, "changes": told,
                "conflicts": conflicts, "by": body["by"]}  # fmt: skip

    def _conflict(self, change: Mapping[str, Any], by: str | None) -> dict[str, Any] | None:
        """Return what another person decided since the page last saw; None where nothing was."""
        item = self.items[self._places[change["id"]]]
        saw = change.get("saw")
        if "decision" not in change or not item["own"] or item["by"] == by or saw is None:
            return None
        if (item["decision"], item["by"]) == (saw["decision"], saw["by"]):
            return None
        at = f"{datetime.now(UTC):%FT%TZ}"
        return {"id": item["id"], "field": "decision", "decision": item["decision"], "by": item["by"], "at": at}

    def _apply(self, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        before = []
        for change in changes:
            item = self.items[self._places[change["id"]]]
            before.append({name: item.get(name) for name in change})
            item.update(change)
        return before

    def _states(self, frames: Sequence[str]) -> list[dict[str, Any]]:
        items = [self.items[self._places[frame]] for frame in frames]
        return [{name: item[name] for name in ("id", *_MARKS)} | {"at": item.get("at")} for item in items]


def _whole(change: Mapping[str, Any], by: str | None) -> dict[str, Any]:
    told = {name: value for name, value in change.items() if name != "saw"}
    if "decision" not in told:
        return told
    is_made = told["decision"] is not None
    made = (is_made, by, f"review:{by}", f"{datetime.now(UTC):%FT%TZ}") if is_made else (False, None, None, None)
    return told | dict(zip(_MADE, made, strict=True))


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
        "decision": None, "own": False, "by": None, "origin": None, "rating": None, "color": None,
    }  # fmt: skip


def make_class_items(count: int, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return so many stills with a model's answers; of every four, one has a label, and of two of these it differs."""
    return [_class_item(place, classes) for place in range(count)]


def _class_item(place: int, classes: Sequence[str]) -> dict[str, Any]:
    confidence = (40 + place * 37 % 60) / 100
    answer = classes[place * 7 % len(classes)]
    other = classes[(place * 7 + 1) % len(classes)]
    label = None if place % 4 else answer if place % 8 else other
    return {
        "id": f"frame-{place:05d}", "name": f"still-{place:05d}.jpg", "path": f"film/still-{place:05d}.jpg",
        "width": 1280, "height": 720, "captured_at": None, "series": None, "group": f"film {place // 10 % 3}",
        "decision": label, "own": False, "by": None, "origin": "folder" if label else None, "answer": answer,
        "confidence": confidence, "margin": max(0.0, 2 * confidence - 1), "doubt": 1 - confidence,
        "disagrees": label not in (None, answer), "error": confidence if label == other else 0.0 if label else None,
        "drawn": place // 5 if place % 5 == 0 else None, "rating": None, "color": None,
    }  # fmt: skip


@contextmanager
def serve(standin: Standin) -> Iterator[str]:
    """Serve a review on this machine, and give its address; a second time it is the same one."""
    server = _Server(("127.0.0.1", standin.port), _handler(standin))
    standin.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{standin.port}/#/review/{standin.slug}"
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
                self._page(rest or "index.html")
            elif first in standin.pages:
                self._answer(standin.pages[first].encode(), "text/html")
            elif first == "app.json":
                self._answer(json.dumps(standin.app()).encode(), "application/json")
            elif first == "pictures":
                self._picture(rest)
            elif (name := self._of_review(first, rest)) is None:
                pass
            elif name.startswith("pictures/"):
                self._picture(name.removeprefix("pictures/"))
            else:
                self._answer(json.dumps(self._told(name, address.query)).encode(), "application/json")

        def _page(self, name: str) -> None:
            found = files("rushes.web").joinpath("page", *name.split("/"))
            if found.is_file():
                self._answer(found.read_bytes(), _TYPES[name.rpartition(".")[2]])
            else:
                self._answer(b"{}", "application/problem+json", status=404)

        def _picture(self, name: str) -> None:
            frame, _, quality = name.partition("/")
            self._answer(standin.picture(frame, quality), "image/jpeg", flaw=standin.flaws.get(quality, ""))

        def _of_review(self, first: str, rest: str) -> str | None:
            """Return what is asked of this review; None, and the answer is given, where another one is."""
            slug, _, name = rest.partition("/")
            if first == "reviews" and slug == standin.slug:
                return name
            self._answer(b"{}", "application/problem+json", status=404)
            return None

        def _told(self, name: str, query: str) -> dict[str, Any]:
            if name == "session":
                return standin.session(parse_qs(query).get("as", [""])[0])
            if name == "changes":
                return standin.changes(int(parse_qs(query)["since"][0]))
            if name == "audit":
                return {"drawn": 1, "looked_at": 0, "misses": 0, "sentence": "Nothing has been looked at yet."}
            return standin.item(name.removeprefix("items/"))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            first, _, rest = self.path[1:].partition("/")
            if (name := self._of_review(first, rest)) is not None:
                self._answer(json.dumps(standin.take(name, body)).encode(), "application/json")

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
