"""Files that the studio gives out: of which formats, and how a browser is told to keep them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from urllib.parse import quote

from fastapi import HTTPException, Response

from rushes.errors import did_you_mean

TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".edl": "text/plain; charset=utf-8",
    ".otio": "application/json",
    ".fcpxml": "application/xml",
    ".eaf": "application/xml",
}


def check_extension(extension: str, formats: Collection[str], what: str) -> None:
    """Refuse what is none of the formats of `what` (`shots`).

    Raises:
        HTTPException: 404.
    """
    if extension not in formats:
        said = f"'{extension[:20]}' is no format of {what}. {did_you_mean(extension, list(formats))}"
        raise HTTPException(HTTPStatus.NOT_FOUND, said)


def file_reply(data: str | bytes, extension: str, *, name: str) -> Response:
    """Return a file that a browser keeps under a name, to which the extension, `.scenes.csv` perhaps, is put."""
    said = f"attachment; filename*=UTF-8''{quote(f'{name}{extension}', safe='')}"
    return Response(data, media_type=TYPES["." + extension.rpartition(".")[2]], headers={"Content-Disposition": said})
