"""The thresholds of a run: chosen by what it answered on validation, and kept in its folder."""

from __future__ import annotations

from collections.abc import Mapping

from rushes.evaluation.thresholds import SCHEMA, Thresholds, choose_thresholds
from rushes.learning.calibration import UNCALIBRATED, Calibration
from rushes.learning.predictions import Predictions
from rushes.learning.runs import Run
from rushes.storage.files import digest_of_file, write_json
from rushes.wish import Wish

THRESHOLDS_FILE = "thresholds.json"


def thresholds_of(
    run: Run,
    watched: Predictions | None,
    test: Predictions,
    wishes: Mapping[str, Wish],
    *,
    calibration: Calibration = UNCALIBRATED,
) -> tuple[Thresholds | None, tuple[str, ...]]:
    """Choose the thresholds of a run, and say which wishes nothing could be done about.

    Args:
        watched: what the run answered on validation; None where that is not stored.
        calibration: of the probabilities that thresholds are held against.
    """
    unknown = [name for name in wishes if name not in run.classes]
    missing = tuple(
        f"A threshold is wanted for '{name}' ({wishes[name]}), which is no class of this run: {', '.join(run.classes)}."
        for name in unknown
    )
    known = {name: wish for name, wish in wishes.items() if name not in unknown}
    if watched is None or not len(watched) or watched.classes != test.classes:
        if known:
            missing += (
                f"Thresholds are wanted for {', '.join(known)}, but they are chosen on validation, where this run "
                "answered nothing. Label groups for validation and train again.",
            )
        return None, missing
    return choose_thresholds(watched, test, known, calibration=calibration), missing


def write_thresholds(run: Run, thresholds: Thresholds | None) -> None:
    """Write `thresholds.json` into the folder of a run, or remove one that is out of date."""
    path = run.folder / THRESHOLDS_FILE
    if thresholds is None:
        path.unlink(missing_ok=True)
        return
    parts = {
        part: {
            "part": part,
            "samples": len(predictions),
            "groups": len(set(predictions.groups)),
            "sha256": digest_of_file(run.predictions_file(part)),
        }
        for part, predictions in (("validation", thresholds.validation), ("test", thresholds.test))
    }
    write_json(
        path,
        {
            "schema": SCHEMA,
            "run": run.name,
            "task": run.task,
            "classes": list(run.classes),
            "chosen_on": parts["validation"],
            "judged_on": parts["test"],
            "calibration": thresholds.calibration.to_table(),
            "thresholds": thresholds.to_table(),
        },
    )
