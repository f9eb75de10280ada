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
    return [
        FrameRef(
            id=item.frame.id,
            name=item.frame.name,
            image=item.image,
            source_name=by_digest[item.frame.source].name,
            source_path=by_digest[item.frame.source].path,
            ordinal=item.frame.ordinal,
            seconds=(item.frame.pts - by_digest[item.frame.source].start_pts) * item.frame.time_base,
            timecode=item.frame.timecode,
            group=by_digest[item.frame.source].group,
            rate=by_digest[item.frame.source].rate,
            sha256=item.sha256,
            companions=tuple(companions_of(by_digest[item.frame.source].path, elsewhere.get(item.frame.source, ()))),
        )
        for item in frames
    ]
