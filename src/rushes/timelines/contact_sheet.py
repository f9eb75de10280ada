"""Contact sheets: the shots of a film as pictures in rows, drawn on pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, sqrt
from typing import TYPE_CHECKING

from rushes.footage.shot import Cut
from rushes.timelines.drawn import ACCENT, INK, LINE, PAPER, SOFT, fitted_name, font_of
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.timeline import Timeline, TimelineShot, measure_lengths

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

PAGE_SHOTS = 200  # on one page at most; more make further pages
_PAGE_WIDTH, _PAGE_HEIGHT = 4200, 9000  # pixels; WebP ends at 16,383
_ASPECT = 1.7  # width to height that a page comes near to
_MOST_COLUMNS = 10
_NARROWEST_CELL, _NARROWEST_PAGE = 180, 760  # what a caption and a title need
_MARGIN, _GAP, _HEAD = 44, 22, 176
_CAPTION, _CAPTION_LINE = 36, 20  # below a picture; a line more for answers, one for gradual cuts and blank shots

_FILM, _FILM_AGAIN = (121, 184, 243), (74, 116, 156)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a page is divided: equal cells in rows, each with a picture and a caption below it."""

    columns: int
    rows: int
    picture_width: int
    picture_height: int
    caption_height: int

    @property
    def cell_width(self) -> int:
        return max(_NARROWEST_CELL, self.picture_width)

    @property
    def capacity(self) -> int:
        return self.columns * self.rows

    @property
    def width(self) -> int:
        return max(_NARROWEST_PAGE, 2 * _MARGIN + self.columns * (self.cell_width + _GAP) - _GAP)

    def height_of(self, shot_count: int) -> int:
        """Return the height of a page that shows so many shots."""
        return (
            _HEAD
            + ceil(shot_count / self.columns) * (self.picture_height + self.caption_height + _GAP)
            + _MARGIN
            - _GAP // 2
        )

    def place_of(self, number: int) -> tuple[int, int]:
        """Return (left, top) of the cell with this number on its page, from 0."""
        row, column = divmod(number, self.columns)
        return (
            _MARGIN + column * (self.cell_width + _GAP),
            _HEAD + row * (self.picture_height + self.caption_height + _GAP),
        )


def plan_layout(shot_count: int, width: int, height: int, *, caption_height: int = _CAPTION) -> Layout:
    """Return how so many pictures of one size are laid out; pages are filled evenly and none grows out of hand."""
    across, down = max(_NARROWEST_CELL, width) + _GAP, height + caption_height + _GAP
    most = max(1, min(_MOST_COLUMNS, (_PAGE_WIDTH - 2 * _MARGIN + _GAP) // across))
    rows = max(1, (_PAGE_HEIGHT - _HEAD - _MARGIN) // down)
    page_count = ceil(shot_count / min(PAGE_SHOTS, most * rows))
    on_page = ceil(shot_count / page_count)
    ideal = sqrt(on_page * down / across * _ASPECT)
    near = {min(max(1, round(ideal) + step), most, on_page) for step in (-1, 0, 1)}
    columns = min(near, key=lambda count: (-on_page % count / count + abs(count - ideal) / ideal, -count))
    return Layout(columns, min(rows, ceil(on_page / columns)), width, height, caption_height)


def layout_of(timeline: Timeline, pictures: Sequence[ShotPicture | None]) -> Layout:
    """Return how the pages of a film's contact sheet are divided."""
    width, height = _picture_size(pictures)
    lines = any(map(describe_opening, timeline.shots)) + any(place.answers for place in timeline.shots)
    return plan_layout(len(timeline.shots), width, height, caption_height=_CAPTION + lines * _CAPTION_LINE)


def count_pages(timeline: Timeline, pictures: Sequence[ShotPicture | None]) -> int:
    """Return how many pages a film's contact sheet has."""
    return ceil(len(timeline.shots) / layout_of(timeline, pictures).capacity)


def draw_sheets(timeline: Timeline, pictures: Sequence[ShotPicture | None]) -> Iterator[Image]:
    """Yield the pages of a contact sheet, one at a time.

    Args:
        pictures: one for each shot; None is drawn as an empty frame.
    """
    layout = layout_of(timeline, pictures)
    page_count = count_pages(timeline, pictures)
    for page in range(page_count):
        shown = slice(page * layout.capacity, (page + 1) * layout.capacity)
        title = f"page {page + 1} of {page_count}" if page_count > 1 else ""
        yield _draw_page(timeline, layout, timeline.shots[shown], pictures[shown], title)


def describe_film(timeline: Timeline) -> list[str]:
    """Return what stands below the film's name: its length, its shots, how long they are, its rate and size."""
    lengths = measure_lengths(timeline)
    count = len(timeline.shots)
    return [
        format_length(timeline.duration_seconds),
        f"{count:,} shot{'' if count == 1 else 's'}",
        *([f"average {format_seconds(lengths.average)}"] if count > 1 else []),
        f"{float(timeline.rate):.5g} fps" + ("" if timeline.constant_rate else " on average"),
        f"{timeline.width_pixels} x {timeline.height_pixels}",
    ]


def describe_opening(place: TimelineShot) -> str:
    """Return how a shot begins, where that is no hard cut, and whether it is blank: `dissolve, 12 frames`."""
    cut = place.shot.opening
    words = []
    if cut is not None and cut.kind != "hard":
        count = cut.stop - cut.start
        words.append(f"{cut.kind}, {count} frame{'' if count == 1 else 's'}" if count else cut.kind)
    if place.shot.blank:
        words.append("blank")
    return " / ".join(words)


def describe_answers(place: TimelineShot) -> str:
    """Return what models say of a shot, as short as a caption: `MS 91 %   push 93 %`."""
    return "   ".join(f"{answer.class_name} {answer.probability:.0%}" for answer in place.answers.values())


def format_seconds(seconds: Fraction) -> str:
    """Return a length of time as `0.48 s`, `4.8 s`, `72 s`."""
    value = float(seconds)
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 60 else f"{value:,.0f} s"


def format_length(seconds: Fraction) -> str:
    """Return a film's length as `0:47` or `1:34:08`."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def _picture_size(pictures: Sequence[ShotPicture | None]) -> tuple[int, int]:
    """Return the width and height that all pictures of one film have; those of a usual film where none was had."""
    return next(((picture.width_pixels, picture.height_pixels) for picture in pictures if picture), (320, 180))


def _draw_page(
    timeline: Timeline,
    layout: Layout,
    places: Sequence[TimelineShot],
    pictures: Sequence[ShotPicture | None],
    title: str,
) -> Image:
    from PIL import Image, ImageDraw

    sheet = Image.new("RGB", (layout.width, layout.height_of(len(places))), PAPER)
    draw = ImageDraw.Draw(sheet)
    _draw_head(draw, timeline, layout, places, title)
    size = (layout.picture_width, layout.picture_height)
    for number, (place, picture) in enumerate(zip(places, pictures, strict=True)):
        left, top = layout.place_of(number)
        _draw_picture(sheet, draw, picture, left, top, size)
        _draw_caption(sheet, draw, timeline, place, left, top + layout.picture_height + 9, layout.cell_width)
    return sheet


def _draw_head(draw: ImageDraw, timeline: Timeline, layout: Layout, places: Sequence[TimelineShot], page: str) -> None:
    right = layout.width - _MARGIN
    holes = (right - _MARGIN) // 24
    for hole in range(holes + 1):
        left = _MARGIN + round(hole * (right - _MARGIN - 13) / holes)
        draw.rounded_rectangle((left, 26, left + 13, 34), 2, fill=LINE)
    room = right - _MARGIN
    font, text = fitted_name(timeline.name, room, sizes=(40, 34, 28, 24))
    draw.text((_MARGIN, 84), text, font=font, fill=INK, anchor="ls")
    small = font_of(18)
    if page:
        draw.text((right, 114), page, font=small, fill=SOFT, anchor="rs")
        room -= round(small.getlength(page)) + 30
    facts = describe_film(timeline)
    while len(facts) > 1 and small.getlength("   ·   ".join(facts)) > room:
        facts.pop()
    draw.text((_MARGIN, 114), "   ·   ".join(facts), font=small, fill=SOFT, anchor="ls")
    _draw_rhythm(draw, timeline, places, (_MARGIN, 134, right, 146))


def _draw_rhythm(
    draw: ImageDraw, timeline: Timeline, places: Sequence[TimelineShot], box: tuple[int, int, int, int]
) -> None:
    """Draw the film from left to right, each shot as long as it lasts; those of other pages are dim."""
    left, top, right, bottom = box
    scale = (right - left) / timeline.slot_count
    shown = range(places[0].number, places[-1].number + 1)
    for place in timeline.shots:
        start, stop = left + place.start_slot * scale, left + place.stop_slot * scale
        color = LINE if place.number not in shown else _FILM if place.number % 2 else _FILM_AGAIN
        draw.rectangle((round(start), top, max(round(start), round(stop) - 1), bottom), fill=color)
    for place in timeline.shots:
        cut = place.shot.opening
        if cut is not None and cut.kind != "hard" and place.number in shown:
            at = round(left + place.start_slot * scale)
            draw.rectangle((at - 1, top - 4, at, bottom + 4), fill=ACCENT)


def _draw_picture(
    sheet: Image, draw: ImageDraw, picture: ShotPicture | None, left: int, top: int, size: tuple[int, int]
) -> None:
    from PIL import Image

    if picture is not None:
        sheet.paste(Image.fromarray(picture.pixels), (left, top))
    else:
        draw.text((left + size[0] // 2, top + size[1] // 2), "no picture", font=font_of(16), fill=SOFT, anchor="mm")
    draw.rectangle((left - 1, top - 1, left + size[0], top + size[1]), outline=LINE)  # a black frame is seen as one


def _draw_caption(
    sheet: Image, draw: ImageDraw, timeline: Timeline, place: TimelineShot, left: int, top: int, width: int
) -> None:
    size = min(19, max(15, width // 17))
    font, small = font_of(size), font_of(size - 2)
    number, base = str(place.number), top + size
    draw.text((left, base), number, font=font, fill=INK, anchor="ls")
    after = left + round(font.getlength(number)) + 10
    draw.text((after, base), str(timeline.timecode_at(place.start_slot)), font=small, fill=SOFT, anchor="ls")
    draw.text((left + width, base), format_seconds(place.duration_seconds), font=small, fill=INK, anchor="rs")
    below = base + 8
    answers = describe_answers(place)
    if answers:
        draw.text((left, below + 14), answers, font=small, fill=INK, anchor="ls")
        below += _CAPTION_LINE
    opening = describe_opening(place)
    if opening:
        mark = _mark(place.shot.opening, 14)
        if mark is not None:
            sheet.paste(ACCENT, (left, below + 2), mark)
        at = left + (20 if mark is not None else 0)
        draw.text((at, below + 14), opening, font=font_of(size - 3), fill=ACCENT, anchor="ls")


def _mark(cut: Cut | None, size: int) -> Image | None:
    """Return the sign of a gradual cut as a mask: a wedge for a fade, two that meet for a dissolve."""
    if cut is None or cut.kind == "hard":
        return None
    from PIL import Image, ImageDraw

    fine = size * 4  # drawn large and shrunk, so that slopes are smooth
    mask = Image.new("L", (fine, fine))
    draw = ImageDraw.Draw(mask)
    if cut.kind == "fade":
        draw.polygon([(0, fine - 8), (fine - 1, 8), (fine - 1, fine - 8)], fill=255)
    else:
        draw.polygon([(0, 8), (fine // 2, fine // 2), (0, fine - 8)], fill=255)
        draw.polygon([(fine - 1, 8), (fine // 2, fine // 2), (fine - 1, fine - 8)], fill=255)
    return mask.resize((size, size), Image.Resampling.LANCZOS)
