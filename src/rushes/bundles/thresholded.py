"""The thresholds of a run on their way into a bundle, and out of it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rushes.bundles.calibrated import evaluate_again
from rushes.bundles.sealed import SealedFolder, read_table
from rushes.errors import BundleError
from rushes.learning.calibration import CALIBRATION_FILE, UNCALIBRATED, Calibration
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    from rushes.learning.runs import Run

THRESHOLDS_FILE = "thresholds.json"  # of a run that was evaluated; a bundle may have none
SCHEMA = "thresholds/1"


def thresholds_of_run(run: Run, calibration: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what `thresholds.json` of a run holds; None where it was not evaluated, or has no validation.

    Args:
        run: of frames, or one task of a run of shots.
        calibration: what `calibration.json` of the run holds.

    Raises:
        BundleError: it cannot be understood, or is not of what the run answered on validation, so calibrated.
    """
    path = run.folder / THRESHOLDS_FILE
    if not path.is_file():
        return None
    again = evaluate_again(run)
    table = read_table(path, SCHEMA, again=again)
    try:
        parse_thresholds(table, run.classes)
        part = table["chosen_on"]
        answers = run.predictions_file(part["part"])
        stale = table["run"] != run.name or not answers.is_file() or digest_of_file(answers) != part["sha256"]
        applied = Calibration.from_table(calibration) if calibration else UNCALIBRATED
        otherwise = Calibration.from_table(table["calibration"]) != applied
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path} cannot be understood ({error!r}). {again}") from error
    if stale:
        raise BundleError(f"{path} is not of this run's answers on validation: it names run '{table['run']}', or the "
                          f"answers were written since. {again}")  # fmt: skip
    if otherwise:
        raise BundleError(f"{path} is of probabilities that were calibrated in another way than the run's "
                          f"{CALIBRATION_FILE} says. {again}")  # fmt: skip
    return table


def thresholds_of_bundle(
    sealed: SealedFolder, classes: Sequence[str], *, file: str = THRESHOLDS_FILE
) -> dict[str, float] | None:
    """Return class -> threshold as a bundle states them; None where it states none.

    Args:
        file: its name within the bundle.

    Raises:
        BundleError: it cannot be read.
        KeyError, TypeError, ValueError: as of `parse_thresholds`.
    """
    if file not in sealed.files:
        return None
    return parse_thresholds(read_table(sealed.folder / file, SCHEMA), classes)


def parse_thresholds(table: Mapping[str, Any], classes: Sequence[str]) -> dict[str, float]:
    """Return class -> threshold from what `thresholds.json` holds, in the order of the classes.

    Raises:
        ValueError: it is of other classes, or a threshold is no probability.
    """
    if list(table["classes"]) != list(classes):
        raise ValueError(f"{THRESHOLDS_FILE} is of the classes {table['classes']}, the bundle of {list(classes)}")
    found = {name: table["thresholds"][name]["threshold"] for name in classes}
    thresholds = {name: float(value) for name, value in found.items() if value is not None}
    if not all(0 <= value <= 1 for value in thresholds.values()):
        raise ValueError(f"{THRESHOLDS_FILE} has a threshold that is no probability: {thresholds}")
    return thresholds
