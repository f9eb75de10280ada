"""Refused: why a request is not answered, with what HTTP says of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from rushes.web.problem import problem


class Refused(Exception):
    """A request that is not answered, and why.

    Attributes:
        status: of the reply.
        detail: what was found, what is allowed, what to do.
        retry_after_seconds: after which it may be tried again; None where that would not help.
    """

    def __init__(self, status: int, detail: str, *, retry_after_seconds: int | None = None) -> None:
        """Refuse a request."""
        super().__init__(detail)
        self.status, self.detail, self.retry_after_seconds = HTTPStatus(status), detail, retry_after_seconds

    @property
    def headers(self) -> dict[str, str]:
        """What the reply bears beside the problem."""
        return {} if self.retry_after_seconds is None else {"Retry-After": str(self.retry_after_seconds)}

    def to_table(self) -> dict[str, Any]:
        """Return it as RFC 9457 writes a problem."""
        return problem(self.status, self.detail)
