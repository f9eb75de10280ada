"""Runs of shots whose networks have random weights, written by hand, and bundles of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.fabricated import answers
from rushes.bundles.shot_bundle import ShotBundle
from rushes.bundles.shot_export import Places, export_shot_run
from rushes.datasets.preprocessing import Preprocessing
from rushes.footage.movement import FEATURES, MOVEMENTS, SERIES_COLUMNS
from rushes.learning.predictions import Predictions, write_predictions
from rushes.learning.recipe import HeadRecipe, ModelRecipe, Recipe
from rushes.learning.runs import MODEL_FILE
from rushes.learning.shot_runs import ShotRun, TaskOutcome, write_shot_run
from rushes.models.backbones import Backbone
from rushes.models.clip_design import ShotDesign, ShotHeadDesign

SIZES = ("CS", "MS", "LS")
SHOWN = Preprocessing(32, 32, mean=(0.5, 0.4, 0.3), std=(0.5, 0.25, 0.2))
SCALE = ShotHeadDesign("scale", SIZES, pooling="mean", width=4)
MOVEMENT = ShotHeadDesign("movement", MOVEMENTS, see="motion", motion="linear")
BOTH = ShotDesign(Backbone("test_resnet"), (SCALE, MOVEMENT), frames=8, features=FEATURES, series=SERIES_COLUMNS)
MOTION_ALONE = replace(BOTH, backbone=None, heads=(MOVEMENT,))


def write_tiny_run(folder: Path, design: ShotDesign = BOTH, **recipe: Any) -> ShotRun:
    """Write the folder of a run whose network has random weights, always the same ones."""
    import torch

    from rushes.models.clip import ShotNetwork
    from rushes.models.network import save_network

    folder.mkdir(parents=True)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        network = ShotNetwork(design, SHOWN)
    save_network(network, folder / MODEL_FILE)
    heads = {head.task: HeadRecipe(see=head.see) for head in design.heads}
    asked = Recipe("shots", model=ModelRecipe(kind="shots", backbone="test_resnet", weights="w.pth"), heads=heads)
    run = ShotRun(
        folder=folder,
        name=folder.name,
        tasks={
            head.task: TaskOutcome(
                head.classes,
                {part: dict.fromkeys(head.classes, 2) for part in ("train", "validation", "test")},
                dict.fromkeys(head.classes, 1.0),
            )
            for head in design.heads
        },
        recipe=replace(asked, **recipe).to_table(),
        architecture=design.to_table(),
        preprocessing=SHOWN,
        manifest={"path": "manifests/gone.jl", "sha256": "1" * 64},
        split={"path": None, "sha256": "2" * 64, "kind": "grouped"},
        weights={},
        leaks=(),
        commit=None,
        machine={},
        created_at="2026-11-26T04:00:00Z",
        elapsed_seconds=1.5,
        parameters=10,
        trained_parameters=4,
        epochs=2,
        best_epoch=1,
        shots={"train": 6, "validation": 3, "test": 3},
        synthetic={"push": 3},
        warnings=("the footage is dark",),
    )
    write_shot_run(run, folder)
    return run


def tiny_shot_bundle(folder: Path, design: ShotDesign = BOTH) -> ShotBundle:
    """Build the bundle of a tiny run at `folder`."""
    root = folder.parent / f"{folder.name}-project"
    run = write_tiny_run(root / "runs" / "2026-11-26-040000-shots", design)
    return export_shot_run(run.folder, folder, places=Places(root, None, root / "cache"))


def evaluate_tiny_run(run: ShotRun) -> None:
    """Give a run answers and evaluate it: `scale` says 97 % and is right in 70 %, other tasks are always right."""
    from rushes.evaluation.evaluate_shots import evaluate_shots

    for task, outcome in run.tasks.items():
        for part, seed in (("validation", 1), ("test", 2)):
            said = made_up_answers(outcome.classes, right=0.7 if task == "scale" else 1.0, seed=seed)
            write_predictions(said, run.of_task(task).predictions_file(part))
    evaluate_shots(run.folder, project_root=run.folder.parent.parent)


def made_up_answers(classes: tuple[str, ...], *, right: float, seed: int) -> Predictions:
    """Return 120 answers to shots of twelve films, each about 97 % sure, a share of them right."""
    draw = np.random.default_rng(seed)
    labels = [classes[row % len(classes)] for row in range(120)]
    said = [label if draw.random() < right else classes[(classes.index(label) + 1) % len(classes)] for label in labels]
    return answers(
        [*zip(labels, said, strict=True)],
        classes=classes,
        groups=[f"film-{row // 10}" for row in range(120)],
        confidence=draw.uniform(0.95, 0.99, 120).tolist(),
    )


def evaluated_shot_bundle(folder: Path) -> ShotBundle:
    """Build at `folder` the bundle of a tiny run that `evaluate_tiny_run` evaluated; its project lies beside it."""
    root = folder.parent / f"{folder.name}-project"
    run = write_tiny_run(root / "runs" / "2026-11-26-040000-shots")
    evaluate_tiny_run(run)
    return export_shot_run(run.folder, folder, places=Places(root, None, root / "cache"))
