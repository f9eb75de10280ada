"""Keys: which ones lead to a file inside a place."""

from __future__ import annotations

from rushes.errors import PlaceError
from rushes.storage.places import Place

_LONGEST_BYTES = 1024  # that any of the stores takes


def check_key(place: Place, key: str) -> None:
    """Raise PlaceError unless a key leads to a file inside its place, whichever store it is in."""
    parts = key.split("/")
    if not all(parts):
        fault = "has an empty part"
    elif "." in parts or ".." in parts:
        fault = "has a part '.' or '..'"
    elif "\\" in key:
        fault = "has a backslash"
    elif not key.isprintable():
        fault = "has letters that cannot be printed"
    elif len(key.encode("utf-8", "surrogateescape")) > _LONGEST_BYTES:
        fault = f"has more than {_LONGEST_BYTES} bytes"
    else:
        return
    raise PlaceError(place, f"the key {key!r} {fault}. Name it like 'train/Rare/one.jpg'")
