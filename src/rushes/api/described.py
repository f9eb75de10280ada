"""What the API's description says of forms and of refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from rushes.api.answers import Problem
from rushes.web.problem import PROBLEM

BARE = ("application/octet-stream", "image/*", "video/*")  # what a body may be that is one file alone
_SCHEME = "token"
_FIELDS: dict[str, dict[str, Any]] = {
    "bundle": {"type": "string", "description": "Name of a bundle (see /bundles); otherwise the first."},
    "every": {
        "type": "string",
        "description": "Of a film: one frame in so much time, such as `1s` (which it is otherwise), `0.5s` or `2m`.",
    },
    "fps": {"type": "string", "description": "Of a film: so many frames a second, such as `2` or `30000/1001`."},
    "per_shot": {"type": "integer", "minimum": 1, "maximum": 100, "description": "Of a film: frames of each shot."},
    "every_frame": {"type": "boolean", "description": "Of a film: every frame."},
    "class": {"type": "string", "description": "The class that is explained; otherwise the answer."},
    "at_seconds": {"type": "number", "minimum": 0, "maximum": 1_000_000, "description": "Of a film: which frame."},
    "long_side": {
        "type": "integer",
        "minimum": 1,
        "maximum": 4096,
        "description": "Pixels of the longer side at the most; otherwise 1280.",
    },
    "overlay": {"type": "boolean", "description": "false gives the heat alone, clear where there is none."},
    "url": {"type": "string", "description": "An address in place of a file."},
}
_EXAMPLES = {
    404: "no bundle is called 'scael'. Did you mean 'scale'?",
    413: "the file is larger than a picture or camera raw may be here (268,435,456 bytes). Send a smaller one",
    415: "the file is an SVG drawing. Taken are JPEG, PNG, WebP, HEIC, …",
    422: "the file is cut off: it holds 1,200 of 48,311 bytes",
}
_REFUSALS = {
    400: "The request cannot be read.",
    401: "The token is missing or another one.",
    403: "The request comes from another site's page, or by a name that is not this server's.",
    404: "There is no such bundle, or job.",
    408: "The body came too slowly.",
    413: "The file is too large.",
    415: "The file, or the body, is nothing that is taken here.",
    422: "A field says what cannot be, or the file cannot be decoded.",
    429: "Too many requests of this caller are being answered.",
    500: "A fault of rushes itself.",
    503: "Too many requests are being answered, or the server starts or stops.",
    504: "The file took too long to decode.",
    507: "The server's disk is full.",
}


_COMES_AGAIN = frozenset((429, 503))
_PROBLEM_OF = {"$ref": f"#/components/schemas/{Problem.__name__}"}  # there, since jobs and batches hold problems too


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route may refuse, for its description."""
    return {status: _refusal(status) for status in sorted(statuses)}


def _refusal(status: int) -> dict[str, Any]:
    title, example = HTTPStatus(status).phrase, _EXAMPLES.get(status, _REFUSALS[status].rstrip("."))
    shown = {"type": "about:blank", "title": title, "status": status, "detail": example}
    found: dict[str, Any] = {
        "description": _REFUSALS[status],
        "content": {PROBLEM: {"schema": _PROBLEM_OF, "example": shown}},
    }
    if status in _COMES_AGAIN:
        said = "Seconds after which it may be tried again."
        found["headers"] = {"Retry-After": {"description": said, "schema": {"type": "string", "pattern": "^[0-9]+$"}}}
    return found


JOB_ID: dict[str, Any] = {
    "parameters": [
        {
            "name": "id",
            "in": "path",
            "required": True,
            "description": "Of a job, as POST /jobs gave it. Who knows it may see and end the job.",
            "schema": {"type": "string"},
        }
    ]
}


def form_of(fields: Sequence[str], *, several: bool = False) -> dict[str, Any]:
    """Return the description of what a route takes: a form with a file, or several, and fields; or a file alone.

    Of the bytes of a file alone the fields stand in the address, so that they are parameters too.
    """
    file: dict[str, Any] = {"type": "string", "contentMediaType": "application/octet-stream", "format": "binary"}
    files = {"type": "array", "items": file, "minItems": 1} if several else file
    schema = {
        "type": "object",
        "properties": {"file": files, **{name: _FIELDS[name] for name in fields}},
        "additionalProperties": False,
    }
    if "url" not in fields:
        schema["required"] = ["file"]
    said = (
        "A form with the fields below; or the bytes of one file as they are, and the fields behind the address's `?`."
    )
    content = {"multipart/form-data": {"schema": schema}} | {kind: {"schema": file} for kind in BARE}
    return {
        "requestBody": {"required": True, "description": said, "content": content},
        "parameters": [_in_the_address(name) for name in fields],
    }


def _in_the_address(name: str) -> dict[str, Any]:
    described = dict(_FIELDS[name])
    said = f"{described.pop('description')} Here or in the form."
    return {"name": name, "in": "query", "required": False, "description": said, "schema": described}


def with_token(table: dict[str, Any], is_free: Callable[[str], bool]) -> dict[str, Any]:
    """Return the description of an API of which some paths need the token.

    Args:
        table: as FastAPI makes it; it is altered.
        is_free: path -> whether it is answered without.
    """
    guarded = [operation for path, found in table["paths"].items() if not is_free(path) for operation in found.values()]
    if not guarded:
        return table
    said = "The token with which the server was started, or that it printed."
    schemes = table.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes[_SCHEME] = {"type": "http", "scheme": "bearer", "description": said}
    for operation in guarded:
        operation["security"] = [{_SCHEME: []}]
    return table
