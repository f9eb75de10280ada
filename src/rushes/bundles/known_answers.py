"""What a run answered on groups it did not learn from, as it travels in a bundle, so that a threshold can be chosen.

A photographer asks for a recall when a shoot is culled, not when a model is trained: `answers/validation.parquet` and
`answers/test.parquet` hold truth, group and probabilities of every sample, before calibration, without pictures and
their names. A bundle need not have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.bundles.sealed import AGAIN, SealedFolder
from rushes.errors import BundleError
from rushes.learning.predictions import Predictions, read_predictions, write_predictions

if TYPE_CHECKING:
    from rushes.learning.runs import Run

FOLDER = "answers"
PARTS = ("validation", "test")


def answers_of_run(run: Run) -> dict[str, Predictions]:
    """Return part -> what a run answered there, without names and pictures; without parts it has none of."""
    files = {part: run.predictions_file(part) for part in PARTS}
    return {part: _without_names(read_predictions(file)) for part, file in files.items() if file.is_file()}


def write_answers(answers: Mapping[str, Predictions], folder: Path) -> None:
    """Write the answers into the folder of a bundle."""
    for part, predictions in answers.items():
        (folder / FOLDER).mkdir(exist_ok=True)
        write_predictions(predictions, folder / file_of(part))


def read_answers(sealed: SealedFolder, part: str, classes: tuple[str, ...]) -> Predictions | None:
    """Return what the model of a bundle answered on a part, uncalibrated; None where the bundle does not say.

    Raises:
        BundleError: it was altered, cannot be understood, or is of other classes.
    """
    import polars

    name = file_of(part)
    if name not in sealed.files:
        return None
    sealed.read(name)  # which holds it against its digest
    try:
        answers = read_predictions(sealed.folder / name)
    except (ValueError, OSError, polars.exceptions.PolarsError, KeyError) as error:
        raise BundleError(f"{sealed.folder}: {name} cannot be understood ({error}). {AGAIN}") from error
    if answers.classes != classes:
        raise BundleError(f"{sealed.folder}: {name} is of {', '.join(answers.classes)}, the bundle answers "
                          f"{', '.join(classes)}. {AGAIN}")  # fmt: skip
    return answers


def file_of(part: str) -> str:
    """Return the file of a part within a bundle."""
    return f"{FOLDER}/{part}.parquet"


def _without_names(predictions: Predictions) -> Predictions:
    nothing = ("",) * len(predictions)
    return replace(predictions, frames=nothing, images=nothing, names=nothing, timecodes=nothing)
