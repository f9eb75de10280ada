"""The routes of footage: what a project has, a film with its shots, its pictures and itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, HTTPException, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, StreamingResponse

from rushes.catalog.catalog import Catalog
from rushes.cores import count_cores
from rushes.errors import MediaError, did_you_mean
from rushes.footage.found_shots import find_shots
from rushes.footage.source import Source
from rushes.progress import Progress
from rushes.project import Project
from rushes.review.picture_cache import PictureCache
from rushes.studio.film_pictures import FilmPictures
from rushes.studio.films import Films
from rushes.studio.footage_tables import (
    FILM_SCHEMA,
    FOOTAGE_SCHEMA,
    group_tables,
    label_tables,
    lengths_table,
    shot_tables,
    source_table,
)
from rushes.studio.shot_answers import ShotAnswers, find_shot_bundles
from rushes.studio.small_films import SmallFilms, playable_type
from rushes.studio.works import FullError, Work, Works
from rushes.timelines.formats.files import FORMATS
from rushes.web.replies import json_reply

MOST_SOURCES = 500  # in one reply
_EXPORTS = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".edl": "text/plain; charset=utf-8",
    ".otio": "application/json",
    ".fcpxml": "application/xml",
    ".eaf": "application/xml",
}
_PICTURE_SECONDS = 120
_LOOK_SECONDS = 0.25  # between two looks at a work whose events are sent


def footage_router(project: Project, catalog: Catalog) -> APIRouter:
    """Return the routes of a project's footage, for an application to include.

    Sources are named by their digests, which the catalog leads to files; nothing else of an address is one.
    """
    desk = _Desk(project, catalog)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await run_in_threadpool(desk.close)

    router = APIRouter(lifespan=lifespan, tags=["footage"])
    _add_list(router, desk)
    _add_film(router, desk)
    _add_pictures(router, desk)
    _add_files(router, desk)
    _add_works(router, desk)
    return router


class _Desk:
    """What the routes share."""

    def __init__(self, project: Project, catalog: Catalog) -> None:
        self.project, self.catalog = project, catalog
        self.films = Films(project, catalog)
        self.pictures = FilmPictures(self.films, PictureCache(project.cache_folder / "footage"))
        self.small = SmallFilms(project.cache_folder / "small-films")
        self.answers = ShotAnswers(project)
        self.works = Works()
        self.threads = max(1, count_cores() - 1)  # one is left for who asks

    def close(self) -> None:
        self.works.close()
        self.pictures.close()

    def source(self, digest: str) -> Source:
        found = self.catalog.source(digest)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"the project has no source '{digest[:80]}'")
        return found

    def film(self, digest: str) -> Source:
        source = self.source(digest)
        if source.kind != "video":
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name} is a photograph; only films have shots")
        return source

    def scan(self, source: Source, bundle: str | None) -> Callable[[Progress], None]:
        """Return the act that finds the shots of a film and, where a bundle is named, asks it of them."""
        place, scans = self.films.place(source), self.project.scans_folder

        def act(progress: Progress) -> None:
            if bundle is None:
                found = find_shots(place, scans=scans, threads=self.threads, progress=progress)
                if found.unkept is not None:
                    raise MediaError(source.name, f"the scan was not kept: {found.unkept}")
            else:
                self.answers.answer(bundle, place, threads=self.threads, progress=progress)

        return act

    def preview(self, source: Source) -> Callable[[Progress], None]:
        """Return the act that makes the small film of a film."""
        place = self.films.place(source)

        def act(progress: Progress) -> None:
            self.small.make(source, place, self.films.index(source), threads=self.threads, progress=progress)

        return act


def _add_list(router: APIRouter, desk: _Desk) -> None:
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


def _add_film(router: APIRouter, desk: _Desk) -> None:
    @router.get("/footage/{source}")
    def film(source: str) -> Response:
        """A source with its shots, what is said of them, and its labels on the axis of time."""
        return json_reply(_film_table(desk, desk.source(source)))

    @router.get("/footage/{source}/shots{extension}")
    def exported(source: str, extension: str) -> Response:
        """The shots of a film as a file for an editing program: `.csv`, `.json`, `.edl`, `.otio` or `.fcpxml`."""
        found = desk.film(source)
        if extension not in _EXPORTS:
            said = f"'{extension[:20]}' is no format of shots. {did_you_mean(extension, list(_EXPORTS))}"
            raise HTTPException(HTTPStatus.NOT_FOUND, said)
        with _media_problems():
            shots = desk.films.shots(found)
            if shots is None:
                raise HTTPException(
                    HTTPStatus.NOT_FOUND, f"the shots of {found.name} were not found yet. Find them first"
                )
            text = FORMATS[extension](shots.timeline, ())
        name = f"filename*=UTF-8''{quote(f'{found.name}{extension}')}"
        return Response(text, media_type=_EXPORTS[extension], headers={"Content-Disposition": f"attachment; {name}"})


def _film_table(desk: _Desk, source: Source) -> dict[str, Any]:
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
        "exports": sorted(extension[1:] for extension in _EXPORTS) if shots is not None else [],
        "bundles": list(find_shot_bundles(desk.project)),
        "works": [work.to_table() for work in desk.works.of(source.digest)],
    }


def _add_pictures(router: APIRouter, desk: _Desk) -> None:
    @router.get("/footage/{source}/poster.jpg")
    async def poster(source: str) -> Response:
        """The picture that stands for a source."""
        found = await run_in_threadpool(desk.source, source)
        return await _picture(desk, found, lambda: desk.pictures.ask_poster(found))

    @router.get("/footage/{source}/shots/{number}.jpg")
    async def shot(source: str, number: int) -> Response:
        """The frame of a shot that looks most like all of it."""
        found = await run_in_threadpool(desk.film, source)
        return await _picture(desk, found, lambda: desk.pictures.ask_shot(found, number))


async def _picture(desk: _Desk, source: Source, ask: Callable[[], tuple[str, Future[None] | None]]) -> Response:
    try:
        key, future = await run_in_threadpool(ask)
        if future is not None:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), _PICTURE_SECONDS)
    except IndexError as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name} has no shot {error}, or was not scanned") from error
    except MediaError as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name}: {error.reason}") from error
    except FullError as error:
        raise _busy(error) from error
    except TimeoutError as error:
        raise _busy("the picture takes long to be made. Try again") from error
    data = await run_in_threadpool(desk.pictures.cache.get, key)
    if data is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name}: its frame could not be decoded")
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


def _busy(said: object) -> HTTPException:
    return HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, str(said), headers={"Retry-After": "2"})


@contextmanager
def _media_problems() -> Iterator[None]:
    """Answer with a conflict where a film cannot be read; where its file is, is not told."""
    try:
        yield
    except MediaError as error:
        raise HTTPException(HTTPStatus.CONFLICT, error.reason) from error


def _add_files(router: APIRouter, desk: _Desk) -> None:
    @router.get("/footage/{source}/file")
    def file(source: str) -> Response:
        """The film itself, by ranges, where browsers play it."""
        found = desk.film(source)
        with _media_problems():
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


def _add_works(router: APIRouter, desk: _Desk) -> None:
    @router.post("/footage/{source}/scan")
    def scan(source: str, bundle: str | None = None) -> Response:
        """Find the shots of a film in the background, and ask a bundle of shots of them where one is named."""
        found = desk.film(source)
        bundles = find_shot_bundles(desk.project)
        if bundle is not None and bundle not in bundles:
            said = f"the project has no bundle of shots '{bundle[:80]}'. {did_you_mean(bundle, list(bundles))}"
            raise HTTPException(HTTPStatus.NOT_FOUND, said)
        return _begun(desk, found, "scan", lambda: desk.scan(found, bundle))

    @router.post("/footage/{source}/preview")
    def small(source: str) -> Response:
        """Make the small film of a film in the background."""
        found = desk.film(source)
        if desk.small.find(found) is not None:
            return json_reply(Work("preview", "done").to_table())
        return _begun(desk, found, "preview", lambda: desk.preview(found))

    @router.get("/footage/{source}/events")
    async def events(source: str) -> Response:
        """What is at work on a film, as server-sent events, until nothing is."""
        found = await run_in_threadpool(desk.source, source)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_told(desk, found.digest), media_type="text/event-stream", headers=headers)


def _begun(desk: _Desk, source: Source, kind: str, act: Callable[[], Callable[[Progress], None]]) -> Response:
    try:
        with _media_problems():
            work = desk.works.ask(kind, source.digest, act())
    except FullError as error:
        raise _busy(error) from error
    return json_reply(work.to_table(), status=HTTPStatus.ACCEPTED)


async def _told(desk: _Desk, digest: str) -> AsyncIterator[str]:
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
