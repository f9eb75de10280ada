"""How much a cache may keep, as the environment says it."""

from __future__ import annotations

import os

from rushes.errors import UsageError


def stated_limit(variable: str, *, otherwise: int) -> int:
    """Return a limit in bytes from an environment variable in gibibytes, or `otherwise` where it is not set.

    Raises:
        UsageError: the variable says no number above 0.
    """
    stated = os.environ.get(variable, "").strip()
    if not stated:
        return otherwise
    try:
        limit = float(stated)
        if not 0 < limit < float("inf"):
            raise ValueError
    except ValueError:
        raise UsageError(
            f"{variable} is '{stated}'; it must be a number of gibibytes above 0, such as 200, or be unset"
        ) from None
    return int(limit * (1 << 30))
