"""Who reviews: the name that stands in the origin of a person's decisions."""

from __future__ import annotations

import getpass
import re

_LONGEST = 40
_ALLOWED = re.compile(r"[^\W_][\w .@+-]*")


def person_from(text: str) -> str:
    """Return a name as origins bear it: without spaces around it, in lower case, as a sheet would be read again.

    Raises:
        ValueError: it is no name; the message says what one may hold.
    """
    name = " ".join(text.split()).casefold()
    if not _ALLOWED.fullmatch(name) or len(name) > _LONGEST:
        raise ValueError(f"'{text[:_LONGEST]}' is no name of a person: it may have up to {_LONGEST} letters, digits, "
                         "spaces and . _ - @ +, and begins with a letter or digit")  # fmt: skip
    return name


def person_at_the_machine() -> str:
    """Return the name of the user whose process this is; "" where the system has none that is fit for an origin."""
    try:
        return person_from(getpass.getuser())
    except (ValueError, KeyError, OSError):
        return ""
