"""`rushes evaluate` for a run of shots: what it reaches in each task, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.cli.door import Door, table_of
from rushes.cli.threshold_words import show_thresholds, wishes_for_shots
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.project import Project

_KINDS = ("precision", "recall", "f1")
_TASKS = ("scale", "movement")  # of which figures are published


def evaluate_run_of_shots(
    door: Door, place: Project, folder: Path, *, mixed: Path | None, wants: Sequence[str] = ()
) -> None:
    """Judge a run of shots, or the run that a task's folder is of, and say what it reaches."""
    from rushes.evaluation.evaluate_shots import METRICS_FILE, evaluate_shots
    from rushes.learning.runs import is_of_shots
    from rushes.learning.shot_runs import read_shot_run

    if mixed is not None:
        raise UsageError("--mixed is of runs on frames: a run of shots has no twin on a mixed split. Leave it out")
    whole = folder if is_of_shots(folder) else folder.parent
    run = read_shot_run(whole)
    wishes = wishes_for_shots({task: run.of_task(task) for task in run.tasks}, place, wants)
    with door.progress("evaluate") as progress:
        done = evaluate_shots(
            whole,
            project_root=place.root,
            scans_folder=place.scans_folder,
            cache_folder=place.cache_folder,
            wishes=wishes,
            progress=progress,
        )
    metrics = done.metrics
    for warning in metrics["warnings"]:
        door.warn(f"warning: {warning}")
    door.say(metrics["verdict"])
    for task, table in metrics["tasks"].items():
        _show_head(door, task, table)
        show_thresholds(door, table["thresholds"])
    _show_mean(door, metrics["class_mean"]["test"])
    _show_references(door, metrics)
    door.say(f"report:  {done.report}")
    door.say(f"metrics: {whole / METRICS_FILE}")
    door.finish({"run": str(whole), "report": str(done.report), "metrics": metrics})


def _show_head(door: Door, task: str, table: Mapping[str, Any]) -> None:
    """Print the classes of a head with precision, recall and F1, then its means beside what needs no look."""
    test = table["test"]
    scores, counts = test["metrics"], test["counts"]
    rows: list[list[object]] = [
        [name, counts[name]["labelled"], *(_estimate(scores[f"{kind}/{name}"]) for kind in _KINDS)]
        for name in test["classes"]
    ]
    door.show(table_of(f"{task}: test", ["class", "shots", "precision", "recall", "F1"], rows))
    validation = table["validation"]
    means = []
    for key, word in (("f1_macro", "macro-F1"), ("balanced_accuracy", "balanced accuracy"), ("accuracy", "accuracy")):
        blind = [test["baselines"][name][key] for name in ("majority", "prior")]
        watched = _estimate(validation["metrics"][key]) if validation else None
        means.append([word, _estimate(scores[key]), watched, *map(_number, blind)])
    columns = [f"{task}: all classes", "test", "validation", "always the commonest", "by shares"]
    door.show(table_of(None, columns, means))


def _show_mean(door: Door, mean: Mapping[str, Any]) -> None:
    baselines = mean["baselines"]
    door.say(
        f"{mean['name']}: F1 {_estimate(mean['f1'])}, recall {_estimate(mean['recall'])}; always the commonest class: "
        f"F1 {_number(baselines['majority']['f1'])}, recall {_number(baselines['majority']['recall'])}"
    )


def _show_references(door: Door, metrics: Mapping[str, Any]) -> None:
    """Print what is published beside ours where it is of the same test, and otherwise why it is not."""
    if metrics["references"]:
        names = ("push", "pull")
        columns = [
            "model",
            "scale accuracy",
            "macro-F1",
            "movement accuracy",
            "macro-F1",
            *(f"{n} recall" for n in names),
        ]
        ours = ["this model", *(_ours(metrics, task, key) for task in _TASKS for key in ("accuracy", "f1_macro")),
                *(_ours(metrics, "movement", f"recall/{name}") for name in names)]  # fmt: skip
        rows = [
            [
                row["model"],
                *(_number(row[key].get(task)) for task in _TASKS for key in ("accuracy", "f1_macro")),
                *(_number(row["recall"].get(name)) for name in names),
            ]
            for row in metrics["references"]
        ]
        door.show(table_of("MovieShots, v1 test", columns, [ours, *rows]))
    for note in metrics["references_notes"]:
        door.say(note)


def _ours(metrics: Mapping[str, Any], task: str, key: str) -> str | None:
    table = metrics["tasks"].get(task)
    found = table["test"]["metrics"].get(key) if table else None
    return _number(found["value"]) if found else None


def _estimate(table: Mapping[str, Any]) -> str:
    if table["value"] is None:
        return "–"
    ends = f" ({table['low']:.2f}–{table['high']:.2f})" if table["low"] is not None else ""
    return f"{table['value']:.3f}{ends}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
