"""What a sheet may know about the catalog's frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from rushes.bulk import made_of_columns
from rushes.catalog.catalog import StoredFrame
from rushes.footage.pairs import companions_of
from rushes.footage.source import Source
from rushes.labels.frame_index import FrameRef


def frame_refs(
    frames: Sequence[StoredFrame], sources: Sequence[Source], other_paths: Mapping[str, Sequence[str]] | None = None
) -> list[FrameRef]:
    """Return one reference per frame; times are counted from the first frame of its source.

    Args:
        other_paths: digest -> further paths of a photograph, as `Catalog.other_paths` returns them.
    """
    elsewhere = other_paths or {}
    by_digest = {source.digest: source for source in sources}
    times: dict[tuple[int, int, int], Fraction] = {}  # films are sampled alike, and a fraction takes long to make
    seconds: list[Fraction] = []
    for item in frames:
        frame, unit = item.frame, item.frame.time_base
        offset = frame.pts - by_digest[frame.source].start_pts
        key = (offset, unit.numerator, unit.denominator)
        if key not in times:
            times[key] = offset * unit
        seconds.append(times[key])
    companions = {
        digest: tuple(companions_of(source.path, elsewhere[digest])) if elsewhere.get(digest) else ()
        for digest, source in by_digest.items()
    }
    of_frames = [item.frame for item in frames]
    of_sources = [by_digest[frame.source] for frame in of_frames]
    columns: dict[str, Sequence[Any]] = {
        "id": [frame.id for frame in of_frames],
        "name": [frame.name for frame in of_frames],
        "image": [item.image for item in frames],
        "source_name": [source.name for source in of_sources],
        "source_path": [source.path for source in of_sources],
        "ordinal": [frame.ordinal for frame in of_frames],
        "seconds": seconds,
        "timecode": [frame.timecode for frame in of_frames],
        "group": [source.group for source in of_sources],
        "rate": [source.rate for source in of_sources],
        "companions": [companions[source.digest] for source in of_sources],
        "sha256": [item.sha256 for item in frames],
    }
    return made_of_columns(FrameRef, len(frames), columns)
