"""A run's folder -> report.html and metrics.json in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.datasets.split import read_split
from rushes.errors import ManifestError, RunError, SplitError
from rushes.evaluation.ablation import AblationJudgement, judge_ablation
from rushes.evaluation.attributes import Attribute, columns_that_tell
from rushes.evaluation.calibrating import calibrate, calibration_table
from rushes.evaluation.class_shares import ClassShares, count_class_shares
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.explain_cards import explain_cards
from rushes.evaluation.explained import NOTHING, Explained
from rushes.evaluation.gap import gap_between
from rushes.evaluation.judge import Judgement, estimate_table, judge
from rushes.evaluation.label_errors_section import errors_table, find_errors, warn_of_changed_labels
from rushes.evaluation.making import command_to_train
from rushes.evaluation.report import Evidence, list_warnings, pronounce_evidence, write_report
from rushes.evaluation.slices import SliceJudgement, judge_columns
from rushes.evaluation.thresholding import thresholds_of, write_thresholds
from rushes.labels.manifest import ManifestRow, read_manifest
from rushes.labels.standing import StandingLabel
from rushes.labels.subjects import Subjects
from rushes.learning.ablation import read_ablation
from rushes.learning.calibration import CALIBRATION_FILE
from rushes.learning.predictions import Predictions, read_predictions
from rushes.learning.runs import Run, read_run
from rushes.learning.sheet import SHEET_FILE
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file, write_json
from rushes.wish import Wish

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


@dataclass(frozen=True, slots=True)
class Known:
    """What a project knows of its frames beside their labels; all of it may be missing.

    Attributes:
        subjects: frame id -> what is in its picture as it is known today; for frames that are not in it, what the
            manifest states counts.
        signatures: frame id -> perceptual signature, by which frames that look alike are found.
        source_names: what stands before the last `:` of a frame's id -> the file that it comes from.
        attributes: what else is known of the samples that are judged, row by row.
        labels: frame id -> the label of the task that stands today, and whether a person has reviewed it.
    """

    subjects: Mapping[str, Subjects] = field(default_factory=dict)
    signatures: Mapping[str, int] = field(default_factory=dict)
    source_names: Mapping[str, str] = field(default_factory=dict)
    attributes: Attributes | None = None
    labels: Mapping[str, StandingLabel] = field(default_factory=dict)


def evaluate_run(
    run_folder: Path,
    *,
    project_root: Path,
    mixed_run: Path | None = None,
    known: Known | None = None,
    wishes: Mapping[str, Wish] | None = None,
    cache_folder: Path | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Judge a run by the predictions it stored, and write `report.html` and `metrics.json` into its folder.

    `calibration.json` and `thresholds.json` stand beside them.

    Args:
        mixed_run: a run of the same recipe on a mixed split, whose score is shown beside this one's.
        wishes: class -> what is wanted of its threshold; all others get the best F1.
        cache_folder: of the project, where features are kept; None leaves the answers unexplained.

    Raises:
        RunError: the folder is no run, its predictions are missing or cannot be read, or `mixed_run` cannot be
            compared with it.
    """
    known = known or Known()
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
    mixed, gap, warnings = (None, None, ()) if other is None else _judge_mixed(other, run, predictions)
    rows = _rows_of_manifest(run, project_root)
    changed = warn_of_changed_labels(held.values(), known.labels, since="the run", remedy="train again")
    evidence = Evidence(
        run=run.to_table(),
        test=test,
        predictions=predictions,
        validation=validation,
        mixed=mixed,
        gap=gap,
        history=run.history,
        command=_command(run, other, project_root=project_root),
        warnings=(*missing, *warnings, *changed, *(known.attributes.remarks if known.attributes else ())),
        slices=judge_slices(predictions, known, rows=rows, train_counts=_train_counts(run)),
        sheet=_read_sheet(run_folder),
        thresholds=thresholds,
        label_errors=find_errors(
            held,
            rows=rows,
            signatures=known.signatures,
            run_name=run.folder.name,
            project_root=project_root,
            standing=known.labels,
        ),
        class_shares=_class_shares(run, rows, project_root),
        calibration=calibration,
        source_names=known.source_names,
        ablation=_judge_ablation(run, predictions, watched, wishes or {}),
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


def _judge_ablation(
    run: Run, test: Predictions, watched: Predictions | None, wishes: Mapping[str, Wish]
) -> AblationJudgement | None:
    kept = read_ablation(run)
    if kept is None:
        return None
    try:
        return judge_ablation(
            kept, test=test, validation=watched, wishes=wishes, train_counts=_train_counts(run)
        )  # fmt: skip
    except ValueError as error:
        raise RunError(f"{run.folder}: {error}. Was the run copied whole? If so, train it again") from error


def _read_sheet(run_folder: Path) -> bytes:
    try:
        return (run_folder / SHEET_FILE).read_bytes()
    except OSError:
        return b""


def metrics_table(evidence: Evidence, *, mixed_run: str | None = None) -> dict[str, Any]:
    """Return what `metrics.json` holds of one task."""
    test, mixed = evidence.test, evidence.mixed
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
        "gap": _gap_table(evidence.gap) if evidence.gap else None,
        **({"ablation": evidence.ablation.to_table()} if evidence.ablation else {}),
    }


def _gap_table(gap: Estimate) -> dict[str, Any]:
    """Return the gap of macro-F1 by itself, as it always stood, and with its interval."""
    return {"f1_macro": gap.value, "interval": estimate_table(gap)}


def _judge_mixed(other: Run, run: Run, grouped: Predictions) -> tuple[Judgement, Estimate, tuple[str, ...]]:
    """Judge the run on a mixed split, and say what it gains by that, and in what its recipe differs besides."""
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
    shuffled = read_part(other, "test")
    return judge(shuffled, train_counts=_train_counts(other)), gap_between(grouped, shuffled), tuple(warnings)


def judge_slices(
    predictions: Predictions, known: Known, *, rows: Sequence[ManifestRow], train_counts: Mapping[str, int]
) -> dict[str, tuple[SliceJudgement, ...]]:
    """Return what samples are told apart by -> the judgement of each slice; only where there are slices.

    What was asked for is judged whatever it holds; else the columns that tell samples apart, subjects first.

    Args:
        rows: of the manifest that the samples are of, for the subjects that it states.
    """
    subjects = {row.frame_id: row.subjects for row in rows if row.subjects} | dict(known.subjects)
    attributes = known.attributes
    asked = attributes.asked if attributes else ()
    columns: dict[str, Sequence[Attribute]] = {}
    if not asked or _SUBJECTS in asked:
        columns[_SUBJECTS] = [subjects.get(frame, ()) for frame in predictions.frames]
    if attributes:
        columns |= attributes.columns if asked else columns_that_tell(attributes.columns)
    return judge_columns(predictions, columns, train_counts=train_counts)


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
