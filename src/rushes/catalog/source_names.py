"""What the files are called that frames come from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from rushes.footage.source import Source
from rushes.storage.pictures import without_query


def name_sources(sources: Iterable[Source]) -> dict[str, str]:
    """Return what stands before the last `:` in the ids of a source's frames -> the name of its file."""
    return {source.digest[:16]: PurePath(without_query(source.path)).name for source in sources}
