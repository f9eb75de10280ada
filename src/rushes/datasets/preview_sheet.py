"""A preview as one drawn picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from rushes.datasets.histogram_plot import Box, plan_plot
from rushes.datasets.preview import ClassView, LostSample, Preview, SampleView
from rushes.datasets.preview_words import (
    FLAT,
    common_aspect,
    facts_of,
    words_of_class,
    words_of_fit,
    words_of_frame,
    words_of_gray,
    words_of_range,
    words_of_row,
    words_of_subjects,
)
from rushes.datasets.standardised import Distribution
from rushes.timelines.drawn import ACCENT, INK, LINE, PAPER, SOFT, fitted_name, font_for, font_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from rushes.timelines.drawn import Font

_MARGIN, _GAP, _HEAD = 44, 10, 178
_VIEW_WIDTH, _PLOT_WIDTH = 300, 330
_LEAST_VIEW_HEIGHT, _MOST_VIEW_HEIGHT = 150, 300
_BETWEEN_COLUMNS, _BETWEEN_ROWS = 44, 30
_CLASS_HEAD, _CLASS_WORDS = 62, 440  # the line of a class, and the room in it for what stands behind its name
_CAPTION, _LINE = 72, 20  # below the views; a further line where subjects are known
_BARS = (61, 90, 120)
_FINE = 4  # shapes are drawn so many times larger and shrunk, so that slopes are smooth


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """How a sheet is divided: under the name of each class its samples, in rows of equal cells."""

    columns: int
    view_height: int
    caption_height: int

    @property
    def cell_width(self) -> int:
        return 2 * (_VIEW_WIDTH + _GAP) + _PLOT_WIDTH

    @property
    def cell_height(self) -> int:
        return self.view_height + self.caption_height

    @property
    def width(self) -> int:
        return 2 * _MARGIN + self.columns * (self.cell_width + _BETWEEN_COLUMNS) - _BETWEEN_COLUMNS

    def height_of_class(self, sample_count: int) -> int:
        """Return the height of a class with its name."""
        return _CLASS_HEAD + ceil(sample_count / self.columns) * (self.cell_height + _BETWEEN_ROWS)


def plan_sheet(preview: Preview) -> SheetLayout:
    """Return how a preview is laid out; the boxes for pictures are shaped as most of them are."""
    most = max((len(view.samples) for view in preview.classes), default=1)
    subjects = any(sample.row.subjects for sample in preview.samples)
    return SheetLayout(
        columns=1 if most <= 1 else 2 if len(preview.samples) <= 60 else 3,
        view_height=min(_MOST_VIEW_HEIGHT, max(_LEAST_VIEW_HEIGHT, round(_VIEW_WIDTH / common_aspect(preview)))),
        caption_height=_CAPTION + (_LINE if subjects else 0),
    )


def draw_preview(preview: Preview) -> Image:
    """Return a preview as a picture."""
    from PIL import Image, ImageDraw

    layout = plan_sheet(preview)
    heights = [layout.height_of_class(len(view.samples)) for view in preview.classes]
    sheet = Image.new("RGB", (layout.width, _HEAD + sum(heights) + _MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    _draw_head(draw, preview, layout)
    top = _HEAD
    for view, height in zip(preview.classes, heights, strict=True):
        _draw_class(sheet, draw, view, layout, top)
        top += height
    return sheet


def _draw_head(draw: ImageDraw, preview: Preview, layout: SheetLayout) -> None:
    right = layout.width - _MARGIN
    holes = (right - _MARGIN) // 24
    for hole in range(holes + 1):
        left = _MARGIN + round(hole * (right - _MARGIN - 13) / holes)
        draw.rounded_rectangle((left, 26, left + 13, 34), 2, fill=LINE)
    font, name = fitted_name(preview.manifest, right - _MARGIN, sizes=(40, 34, 28, 24))
    draw.text((_MARGIN, 84), name, font=font, fill=INK, anchor="ls")
    _write(draw, (_MARGIN, 114), "   ·   ".join(facts_of(preview)), 18, SOFT, right - _MARGIN)
    said = "frame  ·  standardised: gray, mean 0, standard deviation 1, least value black and greatest white  ·  "
    _write(draw, (_MARGIN, 144), f"{said}histogram of all its values with the normal fit", 15, SOFT, right - _MARGIN)


def _draw_class(sheet: Image, draw: ImageDraw, view: ClassView, layout: SheetLayout, top: int) -> None:
    draw.line((_MARGIN, top, layout.width - _MARGIN, top), fill=LINE)
    font, name = fitted_name(view.name, layout.cell_width - _CLASS_WORDS, sizes=(26,))
    draw.text((_MARGIN, top + 38), name, font=font, fill=INK, anchor="ls")
    after = _MARGIN + round(font.getlength(name)) + 16
    _write(draw, (after, top + 38), words_of_class(view), 16, SOFT, layout.width - _MARGIN - after)
    for number, sample in enumerate(view.samples):
        row, column = divmod(number, layout.columns)
        left = _MARGIN + column * (layout.cell_width + _BETWEEN_COLUMNS)
        above = top + _CLASS_HEAD + row * (layout.cell_height + _BETWEEN_ROWS)
        _draw_sample(sheet, draw, sample, layout, (left, above))


def _draw_sample(
    sheet: Image, draw: ImageDraw, sample: SampleView | LostSample, layout: SheetLayout, at: tuple[int, int]
) -> None:
    left, top = at
    below = top + layout.view_height
    more: list[str] = []
    if isinstance(sample, LostSample):
        draw.rectangle((left, top, left + layout.cell_width - 1, below - 1), outline=LINE)
        _write_box(draw, (left, top, left + layout.cell_width, below), f"could not be shown: {sample.reason}", ACCENT)
    else:
        spread = sample.distribution
        second, third = left + _VIEW_WIDTH + _GAP, left + 2 * (_VIEW_WIDTH + _GAP)
        boxes = [(x, top, x + _VIEW_WIDTH, below) for x in (left, second)]
        _draw_still(sheet, draw, sample.frame, boxes[0])
        _write(draw, (left, below + 17), f"frame  {words_of_frame(sample)}", 13, SOFT, _VIEW_WIDTH)
        if spread is None:
            for box in (boxes[1], (third, top, third + _PLOT_WIDTH, below)):
                draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=LINE)
                _write_box(draw, box, FLAT, SOFT)
        else:
            _draw_still(sheet, draw, sample.gray, boxes[1])
            _write(draw, (second, below + 17), f"standardised  {words_of_range(spread)}", 13, SOFT, _VIEW_WIDTH)
            _draw_plot(sheet, draw, spread, (third, top, third + _PLOT_WIDTH, below))
            _write(draw, (third + 34, below + 17), f"normal fit  {words_of_fit(spread)}", 13, SOFT, _PLOT_WIDTH)
        more = [words_of_gray(sample)]
    row = sample.row
    font, name = fitted_name(row.name, layout.cell_width, sizes=(16, 14))
    draw.text((left, below + 44), name, font=font, fill=INK, anchor="ls")
    words = "  ·  ".join([row.class_name, *words_of_row(row), *more])
    _write(draw, (left, below + 64), words, 14, SOFT, layout.cell_width)
    if row.subjects:
        _write(draw, (left, below + 64 + _LINE), f"subjects: {words_of_subjects(row)}", 14, SOFT, layout.cell_width)


def _draw_still(sheet: Image, draw: ImageDraw, pixels: object, box: tuple[int, int, int, int]) -> None:
    from PIL import Image, ImageOps

    room = (box[2] - box[0], box[3] - box[1])
    picture = Image.fromarray(pixels).convert("RGB")  # type: ignore[arg-type]  # an array
    fitted = ImageOps.contain(picture, room, Image.Resampling.LANCZOS)
    sheet.paste(fitted, (box[0] + (room[0] - fitted.width) // 2, box[1] + (room[1] - fitted.height) // 2))
    draw.rectangle((box[0] - 1, box[1] - 1, box[2], box[3]), outline=LINE)  # a black frame is seen as one


def _draw_plot(sheet: Image, draw: ImageDraw, spread: Distribution, box: tuple[int, int, int, int]) -> None:
    """Draw bars and curve smoothly, then axes and letters on whole pixels."""
    from PIL import Image, ImageDraw

    inside = Box(box[0] + 34, box[1] + 2, box[2], box[3] - 36)
    plot = plan_plot(spread, inside)
    for y, label in plot.levels:
        draw.line((inside.left, round(y), inside.right, round(y)), fill=LINE)
        draw.text((inside.left - 6, round(y)), label, font=font_of(12), fill=SOFT, anchor="rm")
    size = (round(inside.right - inside.left), round(inside.bottom - inside.top))
    for shape, points, color in (("bars", plot.outline, _BARS), ("fit", plot.curve, ACCENT)):
        mask = Image.new("L", (size[0] * _FINE, size[1] * _FINE))
        pen = ImageDraw.Draw(mask)
        fine = [((x - inside.left) * _FINE, (y - inside.top) * _FINE) for x, y in points]
        if shape == "bars":
            pen.polygon(fine, fill=255)
        else:
            pen.line(fine, fill=255, width=2 * _FINE, joint="curve")
        small = mask.resize(size, Image.Resampling.BOX)
        sheet.paste(color, (round(inside.left), round(inside.top)), small)
    base = round(inside.bottom)
    draw.line((inside.left, base, inside.right, base), fill=SOFT)
    for x, label in plot.ticks:
        draw.line((round(x), base, round(x), base + 4), fill=SOFT)
        draw.text((round(x), base + 7), _plain(label), font=font_of(12), fill=SOFT, anchor="mt")
    middle = round((inside.left + inside.right) / 2)
    draw.text((middle, box[3] - 1), "standard deviations", font=font_of(12), fill=SOFT, anchor="ms")


def _write(draw: ImageDraw, at: tuple[int, int], words: str, size: int, color: tuple[int, int, int], room: int) -> None:
    """Write one line from its base line on, shortened where the room ends."""
    font, shown = fitted_name(_plain(words), room, sizes=(size,))
    draw.text(at, shown, font=font, fill=color, anchor="ls")


def _write_box(draw: ImageDraw, box: tuple[int, int, int, int], words: str, color: tuple[int, int, int]) -> None:
    """Write some lines into the middle of a box."""
    font = font_for(words, 15)
    lines = _wrapped(words.split(), font, box[2] - box[0] - 40)
    lines = lines[: max(1, (box[3] - box[1] - 10) // 21)]
    top = (box[1] + box[3]) // 2 - 21 * (len(lines) - 1) // 2
    for number, line in enumerate(lines):
        shown = fitted_name(line, box[2] - box[0] - 20, sizes=(15,))[1]
        draw.text(((box[0] + box[2]) // 2, top + 21 * number), shown, font=font, fill=color, anchor="mm")


def _plain(words: str) -> str:
    """Return words with the minus of the keyboard: the font that comes with Pillow lacks the real one."""
    return words.replace("−", "-")


def _wrapped(words: Sequence[str], font: Font, room: int) -> list[str]:
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
