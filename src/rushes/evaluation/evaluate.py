"""A run's folder -> report.html and metrics.json in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.datasets.split import read_split
from rushes.errors import ManifestError, RunError, SplitError
from rushes.evaluation.attributes import Attribute, columns_that_tell
from rushes.evaluation.calibrating import calibrate, calibration_table
from rushes.evaluation.class_shares import ClassShares, count_class_shares
from rushes.evaluation.explain_cards import explain_cards
from rushes.evaluation.explained import NOTHING, Explained
from rushes.evaluation.judge import Judgement, judge
from rushes.evaluation.label_errors_section import errors_table, find_errors
from rushes.evaluation.making import command_to_train
from rushes.evaluation.report import Evidence, list_warnings, pronounce_evidence, write_report
from rushes.evaluation.slices import SliceJudgement, judge_columns
from rushes.evaluation.thresholds import SCHEMA as THRESHOLDS_SCHEMA
from rushes.evaluation.thresholds import Thresholds, choose_thresholds
from rushes.labels.manifest import ManifestRow, read_manifest
from rushes.labels.subjects import Subjects
from rushes.learning.calibration import CALIBRATION_FILE, UNCALIBRATED, Calibration
from rushes.learning.predictions import Predictions, read_predictions
from rushes.learning.runs import Run, read_run
from rushes.learning.sheet import SHEET_FILE
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file, write_json
from rushes.wish import Wish

if TYPE_CHECKING:
    from rushes.datasets.attributes import Attributes

THRESHOLDS_FILE = "thresholds.json"
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
    wishes: Mapping[str, Wish] | None = None,
    source_names: Mapping[str, str] | None = None,
    cache_folder: Path | None = None,
    attributes: Attributes | None = None,
    signatures: Mapping[str, int] | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Judge a run by the predictions it stored, and write `report.html` and `metrics.json` into its folder.

    `calibration.json` and `thresholds.json` stand beside them.

    Args:
        mixed_run: a run of the same recipe on a mixed split, whose score is shown beside this one's.
        subjects: frame id -> what is in its picture as it is known today; for frames that are not in it, what the
            run's manifest states counts.
        wishes: class -> what is wanted of its threshold; all others get the best F1.
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
    thresholds, missing = thresholds_of(
        run, watched, predictions, wishes or {}, calibration=calibration.fitted.calibration
    )
    held = {"validation": watched, "test": predictions} if watched is not None else {"test": predictions}
    other = read_run(mixed_run) if mixed_run is not None else None
    mixed, warnings = (None, ()) if other is None else _judge_mixed(other, run)
    rows = _rows_of_manifest(run, project_root)
    evidence = Evidence(
        run=run.to_table(),
        test=test,
        predictions=predictions,
        validation=validation,
        mixed=mixed,
        history=run.history,
        command=_command(run, other, project_root=project_root),
        warnings=(*missing, *warnings, *(attributes.remarks if attributes else ())),
        slices=_judge_slices(
            run,
            predictions,
            {row.frame_id: row.subjects for row in rows if row.subjects} | dict(subjects or {}),
            attributes,
        ),
        sheet=_read_sheet(run_folder),
        thresholds=thresholds,
        label_errors=find_errors(
            held, rows=rows, signatures=signatures or {}, run_name=run.folder.name, project_root=project_root
        ),
        class_shares=_class_shares(run, rows, project_root),
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
    write_thresholds(run, thresholds)
    return Evaluation(report, metrics)


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
            "schema": THRESHOLDS_SCHEMA,
            "run": run.name,
            "task": run.task,
            "classes": list(run.classes),
            "chosen_on": parts["validation"],
            "judged_on": parts["test"],
            "calibration": thresholds.calibration.to_table(),
            "thresholds": thresholds.to_table(),
        },
    )


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
        "thresholds": evidence.thresholds.to_table() if evidence.thresholds else None,
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


def _class_shares(run: Run, rows: Sequence[ManifestRow], project_root: Path) -> ClassShares | None:
    """Return the mixes of the groups of a run's manifest; their parts too, where its split is at hand."""
    if not rows:
        return None
    path, parts = run.split.get("path"), None
    try:
        split = read_split(project_root / str(path)) if path else None
        if split is not None and split.digest == run.split.get("sha256"):
            parts = split.placing(rows).parts
    except (OSError, SplitError):
        pass  # it is gone, or another one: the groups are shown without their parts
    return count_class_shares(rows, run.classes, parts=parts)


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
