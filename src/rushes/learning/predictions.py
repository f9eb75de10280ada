"""The table of predictions on labelled samples, which every judgement starts from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars

_PROBABILITY = "p:"


@dataclass(frozen=True, slots=True)
class Predictions:
    """A model's scores for labelled samples of one part of a split, row by row.

    Attributes:
        classes: (classes,) ordered names.
        truth: (samples,) int64, index of the labelled class.
        probabilities: (samples, classes) float32, each row summing to 1.
        frames: (samples,) ids of the frames.
        groups: (samples,) the group of each.
        images: (samples,) picture of each, relative to the project folder, or an address.
        names: (samples,) frame names.
        timecodes: (samples,) `HH:MM:SS:FF`.
        origins: (samples,) origin of the label.
        predicted: (samples,) int64, index of the most probable class.
    """

    classes: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]
    frames: tuple[str, ...]
    groups: tuple[str, ...]
    images: tuple[str, ...]
    names: tuple[str, ...]
    timecodes: tuple[str, ...]
    origins: tuple[str, ...]
    predicted: npt.NDArray[np.int64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        count = len(self.truth)
        columns = (self.frames, self.groups, self.images, self.names, self.timecodes, self.origins)
        if self.probabilities.shape != (count, len(self.classes)) or any(len(column) != count for column in columns):
            raise ValueError(f"columns of predictions differ in length: {count} labels, probabilities "
                             f"{self.probabilities.shape}, {[len(column) for column in columns]}")  # fmt: skip

        answers = self.probabilities.argmax(axis=1) if count else np.empty(0)
        object.__setattr__(self, "predicted", np.asarray(answers, np.int64))

    def __len__(self) -> int:
        return len(self.truth)


def take_rows(predictions: Predictions, rows: Sequence[int] | npt.NDArray[np.integer]) -> Predictions:
    """Return the predictions of some samples, in the order in which they are named."""
    kept = [int(row) for row in rows]

    def of_kept(column: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(column[row] for row in kept)

    return replace(
        predictions,
        truth=predictions.truth[kept],
        probabilities=predictions.probabilities[kept],
        frames=of_kept(predictions.frames),
        groups=of_kept(predictions.groups),
        images=of_kept(predictions.images),
        names=of_kept(predictions.names),
        timecodes=of_kept(predictions.timecodes),
        origins=of_kept(predictions.origins),
    )


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write predictions as Parquet: one row per sample, one `p:<class>` column per class."""
    import polars

    columns: dict[str, object] = {
        "frame": predictions.frames,
        "group": predictions.groups,
        "image": predictions.images,
        "name": predictions.names,
        "timecode": predictions.timecodes,
        "origin": predictions.origins,
        "truth": [predictions.classes[index] for index in predictions.truth],
        "predicted": [predictions.classes[index] for index in predictions.predicted],
    }
    for index, class_name in enumerate(predictions.classes):
        columns[_PROBABILITY + class_name] = predictions.probabilities[:, index]
    path.parent.mkdir(parents=True, exist_ok=True)
    polars.DataFrame(columns).write_parquet(path)


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises:
        ValueError: a label is none of the classes, or a row states no group or another of its columns.
    """
    import polars

    table: polars.DataFrame = polars.read_parquet(path)
    classes = tuple(name.removeprefix(_PROBABILITY) for name in table.columns if name.startswith(_PROBABILITY))
    for column in ("frame", "group", "image", "name", "timecode", "origin"):
        if table[column].null_count():
            raise ValueError(f"row {int(table[column].is_null().arg_max() or 0) + 1} has no {column}")
    return Predictions(
        classes=classes,
        truth=_indices(table["truth"], classes),
        probabilities=table.select([_PROBABILITY + name for name in classes]).to_numpy().astype(np.float32),
        frames=tuple(table["frame"]),
        groups=tuple(table["group"]),
        images=tuple(table["image"]),
        names=tuple(table["name"]),
        timecodes=tuple(table["timecode"]),
        origins=tuple(table["origin"]),
    )


def _indices(labels: Iterable[str], classes: Sequence[str]) -> npt.NDArray[np.int64]:
    position = {name: index for index, name in enumerate(classes)}
    found = []
    for number, name in enumerate(labels, start=1):
        if name not in position:
            raise ValueError(f"row {number} is labelled '{name}', which is none of its classes ({', '.join(classes)})")
        found.append(position[name])
    return np.array(found, np.int64)
