"""`rushes train` on a recipe of shots: one run that answers several tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.cli.shot_ground import shot_ground

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.cli.door import Door
    from rushes.learning.recipe import Recipe
    from rushes.learning.shot_ground import ShotGround
    from rushes.project import Project


def train_on_shots(
    door: Door, place: Project, recipe: Recipe, *, device: str | None, threads: int | None, dry_run: bool
) -> None:
    """Train a recipe of shots on the shots that it names, and say what came of it; with `dry_run`, what would."""
    from datetime import UTC, datetime

    from rushes.cli.runs_send import send_trained
    from rushes.learning.balance import advise_never_predicted, describe_never_predicted, group_advice
    from rushes.learning.train_shots import check_shot_training, parts_of, train_shots

    ground = shot_ground(door, place, recipe, threads=threads, write=not dry_run)
    counts = _count(ground)
    for note in ground.notes:
        door.warn(f"note: {note}")
    if dry_run:
        check_shot_training(recipe, ground, device=device)
        parts = parts_of(ground)
        door.say(f"would train {recipe.name} on " + ", ".join(f"{len(rows):,} {part}" for part, rows in parts.items())
                 + f" shots of {', '.join(recipe.shots.sheet)}")  # fmt: skip
        _say_counts(door, counts)
        door.finish(
            {
                "recipe": recipe.to_table(),
                "shots": {part: len(rows) for part, rows in parts.items()},
                "counts": counts,
                "unusable": list(ground.unusable),
                "notes": list(ground.notes),
                "failed": door.failed,
            }
        )
    door.say(f"training {recipe.name} (shots) for {' and '.join(counts)} on the {ground.split.kind} split")
    _say_counts(door, counts)
    with door.progress("train") as progress:
        run = train_shots(recipe, ground, device=device, progress=progress, now=datetime.now(UTC))
    for warning in dict.fromkeys(w for one in run.tasks.values() for w in (*run.warnings, *one.warnings)):
        if warning not in ground.notes:
            door.warn(f"warning: {warning}")
    for task in run.tasks:
        send_trained(door, place, run.of_task(task))
    door.say(f"run: {run.folder}")
    door.say(f"Next: rushes evaluate {run.folder.name}")
    for task, outcome in run.tasks.items():
        advice = advise_never_predicted(outcome.never_predicted, counts[task], recipe.balance, kind="shots")
        for names, sentence in group_advice(advice):
            door.alarm(f"{task}: {describe_never_predicted(names)}. {sentence}")
    door.finish({"run": str(run.folder), **run.to_table(), "failed": door.failed})


def _count(ground: ShotGround) -> dict[str, dict[str, int]]:
    """Return task -> class -> how many shots of train there are."""
    from rushes.learning.train_shots import parts_of

    train = parts_of(ground)["train"]
    return {
        task.name: {name: sum(row.classes.get(task.name) == name for row in train) for name in task.classes}
        for task in ground.tasks
    }


def _say_counts(door: Door, counts: Mapping[str, Mapping[str, Any]]) -> None:
    for task, classes in counts.items():
        door.say(f"train shots, {task}: " + ", ".join(f"{count:,} {name}" for name, count in classes.items()))
