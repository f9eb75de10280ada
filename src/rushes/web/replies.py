"""Replies that every server of rushes gives alike: JSON, and what is wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError

from rushes.web.encoded import encode_json
from rushes.web.problem import PROBLEM, problem

ALWAYS_ASKED = "no-store"
_log = logging.getLogger(__name__)


def json_reply(value: Any, *, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Return plain values as JSON that no browser keeps; what is no number in JSON is a fault of ours."""
    return encoded_reply(encode_json(value), status=status, headers=headers)


def encoded_reply(
    data: bytes, *, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Return what is JSON already, as `json_reply` does."""
    told = {"Cache-Control": ALWAYS_ASKED} | dict(headers or {})
    return Response(data, status_code=status, media_type="application/json", headers=told)


def problem_reply(status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return what is wrong with a request."""
    data = json.dumps(problem(status, detail), ensure_ascii=False).encode()
    told = {"Cache-Control": ALWAYS_ASKED} | dict(headers or {})
    return Response(data, status_code=status, media_type=PROBLEM, headers=told)


def add_problems(app: FastAPI) -> None:
    """Let an application answer with a problem wherever it refuses or fails."""

    @app.exception_handler(404)
    @app.exception_handler(405)
    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if detail == HTTPStatus.NOT_FOUND.phrase:
            detail = "there is nothing at this path. What there is, is described at /docs"
        elif detail == HTTPStatus.METHOD_NOT_ALLOWED.phrase:
            detail = f"{request.method} is not answered here; {(error.headers or {}).get('Allow', 'another method')} is"
        return problem_reply(HTTPStatus(error.status_code), detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def misread(_: Request, error: RequestValidationError) -> Response:
        said = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
        return problem_reply(HTTPStatus.UNPROCESSABLE_ENTITY, said)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        said = f"a fault of rushes itself: {type(error).__name__}. Its log says more"
        return problem_reply(HTTPStatus.INTERNAL_SERVER_ERROR, said)
