"""A project with two films and a photograph, for tests of the tabs of footage and runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from footage.painted import write_film
from footage.spliced import pan, picture, still, write_frames, zoom
from rushes.catalog.catalog import Catalog, open_catalog
from rushes.catalog.ingest import ingest, plan_ingest
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.footage.picture import encode_picture, parse_size
from rushes.footage.sampling import Every
from rushes.footage.source import Source
from rushes.labels.label import Label
from rushes.project import Project, read_project
from rushes.studio.films import Films
from rushes.studio.footage import footage_router
from rushes.studio.runs import runs_router
from rushes.studio.structures import Understanding
from rushes.web.guard import Access, Guard
from rushes.web.page_files import page_router
from rushes.web.replies import add_problems, json_reply
from studio.story import ByHand

TOML = """
[tasks.scale]
classes = ["CS", "MS", "LS"]
"""
SHOTS = ((0, 36), (36, 72), (72, 108))


def make_project(root: Path) -> Project:
    """A project that took in a scanned film of three shots, one that no browser plays, and a photograph."""
    root.mkdir()
    (root / "rushes.toml").write_text(TOML)
    place = root / "kino"
    place.mkdir()
    write_frames(place / "three.mp4", [*still(1, 36), *pan(2, 36, 6.0), *zoom(3, 36, 0.02)])
    write_film(place / "odd.mkv", 30, codec="mpeg4")
    (place / "photo.jpg").write_bytes(encode_picture(picture(4)))
    project = read_project(root)
    with open_catalog(project.catalog_place) as catalog:
        take_in(catalog, project, [place / "three.mp4"], scan=True)
        take_in(catalog, project, [place / "odd.mkv", place / "photo.jpg"], scan=False)
        frames = catalog.frames(source=named(catalog, "three").digest)
        classes = ("CS", "MS", "MS", "LS", "LS")
        catalog.append_labels(
            [
                Label(item.frame.id, "scale", name, "jonny", "2026-11-26T12:00:00Z")
                for item, name in zip(frames, classes, strict=True)
            ]
        )
    return project


def take_in(catalog: Catalog, project: Project, places: list[Path], *, scan: bool) -> None:
    """Take files into the catalog of a project, a frame each second."""
    wanted, missing = plan_ingest(places, group=None, class_folders=None)
    assert not missing
    settings = IngestSettings(Every(1), parse_size("160"), scan=scan)
    found = list(ingest(wanted, catalog=catalog, root=project.root, settings=settings))
    assert all(isinstance(one, Ingested) for one in found), found


def named(catalog: Catalog, name: str) -> Source:
    """Return the source of a name."""
    return next(source for source in catalog.sources() if source.name == name)


@contextmanager
def studio(project: Project, understands: Callable[[Project, Films], Understanding] = ByHand) -> Iterator[FastAPI]:
    """Give an application of these two tabs alone.

    Args:
        understands: makes what finds the structure of films.
    """
    with open_catalog(project.catalog_place) as catalog:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        add_problems(app)
        app.include_router(page_router())
        app.include_router(footage_router(project, catalog, understands=understands))
        app.include_router(runs_router(project))

        @app.get("/app.json")
        def config() -> Any:
            tabs = {"tabs": ["footage", "runs"], "opens_on": "footage", "bundles": [], "reviews": []}
            return json_reply({"schema": "app/1", "version": "0", "person": None, "project": "kino"} | tabs)

        yield app


def guarded(app: FastAPI) -> Any:
    """Return the application behind the guard, whose token is `t`."""
    return Guard(app, Access("t", "kino"))
