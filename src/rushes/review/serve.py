"""Server: one review on this machine, until it is stopped."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rushes.catalog.catalog import Catalog
from rushes.errors import require_extra
from rushes.project import Project
from rushes.review.decisions import Decisions
from rushes.review.heat import HeatDesk
from rushes.review.picture_cache import PictureCache
from rushes.review.pictures import PictureDesk
from rushes.review.renditions import Renditions
from rushes.review.session import Review
from rushes.storage.files import digest_of_bytes, write_text
from rushes.web.server import ADDRESS, Server, listen

_PLACES_FOLDER = "review"
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Door:
    """Where a review answered last, so that a page that is still open finds it again.

    Attributes:
        port: 0 for any that is free.
        token: that every request bears.
    """

    port: int
    token: str

    @property
    def address(self) -> str:
        """What a browser opens."""
        return f"http://{ADDRESS}:{self.port}/?token={self.token}"


def require_app() -> None:
    """Raise MissingExtraError unless what serves the page is installed."""
    require_extra("app", "fastapi", "uvicorn", purpose="the review page")


def remembered_door(folder: Path, review: str) -> Door:
    """Return where a review answered last; another port or token would lose what an open page has not sent yet.

    Args:
        folder: of the project's own files.
        review: key of the review.
    """
    try:
        table = json.loads(_place_of(folder, review).read_text(encoding="utf-8"))
        return Door(int(table["port"]), str(table["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Door(0, secrets.token_urlsafe(_TOKEN_BYTES))


def remember_door(folder: Path, review: str, door: Door) -> None:
    """Remember where a review answers, readable for this user alone."""
    path = _place_of(folder, review)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_text(path, json.dumps({"port": door.port, "token": door.token}) + "\n")
    path.chmod(0o600)


def serve_review(
    review: Review,
    *,
    catalog: Catalog,
    project: Project,
    started: Callable[[str, str], None],
    port: int = 0,
    threads: int | None = None,
    opens_on: str = "all",
) -> None:
    """Serve a review until Ctrl-C or SIGTERM.

    Args:
        started: called once the page can be opened with its address, and with one that opens it a single time, for a
            browser's command line, which other users of the machine can read.
        port: 0 takes the one that this review had last, or any that is free.
        opens_on: filter that the page opens on, `all` or `audit`.

    Raises:
        UsageError: the port cannot be used.
    """
    from rushes.review.app import make_app

    own = project.cache_folder.parent
    door = remembered_door(own, review.key)
    listening = listen(port, preferred=door.port)
    door = Door(int(listening.getsockname()[1]), door.token)
    remember_door(own, review.key, door)
    decisions = decisions_of(review, catalog=catalog, project=project)
    cache = PictureCache(project.cache_folder / "review")
    pictures = PictureDesk(review.items, renditions=Renditions(project.root), cache=cache, threads=threads)
    heat = heat_of(review, project, pictures)
    once = secrets.token_urlsafe(_TOKEN_BYTES)
    app = make_app(
        review, decisions=decisions, pictures=pictures, heat=heat, token=door.token, once=once, opens_on=opens_on
    )
    try:
        Server(app, listening, started=lambda: started(door.address, Door(door.port, once).address)).run()
    finally:
        if heat is not None:
            heat.close()
        pictures.close()


def decisions_of(review: Review, *, catalog: Catalog, project: Project) -> Decisions:
    """Return the decisions of a review, by the trust of its task."""
    trust = project.trust_of(project.task(review.task))
    return Decisions(catalog, task=review.task, review=review.key, trust=trust, title=review.title)


def heat_of(review: Review, project: Project, pictures: PictureDesk) -> HeatDesk | None:
    """Return what paints heat for the model that culled; None where nothing was culled."""
    cull = review.cull
    if cull is None:
        return None
    return HeatDesk(project.root / cull.bundle_path, cull.bundle, cull.class_name, pictures=pictures)


def _place_of(folder: Path, review: str) -> Path:
    return folder / _PLACES_FOLDER / f"{digest_of_bytes(review.encode())[:16]}.json"
