"""Subtitles brought to the shots of a film."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from rushes.footage.loudness import Loudness
from rushes.structure.read_subtitles import RawSubtitle, SubtitleFile
from rushes.structure.speech import Offset, find_offset
from rushes.structure.subtitle import FilmSubtitles, Subtitle
from rushes.timelines.timeline import Timeline

_LEAST_SECONDS = 0.15  # over a cut: a subtitle that stays so little longer than its shot is not of the next one


def align_subtitles(file: SubtitleFile, timeline: Timeline, *, loudness: Loudness | None = None) -> FilmSubtitles:
    """Return the subtitles of a film with the shots that each is shown over.

    Where the film's sound says that they are moved, they are moved back first, and what was done is said. Where they go
    with no part of it, they are left where their file puts them, and that is said.

    Args:
        loudness: of the film, as `kept_loudness` gives it; None compares with nothing but the film's length.
    """
    spans = [(one.start_seconds, one.stop_seconds) for one in file.entries]
    offset = find_offset(spans, loudness, duration=float(timeline.duration_seconds))
    starts = [float(shot.start_seconds) for shot in timeline.shots]
    entries = [_placed(one, offset, starts, float(timeline.duration_seconds)) for one in file.entries]
    outside = sum(one.first == one.stop for one in entries)
    notes = list(file.notes)
    if outside:
        notes.append(f"{outside} of {len(entries)} subtitles are outside the film")
    return FilmSubtitles(
        name=file.name,
        entries=tuple(entries),
        offset_seconds=offset.offset_seconds,
        fit=offset.fit,
        reason=offset.reason,
        speed=offset.speed,
        notes=tuple(notes),
    )


def _placed(one: RawSubtitle, offset: Offset, starts: Sequence[float], duration: float) -> Subtitle:
    """Return a subtitle at its time in the film, with its shots.

    Args:
        starts: seconds at which the shots begin, rising.
    """
    begin, end = (offset.speed * at + offset.offset_seconds for at in (one.start_seconds, one.stop_seconds))
    if end <= 0 or begin >= duration:
        outside = 0 if end <= 0 else len(starts)
        return Subtitle(begin, end, one.text, outside, outside)
    # What is shown for less than the least on either side of a cut is not, unless it is shown no longer anywhere.
    least = min(_LEAST_SECONDS, (end - begin) / 3)
    first = max(0, bisect_right(starts, begin + least) - 1)
    stop = max(first + 1, bisect_left(starts, end - least))
    return Subtitle(begin, end, one.text, first, stop)
