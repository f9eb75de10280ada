"""A picture of virtual clips as film strips, with what the camera did drawn under each."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.datasets.synthetic.camera_clips import VirtualClip
from rushes.datasets.synthetic.camera_plan import CAMERA_MOVEMENTS
from rushes.datasets.synthetic.camera_view import log_zooms, shifts
from rushes.storage.files import whole_file

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_FRAMES = 7
_CELL, _GAP = (172, 97), 3
_NAME_WIDTH, _CURVE_HEIGHT, _ROW_GAP, _MARGIN = 186, 84, 16, 16
_HEAD_HEIGHT, _LEGEND_HEIGHT = 46, 44
_TITLE_SIZE, _TEXT_SIZE, _SMALL_SIZE = 24, 20, 17  # pixels; a report shows the sheet at about two thirds
# Dark grey, so that it glares neither on a light page nor on a dark one.
_GROUND, _INK, _QUIET, _LINE = "#2b2d30", "#f1f1ef", "#b9bcc1", "#55595f"
_CELL_GROUND = 0x1E  # around a picture that does not fill its cell
_ZOOM, _ACROSS, _ALONG = "#ff9a4d", "#58b7ff", "#d7e04a"
# What fills half the height of a plot at least, so that the weave of a gate is not drawn as a journey.
_LEAST_ZOOM, _LEAST_SHIFT = 0.05, 0.05
_TITLES = {
    "static": "static: the camera rests, whatever moves before it",
    "motion": "motion: it turns, goes along, or shakes",
    "push": "push: it comes nearer, by lens or by dolly",
    "pull": "pull: it goes back",
}


def write_clip_sheet(path: Path, clips: Sequence[VirtualClip], *, each: int = 4) -> Path:
    """Write film strips of some clips of each movement; PNG, JPEG or WebP, as the file is named.

    A strip shows seven frames evenly over the clip, its label, how the movement was done, and under them the true
    curves: how much larger the picture became, and how far the view went right and down. Of each movement as many
    kinds as there is room for are shown, in the order of the clips.

    Args:
        each: how many clips of a movement.

    Raises:
        ValueError: there are no clips, or `each` is below 1.
        MediaError: a clip is gone, or cannot be read.
    """
    from PIL import Image, ImageDraw

    if not clips or each < 1:
        raise ValueError(f"a sheet needs clips, and at least one of each movement, got {len(clips)} clips, {each=}")
    chosen = [(movement, _various([clip for clip in clips if clip.movement == movement], each))
              for movement in CAMERA_MOVEMENTS]  # fmt: skip
    chosen = [(movement, some) for movement, some in chosen if some]
    width = 2 * _MARGIN + _NAME_WIDTH + _FRAMES * (_CELL[0] + _GAP)
    rows = sum(len(some) for _, some in chosen)
    row_height = _CELL[1] + _CURVE_HEIGHT + _ROW_GAP
    height = 2 * _MARGIN + _LEGEND_HEIGHT + len(chosen) * _HEAD_HEIGHT + rows * row_height
    sheet = Image.new("RGB", (width, height), _GROUND)
    pen = ImageDraw.Draw(sheet)
    _legend(pen, _MARGIN)
    top = _MARGIN + _LEGEND_HEIGHT
    for movement, some in chosen:
        pen.line((_MARGIN, top + 4, width - _MARGIN, top + 4), fill=_LINE)
        pen.text((_MARGIN, top + 10), _TITLES[movement], fill=_INK, font_size=_TITLE_SIZE)
        top += _HEAD_HEIGHT
        for clip in some:
            _name(pen, clip, top)
            for place, pixels in enumerate(_frames(clip)):
                sheet.paste(Image.fromarray(pixels), (_MARGIN + _NAME_WIDTH + place * (_CELL[0] + _GAP), top))
            _curves(pen, clip, top + _CELL[1] + 4)
            top += row_height
    with whole_file(path) as temporary:
        sheet.save(temporary, quality=88)  # which a PNG does without
    return path


def _various(clips: Sequence[VirtualClip], count: int) -> list[VirtualClip]:
    """Return some clips, each kind once before any comes twice, and of each kind the first."""
    seen: dict[str, int] = {}
    turns = []
    for place, clip in enumerate(clips):
        turns.append((seen.get(clip.kind, 0), place))
        seen[clip.kind] = seen.get(clip.kind, 0) + 1
    return [clips[place] for _, place in sorted(turns)[:count]]


def _frames(clip: VirtualClip) -> list[npt.NDArray[np.uint8]]:
    """Seven frames evenly over a clip, each in a cell of one size."""
    import cv2

    from rushes.footage.video import DecodedFrame, decode_frames, index_video

    wanted = np.linspace(0, clip.frame_count - 1, _FRAMES).round().astype(int).tolist()
    cells: dict[int, npt.NDArray[np.uint8]] = {}
    for frame in decode_frames(clip.path, index_video(clip.path), sorted(set(wanted)), threads=1):
        if not isinstance(frame, DecodedFrame):
            continue
        height, width = frame.pixels.shape[:2]
        scale = min(_CELL[0] / width, _CELL[1] / height)
        size = (round(width * scale), round(height * scale))
        cell = np.full((_CELL[1], _CELL[0], 3), _CELL_GROUND, np.uint8)
        left, top = (_CELL[0] - size[0]) // 2, (_CELL[1] - size[1]) // 2
        cell[top : top + size[1], left : left + size[0]] = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
        cells[frame.ordinal] = cell
    return [cells[ordinal] for ordinal in wanted if ordinal in cells]


def _name(pen: ImageDraw, clip: VirtualClip, top: int) -> None:
    zoom, things = log_zooms(clip.plan)[-1], len(clip.plan.patches)
    lines = [
        f"{clip.plan.seconds:.1f} s, {float(clip.rate):.4g} fps",
        f"zoom x{exp(zoom):.2f}" if abs(zoom) >= 0.005 else "no zoom",
        f"{things} thing{'s' * (things > 1)} before it" if things else "",
        f"{clip.plan.coding.name}, crf {clip.plan.coding.quality}",
    ]
    pen.text((_MARGIN, top), clip.kind, fill=_INK, font_size=_TEXT_SIZE)
    for place, line in enumerate(line for line in lines if line):
        pen.text((_MARGIN, top + 27 + 22 * place), line, fill=_QUIET, font_size=_SMALL_SIZE)


def _curves(pen: ImageDraw, clip: VirtualClip, top: int) -> None:
    """Zoom and shift over the clip, each to a scale of its own, zero in the middle."""
    left, right = _MARGIN + _NAME_WIDTH, _MARGIN + _NAME_WIDTH + _FRAMES * (_CELL[0] + _GAP) - _GAP
    middle, half = top + _CURVE_HEIGHT / 2 - 2, _CURVE_HEIGHT / 2 - 5
    pen.line((left, middle, right, middle), fill=_LINE)
    zooms, (across, along) = log_zooms(clip.plan), shifts(clip.plan)
    far = max(_LEAST_SHIFT, *(abs(value) for value in (*across, *along)))
    near = max(_LEAST_ZOOM, *(abs(value) for value in zooms))
    for values, most, colour, thick in ((along, far, _ALONG, 2), (across, far, _ACROSS, 2), (zooms, near, _ZOOM, 3)):
        steps = max(len(values) - 1, 1)
        points = [(left + (right - left) * place / steps, middle - half * value / most)
                  for place, value in enumerate(values)]  # fmt: skip
        pen.line(points, fill=colour, width=thick)
    pen.text((_MARGIN, top + 28), f"±{near:.2f} zoom", fill=_ZOOM, font_size=_SMALL_SIZE)
    pen.text((_MARGIN, top + 50), f"±{far:.2f} widths", fill=_ACROSS, font_size=_SMALL_SIZE)


def _legend(pen: ImageDraw, top: int) -> None:
    place = float(_MARGIN)
    for colour, words in (
        (_ZOOM, "logarithm of the zoom, up is nearer"),
        (_ACROSS, "view to the right, in frame widths"),
        (_ALONG, "view downwards"),
    ):
        pen.line((place, top + 14, place + 30, top + 14), fill=colour, width=4)
        pen.text((place + 38, top), words, fill=_INK, font_size=_TEXT_SIZE)
        place += 76 + pen.textlength(words, font_size=_TEXT_SIZE)
