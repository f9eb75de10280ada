"""When a photograph was taken: the words of EXIF as ISO 8601, and how far two of these are apart."""

from __future__ import annotations

import re
from datetime import datetime

_OFFSET = re.compile(r"[+-]\d{2}:\d{2}")


def parse_exif_time(text: str, fraction: str = "", offset: str = "") -> str | None:
    """Return EXIF's `2024:05:01 12:30:00` as ISO 8601; None where it is no time.

    Args:
        fraction: the digits after the second, as SubSecTime states them; what is no digits is left out.
        offset: of the camera's clock from UTC, `+02:00`, as OffsetTime states it; anything else is left out.

    Returns:
        `2024-05-01T12:30:00`, with the fraction and the offset where they are known: `…:00.25+02:00`.
    """
    try:
        at = datetime.strptime(text.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:
        return None
    digits, zone = fraction.strip("\0 "), offset.strip("\0 ")
    if digits.isascii() and digits.isdecimal() and digits.strip("0"):
        at += f".{digits}"
    return at + zone if _OFFSET.fullmatch(zone) else at


def seconds_apart(one: str, other: str) -> float | None:
    """Return how many seconds lie between two times; None where one is no ISO 8601 time.

    Where only one states its offset from UTC, the clocks are compared as they stand: both were one camera's.
    """
    try:
        first, second = datetime.fromisoformat(one), datetime.fromisoformat(other)
    except ValueError:
        return None
    if first.tzinfo is None or second.tzinfo is None:
        first, second = first.replace(tzinfo=None), second.replace(tzinfo=None)
    return abs((first - second).total_seconds())
