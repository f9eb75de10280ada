"""The files of the page, as they are sent."""

from __future__ import annotations

from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, HTTPException, Response

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}


def page_router(folder: Traversable | None = None) -> APIRouter:
    """Return the routes of the page: `/` is its `index.html`, `/page/NAME` any other file, in folders too.

    Args:
        folder: of the files; None takes those that come with rushes.
    """
    home, router = folder or files("rushes.web") / "page", APIRouter(include_in_schema=False)

    @router.head("/")
    @router.get("/")
    def index() -> Response:
        return send_file(home, "index.html")

    @router.get("/page/{name:path}")
    def part(name: str) -> Response:
        return send_file(home, name)

    return router


def send_file(home: Traversable, name: str) -> Response:
    """Return one file below a folder of the package; it is asked for anew each time, and never outside the folder.

    Raises:
        HTTPException: there is no such file, or it is of no kind that a page has.
    """
    found: Traversable | None = home
    for part in name.split("/"):
        if found is None or not found.is_dir():
            found = None
            break
        found = next((one for one in found.iterdir() if one.name == part), None)
    kind = _MEDIA_TYPES.get(f".{name.rpartition('.')[2]}")
    if found is None or kind is None or not found.is_file():
        raise HTTPException(HTTPStatus.NOT_FOUND, f"the page has no file '{name[:80]}'")
    return Response(found.read_bytes(), media_type=kind, headers={"Cache-Control": "no-cache"})
