"""A run's answers -> its calibration, fitted on validation and judged on test, as `calibration.json` holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rushes.evaluation.judge import Judgement
from rushes.evaluation.reliability import CalibrationJudgement, judge_calibration
from rushes.learning.calibration import UNCALIBRATED, Fitted, fit_calibration
from rushes.learning.predictions import Predictions
from rushes.learning.runs import Run
from rushes.storage.files import digest_of_file

_NO_VALIDATION = "Not calibrated: the run has no answers on validation."


def calibrate(watched: Predictions | None, predictions: Predictions, test: Judgement) -> CalibrationJudgement:
    """Return the calibration that validation shows to help, and what it does on test.

    Args:
        watched: of validation; None where the run has none.
        predictions, test: of test, and their judgement; nothing is chosen by them.
    """
    fitted = Fitted(UNCALIBRATED, _NO_VALIDATION) if watched is None else fit_calibration(watched)
    return judge_calibration(fitted, predictions, blind=_blind(test), seed=test.seed)


def calibration_table(run: Run, judged: CalibrationJudgement) -> dict[str, Any]:
    """Return what `calibration.json` holds: the function, what it rests on, and its scores on test."""
    file = run.predictions_file("validation")
    return judged.fitted.to_table() | {
        "run": run.name,
        "task": run.task,
        "classes": list(run.classes),
        "predictions": digest_of_file(file) if file.is_file() else None,
        "test": judged.scores_table(),
    }


def _blind(test: Judgement) -> Mapping[str, float]:
    return test.blind.get("prior", {})
