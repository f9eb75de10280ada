"""Predictions on labelled samples, whoever made them -> report.html and metrics.json in a folder of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rushes.evaluation.evaluate import Evaluation, metrics_table
from rushes.evaluation.judge import judge
from rushes.evaluation.report import Evidence, write_report
from rushes.learning.predictions import Predictions
from rushes.progress import Progress, silent
from rushes.storage.files import write_json


@dataclass(frozen=True, slots=True)
class Judged:
    """What the predictions are of, beside the samples.

    Attributes:
        name: of what answered, such as a bundle.
        task: the question.
        watched: what training knew of these samples, a key of `rushes.evaluation.verdict.WATCHED`, or `grouped` where
            they are of groups that it never saw.
        command: what to type to make the judgement again.
        warnings: what to beware of, in sentences.
        leaks: what of the samples training is known to have seen too, in sentences.
        train_counts: samples per class in training, which the baselines answer by; {} where they are not known.
        about: more for the page to state of the making, as a `run.json` would: `manifest`, `split`, `preprocessing`.
        metrics: more for `metrics.json`.
    """

    name: str
    task: str
    watched: str
    command: str = ""
    warnings: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    train_counts: Mapping[str, int] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


def evaluate_predictions(
    predictions: Predictions,
    judged: Judged,
    *,
    folder: Path,
    project_root: Path,
    source_names: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Judge predictions, and write `report.html` and `metrics.json` into a folder, which is made.

    Args:
        source_names: what stands before the last `:` of a frame's id -> the file that it comes from.

    Raises:
        RunError: the predictions are no probabilities.
    """
    split = {**dict(judged.about.get("split") or {}), "kind": judged.watched}
    evidence = Evidence(
        run={
            **judged.about,
            "name": judged.name,
            "task": judged.task,
            "classes": list(predictions.classes),
            "split": split,
            "leaks": list(judged.leaks),
        },
        test=judge(predictions, train_counts=judged.train_counts),
        predictions=predictions,
        command=judged.command,
        warnings=judged.warnings,
        source_names=source_names or {},
    )
    metrics = {**metrics_table(evidence), **judged.metrics}
    folder.mkdir(parents=True)
    write_report(folder / "report.html", evidence, project_root=project_root, progress=progress)
    write_json(folder / "metrics.json", metrics)
    return Evaluation(folder / "report.html", metrics)
