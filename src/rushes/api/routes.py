"""The routes of the API."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Message

from rushes.api.admission import Admission, Share
from rushes.api.answers import BatchAnswer, Bundles, FilmAnswer, Health, JobAnswer, PictureAnswer
from rushes.api.asked import (
    EXPLAIN_FIELDS,
    PREDICT_FIELDS,
    PREVIEW_FIELDS,
    Asked,
    parse_asked,
    parse_asked_preview,
    parse_asked_reason,
)
from rushes.api.described import JOB_ID, form_of, refusals
from rushes.api.desk import Asker, GoneError
from rushes.api.events import EVENT_STREAM, events_of, format_event
from rushes.api.jobs import Job
from rushes.api.refusals import Refused
from rushes.api.service import Service
from rushes.api.uploads import Form, Upload
from rushes.web.encoded import encode_json
from rushes.web.presence import while_present
from rushes.web.replies import encoded_reply, json_reply, problem_reply

_log = logging.getLogger(__name__)


class Intake(Protocol):
    """What takes in the form of a request, in bounds."""

    def __call__(self, request: Request, *, several: bool) -> Awaitable[Form]:
        """Return the form: of several files, in which one may be refused beside others; or of one.

        Raises:
            Refused: it is not taken in.
        """


Parse = Callable[[Mapping[str, str]], object]
Fetch = Callable[[str], Awaitable[Upload]]  # the file at an address of the web; raises Refused

_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "The picture with heat over it, or the heat alone."}
}
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}}, "description": "The picture, upright, in sRGB."}
}
_NOBODY_THERE = 499  # as nginx says it: the caller has gone
_OF_THE_DISK = (503, 507)  # a caller who is slow or goes is an OSError too, and no fault of the server
_ALWAYS = (401, 403, 500)
_WITH_FILE = (400, 404, 408, 413, 415, 422, 429, 503, 504, 507, *_ALWAYS)


def add_api(app: FastAPI, service: Service, intake: Intake, fetch: Fetch | None = None) -> None:
    """Add every route of the API to an application.

    Args:
        fetch: gets a file by its address; None where no request may name one so.
    """
    desk = _Desk(service, intake, fetch)
    app.include_router(_health(service))
    app.include_router(_predictions(desk))
    app.include_router(_jobs(desk))

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        if error.status in _OF_THE_DISK and isinstance(error.__cause__, OSError):
            _log.error("%s: %s", error.detail, error.__cause__)
        if request.method == "POST":
            service.metrics.refused(status=int(error.status))
        return problem_reply(error.status, error.detail, headers=error.headers)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request holds: its files in their order, or why one is none; and which of them a job has taken over."""

    caller: str
    number: int
    fields: Mapping[str, str]
    items: Sequence[Upload | Refused]
    kept: list[Upload] = field(default_factory=list)

    @property
    def asker(self) -> Asker:
        return Asker(self.caller, self.number)


class _Desk:
    """What every route that takes a file does with it."""

    def __init__(self, service: Service, intake: Intake, fetch: Fetch | None) -> None:
        self.service, self._intake, self._fetch, limits = service, intake, fetch, service.limits
        self._numbers = itertools.count()
        self._receiving = Admission(
            all_callers=limits.receiving, per_caller=limits.receiving_per_caller, doing="being received"
        )
        self._answering = Admission(
            all_callers=limits.waiting,
            per_caller=limits.per_caller,
            doing="being answered",
            noted=lambda count: service.metrics.queue(depth=count),
        )

    @asynccontextmanager
    async def taken_in(self, request: Request, parse: Parse, *, several: bool = False) -> AsyncIterator[Taken]:
        """Give what a request holds, unless too many are being answered; what no job keeps is removed after.

        What comes in slowly takes no place of those that are answered: that is entered once all is there.

        Args:
            parse: raises Refused where a field says what cannot be; asked of the address before anything is taken in.
        """
        if self.service.state not in ("ready", "leaving"):
            raise Refused(503, f"the server is {self.service.state}", retry_after_seconds=2)
        caller, stated = _caller_of(request), _stated(request)
        if stated:
            parse(stated)
            self.service.find(stated.get("bundle"))
        self._answering.check(caller)  # rather than after all was sent
        with closing(self.service.room.take(caller)) as share, ExitStack() as held:
            with self._receiving.enter(caller):
                form = held.enter_context(await self._intake(_counted(request, share), several=several))
                taken = Taken(caller, next(self._numbers), _fields(stated, form), form.items)
                if "url" in taken.fields:
                    taken = await self._fetched(taken, share, several=several)
            try:
                with self._answering.enter(caller):
                    yield taken
            finally:
                for item in taken.items:
                    if item in taken.kept:
                        form.detach(item)
                    elif isinstance(item, Upload):
                        item.close()

    async def _fetched(self, taken: Taken, share: Share, *, several: bool) -> Taken:
        if several:
            raise Refused(422, "url: a batch is of files. Send addresses to /predict, one at a time")
        if self._fetch is None:
            raise Refused(422, "url: this server fetches nothing. Send the file itself, or start it with --urls")
        if taken.items:
            raise Refused(422, "there are a file and a 'url' in the form. Send one of them")
        upload = await self._fetch(taken.fields["url"])
        share.keep(upload.bytes)
        return replace(taken, items=[upload])

    def form_of(self, fields: Sequence[str], *, several: bool = False) -> dict[str, Any]:
        """Return the description of a form; an address is among its fields only where one is taken."""
        takes_address = self._fetch is not None and not several
        return form_of([name for name in fields if takes_address or name != "url"], several=several)

    def begin(self, taken: Taken, upload: Upload, asked: Asked, *, is_kept: bool = False) -> Job:
        """Begin a job about a film, which the job then keeps; `is_kept` says whether it is found by its id after."""
        job = self.service.begin_film(upload, asked, taken.caller, is_kept=is_kept)
        taken.kept.append(upload)
        return job


def _health(service: Service) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.head("/ping", include_in_schema=False)
    @router.get("/ping", summary="Say hello", response_model=str, responses=refusals(403))
    async def ping() -> Response:
        return json_reply("Hello World")

    @router.head("/health/live", include_in_schema=False)
    @router.get("/health/live", summary="Whether the server lives", response_model=Health, responses=refusals(403))
    async def live() -> Response:
        return json_reply({"status": "live"})

    @router.head("/health/ready", include_in_schema=False)
    @router.get(
        "/health/ready", summary="Whether requests are answered", response_model=Health, responses=refusals(403, 503)
    )
    async def ready() -> Response:
        if service.state != "ready":
            said = "stopping" if service.state == "leaving" else service.state
            raise Refused(503, f"the server is {said}", retry_after_seconds=2)
        return json_reply({"status": "ready"})

    @router.get("/bundles", summary="Which bundles answer", response_model=Bundles, responses=refusals(401, 403))
    async def bundles() -> Response:
        return json_reply({"bundles": [one.to_table() for one in service.served.values()]})

    return router


def _predictions(desk: _Desk) -> APIRouter:
    router, service = APIRouter(tags=["predictions"]), desk.service

    @router.post(
        "/predict",
        summary="Say what a picture, or a film, is",
        response_model=PictureAnswer | FilmAnswer,
        responses=refusals(*_WITH_FILE) | _stream_description(),
        openapi_extra=desk.form_of(PREDICT_FIELDS),
    )
    async def predict(request: Request) -> Response:
        as_events = EVENT_STREAM in request.headers.get("accept", "")
        async with desk.taken_in(request, parse_asked) as taken:
            asked, upload = parse_asked(taken.fields), _one_file(taken)
            if upload.kind == "video":
                job = desk.begin(taken, upload, asked)
                return _streamed(service, job) if as_events else await _waited(service, job, request)
            asker = Asker(taken.caller, taken.number, request.is_disconnected)
            try:
                table = await service.predict_picture(upload, service.find(asked.bundle), asker)
            except GoneError:
                return Response(status_code=_NOBODY_THERE)
        return Response(format_event("result", table), media_type=EVENT_STREAM) if as_events else json_reply(table)

    @router.post(
        "/predict/batch",
        summary="Say what several files are",
        response_model=BatchAnswer,
        responses=refusals(*_WITH_FILE),
        openapi_extra=desk.form_of(PREDICT_FIELDS, several=True),
    )
    async def predict_batch(request: Request) -> Response:
        async with desk.taken_in(request, parse_asked, several=True) as taken:
            asked = parse_asked(taken.fields)
            service.find(asked.bundle)
            if not taken.items:
                raise Refused(422, "there is no file in the form. Send at least one as 'file'")
            batch = _Batch(desk, taken, asked)
            results = await while_present(request, asyncio.gather(*(batch.answer(item) for item in taken.items)))
        if results is None:
            return Response(status_code=_NOBODY_THERE)
        listed = b",".join(b'{"index":%d,%b' % (index, table[1:]) for index, table in enumerate(results))
        return encoded_reply(b'{"results":[%b],"failed":%d}' % (listed, batch.failed))

    @router.post(
        "/explain",
        summary="Show where an answer comes from",
        response_class=Response,
        responses=_PNG | refusals(*_WITH_FILE),
        openapi_extra=desk.form_of(EXPLAIN_FIELDS),
    )
    async def explain(request: Request) -> Response:
        async with desk.taken_in(request, parse_asked_reason) as taken:
            asked, upload = parse_asked_reason(taken.fields), _one_file(taken)
            found = await while_present(request, service.explain(upload, asked, taken.asker))
        if found is None:
            return Response(status_code=_NOBODY_THERE)
        told = {"Rushes-Class": _in_header(found.class_name), "Rushes-Confidence": f"{found.probability:.6f}"}
        return Response(found.png, media_type="image/png", headers=told | {"Cache-Control": "no-store"})

    @router.post(
        "/preview",
        summary="Show a picture, raw or frame of a film as a JPEG",
        response_class=Response,
        responses=_JPEG | refusals(*_WITH_FILE),
        openapi_extra=desk.form_of(PREVIEW_FIELDS),
    )
    async def preview(request: Request) -> Response:
        async with desk.taken_in(request, parse_asked_preview) as taken:
            asked, upload = parse_asked_preview(taken.fields), _one_file(taken)
            found = await while_present(request, service.preview(upload, asked, taken.asker))
        if found is None:
            return Response(status_code=_NOBODY_THERE)
        return Response(found, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    return router


def _jobs(desk: _Desk) -> APIRouter:
    router, jobs = APIRouter(tags=["jobs"]), desk.service.jobs

    @router.post(
        "/jobs",
        summary="Begin a prediction about a film, and do not wait for it",
        status_code=202,
        response_model=JobAnswer,
        responses=refusals(*_WITH_FILE),
        openapi_extra=desk.form_of(PREDICT_FIELDS),
    )
    async def begin(request: Request) -> Response:
        jobs.check_room(_caller_of(request))
        async with desk.taken_in(request, parse_asked) as taken:
            asked, upload = parse_asked(taken.fields), _one_file(taken)
            if upload.kind != "video":
                raise Refused(415, "this is a picture, which is answered at once. Send it to /predict")
            job = desk.begin(taken, upload, asked, is_kept=True)
        return encoded_reply(job.to_json(), status=HTTPStatus.ACCEPTED, headers={"Location": f"/jobs/{job.id}"})

    @router.get(
        "/jobs/{id}",
        summary="How far a job is",
        response_model=JobAnswer,
        responses=refusals(404, *_ALWAYS),
        openapi_extra=JOB_ID,
    )
    async def look(request: Request) -> Response:
        return encoded_reply(jobs.find(request.path_params["id"]).to_json())

    @router.get(
        "/jobs/{id}/events",
        summary="Hear of a job until it is over",
        response_class=Response,
        responses=_stream_description() | refusals(404, *_ALWAYS),
        openapi_extra=JOB_ID,
    )
    async def listen(request: Request) -> Response:
        return StreamingResponse(
            events_of(jobs.find(request.path_params["id"])),
            media_type=EVENT_STREAM,
            headers={"Cache-Control": "no-store"},
        )

    @router.delete(
        "/jobs/{id}",
        summary="Give a job up",
        response_model=JobAnswer,
        responses=refusals(404, *_ALWAYS),
        openapi_extra=JOB_ID,
    )
    async def cancel(request: Request) -> Response:
        job = jobs.find(request.path_params["id"])
        await jobs.cancel(job)
        return encoded_reply(job.to_json())

    return router


class _Batch:
    """The files of one request, of which a few are ordered at a time: those of others have their turn in between."""

    def __init__(self, desk: _Desk, taken: Taken, asked: Asked) -> None:
        self._desk, self._taken, self._asked = desk, taken, asked
        # As many again as are decoded, so that a decoder need not wait for the graph.
        self._pictures, self._films = asyncio.Semaphore(2 * desk.service.decoders), asyncio.Semaphore(1)
        self._room = desk.service.limits.kept_bytes
        self.failed = 0

    async def answer(self, item: Upload | Refused) -> bytes:
        """Return the answer about one file, or what is wrong with it, as a table in JSON."""
        try:
            if isinstance(item, Refused):
                raise item
            async with self._films if item.kind == "video" else self._pictures:
                return await (self._film(item) if item.kind == "video" else self._picture(item))
        except Refused as refused:
            self.failed += 1
            self._desk.service.metrics.refused(status=int(refused.status))
            return encode_json({"problem": refused.to_table()})

    async def _picture(self, upload: Upload) -> bytes:
        service = self._desk.service
        found = await service.predict_picture(upload, service.find(self._asked.bundle), self._taken.asker)
        return encode_json(found)

    async def _film(self, upload: Upload) -> bytes:
        job = self._desk.begin(self._taken, upload, self._asked)
        try:
            async for _ in job.watch(every_seconds=60):
                pass
        except asyncio.CancelledError:
            await self._desk.service.jobs.cancel(job)
            raise
        if job.result is None:
            raise job.refused or Refused(503, "it was given up", retry_after_seconds=5)
        self._room -= len(job.result)
        if self._room < 0:
            raise Refused(413, "the answers about this batch's films are too long together. Send each to /jobs")
        return job.result


async def _waited(service: Service, job: Job, request: Request) -> Response:
    """Return the reply of a job when it is over; where the caller goes before, the job is given up."""

    async def over() -> bool:
        async for _ in job.watch(every_seconds=60):
            pass
        return True

    if await while_present(request, over()) is None:
        await service.jobs.cancel(job)
        return Response(status_code=_NOBODY_THERE)
    if job.result is None:
        raise job.refused or Refused(503, "the server is stopping", retry_after_seconds=5)
    return encoded_reply(job.result)


def _streamed(service: Service, job: Job) -> Response:
    async def events() -> AsyncIterator[bytes]:
        try:
            async for event in events_of(job):
                yield event
        finally:
            await service.jobs.cancel(job)  # nothing to give up where it is over; otherwise the caller has gone

    return StreamingResponse(events(), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


def _stated(request: Request) -> dict[str, str]:
    """Return the fields of the address, where a bare body has its own, without the guard's token."""
    fields: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in fields:
            raise Refused(422, f"'{name[:40]}' stands twice in the address. Give it once")
        if name != "token":
            fields[name] = value
    return fields


def _fields(stated: Mapping[str, str], form: Form) -> Mapping[str, str]:
    """Return the fields of the address and of a form."""
    twice = next((name for name in stated if name in form.fields), None)
    if twice is not None:
        raise Refused(422, f"'{twice[:40]}' stands in the address and in the form. Give it once")
    return {**stated, **form.fields}


def _counted(request: Request, share: Share) -> Request:
    """Return a request whose body is counted as it comes in."""

    async def receive() -> Message:
        message = await request.receive()
        share.add(len(message.get("body", b"")))
        return message

    return Request(request.scope, receive)


def _one_file(taken: Taken) -> Upload:
    if not taken.items:
        raise Refused(422, "no file is in the form. Send one as 'file'; several go to /predict/batch")
    (item,) = taken.items  # of more, the form is refused while it comes in
    if isinstance(item, Refused):
        raise item
    return item


def _caller_of(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _in_header(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe=" -_.,()+/&")


def _stream_description() -> dict[int | str, dict[str, Any]]:
    said = "With `Accept: text/event-stream`: events `progress`, and at the end `result` or `problem`."
    return {200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}, "description": said}}
