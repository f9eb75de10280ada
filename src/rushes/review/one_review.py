"""OneReview: requests that change something have to name the review that their page shows."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from rushes.web.problem import send_problem

REVIEW_HEADER = "rushes-review"  # bears the key of the review that a page shows, percent-encoded
_READING = ("GET", "HEAD")


class OneReview:
    """ASGI around a review: a page that is still open on another one, served here before, must not decide here."""

    def __init__(self, app: Any, review: str) -> None:
        """Stand before the routes of the review with this key."""
        self._app, self._review = app, quote(review, safe="")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            named = next((value.decode("latin-1") for name, value in scope["headers"]
                          if name.decode("latin-1") == REVIEW_HEADER), None)  # fmt: skip
            if named != self._review and (named is not None or scope["method"] not in _READING):
                said = f"'{unquote(named)[:80]}' is reviewed" if named else f"the header {REVIEW_HEADER} is missing"
                said = f"{said} there, and '{unquote(self._review)}' here. Nothing was changed"
                await send_problem(send, HTTPStatus.CONFLICT, said)
                return
        await self._app(scope, receive, send)
