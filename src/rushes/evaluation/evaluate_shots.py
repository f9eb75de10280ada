"""The folder of a run of shots -> report.html and metrics.json in it, and metrics.json in each task's."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.errors import RunError
from rushes.evaluation.calibrating import calibrate, calibration_table
from rushes.evaluation.class_mean import ClassMean, judge_class_mean
from rushes.evaluation.evaluate import metrics_table, path_inside, read_part
from rushes.evaluation.judge import judge
from rushes.evaluation.leaderboard import history_of
from rushes.evaluation.making import command_to_train
from rushes.evaluation.reliability import CalibrationJudgement
from rushes.evaluation.report import Evidence
from rushes.evaluation.shot_evidence import ShotEvidence, shot_metrics_table
from rushes.evaluation.shot_mistakes import ShownShot, choose_worst, fit_budget, show_row
from rushes.evaluation.shot_report import write_shot_report
from rushes.evaluation.shot_strips import ShotStrip, parse_shot_id, read_strips
from rushes.evaluation.thresholding import thresholds_of, write_thresholds
from rushes.evaluation.thresholds import Thresholds
from rushes.learning.calibration import CALIBRATION_FILE
from rushes.learning.explain_shots import LookedAt, look_at_shots
from rushes.learning.predictions import Predictions
from rushes.learning.runs import Run
from rushes.learning.shot_runs import ShotRun, read_shot_run
from rushes.progress import Progress, silent
from rushes.storage.files import write_json
from rushes.wish import Wish

Wishes = Mapping[str, Mapping[str, Wish]]  # task -> class -> what is wanted of its threshold

METRICS_FILE = "metrics.json"
CLIP_SHEET_FILE = "synthetic.jpg"  # strips of the virtual camera's clips, in the run's folder
PICTURES_BYTES = 2_300_000  # of all strips; base64 adds a third
MOVEMENT = "movement"  # the task whose answers what was measured is told for
_MOTION = "motion"  # taken for the answer where there is none: it tells where the camera went
_STRANGE = ShotStrip(lost="what the answers name is no shot that can be found again")


@dataclass(frozen=True, slots=True)
class ShotEvaluation:
    """What came of judging a run of shots.

    Attributes:
        report: the page.
        metrics: what `metrics.json` holds.
    """

    report: Path
    metrics: dict[str, Any]


def evaluate_shots(
    run_folder: Path,
    *,
    project_root: Path,
    scans_folder: Path | None = None,
    cache_folder: Path | None = None,
    wishes: Wishes | None = None,
    progress: Progress = silent,
) -> ShotEvaluation:
    """Judge a run of shots by the answers it stored; write `report.html` and `metrics.json`.

    Each task's folder gets `metrics.json` and `thresholds.json` of its own.

    Args:
        scans_folder: where scans of films are kept; None keeps none.
        cache_folder: where what was read of shots is kept; None shows no Grad-CAM.
        wishes: what is wanted of thresholds; classes without a wish get the best F1.
        progress: told of the films whose shots are shown.

    Raises:
        RunError: the folder is no run of shots, answers are missing or cannot be read, or no task has a test shot.
    """
    run = read_shot_run(run_folder)
    evidence = gather_evidence(run, project_root=project_root, wishes=wishes)
    shown = fit_budget(
        _show(evidence, project_root=project_root, scans=scans_folder, cache=cache_folder, progress=progress),
        budget_bytes=PICTURES_BYTES,
    )
    tables = {task: metrics_table(one) for task, one in evidence.heads.items()}
    metrics = shot_metrics_table(evidence, tables)
    report = run_folder / "report.html"
    write_shot_report(report, evidence, shown)
    for task, table in tables.items():
        write_json(run_folder / task / METRICS_FILE, table)
        _write_calibration(run.of_task(task), evidence.heads[task], run_folder / task)
        chosen = evidence.heads[task].thresholds
        write_thresholds(run.of_task(task), chosen if isinstance(chosen, Thresholds) else None)
    write_json(run_folder / METRICS_FILE, metrics)
    return ShotEvaluation(report, metrics)


def gather_evidence(run: ShotRun, *, project_root: Path, wishes: Wishes | None = None) -> ShotEvidence:
    """Judge every task of a run by its answers on test, and on validation beside it.

    Raises:
        RunError: as for `evaluate_shots`.
    """
    tasks = {task: run.of_task(task) for task in run.tasks}
    judged = {task: one for task, one in tasks.items() if _has_shots(one, "test")}
    if not judged:
        raise RunError(
            f"{run.folder}: the test part of its split is empty, so there is nothing to judge. "
            "Label shots of more films, or give [split] test a larger share, and train again"
        )
    again = shlex.join(["rushes", "evaluate", path_inside(run.folder, project_root)])
    command = f"{command_to_train(run.recipe, project_root=project_root)}\n{again}"
    wanted = wishes or {}
    heads = {task: _judge_head(one, command, wanted.get(task, {})) for task, one in judged.items()}
    answers = {task: one.predictions for task, one in heads.items()}
    watched = {task: read_part(one, "validation") for task, one in judged.items() if _is_stored(one, "validation")}
    return ShotEvidence(
        run=run,
        heads=heads,
        class_mean=_mean(answers, judged),
        validation_mean=_mean(watched, judged) if watched and watched.keys() == judged.keys() else None,
        unjudged=tuple(task for task in tasks if task not in judged),
        command=command,
        sheet=_read_sheet(run.folder),
    )


def _write_calibration(run: Run, evidence: Evidence, folder: Path) -> None:
    if isinstance(evidence.calibration, CalibrationJudgement):
        write_json(folder / CALIBRATION_FILE, calibration_table(run, evidence.calibration))


def _judge_head(run: Run, command: str, wishes: Mapping[str, Wish]) -> Evidence:
    counts = run.counts.get("train", {})
    predictions = read_part(run, "test")
    watched = read_part(run, "validation") if _is_stored(run, "validation") else None
    kept, test = run.head.get("best_epoch"), judge(predictions, train_counts=counts)
    calibration = calibrate(watched, predictions, test)
    thresholds, missing = thresholds_of(run, watched, predictions, wishes, calibration=calibration.fitted.calibration)
    return Evidence(
        run=run.to_table() | ({"best_epoch": kept} if isinstance(kept, int) else {}),
        test=test,
        predictions=predictions,
        validation=judge(watched, train_counts=counts) if watched is not None else None,
        calibration=calibrate(watched, predictions, test),
        history=history_of(run),
        command=command,
        warnings=missing,
        thresholds=thresholds,
    )


def _mean(answers: Mapping[str, Predictions], runs: Mapping[str, Run]) -> ClassMean:
    return judge_class_mean(answers, train_counts={task: runs[task].counts.get("train", {}) for task in answers})


def _has_shots(run: Run, part: str) -> bool:
    return _is_stored(run, part) or bool(sum(run.counts.get(part, {}).values()))


def _is_stored(run: Run, part: str) -> bool:
    return run.predictions_file(part).is_file()


def _read_sheet(folder: Path) -> bytes:
    try:
        return (folder / CLIP_SHEET_FILE).read_bytes()
    except OSError:
        return b""


def _show(
    evidence: ShotEvidence, *, project_root: Path, scans: Path | None, cache: Path | None, progress: Progress
) -> dict[str, tuple[ShownShot, ...]]:
    """Return for each task the shots to show, with their strips."""
    chosen = {task: choose_worst(one.predictions) for task, one in evidence.heads.items()}
    places = (
        parse_shot_id(evidence.heads[task].predictions.frames[row], evidence.heads[task].predictions.images[row])
        for task, rows in chosen.items()
        for row in rows
    )
    strips = read_strips(
        (place for place in places if place is not None),
        project_root=project_root,
        scans_folder=scans,
        progress=progress,
    )
    looked = _look(evidence, chosen, project_root=project_root, scans=scans, cache=cache)
    movements = _movements(evidence)
    shown = {}
    for task, rows in chosen.items():
        ids = evidence.heads[task].predictions.frames
        shown[task] = tuple(
            show_row(
                row,
                strips.get(shot, _STRANGE),
                looked.get((task, shot)),
                movements.get(shot, _MOTION),
                evidence.run.preprocessing,
            )
            for row, shot in ((row, ids[row]) for row in rows)
        )
    return shown


def _look(
    evidence: ShotEvidence,
    chosen: Mapping[str, Sequence[int]],
    *,
    project_root: Path,
    scans: Path | None,
    cache: Path | None,
) -> Mapping[tuple[str, str], LookedAt]:
    """Return where the answers to the shots shown came from, of heads that see frames."""
    if cache is None:
        return {}
    answers = {}
    for task, rows in chosen.items():
        predictions = evidence.heads[task].predictions
        answers[task] = [(predictions.frames[row], int(predictions.predicted[row])) for row in rows]
    return look_at_shots(evidence.run, answers, project_root=project_root, scans_folder=scans, cache_folder=cache)


def _movements(evidence: ShotEvidence) -> dict[str, str]:
    """Return what movement was answered for each shot, by its id; {} of a run that answers none."""
    head = evidence.heads.get(MOVEMENT)
    if head is None:
        return {}
    answers = head.predictions
    return {shot: answers.classes[int(answer)] for shot, answer in zip(answers.frames, answers.predicted, strict=True)}
