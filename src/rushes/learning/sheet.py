"""What a model is shown in training, as one picture that a person can look at."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.errors import MediaError
from rushes.labels.manifest import ManifestRow
from rushes.learning.augment import Augmentation, augment_picture
from rushes.storage.files import whole_file
from rushes.storage.pictures import Pictures

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.uint8]

SHEET_FILE = "augmented.webp"
CLASSES_SHOWN = 8
AUGMENTED = 6  # times that one picture is shown augmented
PLAIN = 3  # pictures per class where nothing is augmented
SHEET_BYTES = 300_000

_CELL_HEIGHT = 112
_WIDEST = 16 / 9
_GAP, _WIDE_GAP, _BETWEEN_ROWS = 6, 18, 8
_QUALITIES = (84, 72, 58, 44, 30)


def pictures_of_classes(
    rows: Sequence[ManifestRow], classes: Sequence[str], *, project_root: Path, seed: int, each: int = 1
) -> list[list[Pixels]]:
    """Return up to `each` training pictures of each of the first classes, chosen at random; fewer where unreadable.

    Raises:
        UnreachableError, ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    from rushes.footage.pictures import read_picture

    dice = np.random.default_rng([seed, 1])
    found: list[list[Pixels]] = []
    with Pictures(project_root) as pictures:
        for name in classes[:CLASSES_SHOWN]:
            members = [row for row in rows if row.class_name == name]
            chosen = [members[at] for at in dice.permutation(len(members))[: 3 * each]]
            read = pictures.read_each(
                [row.img_ref for row in chosen], read_picture, digests=[row.sha256 for row in chosen]
            )
            held: list[Pixels] = []
            for picture in read:
                if not isinstance(picture, MediaError):
                    held.append(picture)
                if len(held) == each:
                    break
            found.append(held)
    return found


def write_sheet(
    path: Path,
    pictures: Sequence[Sequence[Pixels]],
    *,
    preprocessing: Preprocessing,
    augmentations: Sequence[Augmentation] = (),
    seed: int = 0,
) -> None:
    """Write a row per class as one WebP of up to about `SHEET_BYTES`, transparent between the pictures.

    With augmentations a row is a picture as it is, as the model is shown it, and as it may be shown in training;
    without, some pictures as they are, each beside what the model is shown.

    Args:
        pictures: of each class, (height, width, 3) RGB pixels of any size; none leaves its row empty.
        augmentations: of each class; () where the model is never shown anything but the prepared pictures.
    """
    dice = np.random.default_rng([seed, 2])
    cells = []
    for index, members in enumerate(pictures):
        if augmentations:
            cells.append(_augmented_cells(members[:1], preprocessing, augmentations[index], dice))
        else:
            cells.append([cell for picture in members for cell in (picture, prepare(picture, preprocessing))])
    sheet = _drawn([[_as_cell(cell) for cell in row] for row in cells], paired=not augmentations)
    for quality in _QUALITIES:
        data = _encoded(sheet, quality)
        if len(data) <= SHEET_BYTES:
            break
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def rows_of_sheet(data: bytes) -> list[bytes]:
    """Cut a sheet into its rows, one WebP per class, in order.

    Raises:
        ValueError: this is no sheet.
    """
    sheet = _opened(data)
    step = _CELL_HEIGHT + _BETWEEN_ROWS
    tops = range(0, sheet.height - _CELL_HEIGHT + 1, step)
    return [_encoded(sheet.crop((0, top, sheet.width, top + _CELL_HEIGHT)), _QUALITIES[0]) for top in tops]


def columns_of_sheet(data: bytes) -> tuple[int, list[tuple[int, int]]]:
    """Return the width of a sheet, and where each of its columns begins and ends, in pixels.

    Raises:
        ValueError: this is no sheet.
    """
    sheet = _opened(data)
    seen = np.asarray(sheet.getchannel("A")).max(axis=0) > 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], seen, [False])).astype(np.int8))).tolist()
    return sheet.width, list(zip(edges[::2], edges[1::2], strict=True))


def _opened(data: bytes) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as opened:
            return opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"this is no sheet ({error})") from error


def _augmented_cells(
    members: Sequence[Pixels], preprocessing: Preprocessing, augmentation: Augmentation, dice: np.random.Generator
) -> list[Pixels]:
    cells = []
    for picture in members:
        shown = prepare(picture, preprocessing)
        cells += [picture, shown, *(augment_picture(shown, augmentation, dice) for _ in range(AUGMENTED))]
    return cells


def _as_cell(pixels: Pixels) -> Image:
    """Return pixels as high as a row and never wider than a screen."""
    from PIL import Image

    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    scale = min(_CELL_HEIGHT / picture.height, _CELL_HEIGHT * _WIDEST / picture.width)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    shrinks = scale < 1
    return picture.resize(size, Image.Resampling.LANCZOS if shrinks else Image.Resampling.BILINEAR)


def _drawn(rows: Sequence[Sequence[Image]], *, paired: bool) -> Image:
    """Return rows of cells in columns, each as wide as its widest cell."""
    from PIL import Image

    count = max((len(row) for row in rows), default=0)
    widths = [max(row[at].width for row in rows if at < len(row)) for at in range(count)]
    lefts = [sum(widths[:at]) + sum(_gap_after(before, paired=paired) for before in range(at)) for at in range(count)]
    width = lefts[-1] + widths[-1] if count else 1
    sheet = Image.new("RGBA", (width, len(rows) * (_CELL_HEIGHT + _BETWEEN_ROWS) - _BETWEEN_ROWS if rows else 1))
    for number, row in enumerate(rows):
        for at, cell in enumerate(row):
            top = number * (_CELL_HEIGHT + _BETWEEN_ROWS) + (_CELL_HEIGHT - cell.height) // 2
            sheet.paste(cell, (lefts[at] + (widths[at] - cell.width) // 2, top))
    return sheet


def _gap_after(column: int, *, paired: bool) -> int:
    """Return the gap behind a column: a wide one behind what belongs together."""
    if paired:
        return _GAP if column % 2 == 0 else _WIDE_GAP
    return _WIDE_GAP if column == 1 else _GAP


def _encoded(picture: Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()
