"""A run's folder -> report.html and metrics.json in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import ManifestError, RunError
from rushes.evaluation.attributes import Attribute, columns_that_tell
from rushes.evaluation.calibrating import calibrate, calibration_table
from rushes.evaluation.explain_cards import explain_cards
from rushes.evaluation.explained import NOTHING, Explained
from rushes.evaluation.judge import Judgement, judge
from rushes.evaluation.label_errors_section import errors_table, find_errors
from rushes.evaluation.making import command_to_train
from rushes.evaluation.report import Evidence, list_warnings, pronounce_evidence, write_report
from rushes.evaluation.slices import SliceJudgement, judge_columns
from rushes.labels.manifest import ManifestRow, read_manifest
from rushes.labels.subjects import Subjects
from rushes.learning.calibration import CALIBRATION_FILE
from rushes.learning.predictions import Predictions, read_predictions
from rushes.learning.runs import Run, read_run
from rushes.learning.sheet import SHEET_FILE
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file, write_json

if TYPE_CHECKING:
    from rushes.datasets.attributes import Attributes

_SUBJECTS = "subjects"
_RECIPE_KEYS_THAT_MAY_DIFFER = ("name", "split", "schema")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of judging a run.

    Attributes:
        report: the page.
        metrics: what `metrics.json` holds: `verdict`, and `test`, `validation`, `mixed` as judgement tables or None.
    """

    report: Path
    metrics: dict[str, Any]


def evaluate_run(
    run_folder: Path,
    *,
    project_root: Path,
    mixed_run: Path | None = None,
    subjects: Mapping[str, Subjects] | None = None,
    source_names: Mapping[str, str] | None = None,
    cache_folder: Path | None = None,
    attributes: Attributes | None = None,
    signatures: Mapping[str, int] | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Judge a run by the predictions it stored, and write `report.html`, `metrics.json` and `calibration.json`.

    Args:
        mixed_run: a run of the same recipe on a mixed split, whose score is shown beside this one's.
        subjects: frame id -> what is in its picture as it is known today; for frames that are not in it, what the
            run's manifest states counts.
        source_names: what stands before the last `:` of a frame's id -> the file that it comes from.
        cache_folder: of the project, where features are kept; None leaves the answers unexplained.
        attributes: what else is known of the samples of the test part, row by row.
        signatures: frame id -> perceptual signature, by which frames that look alike are found.

    Raises:
        RunError: the folder is no run, its predictions are missing or cannot be read, or `mixed_run` cannot be
            compared with it.
    """
    run = read_run(run_folder)
    predictions = read_part(run, "test")
    test = judge(predictions, train_counts=_train_counts(run))
    watched = read_part(run, "validation") if run.predictions_file("validation").is_file() else None
    validation = judge(watched, train_counts=_train_counts(run)) if watched is not None else None
    calibration = calibrate(watched, predictions, test)
    held = {"validation": watched, "test": predictions} if watched is not None else {"test": predictions}
    rows = _rows_of_manifest(run, project_root)
    other = read_run(mixed_run) if mixed_run is not None else None
    mixed, warnings = (None, ()) if other is None else _judge_mixed(other, run)
    evidence = Evidence(
        run=run.to_table(),
        test=test,
        predictions=predictions,
        validation=validation,
        mixed=mixed,
        history=run.history,
        command=_command(run, other, project_root=project_root),
        warnings=(*warnings, *(attributes.remarks if attributes else ())),
        slices=_judge_slices(
            run,
            predictions,
            {row.frame_id: row.subjects for row in rows if row.subjects} | dict(subjects or {}),
            attributes,
        ),
        sheet=_read_sheet(run_folder),
        label_errors=find_errors(
            held, rows=rows, signatures=signatures or {}, run_name=run.folder.name, project_root=project_root
        ),
        calibration=calibration,
        source_names=source_names or {},
    )
    metrics = metrics_table(evidence, mixed_run=other.name if other else None)
    report = run_folder / "report.html"

    def explain(shown: Sequence[int]) -> Explained:
        if cache_folder is None:
            return NOTHING
        return explain_cards(
            run, predictions, shown, project_root=project_root, cache_folder=cache_folder, progress=progress
        )

    write_report(report, evidence, project_root=project_root, explain=explain, progress=progress)
    write_json(run_folder / CALIBRATION_FILE, calibration_table(run, calibration))
    write_json(run_folder / "metrics.json", metrics)
    return Evaluation(report, metrics)


def _read_sheet(run_folder: Path) -> bytes:
    try:
        return (run_folder / SHEET_FILE).read_bytes()
    except OSError:
        return b""


def metrics_table(evidence: Evidence, *, mixed_run: str | None = None) -> dict[str, Any]:
    """Return what `metrics.json` holds of one task."""
    test, mixed = evidence.test, evidence.mixed
    here, there = test.f1_macro.value, mixed.f1_macro.value if mixed else None
    return {
        "schema": "metrics/1",
        "run": evidence.run.get("name"),
        "task": evidence.run.get("task"),
        "split": evidence.split_kind,
        "verdict": pronounce_evidence(evidence).sentence,
        "warnings": list(list_warnings(evidence)),
        "leaks": list(evidence.leaks),
        "test": test.to_table(),
        "validation": evidence.validation.to_table() if evidence.validation else None,
        "calibration": evidence.calibration.to_table() if evidence.calibration else None,
        "mixed": mixed.to_table() | {"run": mixed_run} if mixed else None,
        "label_errors": errors_table(evidence.label_errors),
        "slices": {name: [one.to_table() for one in found] for name, found in evidence.slices.items()},
        "gap": {"f1_macro": there - here if here is not None and there is not None else None} if mixed else None,
    }


def _judge_mixed(other: Run, run: Run) -> tuple[Judgement, tuple[str, ...]]:
    """Judge the run on a mixed split, and say in what its recipe differs besides."""
    kinds = [str(one.split.get("kind", "unknown")) for one in (run, other)]
    if kinds != ["grouped", "mixed"]:
        raise RunError(
            f"{other.folder} has a {kinds[1]} split and {run.folder} a {kinds[0]} one: the gap is between a grouped "
            'run and a mixed one. Train the recipe with split = "mixed" and name that run'
        )
    if (other.task, other.classes) != (run.task, run.classes):
        answers = [f"{one.folder} answers {one.task} ({', '.join(one.classes)})" for one in (other, run)]
        raise RunError(f"{answers[0]}, {answers[1]}: they cannot be compared. Train both on the same task")
    recipes = [flat_recipe(one.recipe) for one in (run, other)]
    differing = sorted(
        key
        for key in recipes[0].keys() | recipes[1].keys()
        if key not in _RECIPE_KEYS_THAT_MAY_DIFFER and recipes[0].get(key) != recipes[1].get(key)
    )
    warnings = []
    if differing:
        warnings.append(
            f"The run on the mixed split differs in more than its split ({', '.join(differing)}), so the gap is not "
            "owed to the split alone."
        )
    return judge(read_part(other, "test"), train_counts=_train_counts(other)), tuple(warnings)


def _judge_slices(
    run: Run, predictions: Predictions, subjects: Mapping[str, Subjects], known: Attributes | None
) -> dict[str, tuple[SliceJudgement, ...]]:
    """Return what samples are told apart by -> the judgement of each slice; only where there are slices.

    What was asked for is judged whatever it holds; else the columns that tell samples apart, subjects first.
    """
    asked = known.asked if known else ()
    columns: dict[str, Sequence[Attribute]] = {}
    if not asked or _SUBJECTS in asked:
        columns[_SUBJECTS] = [subjects.get(frame, ()) for frame in predictions.frames]
    if known:
        columns |= known.columns if asked else columns_that_tell(known.columns)
    return judge_columns(predictions, columns, train_counts=_train_counts(run))


def _rows_of_manifest(run: Run, project_root: Path) -> list[ManifestRow]:
    """Return the rows of a run's manifest; nothing where it is gone or another one."""
    path = project_root / str(run.manifest.get("path", ""))
    try:
        return read_manifest(path) if digest_of_file(path) == run.manifest.get("sha256") else []
    except (OSError, ManifestError):
        return []


def read_part(run: Run, part: str) -> Predictions:
    """Read what a run answered on `validation` or `test`.

    Raises:
        RunError: there are no such predictions, or they cannot be read.
    """
    import polars

    path = run.predictions_file(part)
    try:
        return read_predictions(path)
    except FileNotFoundError:
        if not sum(run.counts.get(part, {}).values()):
            raise RunError(
                f"{run.folder}: the {part} part of its split is empty, so there is nothing to judge. "
                f"Label more groups, or give [split] {part} a larger share, and train again"
            ) from None
        raise RunError(f"{path} is missing: was the run copied whole? If so, train it again") from None
    except (polars.exceptions.PolarsError, KeyError, ValueError, OSError) as error:
        raise RunError(f"{path} cannot be read as predictions ({error}). Train the run again") from error


def _train_counts(run: Run) -> Mapping[str, int]:
    return run.counts.get("train", {})


def _command(run: Run, mixed: Run | None, *, project_root: Path) -> str:
    words = ["rushes", "evaluate", path_inside(run.folder, project_root)]
    if mixed is not None:
        words += ["--mixed", path_inside(mixed.folder, project_root)]
    return f"{command_to_train(run.recipe, project_root=project_root)}\n{shlex.join(words)}"


def path_inside(path: Path, folder: Path) -> str:
    """Return a path as seen from a folder that holds it, or as it is."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path)


def flat_recipe(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return dotted key -> value of a recipe's table."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= flat_recipe(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(value) if isinstance(value, tuple) else value
    return flat
