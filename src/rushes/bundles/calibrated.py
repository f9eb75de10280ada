"""The calibration of a run on its way into a bundle, out of it again, and in the words of its card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.bundles.markdown import counted
from rushes.bundles.sealed import AGAIN, SealedFolder
from rushes.errors import BundleError
from rushes.learning.calibration import CALIBRATION_FILE, Calibration
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    from rushes.learning.runs import Run


def calibration_of_run(run: Run) -> dict[str, Any] | None:
    """Return what `evaluate` wrote of a run's calibration; None where it wrote nothing.

    Args:
        run: of frames, or one task of a run of shots.

    Raises:
        BundleError: it cannot be read, or was fitted on other answers than those of this run.
    """
    path = run.folder / CALIBRATION_FILE
    if not path.is_file():
        return None
    again = evaluate_again(run)
    table = _read(path, run.classes, again=again)
    fitted, file = table.get("predictions"), run.predictions_file("validation")
    if table.get("run") != run.name or (file.is_file() and fitted != digest_of_file(file)):
        raise BundleError(
            f"{path} was fitted on the answers of {table.get('run')!r}, and not on those that {run.name} has now. "
            f"{again}"
        )
    return table


def evaluate_again(run: Run) -> str:
    """Return what to do where a file that `evaluate` wrote does not belong to a run.

    Args:
        run: one task of a run of shots stands in that run's folder, which is what can be evaluated.
    """
    folder = run.folder.parent if run.name.endswith(f"/{run.task}") else run.folder
    return f"Evaluate the run again, then export: rushes evaluate {folder}"


def calibration_of_bundle(sealed: SealedFolder, classes: Sequence[str], *, file: str = CALIBRATION_FILE) -> Calibration:
    """Return how the graph's probabilities are calibrated; as they are where the bundle states nothing.

    Args:
        file: its name within the bundle.

    Raises:
        BundleError: it cannot be read, or is of other classes.
    """
    if file not in sealed.files:
        return Calibration()
    return Calibration.from_table(_read(sealed.folder / file, classes, again=AGAIN))


def is_calibrated(table: Mapping[str, Any] | None) -> bool:
    """Return whether a `calibration.json`, if there is one, changes probabilities."""
    return table is not None and table.get("kind") != "none"


def describe_calibration(table: Mapping[str, Any] | None, *, task: str = "", file: str = CALIBRATION_FILE) -> str:
    """Return a section of a card on how far probabilities can be taken at their word; "" where that was not judged.

    Args:
        task: of a model that answers several, the one whose probabilities they are.
        file: where the bundle states the calibration.
    """
    if table is None:
        return ""
    calibration, test = Calibration.from_table(table), table.get("test")
    scores = test if isinstance(test, Mapping) else {}
    title = f"## How far its probabilities{f' for {task}' if task else ''} can be taken at their word\n\n"
    if calibration.kind == "none":
        said = f"Its probabilities are not calibrated. {_without_verdict(str(table.get('reason', '')))}"
        error = _scored(scores.get("ece"), "before")
        return title + said.strip() + (f" The calibration error (ECE) on the test part is {error}." if error else "")
    how = (
        f"one temperature, {calibration.temperature:.3f}, which the logits are divided by"
        if calibration.kind == "temperature"
        else "an isotonic curve"
    )
    fitted = table.get("fitted") or {}
    lines = [
        f"Its probabilities are calibrated by {how}, fitted on {counted(int(fitted.get('samples', 0)), 'sample')} of "
        f"{counted(int(fitted.get('groups', 0)), 'group')} of validation. `model.onnx` gives them as they were before; "
        f"`rushes predict` applies `{file}` to them."
    ]
    moves = [
        f"- {word}: {_scored(scores.get(key), 'before')} before, {_scored(scores.get(key), 'after')} after"
        for key, word in (("ece", "calibration error (ECE)"), ("brier", "Brier score"), ("log_loss", "log loss"))
        if _scored(scores.get(key), "before") and _scored(scores.get(key), "after")
    ]
    if moves:
        lines += ["", "On the test part, lower being better:\n", *moves]
    return title + "\n".join(lines)


def _read(path: Path, classes: Sequence[str], *, again: str) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(table, dict):
            raise ValueError("it holds no JSON object")
        calibration = Calibration.from_table(table)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} cannot be read as a calibration: {error}. {again}") from error
    stated = table.get("classes")
    if stated != list(classes) or not calibration.fits(len(classes)):
        named = ", ".join(str(one) for one in stated) if isinstance(stated, list) else "no classes"
        raise BundleError(f"{path} calibrates {named}; the model answers {', '.join(classes)}. {again}")
    return table


def _without_verdict(reason: str) -> str:
    reason = reason.removeprefix("Not calibrated: ")
    return reason[:1].upper() + reason[1:]


def _scored(measure: Any, side: str) -> str:
    """Return a score with its interval, "" where the file states none."""
    table = measure.get(side) if isinstance(measure, Mapping) else None
    if not isinstance(table, Mapping) or table.get("value") is None:
        return ""
    if table.get("low") is None or table.get("high") is None:
        return f"{table['value']:.3f}"
    return f"{table['value']:.3f} ({table['low']:.3f} to {table['high']:.3f})"
