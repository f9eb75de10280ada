"""A timeline as a CMX 3600 edit decision list."""

from __future__ import annotations

import re

from rushes.errors import MediaError
from rushes.timecode import nominal_rate
from rushes.timelines.timeline import Timeline, TimelineShot, describe_answer

_REEL = re.compile(r"(?=.*[0-9])[A-Z0-9]{1,8}")
_ASCII = str.maketrans({"×": "x", "°": " degrees"})  # CMX 3600 knows no other signs
_MOST_FRAMES = 99  # that two digits can count


def format_edl(timeline: Timeline) -> str:
    """Return the timeline as an edit decision list: one event per shot, all of them cuts.

    Record and source times are the same, so that the list divides the film where it lies, and rebuilds it as well.
    A gradual change stays whole in the picture and is named in a comment; an event of the kind D would dissolve it
    once more. What models answer of a shot is a comment too.

    Raises:
        MediaError: a second has more frames than two digits count.
    """
    nominal = nominal_rate(timeline.rate)
    if nominal > _MOST_FRAMES:
        raise MediaError(
            timeline.path,
            f"has {nominal} frames in a second, and an EDL counts {_MOST_FRAMES} at most. Write .otio or .fcpxml",
        )
    reel = reel_name(timeline.file_name)
    lines = [f"TITLE: {timeline.name}", f"FCM: {'DROP FRAME' if timeline.drop else 'NON-DROP FRAME'}"]
    for place in timeline.shots:
        start, stop = timeline.timecode_at(place.start_slot), timeline.timecode_at(place.stop_slot)
        lines += ["", f"{place.number:03d}  {reel:<8} V     C        {start} {stop} {start} {stop}"]
        lines += [f"* {comment}" for comment in _comments(timeline, place)]
    return "\n".join(lines) + "\n"


def reel_name(file_name: str) -> str:
    """Return the reel of a file: its name where that is a reel's (8 characters, A-Z and 0-9), otherwise AX: none.

    A reel has a digit (`A001C003`). A longer name is not cut to eight characters: two films could then have one reel,
    and no medium carries it.
    """
    stem = file_name.rpartition(".")[0].upper()
    return stem if _REEL.fullmatch(stem) else "AX"


def _comments(timeline: Timeline, place: TimelineShot) -> list[str]:
    cut = place.shot.opening
    comments = [f"FROM CLIP NAME: {timeline.file_name}"]
    if cut is not None and cut.kind != "hard":
        comments.append(f"TRANSITION: {cut.kind.upper()} {cut.stop - cut.start} FRAMES")
    if place.shot.blank:
        comments.append("BLANK")
    answers = [describe_answer(task, answer).translate(_ASCII) for task, answer in place.answers.items()]
    return comments + [f"COMMENT: {answer}" for answer in answers]
