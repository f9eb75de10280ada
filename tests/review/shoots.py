"""A small shoot in a project, with a cull of it, and a server that speaks real HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from footage.stills import write_jpeg
from rushes.catalog.catalog import Catalog, open_catalog
from rushes.catalog.ingest import ingest, plan_ingest
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.footage.picture import PictureSize
from rushes.footage.sampling import Every
from rushes.footage.series import Series
from rushes.inference.verdicts import CULL_FILE, Cull, Reason, Verdict
from rushes.project import Project, read_project
from rushes.review.app import Desk, review_app
from rushes.review.decisions import Decisions
from rushes.review.picture_cache import PictureCache
from rushes.review.pictures import PictureDesk
from rushes.review.renditions import Renditions
from rushes.review.serve import review_entry
from rushes.review.session import Opening, Review
from rushes.storage.files import digest_of_bytes, write_json
from rushes.studio.access import access_for
from rushes.studio.app import Part, make_application
from rushes.studio.reviewing import cookie_of
from rushes.web.server import Server, listen

TOKEN = "a-token-of-the-tests"
TOML = """
[tasks.select]
classes = ["reject", "select"]

[tasks.scale]
classes = ["CS", "MS", "LS"]
"""


def make_project(root: Path, *, names: int = 6) -> Project:
    """A project with a shoot of JPEGs beside it, one second apart, that is not taken in yet."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "rushes.toml").write_text(TOML)
    for number in range(names):
        write_jpeg(
            root / "shoot" / f"DSC_{number:04d}.jpg", taken=f"2024:05:01 12:30:{number:02d}", quality=70 + number
        )
    return read_project(root)


def take_in(catalog: Catalog, project: Project, folder: Path) -> list[Ingested]:
    wanted, missing = plan_ingest([folder], group=None, class_folders=None)
    assert not missing
    settings = IngestSettings(Every(8), PictureSize(long_side=320))
    found = list(ingest(wanted, catalog=catalog, root=project.root, settings=settings))
    assert all(isinstance(one, Ingested) for one in found), found
    return [one for one in found if isinstance(one, Ingested)]


def make_cull(project: Project, *, name: str = "first") -> Cull:
    """A cull of the shoot: the first half is picked; the second and third are a burst; the last is audited."""
    paths = sorted(str(path) for path in (project.root / "shoot").glob("*.jpg"))
    half = len(paths) // 2
    reason = Reason("sharpness", 0.2, "against", "soft (0.20)", 0.9)
    verdicts = [
        Verdict(
            path,
            (),
            "pick" if number < half else "reject",
            round(1 - number / len(paths), 3),
            f"score {1 - number / len(paths):.2f}",
            captured_at=f"2024-05-01T12:30:{number:02d}",
            series=0 if number in (1, 2) else None,
            rank=number if number in (1, 2) else None,
            better=paths[1] if number == 2 else "",
            reasons=(reason,),
            measures={"sharpness": 0.2, "eyes": None},
            audited=number >= len(paths) - 2,
        )
        for number, path in enumerate(paths)
    ]
    cull = Cull(
        name=name,
        created_at="2026-11-26T10:00:00Z",
        folder=str(project.root / "shoot"),
        task="select",
        class_name="select",
        bundle="0123456789abcdef",
        bundle_path="bundles/none",
        control="recall >= 0.99",
        threshold=0.5,
        verdicts=tuple(verdicts),
        series=(Series("burst", (1, 2), "2 frames in 1 s"),),
        promise={"low": 0.95},
    )
    write_json(project.culls_folder / name / CULL_FILE, cull.to_table())
    return cull


@dataclass
class Answer:
    """What came back for a request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Page:
    """Stands for the browser: asks a server on this machine. What begins with no slash is asked of the review."""

    port: int
    review: str
    headers: dict[str, str] = field(default_factory=dict)

    def cookie(self, port: int | None = None) -> str:
        """The cookie that a browser was given, where it reaches the server by a port."""
        return f"rushes-review-{digest_of_bytes(self.review.encode())[:12]}-{port or self.port}={TOKEN}"

    @property
    def slug(self) -> str:
        return digest_of_bytes(self.review.encode())[:12]

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, data, **{"Content-Type": "application/json", **headers})

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        path = path if path.startswith("/") else f"/reviews/{self.slug}/{path}"
        named = {"Cookie": self.cookie(), **self.headers}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {name: value for name, value in named.items() if value})
            reply = connection.getresponse()
            return Answer(reply.status, {key.lower(): value for key, value in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def decide(self, *changes: dict[str, Any]) -> Any:
        answer = self.post("decisions", {"changes": list(changes)})
        assert answer.status == 200, answer.body
        return answer.json

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("session").json["items"]
        return found


@contextmanager
def served(
    review: Review,
    catalog: Catalog,
    project: Project,
    *,
    works_ahead: bool = False,
    once: str = "",
    page: Path | None = None,
    opening: Opening | None = None,
    **more: Any,
) -> Iterator[Page]:
    """Serve a review on a thread and give what asks it."""
    cache = PictureCache(project.cache_folder / "review")
    pictures = PictureDesk(
        review.items, renditions=Renditions(project.root), cache=cache, threads=2, works_ahead=works_ahead
    )
    trust = project.trust_of(project.task(review.task))
    decisions = Decisions(catalog, task=review.task, review=review.key, trust=trust, title=review.title)
    listening: socket.socket = listen(0)
    desk = Desk(review, decisions, pictures, opening=opening or Opening(), **more)
    access = access_for("127.0.0.1", token=TOKEN, cookie=cookie_of(review), once=once, command="rushes review")
    part = Part(
        "review",
        mounts={f"/reviews/{review.slug}": review_app(desk)},
        config={"reviews": [review_entry(desk)]},
    )
    app = make_application(
        access=access, opens_on="review", parts=[part], project=project.name, person=desk.opening.person, page=page
    )
    answers = threading.Event()
    server = Server(app, listening, started=answers.set)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert answers.wait(30)
    try:
        yield Page(server.port, review.key)
    finally:
        server.stop()
        thread.join(20)
        pictures.close()


def opened(project: Project) -> Catalog:
    return open_catalog(project.catalog_place, outlasts_power=True)


def wait_for(holds: Callable[[], bool]) -> None:
    """Return once something holds; fail where it does not come to hold."""
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it does not come to hold")
