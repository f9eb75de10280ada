"""What a sheet may know about the catalog's frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    refs = []
    for item in frames:
        frame = item.frame
        source, others = by_digest[frame.source], elsewhere.get(frame.source, ())
        refs.append(
            FrameRef(
                id=frame.id,
                name=frame.name,
                image=item.image,
                source_name=source.name,
                source_path=source.path,
                ordinal=frame.ordinal,
                seconds=(frame.pts - source.start_pts) * frame.time_base,
                timecode=frame.timecode,
                group=source.group,
                rate=source.rate,
                sha256=item.sha256,
                companions=tuple(companions_of(source.path, others)) if others else (),
            )
        )
    return refs
