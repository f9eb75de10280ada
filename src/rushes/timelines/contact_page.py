"""A contact sheet as one self-contained HTML page, with the table of shots."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from importlib import resources
from string import Template

from rushes.footage.shot import Cut
from rushes.timecode import nominal_rate
from rushes.timelines.contact_sheet import describe_answers, describe_film, describe_opening, format_seconds
from rushes.timelines.markup import breakable, text
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import ShotAnswer, Timeline, TimelineShot

_WEDGE = '<svg class="mark" viewBox="0 0 10 10" aria-hidden="true"><path d="M0 9 10 1V9Z"/></svg>'
_MEETING = '<svg class="mark" viewBox="0 0 10 10" aria-hidden="true"><path d="M0 1 5 5 0 9ZM10 1 5 5 10 9Z"/></svg>'


def format_contact_page(timeline: Timeline, pictures: Sequence[ShotPicture | None]) -> str:
    """Return the page as HTML; it needs no network and no file beside it.

    Args:
        pictures: one for each shot; None is shown as an empty frame.
    """
    return Template(_page("contact.html")).substitute(
        title=text(timeline.name),
        style=_page("contact.css"),
        name=breakable(timeline.name),
        facts="".join(f"<span>{text(fact)}</span>" for fact in describe_film(timeline)),
        rhythm=_rhythm(timeline),
        picture_width=_column_width(pictures),
        cards="\n".join(
            _card(timeline, place, picture) for place, picture in zip(timeline.shots, pictures, strict=True)
        ),
        answered="".join(f"<th>{text(task.capitalize())}</th>" for task in _tasks_shown(timeline)),
        rows="\n".join(_row(timeline, place) for place in timeline.shots),
        counting=_counting(timeline),
        probable=" Beside an answer stands how probable the model finds it." if _tasks_shown(timeline) else "",
        file=text(timeline.file_name),
        digest=timeline.digest,
    )


def _rhythm(timeline: Timeline) -> str:
    """Return the film from left to right as SVG, each shot as long as it lasts, gradual cuts marked."""
    scale = 1000 / timeline.slot_count
    shots = [
        f'<rect x="{place.start_slot * scale:.2f}" y="5" width="{place.slot_count * scale:.2f}" height="12">'
        f"<title>{place.number}: {format_seconds(place.duration_seconds)}</title></rect>"
        for place in timeline.shots
    ]
    marks = [
        f'<line x1="{at:.2f}" x2="{at:.2f}" y1="0" y2="22"/>'
        for place in timeline.shots
        if place.shot.opening is not None and place.shot.opening.kind != "hard"
        for at in [place.start_slot * scale]
    ]
    return (
        '<svg class="rhythm" viewBox="0 0 1000 22" preserveAspectRatio="none" role="img" '
        f'aria-label="How long each shot lasts">{"".join(shots)}{"".join(marks)}</svg>'
    )


def _column_width(pictures: Sequence[ShotPicture | None]) -> int:
    """Return how narrow a column may get: three quarters of a picture, so that some more stand side by side."""
    widest = max((picture.width_pixels for picture in pictures if picture), default=320)
    return max(150, round(widest * 0.75))


def _card(timeline: Timeline, place: TimelineShot, picture: ShotPicture | None) -> str:
    shown = '<div class="none">no picture</div>'
    if picture is not None:
        data = base64.b64encode(picture.data).decode("ascii")
        size = f'width="{picture.width_pixels}" height="{picture.height_pixels}"'
        shown = f'<img {size} alt="Shot {place.number}" src="data:image/webp;base64,{data}">'
    answers, opening = describe_answers(place), describe_opening(place)
    below = f'<span class="answers">{text(answers)}</span>' if answers else ""
    below += f'<span class="opening">{_mark(place.shot.opening)}{text(opening)}</span>' if opening else ""
    return (
        f"<figure>{shown}<figcaption><b>{place.number}</b><time>{timeline.timecode_at(place.start_slot)}</time>"
        f"<span>{format_seconds(place.duration_seconds)}</span>{below}</figcaption></figure>"
    )


def _row(timeline: Timeline, place: TimelineShot) -> str:
    cut = place.shot.opening
    opening = describe_opening(place) or ("hard cut" if cut is not None else "")
    cells = (
        place.number,
        timeline.timecode_at(place.start_slot),
        timeline.timecode_at(place.stop_slot),
        f"{float(place.duration_seconds):.3f} s",
        f"{place.shot.frame_count:,}",
        f"{_mark(cut)}{text(opening)}",
        "" if cut is None else f"{cut.confidence:.2f}",
        *(_answer(place.answers.get(task)) for task in _tasks_shown(timeline)),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _tasks_shown(timeline: Timeline) -> list[str]:
    """Return the tasks that some shot has an answer in."""
    return [task for task in timeline.tasks if any(task in place.answers for place in timeline.shots)]


def _answer(answer: ShotAnswer | None) -> str:
    if answer is None:
        return ""
    reason = f' <span class="reason">{text(answer.reason)}</span>' if answer.reason else ""
    return f"{text(answer.class_name)} {answer.probability:.0%}{reason}"


def _mark(cut: Cut | None) -> str:
    if cut is None or cut.kind == "hard":
        return ""
    return _WEDGE if cut.kind == "fade" else _MEETING


def _counting(timeline: Timeline) -> str:
    counted = f"Timecode counts {nominal_rate(timeline.rate)} frames a second"
    dropped = ", drop-frame" if timeline.drop else ""
    varying = "" if timeline.constant_rate else "; the film's rate varies, so that it is the nearest one"
    return f"{counted}{dropped}{varying}."


def _page(name: str) -> str:
    return (resources.files("rushes.timelines") / "page" / name).read_text(encoding="utf-8")
