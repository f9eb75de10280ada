"""Runs of shots with answers on validation and test, made up for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evaluation.fabricated import answers
from rushes.datasets.preprocessing import Preprocessing
from rushes.learning.predictions import Predictions, write_predictions
from rushes.learning.shot_runs import ShotRun, TaskOutcome, write_shot_run

SCALE = ("ECS", "CS", "MS", "FS", "LS")
MOVEMENT = ("static", "motion", "push", "pull")
PROJECT = """schema = "project/1"
name = "season"
[tasks.scale]
classes = ["ECS", "CS", "MS", "FS", "LS"]
[tasks.movement]
classes = ["static", "motion", "push", "pull"]
"""
HEADS = {"scale": {"see": "frames", "pooling": "gru"}, "movement": {"see": "motion", "motion": "boosted"}}


def shot_answers(
    pairs: Sequence[tuple[str, str]],
    classes: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    videos: Sequence[str] | None = None,
) -> Predictions:
    """Return answers to shots from (label, answer) pairs, a group of its own each where none is given."""
    count = len(pairs)
    made = answers(pairs, classes=classes, groups=groups or [f"film-{row}" for row in range(count)])
    return replace(
        made,
        frames=tuple(ids or (f"{row:016x}:0-24" for row in range(count))),
        images=tuple(videos or (f"clips/{row}.mp4" for row in range(count))),
        names=tuple(f"film-{row} shot {row}" for row in range(count)),
    )


def balanced(classes: Sequence[str], *, wrong: Mapping[str, str] | None = None, each: int = 10) -> Predictions:
    """Return `each` shots of every class in as many groups, right but for one shot of each class in `wrong`."""
    pairs = [(name, (wrong or {}).get(name, name) if group == 0 else name) for group in range(each) for name in classes]
    return shot_answers(pairs, classes, groups=[f"film-{row // len(classes)}" for row in range(len(pairs))])


def write_shot_run_folder(
    folder: Path, test: Mapping[str, Predictions], *, validation: Mapping[str, Predictions] | None = None, **fields: Any
) -> ShotRun:
    """Write the folder of a run of shots that answered so, `fields` of the run changed; return the run."""
    folder.mkdir(parents=True)
    parts = {"test": test, "validation": validation or {}}
    tasks = {}
    for task, one in test.items():
        counts = {
            part: {name: int((told[task].truth == at).sum()) for at, name in enumerate(one.classes)}
            for part, told in parts.items()
            if task in told
        }
        counts["train"] = {name: 9 - at for at, name in enumerate(one.classes)}
        tasks[task] = TaskOutcome(one.classes, counts, dict.fromkeys(one.classes, 1.0), head=HEADS.get(task, {}))
    epochs = [{"epoch": epoch, "train_loss": 1 / epoch, "tasks": {task: {"f1_macro": 0.2 * epoch, "validation_loss":
              1.2 / epoch} for task in test}} for epoch in (1, 2, 3)]  # fmt: skip
    run = ShotRun(
        folder=folder,
        name=folder.name,
        tasks=tasks,
        recipe={"name": "movieshots", "model": {"kind": "shots", "backbone": "test_resnet"}, "heads": HEADS,
                "shots": {"frames": 8, "choice": "even"}},
        architecture={"kind": "shots"},
        preprocessing=Preprocessing(64, 64),
        manifest={"path": "manifests/shots.jl", "sha256": "1" * 64},
        split={"path": None, "sha256": "2" * 64, "kind": "grouped"},
        weights={},
        leaks=(),
        commit=None,
        machine={},
        created_at="2026-11-26T04:00:00Z",
        elapsed_seconds=61.0,
        parameters=1000,
        trained_parameters=100,
        epochs=3,
        best_epoch=2,
        shots={"train": 70, "validation": 5, "test": max(len(one) for one in test.values())},
        history=tuple(epochs),
    )  # fmt: skip
    run = replace(run, **fields)
    write_shot_run(run, folder)
    for part, told in parts.items():
        for task, one in told.items():
            write_predictions(one, folder / task / "predictions" / f"{part}.parquet")
    return run
