"""The one application: the page, the API, and what else of a project is served beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.resources.abc import Traversable
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from rushes.api.described import with_token
from rushes.api.docs_page import docs_router
from rushes.api.metrics import Measured, Metrics, metrics_router
from rushes.api.routes import Fetch, Intake, add_api
from rushes.api.service import Service
from rushes.web.guard import KNOWN, Access, Guard
from rushes.web.page_files import page_router
from rushes.web.replies import add_problems, json_reply

SCHEMA = "app/1"
OPENAPI = "/openapi.json"
_ABOUT = "What pictures and films are, by bundles of rushes: predictions, heat maps, jobs and metrics."


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is served beside the API, with its tab of the page.

    Attributes:
        tab: of the page that shows it.
        routers: its routes.
        mounts: path -> ASGI application of its own.
        config: what `/app.json` says of it.
        close: called when the server ends.
    """

    tab: str
    routers: Sequence[APIRouter] = ()
    mounts: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Predicting:
    """The API: what answers, what takes in what is sent, and what fetches a file where a request may name one."""

    service: Service
    intake: Intake
    metrics: Metrics
    fetch: Fetch | None = None


class _Described(FastAPI):
    """An application whose description says what needs the token."""

    def __init__(self, access: Access, **words: Any) -> None:
        super().__init__(**words)
        self._access = access

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            with_token(super().openapi(), self._access.is_free)
        return super().openapi()


def make_application(
    *,
    access: Access,
    opens_on: str,
    predicting: Predicting | None = None,
    parts: Sequence[Part] = (),
    project: str | None = None,
    person: str | None = None,
    page: Traversable | None = None,
) -> Any:
    """Return everything that one server serves, as an ASGI application with a lifespan.

    Args:
        access: who is let in.
        opens_on: the tab that the page opens on.
        predicting: None serves no predictions.
        project, person: names that the page shows.
        page: folder of the page's files; None takes those that come with rushes.
    """
    metrics = predicting.metrics if predicting is not None else Metrics()
    app = _Described(
        access,
        title="rushes",
        version=_version(),
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=OPENAPI if predicting is not None else None,
        lifespan=_lifespan(predicting, parts),
    )
    add_problems(app)
    app.include_router(page_router(page))
    if predicting is not None:
        add_api(app, predicting.service, predicting.intake, predicting.fetch)
        app.include_router(docs_router(OPENAPI))
        app.include_router(metrics_router(metrics))
    for part in parts:
        for router in part.routers:
            app.include_router(router)
        for path, mounted in part.mounts.items():
            app.mount(path, mounted)
    app.include_router(_config_router(predicting, parts, opens_on=opens_on, project=project, person=person))
    return Measured(Guard(app, access), metrics)


def _config_router(
    predicting: Predicting | None, parts: Sequence[Part], *, opens_on: str, project: str | None, person: str | None
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/app.json")
    async def config(request: Request) -> Response:
        seen = parts if request.scope.get(KNOWN) else ()  # what is free says nothing of a project
        table: dict[str, Any] = {
            "schema": SCHEMA,
            "version": _version(),
            "tabs": [*(["predict"] if predicting is not None else []), *(part.tab for part in seen)],
            "opens_on": opens_on,
            "project": project if seen else None,
            "person": person if seen else None,
            "bundles": [],
            "reviews": [],
            "limits": None,
        }
        if predicting is not None:
            limits = predicting.service.limits
            table["bundles"] = [one.to_table() for one in predicting.service.served.values()]
            table["limits"] = {
                "upload_bytes": limits.video_bytes,
                "picture_bytes": limits.picture_bytes,
                "pixels": limits.pixels,
                "duration_seconds": limits.duration_seconds,
            }
        for part in seen:
            table |= part.config
        return json_reply(table)

    return router


def _lifespan(predicting: Predicting | None, parts: Sequence[Part]) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if predicting is not None:
            await predicting.service.start()
        try:
            yield
        finally:
            if predicting is not None:
                await predicting.service.close()
            for part in parts:
                part.close()

    return lifespan


def _version() -> str:
    try:
        return version("rushes")
    except PackageNotFoundError:  # run from a folder of sources
        return "unknown"
