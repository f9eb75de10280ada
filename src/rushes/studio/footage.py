"""The routes of footage: what a project has, a film with its shots, its pictures and itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, StreamingResponse

from rushes.catalog.catalog import Catalog
from rushes.errors import MediaError, did_you_mean
from rushes.footage.source import Source
from rushes.project import Project
from rushes.studio.exports import check_extension, file_reply
from rushes.studio.films import Films
from rushes.studio.footage_desk import FootageDesk, media_problems, send_picture
from rushes.studio.footage_tables import (
    FILM_SCHEMA,
    FOOTAGE_SCHEMA,
    group_tables,
    label_tables,
    lengths_table,
    shot_tables,
    source_table,
)
from rushes.studio.shot_answers import find_shot_bundles
from rushes.studio.small_films import playable_type
from rushes.studio.structure_routes import add_structure, structure_state
from rushes.studio.structures import Understanding
from rushes.studio.understanding import ProjectUnderstanding
from rushes.studio.works import Work
from rushes.timelines.formats.files import FORMATS
from rushes.web.replies import json_reply

MOST_SOURCES = 500  # in one reply
_LOOK_SECONDS = 0.25  # between two looks at a work whose events are sent


def footage_router(
    project: Project, catalog: Catalog, *, understands: Callable[[Project, Films], Understanding] = ProjectUnderstanding
) -> APIRouter:
    """Return the routes of a project's footage, for an application to include.

    Sources are named by their digests, which the catalog leads to files; nothing else of an address is one.

    Args:
        understands: makes what finds the structure of films.
    """
    desk = FootageDesk(project, catalog, understands)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await run_in_threadpool(desk.close)

    router = APIRouter(lifespan=lifespan, tags=["footage"])
    _add_list(router, desk)
    add_structure(router, desk)  # before what takes any word for a source
    _add_film(router, desk)
    _add_pictures(router, desk)
    _add_files(router, desk)
    _add_works(router, desk)
    return router


def _add_list(router: APIRouter, desk: FootageDesk) -> None:
    @router.get("/footage")
    def footage(
        group: str | None = None,
        kind: Annotated[str | None, Query(pattern="^(film|photograph)$")] = None,
        search: Annotated[str, Query(max_length=200)] = "",
        after: Annotated[int, Query(ge=0)] = 0,
        count: Annotated[int, Query(ge=1, le=MOST_SOURCES)] = 100,
    ) -> Response:
        """The groups of the project, and a page of its sources by group and name."""
        sources = sorted(desk.catalog.sources(), key=lambda one: (one.group, one.name))
        wanted = [one for one in sources if _is_wanted(one, group, kind, search)]
        shown = wanted[after : after + count]
        frames = desk.catalog.frame_counts([one.digest for one in shown])
        tables = [
            source_table(
                one,
                frames=frames.get(one.digest, 0),
                shots=desk.films.shot_count(one),
                labels=labels,
            )
            for one, labels in zip(shown, desk.films.label_counts(shown), strict=True)
        ]
        following = after + len(shown)
        return json_reply(
            {
                "schema": FOOTAGE_SCHEMA,
                "total": len(wanted),
                "next": following if following < len(wanted) else None,
                "groups": group_tables(sources),
                "classes": {name: list(task.classes) for name, task in desk.project.tasks.items()},
                "sources": tables,
            }
        )


def _is_wanted(source: Source, group: str | None, kind: str | None, search: str) -> bool:
    if group is not None and source.group != group:
        return False
    if kind is not None and (source.kind == "video") != (kind == "film"):
        return False
    return search.casefold() in f"{source.group} {source.name}".casefold()


def _add_film(router: APIRouter, desk: FootageDesk) -> None:
    @router.get("/footage/{source}")
    def film(source: str) -> Response:
        """A source with its shots, what is said of them, and its labels on the axis of time."""
        return json_reply(_film_table(desk, desk.source(source)))

    @router.get("/footage/{source}/shots{extension}")
    def exported(source: str, extension: str) -> Response:
        """The shots of a film as a file for an editing program: `.csv`, `.json`, `.edl`, `.otio` or `.fcpxml`."""
        found = desk.film(source)
        check_extension(extension, FORMATS, "shots")
        with media_problems():
            shots = desk.films.shots(found)
            if shots is None:
                raise HTTPException(
                    HTTPStatus.NOT_FOUND, f"the shots of {found.name} were not found yet. Find them first"
                )
            text = FORMATS[extension](shots.timeline, ())
        return file_reply(text, extension, name=found.name)


def _film_table(desk: FootageDesk, source: Source) -> dict[str, Any]:
    frames = desk.films.frames(source)
    labels = desk.films.labels().get(source.digest[:16], {})
    shots, problem, plays = None, None, None
    warnings: tuple[str, ...] = ()
    lost = 0
    if source.kind == "video":
        try:
            shots = desk.films.shots(source)
            plays = playable_type(desk.films.place(source), source.codec)
        except MediaError as error:
            problem = error.reason
    if shots is not None:
        warnings, lost = shots.warnings, shots.lost_frames
    listed = [] if shots is None else shot_tables(shots.timeline, desk.answers.of(source.digest))
    table = source_table(
        source,
        frames=len(frames),
        shots=None if shots is None else len(listed),
        labels=desk.films.label_counts([source])[0],
    )
    return table | {
        "schema": FILM_SCHEMA,
        "plays": plays,
        "has_preview": source.kind == "video" and desk.small.find(source) is not None,
        "problem": problem,
        "warnings": list(warnings),
        "lost_frames": lost,
        "classes": {name: list(task.classes) for name, task in desk.project.tasks.items()},
        "lengths": None if shots is None else lengths_table(shots.timeline),
        "shot_list": None if shots is None else listed,
        "label_list": label_tables(source, frames, labels, desk.films.shot_rows(source)),
        "exports": sorted(extension[1:] for extension in FORMATS) if shots is not None else [],
        "bundles": list(find_shot_bundles(desk.project)),
        "structure": structure_state(desk, source) if source.kind == "video" else None,
        "works": [work.to_table() for work in desk.works.of(source.digest)],
    }


def _add_pictures(router: APIRouter, desk: FootageDesk) -> None:
    @router.get("/footage/{source}/poster.jpg")
    async def poster(source: str) -> Response:
        """The picture that stands for a source."""
        found = await run_in_threadpool(desk.source, source)
        return await send_picture(found, lambda: desk.pictures.ask_poster(found), desk.pictures.cache)

    @router.get("/footage/{source}/shots/{number}.jpg")
    async def shot(source: str, number: int) -> Response:
        """The frame of a shot that looks most like all of it."""
        found = await run_in_threadpool(desk.film, source)
        return await send_picture(found, lambda: desk.pictures.ask_shot(found, number), desk.pictures.cache)


def _add_files(router: APIRouter, desk: FootageDesk) -> None:
    @router.get("/footage/{source}/file")
    def file(source: str) -> Response:
        """The film itself, by ranges, where browsers play it."""
        found = desk.film(source)
        with media_problems():
            place = desk.films.place(found)
        kind = playable_type(place, found.codec)
        if kind is None:
            said = f"{found.name} is of a kind that browsers do not play ({found.codec}). Ask for its small film"
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, said)
        return FileResponse(str(place), media_type=kind, headers={"Cache-Control": "private, no-cache"})

    @router.get("/footage/{source}/preview.mp4")
    def preview(source: str) -> Response:
        """The small film of a film, by ranges, once it was made."""
        found = desk.film(source)
        path = desk.small.find(found)
        if path is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{found.name} has no small film yet. Ask for it by POST first")
        return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "private, no-cache"})


def _add_works(router: APIRouter, desk: FootageDesk) -> None:
    @router.post("/footage/{source}/scan")
    def scan(source: str, bundle: str | None = None) -> Response:
        """Find the shots of a film in the background, and ask a bundle of shots of them where one is named."""
        found = desk.film(source)
        bundles = find_shot_bundles(desk.project)
        if bundle is not None and bundle not in bundles:
            said = f"the project has no bundle of shots '{bundle[:80]}'. {did_you_mean(bundle, list(bundles))}"
            raise HTTPException(HTTPStatus.NOT_FOUND, said)
        return desk.begun(found, "scan", lambda: desk.scan(found, bundle))

    @router.post("/footage/{source}/preview")
    def small(source: str) -> Response:
        """Make the small film of a film in the background."""
        found = desk.film(source)
        if desk.small.find(found) is not None:
            return json_reply(Work("preview", "done").to_table())
        return desk.begun(found, "preview", lambda: desk.preview(found))

    @router.get("/footage/{source}/events")
    async def events(source: str) -> Response:
        """What is at work on a film, as server-sent events, until nothing is."""
        found = await run_in_threadpool(desk.source, source)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_told(desk, found.digest), media_type="text/event-stream", headers=headers)


async def _told(desk: FootageDesk, digest: str) -> AsyncIterator[str]:
    """Yield a `progress` whenever a work has come farther, `done` or `failed` at its end, and `idle` when all ended."""
    said: dict[str, Work] = {}
    while True:
        works = desk.works.of(digest)
        for work in works:
            if said.get(work.kind) != work:
                said[work.kind] = work
                event = work.state if work.is_over else "progress"
                yield f"event: {event}\ndata: {json.dumps(work.to_table(), ensure_ascii=False)}\n\n"
        if all(work.is_over for work in works):
            yield "event: idle\ndata: {}\n\n"
            return
        await asyncio.sleep(_LOOK_SECONDS)
