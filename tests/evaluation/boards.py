"""Run folders with answers on validation and test, made up for tests of the leaderboard and of comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evaluation.fabricated import answers, write_run_folder
from rushes.learning.predictions import Predictions, write_predictions
from rushes.learning.runs import Run, read_run

# Eight films of three samples each; a run is made by saying how many of these it gets right.
LABELS = ("CS", "MS", "LS") * 8
FILMS = tuple(f"film-{number // 3}" for number in range(24))
WRONG = {"CS": "MS", "MS": "LS", "LS": "CS"}


def right_on(rows: range | list[int], *, groups: tuple[str, ...] = FILMS) -> Predictions:
    """Return answers to the 24 samples that are right on these rows and wrong on all others."""
    pairs = [(label, label if row in rows else WRONG[label]) for row, label in enumerate(LABELS)]
    return answers(pairs, groups=groups)


def make_run(folder: Path, validation: Predictions, test: Predictions | None = None, **changes: Any) -> Run:
    """Write a run's folder and read it; without `test`, its test part is answered as its validation part."""
    write_run_folder(folder, test if test is not None else validation, **changes)
    write_predictions(validation, folder / "predictions" / "validation.parquet")
    return read_run(folder)
