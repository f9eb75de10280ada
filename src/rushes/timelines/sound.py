"""Whether a film has sound."""

from __future__ import annotations

from rushes.footage.film import open_film
from rushes.storage.places import Place


def has_sound(path: Place) -> bool:
    """Tell whether a film has a sound track.

    Raises:
        MediaError: the file cannot be opened.
    """
    with open_film(path) as decoder:
        return bool(decoder.container.streams.audio)
