"""The review page and its routes, as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from rushes.errors import CatalogError, MediaError
from rushes.footage.camera import CameraFacts, read_camera_facts
from rushes.review.audit import audit_of
from rushes.review.decisions import Decisions, Outcome, State
from rushes.review.heat import HeatDesk
from rushes.review.one_review import OneReview
from rushes.review.pictures import PictureDesk
from rushes.review.renditions import Kind, Rendition
from rushes.review.session import Item, Review, item_table, session_table, state_table
from rushes.review.wishes import UnknownItemError, WishError, Wishes, parse_decisions, parse_turn
from rushes.storage.files import digest_of_bytes
from rushes.storage.places import parse_place
from rushes.web.guard import Access, Guard
from rushes.web.page_files import page_router
from rushes.web.replies import ALWAYS_ASKED, add_problems, json_reply, problem_reply

_MOST_BODY_BYTES = 8 << 20  # 5,000 photographs in one request are 0.5 MB
_LASTING = "private, max-age=31536000, immutable"
_NOBODY_THERE = 499  # as nginx says it: the browser has gone

_log = logging.getLogger(__name__)
Made = TypeVar("Made")


def make_app(
    review: Review,
    *,
    decisions: Decisions,
    pictures: PictureDesk,
    heat: HeatDesk | None = None,
    token: str,
    once: str = "",
    opens_on: str = "all",
    page: Traversable | None = None,
) -> Any:
    """Return the application that serves one review.

    Args:
        heat: what paints where a model looked; None where no model is at hand.
        token: that every request has to bear.
        once: that one request may bear instead; "" for none.
        opens_on: the filter that the page begins with.
        page: folder of the page's files; None takes those that come with rushes.
    """
    app = FastAPI(title="rushes review", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(page_router(page or files("rushes.review") / "page"))
    _add_session(app, review, decisions, heat, opens_on)
    _add_pictures(app, review, pictures, heat)
    _add_decisions(app, review, decisions)
    _add_errors(app)
    cookie = f"rushes-review-{digest_of_bytes(review.key.encode())[:12]}"
    access = Access(token, cookie, once=once, command="rushes review")
    return Guard(OneReview(app, review.key), access)


def _add_session(app: FastAPI, review: Review, decisions: Decisions, heat: HeatDesk | None, opens_on: str) -> None:
    @app.get("/api/session")
    def session() -> Response:
        revision = decisions.revision  # first: what is decided meanwhile is then told again, not lost
        return json_reply(session_table(review, decisions.states(), revision=revision, opens_on=opens_on))

    @app.get("/api/items/{frame}")
    def item(frame: str) -> Response:
        found = _item(review, frame)
        state = decisions.states([frame])[frame]
        camera = _camera_of(found)
        can_heat = heat is not None and heat.can_paint
        return json_reply(item_table(found, state, review.classes, camera=camera, heat=can_heat))

    @app.get("/api/changes")
    def changes(since: int = 0) -> Response:
        return _outcome(decisions.since(since), review)

    @app.get("/api/audit")
    def audit() -> Response:
        return json_reply(audit_of(review, decisions.states()).to_table())


def _add_pictures(app: FastAPI, review: Review, pictures: PictureDesk, heat: HeatDesk | None) -> None:
    @app.get("/pictures/{frame}/heat")
    async def painted(frame: str, request: Request) -> Response:
        found = _item(review, frame)
        if heat is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is no heat: no cull is reviewed")
        asked = heat.ask(found)
        if (data := await _when_made(asked, request)) is None:
            return Response(status_code=_NOBODY_THERE)
        if not data:
            why = heat.why_not or "the photograph cannot be read"
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no heat: {why}")
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})

    @app.get("/pictures/{frame}/{kind}")
    async def picture(frame: str, kind: str, request: Request) -> Response:
        found = _item(review, frame)
        if kind not in ("thumb", "fit", "full"):
            raise HTTPException(HTTPStatus.NOT_FOUND, f"'{kind}' is no picture. There are thumb, fit, full and heat")
        return await _picture(found, kind, request, pictures)  # type: ignore[arg-type]


async def _picture(item: Item, kind: Kind, request: Request, pictures: PictureDesk) -> Response:
    if kind == "full" and (original := await run_in_threadpool(pictures.original, item)) is not None:
        path, media_type = original
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": "private, no-cache"})
    key, kept = await run_in_threadpool(pictures.find, item, kind)
    etag = f'"{key}"'
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag, "Cache-Control": _LASTING})
    if kind != "thumb":
        pictures.look_at(item)
    if kept is not None:
        made: Rendition | None = Rendition(kept)
    else:
        asked = pictures.ask(item, kind, key)
        made = await _when_made(asked, request)
    if made is None:
        return Response(status_code=_NOBODY_THERE)
    headers = {"ETag": etag, "Cache-Control": _LASTING} if made.is_lasting else {"Cache-Control": ALWAYS_ASKED}
    if made.flaw:
        headers["Rushes-Flaw"] = quote(made.flaw)
    return Response(made.data, media_type=made.media_type, headers=headers)


class _Asked(Protocol[Made]):
    future: Future[Made]

    def leave(self) -> None: ...


async def _when_made(asked: _Asked[Made], request: Request) -> Made | None:
    """Return a picture when it is made; None where the browser has gone before."""
    future = asyncio.wrap_future(asked.future)
    gone = asyncio.ensure_future(_gone(request))
    both: set[asyncio.Future[Any]] = {future, gone}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return future.result() if future.done() and not future.cancelled() else None
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        asked.leave()


async def _gone(request: Request) -> None:
    """Return when the browser has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _add_decisions(app: FastAPI, review: Review, decisions: Decisions) -> None:
    def decide(wishes: Wishes) -> Outcome:
        return decisions.decide(wishes.wanted, request=wishes.request)

    def undo(wishes: Wishes) -> Outcome:
        return decisions.undo(of=wishes.of, request=wishes.request)

    def redo(wishes: Wishes) -> Outcome:
        return decisions.redo(of=wishes.of, request=wishes.request)

    def route(parse: Callable[[bytes], Wishes], act: Callable[[Wishes], Outcome]) -> Callable[..., Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            wishes = parse(await _body(request))
            return _outcome(await run_in_threadpool(act, wishes), review)

        answer.__annotations__ = {"request": Request, "return": Response}
        return answer

    app.post("/api/decisions")(route(partial(parse_decisions, review=review), decide))
    app.post("/api/undo")(route(parse_turn, undo))
    app.post("/api/redo")(route(parse_turn, redo))


async def _body(request: Request) -> bytes:
    """Return the body of a request.

    A form of another site cannot be of this type: a browser asks first whether it may send one, and is told no.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BODY_BYTES:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {_MOST_BODY_BYTES:,} bytes"
            )
    return bytes(body)


def _add_errors(app: FastAPI) -> None:
    add_problems(app)

    @app.exception_handler(WishError)
    async def unfulfillable(_: Request, error: WishError) -> Response:
        is_unknown = isinstance(error, UnknownItemError)
        return problem_reply(HTTPStatus.NOT_FOUND if is_unknown else HTTPStatus.BAD_REQUEST, str(error))

    @app.exception_handler(CatalogError)
    async def unsaved(_: Request, error: CatalogError) -> Response:
        return problem_reply(HTTPStatus.SERVICE_UNAVAILABLE, str(error))


def _outcome(outcome: Outcome, review: Review) -> Response:
    states: Mapping[str, State] = outcome.states
    return json_reply(
        {
            "revision": outcome.revision,
            "previous": outcome.previous,
            "step": outcome.step,
            "changes": [
                state_table(frame, state, review.classes) for frame, state in states.items() if frame in review.by_id
            ],
        }
    )


def _item(review: Review, frame: str) -> Item:
    found = review.by_id.get(frame)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"'{frame}' is no photograph of this review")
    return found


def _camera_of(item: Item) -> CameraFacts | None:
    if not item.is_still:
        return None
    try:
        return read_camera_facts(parse_place(item.path))
    except MediaError:
        return None
