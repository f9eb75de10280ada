"""Predictions on labelled samples, whoever made them -> report.html and metrics.json in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rushes.evaluation.carried_thresholds import carry_thresholds
from rushes.evaluation.evaluate import Evaluation, Known, judge_slices, metrics_table
from rushes.evaluation.explained import Explained
from rushes.evaluation.judge import Judgement, judge
from rushes.evaluation.label_errors_section import find_errors, warn_of_changed_labels
from rushes.evaluation.reliability import Reliability, judge_reliability
from rushes.evaluation.report import Evidence, leave_unexplained, write_report
from rushes.labels.manifest import ManifestRow
from rushes.learning.calibration import Calibration
from rushes.learning.predictions import Predictions
from rushes.progress import Progress, silent
from rushes.storage.files import write_json
from rushes.wish import Wish

_WITHHELD = {
    "trained": "training was told some or all of these labels, so that the model's answers say nothing of them: judge "
               "it on --part test",
    "unknown": "nobody knows whether training was told these labels, so that the model's answers say nothing of them",
}  # fmt: skip


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
        part: of the split, or `all`.
        calibration: what was applied to the probabilities; None where nobody knows, and no diagram is shown.
        thresholds: class -> threshold that came with the model; None of a model that answers without.
        wishes: class -> what its threshold was chosen for, where that is known.
        origin_run: the run that the model was made of, where the project has it.
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
    part: str = "test"
    calibration: Calibration | None = None
    thresholds: Mapping[str, float] | None = None
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    origin_run: str = ""

    @property
    def withheld(self) -> str:
        """Why the answers say nothing of labels; "" where training was not told these."""
        return _WITHHELD.get(self.watched, "")


def evaluate_predictions(
    predictions: Predictions,
    judged: Judged,
    *,
    folder: Path,
    project_root: Path,
    known: Known | None = None,
    rows: Sequence[ManifestRow] = (),
    explain: Callable[[Sequence[int]], Explained] = leave_unexplained,
    progress: Progress = silent,
) -> Evaluation:
    """Judge predictions, and write `report.html` and `metrics.json` into a folder, which is made.

    Args:
        known: what the project knows of the samples beside their labels.
        rows: of the whole manifest that they are of, in which twins with two labels are looked for.
        explain: as `write_report` takes it.

    Raises:
        RunError: the predictions are no probabilities.
    """
    known = known or Known()
    test = judge(predictions, train_counts=judged.train_counts)
    split = {**dict(judged.about.get("split") or {}), "kind": judged.watched}
    changed = warn_of_changed_labels(
        [predictions], known.labels, since="the manifest was built", remedy="build it again, and evaluate"
    )
    evidence = Evidence(
        run={
            **judged.about,
            "name": judged.name,
            "task": judged.task,
            "classes": list(predictions.classes),
            "split": split,
            "leaks": list(judged.leaks),
        },
        test=test,
        predictions=predictions,
        command=judged.command,
        warnings=(*judged.warnings, *changed, *(known.attributes.remarks if known.attributes else ())),
        slices=judge_slices(predictions, known, rows=rows, train_counts=judged.train_counts),
        thresholds=carry_thresholds(
            predictions, judged.thresholds or {}, wishes=judged.wishes, part=judged.part, watched=judged.watched
        ),
        label_errors=find_errors(
            {judged.part: predictions},
            rows=rows,
            signatures=known.signatures,
            run_name=judged.origin_run,
            project_root=project_root,
            withheld=judged.withheld,
            standing=known.labels,
        ),
        calibration=_reliability(predictions, judged, test),
        source_names=known.source_names,
    )
    metrics = {**metrics_table(evidence), **judged.metrics}
    folder.mkdir(parents=True)
    write_report(folder / "report.html", evidence, project_root=project_root, explain=explain, progress=progress)
    write_json(folder / "metrics.json", metrics)
    return Evaluation(folder / "report.html", metrics)


def _reliability(predictions: Predictions, judged: Judged, test: Judgement) -> Reliability | None:
    if judged.calibration is None:
        return None
    return judge_reliability(
        judged.calibration,
        predictions,
        watched=judged.watched,
        blind=test.blind.get("prior", {}),
        seed=test.seed,
    )
