"""The page at `/docs`: Swagger UI on the server's own description, with nothing fetched from elsewhere."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from html import escape
from http import HTTPStatus
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Request, Response

DOCS_PATH = "/docs"
OPENAPI_PATH = "/openapi.json"
# What is vendored changes with a release of rushes only; an hour is short enough for that.
_KEPT_AN_HOUR = "public, max-age=3600"
_ASKED_ANEW = "no-cache"


@dataclass(frozen=True, slots=True)
class _Part:
    """A file of the page: where it lies, and what it is."""

    place: str
    media_type: str
    cache: str = _ASKED_ANEW


_PARTS = {
    "docs.js": _Part("docs.js", "text/javascript; charset=utf-8"),
    "docs.css": _Part("docs.css", "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": _Part("vendor/swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8", _KEPT_AN_HOUR),
    "swagger-ui.css": _Part("vendor/swagger-ui.css.gz", "text/css; charset=utf-8", _KEPT_AN_HOUR),
    # The bundle's first line points to this, and the licence asks that it goes along.
    "swagger-ui-bundle.js.LICENSE.txt": _Part("vendor/swagger-ui-bundle.js.LICENSE.txt", "text/plain; charset=utf-8"),
    "LICENSE.txt": _Part("vendor/LICENSE.txt", "text/plain; charset=utf-8"),
}


def docs_router(openapi_url: str = OPENAPI_PATH) -> APIRouter:
    """Return the routes of the page: `/docs`, and its files below.

    Args:
        openapi_url: where the description is, as the browser asks for it.
    """
    router = APIRouter(include_in_schema=False)
    page = _read("index.html").decode().replace("{openapi_url}", escape(openapi_url, quote=True))

    @router.get(DOCS_PATH)
    def shown() -> Response:
        return Response(page, media_type="text/html; charset=utf-8", headers={"Cache-Control": _ASKED_ANEW})

    @router.get(f"{DOCS_PATH}/{{name}}")
    def part(name: str, request: Request) -> Response:
        if (wanted := _PARTS.get(name)) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{DOCS_PATH} has no file '{name[:80]}'")
        return _sent(wanted, accepts=request.headers.get("accept-encoding", ""))

    return router


def _sent(part: _Part, *, accepts: str) -> Response:
    data, headers = _read(part.place), {"Cache-Control": part.cache}
    if part.place.endswith(".gz"):
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in accepts:
            headers["Content-Encoding"] = "gzip"
        else:
            data = gzip.decompress(data)
    return Response(data, media_type=part.media_type, headers=headers)


@cache
def _read(place: str) -> bytes:
    found = files("rushes.api") / "docs_files"
    for part in place.split("/"):
        found = found / part
    return found.read_bytes()
