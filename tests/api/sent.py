"""Requests as a server hands them to the API: bodies in pieces, and what takes them in."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import Request
from PIL import Image

from rushes.api.uploads import Form, UploadLimits, take_in

BOUNDARY = b"----a-boundary-of-a-browser-8Jx2"
LIMITS = UploadLimits(files=4, file_bytes=3 << 20, still_bytes=1 << 20, body_bytes=4 << 20, seconds=20, idle_seconds=20)


def jpeg(size_bytes: int = 0, *, seed: int = 0) -> bytes:
    """Return a JPEG, filled up behind its end where it is to be larger."""
    pixels = np.random.default_rng(seed).integers(0, 255, (32, 32, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG")
    return data.getvalue().ljust(size_bytes, b"\0")


def film(size_bytes: int) -> bytes:
    """Return what begins as a film does."""
    return b"\0\0\0\x18ftypisom\0\0\2\0isomiso2\0\0\0\0mdat".ljust(size_bytes, b"\7")


def part(name: str, data: bytes, *, filename: str | None = None, more: bytes = b"") -> bytes:
    said = f'; filename="{filename}"'.encode() if filename is not None else b""
    return b'Content-Disposition: form-data; name="%b"%b\r\n%b\r\n%b' % (name.encode(), said, more, data)


def form_of(*parts: bytes, boundary: bytes = BOUNDARY) -> bytes:
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary, one) for one in parts)
    return body + b"--%b--\r\n" % boundary


async def _pieces(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def request(
    pieces: Iterable[bytes] | AsyncIterator[bytes],
    *,
    kind: str | None = f"multipart/form-data; boundary={BOUNDARY.decode()}",
    length: int | str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    leaves: bool = False,
) -> Request:
    """Return a request whose body comes in pieces.

    Args:
        length: that it announces.
        leaves: the client hangs up behind the last piece.
    """
    coming = pieces if isinstance(pieces, AsyncIterator) else _pieces(pieces)
    stated = [("content-type", kind)] if kind is not None else []
    stated += [("content-length", str(length))] if length is not None else []

    async def receive() -> dict[str, Any]:
        piece = await anext(coming, None)
        if piece is None:
            return {"type": "http.disconnect"} if leaves else {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": piece, "more_body": True}

    bare = [(name.encode(), value.encode("latin-1")) for name, value in (*stated, *headers)]
    return Request(
        {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": bare}, receive
    )


def taken(asked: Request, folder: Path, limits: UploadLimits = LIMITS, *, each: bool = False) -> Form:
    return asyncio.run(take_in(asked, limits, folder, each=each))
