"""Catalogued frames for tests: films sampled every so many frames, and photographs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import PurePosixPath

from rushes.labels.frame_index import FrameRef
from rushes.timecode import format_frame_name, timecode_at


def film_frames(
    path: str, ordinals: Sequence[int], *, rate: Fraction = Fraction(24), name: str = "", group: str = ""
) -> list[FrameRef]:
    stem = name or PurePosixPath(path).stem
    source = hashlib.sha256(path.encode()).hexdigest()[:16]
    refs = []
    for ordinal in ordinals:
        seconds = ordinal / rate
        timecode = timecode_at(seconds, rate)
        frame = format_frame_name(stem, timecode)
        refs.append(
            FrameRef(
                id=f"{source}:{ordinal * 1001}",
                name=frame,
                image=f"frames/{stem}/{frame}.jpg",
                source_name=stem,
                source_path=path,
                ordinal=ordinal,
                seconds=seconds,
                timecode=str(timecode),
                group=group or stem,
                rate=rate,
            )
        )
    return refs


def photograph(path: str, *, name: str = "", group: str = "") -> FrameRef:
    stem = name or PurePosixPath(path).stem
    source = hashlib.sha256(path.encode()).hexdigest()[:16]
    return FrameRef(f"{source}:0", stem, f"frames/{stem}/{stem}.jpg", stem, path, 0, Fraction(0), "00:00:00:00", group)
