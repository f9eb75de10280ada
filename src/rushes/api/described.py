"""What the API's description says of forms and of refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushes.api.answers import Problem
from rushes.web.problem import PROBLEM

_FIELDS: dict[str, dict[str, Any]] = {
    "bundle": {"type": "string", "description": "Name of a bundle (see /bundles); otherwise the first."},
    "every": {
        "type": "string",
        "description": "Of a film: one frame in so much time, such as 1s or 0.5s.",
        "example": "1s",
    },
    "fps": {"type": "string", "description": "Of a film: so many frames a second.", "example": "2"},
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
    "url": {
        "type": "string",
        "description": "An address in place of a file, where the server was started with --urls.",
    },
}
_REFUSALS = {
    400: "The request cannot be read.",
    401: "The token is missing or another one.",
    403: "The request comes from another site's page, or by a name that is not this server's.",
    404: "There is no such bundle, or job.",
    408: "The body came too slowly.",
    413: "The file is too large.",
    415: "The file is no picture, raw or film that is taken.",
    422: "A field says what cannot be, or the file cannot be decoded.",
    429: "Too many requests of this caller are being answered.",
    500: "A fault of rushes itself.",
    503: "Too many requests are being answered, or the server starts or stops.",
    504: "The file took too long to decode.",
    507: "The server's disk is full.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route may refuse, for its description."""
    return {
        status: {
            "model": Problem,
            "description": _REFUSALS[status],
            "content": {PROBLEM: {}},
        }
        for status in statuses
    }


def form_of(fields: Sequence[str], *, several: bool = False) -> dict[str, Any]:
    """Return the description of a multipart form with a file, or several, and some fields."""
    file: dict[str, Any] = {"type": "string", "contentMediaType": "application/octet-stream", "format": "binary"}
    files = {"type": "array", "items": file, "minItems": 1} if several else file
    schema = {
        "type": "object",
        "properties": {"file": files, **{name: _FIELDS[name] for name in fields}},
        "additionalProperties": False,
    }
    if "url" not in fields:
        schema["required"] = ["file"]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
