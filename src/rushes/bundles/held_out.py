"""Pictures of a run that runtimes are tried on: of validation to judge them by, of training to take ranges from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rushes.bundles.certified import RangePictures
from rushes.bundles.quantised import RANGE_PICTURES
from rushes.bundles.weighed import HeldOut
from rushes.datasets.measured_input import Prepared, stack_measures
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.errors import MediaError, RunError
from rushes.footage.pictures import read_picture
from rushes.learning.known_samples import spread_over
from rushes.learning.predictions import Predictions, read_predictions, take_rows
from rushes.learning.run_samples import train_rows
from rushes.learning.runs import Run
from rushes.storage.pictures import Pictures

MOST_HELD_OUT = 1000
_MOST_BYTES = 300_000_000  # of pixels in memory

_log = logging.getLogger(__name__)

ReadPrepared = Callable[[Path], Prepared]


def picture_reader(run: Run) -> ReadPrepared:
    """Return what reads a stored picture as the network of a run takes it."""
    from rushes.learning.measured_samples import measurer_of

    measurer, preprocessing = measurer_of(run), run.preprocessing

    def read(path: Path) -> Prepared:
        whole = read_picture(path)
        return Prepared(prepare(whole, preprocessing), measurer(whole) if measurer is not None else None)

    return read


def read_held_out(run: Run, project_root: Path) -> HeldOut:
    """Return pictures of validation, at most `MOST_HELD_OUT`, evenly over the table, so that classes keep their shares.

    The test part is never looked at. What cannot be read is left out.
    """
    file = run.predictions_file("validation")
    if not file.is_file():
        return HeldOut(_stack([], run.preprocessing), None, _nothing(run.classes), of=0)
    answered = read_predictions(file)
    limit = min(MOST_HELD_OUT, max(1, _MOST_BYTES // _size_of(run)))
    rows = np.linspace(0, len(answered) - 1, min(limit, len(answered))).astype(int).tolist() if len(answered) else []
    read = _read(run, project_root, [answered.images[row] for row in rows])
    usable = [(row, one) for row, one in zip(rows, read, strict=True) if one is not None]
    pictures = [one for _, one in usable]
    return HeldOut(
        _stack(pictures, run.preprocessing),
        stack_measures(pictures),
        take_rows(answered, [row for row, _ in usable]),
        of=len(answered),
    )


def read_ranges(run: Run, project_root: Path) -> RangePictures:
    """Return pictures of training, spread over classes and groups; none where they cannot be read, as the log says.

    Ranges are taken from training and not from validation, so that validation can say what they are worth.
    """
    try:
        rows = train_rows(run, project_root)
    except RunError as error:
        _log.warning("no ranges can be taken from training pictures: %s", error)
        return RangePictures(_stack([], run.preprocessing), None)
    chosen = spread_over([row.class_name for row in rows], [row.group for row in rows], RANGE_PICTURES)
    read = _read(run, project_root, [rows[at].img_ref for at in chosen])
    pictures = [one for one in read if one is not None]
    return RangePictures(_stack(pictures, run.preprocessing), stack_measures(pictures))


def _read(run: Run, project_root: Path, images: Sequence[str]) -> list[Prepared | None]:
    with Pictures(project_root) as stored:
        found = list(stored.read_each(images, picture_reader(run)))
    return [None if isinstance(one, MediaError) else one for one in found]


def _stack(pictures: Sequence[Prepared], shown: Preprocessing) -> np.ndarray:
    if not pictures:
        return np.zeros((0, shown.height, shown.width, shown.channels), np.uint8)
    return np.stack([one.pixels for one in pictures])


def _size_of(run: Run) -> int:
    shown = run.preprocessing
    return shown.height * shown.width * shown.channels


def _nothing(classes: tuple[str, ...]) -> Predictions:
    return Predictions(
        classes, np.zeros(0, np.int64), np.zeros((0, len(classes)), np.float32), (), (), (), (), (), ()
    )  # fmt: skip
