"""A timeline as a CMX 3600 edit decision list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from rushes.errors import MediaError
from rushes.timecode import nominal_rate
from rushes.timelines.marker import USUAL_COLOUR, WALKED, Marker, PlacedMarker, describe_marker, one_line, place_markers
from rushes.timelines.timeline import Timeline, TimelineShot, describe_answer

_REEL = re.compile(r"(?=.*[0-9])[A-Z0-9]{1,8}")
_ASCII = str.maketrans({"×": "x", "°": " degrees"})  # CMX 3600 knows no other signs
_MOST_FRAMES = 99  # that two digits can count
# DaVinci Resolve has sixteen colours of its own, none of them white, black or magenta.
_OF_RESOLVE = {
    "RED": "Red", "GREEN": "Green", "BLUE": "Blue", "CYAN": "Cyan", "MAGENTA": "Fuchsia", "YELLOW": "Yellow",
    "WHITE": "Cream", "BLACK": "Cocoa",
}  # fmt: skip


def format_edl(timeline: Timeline, markers: Sequence[Marker] = ()) -> str:
    """Return the timeline as an edit decision list: one event per shot, all of them cuts.

    Record and source times are the same, so that the list divides the film where it lies, and rebuilds it as well.
    A gradual change stays whole in the picture and is named in a comment; an event of the kind D would dissolve it
    once more. What models answer of a shot is a comment too.

    Scenes and dialogues are locators as Avid writes them, `* LOC: TIMECODE COLOUR COMMENT`, below the event that they
    begin in. A locator has no length; where it ends is in its words.

    Raises:
        MediaError: a second has more frames than two digits count.
    """
    lines = _head(timeline)
    reel = reel_name(timeline.file_name)
    located: dict[int, list[str]] = {}
    for placed in place_markers(timeline, markers, WALKED):
        located.setdefault(placed.first, []).append(_locator(timeline, placed))
    for number, place in enumerate(timeline.shots):
        start, stop = timeline.timecode_at(place.start_slot), timeline.timecode_at(place.stop_slot)
        lines += ["", f"{place.number:03d}  {reel:<8} V     C        {start} {stop} {start} {stop}"]
        lines += [f"* {comment}" for comment in (*_comments(timeline, place), *located.get(number, ()))]
    return "\n".join(lines) + "\n"


def format_marker_edl(timeline: Timeline, markers: Sequence[Marker]) -> str:
    """Return scenes and dialogues as the list of timeline markers that DaVinci Resolve exports and imports.

    Each is an event of one frame, with its note, colour, name and length in the line below. Resolve keeps one marker on
    a frame, so that what begins with the same frame is one event: all names, and the length of the longest.

    Raises:
        MediaError: a second has more frames than two digits count.
    """
    lines = _head(timeline)
    walked = place_markers(timeline, markers, WALKED)
    for number, (slot, together) in enumerate(groupby(walked, key=lambda one: one.start_slot), start=1):
        start, stop = timeline.timecode_at(slot), timeline.timecode_at(slot + 1)
        lines += ["", f"{number:03d}  001      V     C        {start} {stop} {start} {stop}"]
        lines.append(_resolve_marker(list(together)))
    return "\n".join(lines) + "\n"


def reel_name(file_name: str) -> str:
    """Return the reel of a file: its name where that is a reel's (8 characters, A-Z and 0-9), otherwise AX: none.

    A reel has a digit (`A001C003`). A longer name is not cut to eight characters: two films could then have one reel,
    and no medium carries it.
    """
    stem = file_name.rpartition(".")[0].upper()
    return stem if _REEL.fullmatch(stem) else "AX"


def _head(timeline: Timeline) -> list[str]:
    nominal = nominal_rate(timeline.rate)
    if nominal > _MOST_FRAMES:
        raise MediaError(
            timeline.path,
            f"has {nominal} frames in a second, and an EDL counts {_MOST_FRAMES} at most. Write .otio or .fcpxml",
        )
    return [f"TITLE: {timeline.name}", f"FCM: {'DROP FRAME' if timeline.drop else 'NON-DROP FRAME'}"]


def _locator(timeline: Timeline, placed: PlacedMarker) -> str:
    start, stop = timeline.timecode_at(placed.start_slot), timeline.timecode_at(placed.stop_slot)
    said = describe_marker(placed.marker)
    words = f"{one_line(placed.marker.name)} to {stop}{'; ' if said else ''}{said}"
    return f"LOC: {start} {placed.marker.colour or USUAL_COLOUR:<7} {words.translate(_ASCII)}"


def _resolve_marker(together: Sequence[PlacedMarker]) -> str:
    colour = _OF_RESOLVE[together[0].marker.colour or USUAL_COLOUR]
    name = " + ".join(one_line(one.marker.name) for one in together).replace("|", "/")
    note = " + ".join(filter(None, (describe_marker(one.marker) for one in together))).replace("|", "/")
    if note[:1].isdigit() or note[:1] == "*":  # it would be read as an event, or as a comment
        note = f"- {note}"
    return f"{note} |C:ResolveColor{colour} |M:{name} |D:{max(one.slot_count for one in together)}".translate(_ASCII)


def _comments(timeline: Timeline, place: TimelineShot) -> list[str]:
    cut = place.shot.opening
    comments = [f"FROM CLIP NAME: {timeline.file_name}"]
    if cut is not None and cut.kind != "hard":
        comments.append(f"TRANSITION: {cut.kind.upper()} {cut.stop - cut.start} FRAMES")
    if place.shot.blank:
        comments.append("BLANK")
    answers = [describe_answer(task, answer).translate(_ASCII) for task, answer in place.answers.items()]
    return comments + [f"COMMENT: {answer}" for answer in answers]
