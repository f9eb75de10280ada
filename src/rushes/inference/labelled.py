"""Labelled pictures -> a bundle's predictions on them, as a judgement takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.datasets.measured_input import Prepared
from rushes.errors import MediaError
from rushes.footage.pictures import read_picture
from rushes.footage.source import Unreadable
from rushes.inference.predictor import BATCH_SIZE, Predictor
from rushes.labels.manifest import ManifestRow
from rushes.learning.predictions import Predictions
from rushes.progress import Progress, silent
from rushes.storage.pictures import Pictures, without_query


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What a bundle answered on labelled pictures, and what was left out.

    Attributes:
        predictions: of the pictures that could be read and whose label is one of the bundle's classes.
        unreadable: pictures that could not be read, or are not those that were labelled.
        rows: of each prediction, which of the rows that were asked about it is of.
        strangers: label that is no class of the bundle -> how many samples have it, the commonest first.
    """

    predictions: Predictions
    rows: tuple[int, ...]
    unreadable: tuple[Unreadable, ...]
    strangers: Mapping[str, int]


def answer_labelled(
    predictor: Predictor, rows: Sequence[ManifestRow], *, project_root: Path, progress: Progress = silent
) -> Answered:
    """Return a bundle's answers on rows of a manifest; what cannot be read is counted, and the rest goes on.

    Raises:
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    places = [place for place, row in enumerate(rows) if row.class_name in predictor.classes]
    known = [rows[place] for place in places]
    strangers = Counter(row.class_name for row in rows if row.class_name not in predictor.classes)
    answered: list[ManifestRow] = []
    kept: list[int] = []
    unreadable: list[Unreadable] = []
    parts: list[npt.NDArray[np.float32]] = []
    waiting: list[Prepared] = []

    def prepared(path: Path) -> Prepared:
        return predictor.prepared(read_picture(path), stored=True)

    with Pictures(project_root) as pictures:
        read = pictures.read_each([row.img_ref for row in known], prepared, digests=[row.sha256 for row in known])
        for done, (row, picture) in enumerate(zip(known, read, strict=True), start=1):
            if isinstance(picture, MediaError):
                unreadable.append(Unreadable(without_query(row.img_ref), picture.reason))
            else:
                answered.append(row)
                kept.append(places[done - 1])
                waiting.append(picture)
            if len(waiting) == BATCH_SIZE or done == len(known):
                parts.append(predictor.probabilities_of_prepared(waiting))
                waiting.clear()
            progress(done, len(known), without_query(row.img_ref))
    probabilities = np.concatenate(parts) if parts else np.zeros((0, len(predictor.classes)), np.float32)
    place = {name: index for index, name in enumerate(predictor.classes)}
    predictions = Predictions(
        classes=predictor.classes,
        truth=np.array([place[row.class_name] for row in answered], np.int64),
        probabilities=probabilities,
        frames=tuple(row.frame_id for row in answered),
        groups=tuple(row.group for row in answered),
        images=tuple(row.img_ref for row in answered),
        names=tuple(name_of_row(row) for row in answered),
        timecodes=tuple(row.timecode for row in answered),
        origins=tuple(row.origin for row in answered),
    )
    return Answered(predictions, tuple(kept), tuple(unreadable), dict(strangers.most_common()))


def name_of_row(row: ManifestRow) -> str:
    """Return what a person calls a sample."""
    return row.name or Path(without_query(row.img_ref)).stem
