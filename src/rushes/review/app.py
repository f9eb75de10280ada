"""The routes of a review, as an ASGI application that is mounted beside others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Protocol, TypeVar
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from rushes.errors import CatalogError, MediaError, StoreError, did_you_mean
from rushes.footage.camera import CameraFacts, read_camera_facts
from rushes.review.audit import audit_of, audit_of_all
from rushes.review.decisions import RATING, Conflict, Decisions, Outcome
from rushes.review.heat import HeatDesk
from rushes.review.opinions import Opinions
from rushes.review.pictures import PictureDesk
from rushes.review.renditions import Kind, Rendition
from rushes.review.session import Item, Opening, Review, item_table, session_table, state_table
from rushes.review.wishes import UnknownItemError, WishError, Wishes, parse_decisions, parse_person, parse_turn
from rushes.storage.places import parse_place
from rushes.web.presence import while_present
from rushes.web.replies import ALWAYS_ASKED, add_problems, json_reply, problem_reply

_MOST_BODY_BYTES = 8 << 20  # 5,000 photographs in one request are 0.5 MB
_LASTING = "private, max-age=31536000, immutable"
_NOBODY_THERE = 499  # as nginx says it: the browser has gone

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Desk:
    """All that one review is served from.

    Attributes:
        heat: what paints where a model looked; None where no bundle is at hand.
        opinions: what a model says of the items; None where none does.
    """

    review: Review
    decisions: Decisions
    pictures: PictureDesk
    heat: HeatDesk | None = None
    opinions: Opinions | None = None
    opening: Opening = field(default_factory=Opening)

    def outcome_reply(self, outcome: Outcome, **more: Any) -> Response:
        """Return what came of a request, of the items that this review has."""
        return json_reply(
            {
                "revision": outcome.revision,
                "previous": outcome.previous,
                "step": outcome.step,
                "changes": [
                    state_table(frame, state, self.opinions)
                    for frame, state in outcome.states.items()
                    if frame in self.review.by_id
                ],
                "conflicts": [_conflict_table(one) for one in outcome.conflicts],
            }
            | more
        )

    def item(self, frame: str) -> Item:
        """Return an item by its id.

        Raises:
            HTTPException: there is none.
        """
        found = self.review.by_id.get(frame)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"'{frame}' is no photograph of this review")
        return found


def review_app(desk: Desk) -> FastAPI:
    """Return the application of one review: its session, items, pictures and decisions, without page and guard.

    It is mounted at `/reviews/<slug>` of what guards it.
    """
    app = FastAPI(title="rushes review", docs_url=None, redoc_url=None, openapi_url=None)
    _add_session(app, desk)
    _add_pictures(app, desk)
    _add_decisions(app, desk)
    _add_errors(app)
    return app


def _add_session(app: FastAPI, desk: Desk) -> None:
    review, decisions, opinions = desk.review, desk.decisions, desk.opinions

    @app.get("/session")
    def session(person: Annotated[str | None, Query(alias="as")] = None) -> Response:
        opening = desk.opening if person is None else replace(desk.opening, person=parse_person(person, "as"))
        revision = decisions.revision  # first: what is decided meanwhile is then told again, not lost
        states = decisions.states()
        if opinions is not None:
            opinions.learn(states)
        return json_reply(session_table(review, states, revision=revision, opening=opening, opinions=opinions))

    @app.get("/items/{frame}")
    def item(frame: str) -> Response:
        found = desk.item(frame)
        state = decisions.states([frame])[frame]
        camera = _camera_of(found)
        can_heat = desk.heat is not None and desk.heat.can_paint
        said = decisions.history(frame)
        table = item_table(found, state, opinions=opinions, history=said, camera=camera, heat=can_heat)
        return json_reply(table)

    @app.get("/changes")
    def changes(since: int = 0, answers: int | None = None) -> Response:
        if opinions is None:
            return desk.outcome_reply(decisions.since(since))
        count = opinions.count
        fresh = opinions.since(answers) if answers is not None else []
        told = decisions.since(since)
        if fresh:
            told = replace(told, states=decisions.states(fresh) | dict(told.states))
        return desk.outcome_reply(told, answers=count, model=opinions.model_table())

    @app.get("/audit")
    def audit() -> Response:
        states = decisions.states()
        if review.cull is not None:
            return json_reply(audit_of(review, states).to_table())
        answers = opinions.answers() if opinions is not None else {}
        found = audit_of_all(review, states, answers=answers, before=decisions.from_elsewhere())
        return json_reply(found.to_table())


def _add_pictures(app: FastAPI, desk: Desk) -> None:
    @app.get("/pictures/{frame}/heat")
    async def painted(frame: str, request: Request) -> Response:
        found, heat = desk.item(frame), desk.heat
        if heat is None:
            raise HTTPException(
                HTTPStatus.NOT_FOUND, "there is no heat: no bundle is at hand. Review with --model BUNDLE"
            )
        asked = heat.ask(found, _class_for_heat(desk, frame, request.query_params.get("class", "")))
        if (data := await _when_made(asked, request)) is None:
            return Response(status_code=_NOBODY_THERE)
        if not data:
            why = heat.why_not or "the photograph cannot be read"
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no heat: {why}")
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})

    @app.get("/pictures/{frame}/{kind}")
    async def picture(frame: str, kind: str, request: Request) -> Response:
        found = desk.item(frame)
        if kind not in ("thumb", "fit", "full"):
            raise HTTPException(HTTPStatus.NOT_FOUND, f"'{kind}' is no picture. There are thumb, fit, full and heat")
        return await _picture(found, kind, request, desk.pictures)  # type: ignore[arg-type]


def _class_for_heat(desk: Desk, frame: str, asked: str) -> str:
    """Return the class whose heat is painted: the one that is asked for, of a cull its own, else the model's answer."""
    if asked and asked not in desk.review.classes:
        classes = desk.review.classes
        raise HTTPException(
            HTTPStatus.NOT_FOUND, f"class '{asked[:80]}' is not reviewed. {did_you_mean(asked, classes)}"
        )
    if asked and desk.opinions is not None and asked not in desk.opinions.classes:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no heat: the model does not answer '{asked}'")
    if asked or desk.review.cull is not None or desk.opinions is None:
        return asked
    return desk.opinions.answers().get(frame, desk.review.classes[0])


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
    """Return a picture when it is made; None where the browser has gone before, or nobody makes it any more."""
    try:
        # Others may wait for the same picture: that one of them leaves must not cancel it for all.
        return await while_present(request, asyncio.shield(asyncio.wrap_future(asked.future)))
    finally:
        asked.leave()


def _add_decisions(app: FastAPI, desk: Desk) -> None:
    decisions = desk.decisions

    def by(wishes: Wishes) -> str:
        return desk.opening.person if wishes.by is None else wishes.by

    def decide(wishes: Wishes) -> Outcome:
        return decisions.decide(wishes.wanted, by=by(wishes), over=wishes.over, request=wishes.request)

    def undo(wishes: Wishes) -> Outcome:
        return decisions.undo(by=by(wishes), of=wishes.of, request=wishes.request)

    def redo(wishes: Wishes) -> Outcome:
        return decisions.redo(by=by(wishes), of=wishes.of, request=wishes.request)

    def route(parse: Callable[[bytes], Wishes], act: Callable[[Wishes], Outcome]) -> Callable[..., Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            wishes = parse(await _body(request))
            return desk.outcome_reply(await run_in_threadpool(act, wishes), by=by(wishes))

        answer.__annotations__ = {"request": Request, "return": Response}
        return answer

    app.post("/decisions")(route(partial(parse_decisions, review=desk.review), decide))
    app.post("/undo")(route(parse_turn, undo))
    app.post("/redo")(route(parse_turn, redo))


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


def _conflict_table(conflict: Conflict) -> dict[str, Any]:
    """Return what was not done, ready for JSON; what stands is under the name of its field."""
    value = int(conflict.value) if conflict.field == RATING else conflict.value
    return {"id": conflict.frame, "field": conflict.field, conflict.field: value, "by": conflict.by, "at": conflict.at}


def _camera_of(item: Item) -> CameraFacts | None:
    if not item.is_still:
        return None
    try:
        return read_camera_facts(parse_place(item.path))
    except (MediaError, StoreError):
        return None
