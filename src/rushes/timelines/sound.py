"""Whether a film has sound."""

from __future__ import annotations

from pathlib import Path

from rushes.footage.film import open_film


def has_sound(path: Path) -> bool:
    """Tell whether a film has a sound track.

    Raises:
        MediaError: the file cannot be opened.
    """
    with open_film(path) as decoder:
        return bool(decoder.container.streams.audio)
