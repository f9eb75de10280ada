"""`rushes train`: one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened
from rushes.cli.engines import cluster_of, engine_of, is_engine_asked
from rushes.cli.ground import newest_ground, task_of
from rushes.cli.options import (
    DebugOption,
    DeviceOption,
    DryRunOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    ThreadsOption,
    WorkersOption,
    verb_app,
)
from rushes.cli.runs_send import send_trained
from rushes.cli.train_shots import train_on_shots
from rushes.errors import RecipeError, UsageError, require_extra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.learning.recipe import Recipe


app = verb_app()

# Kinds of which no several processes train one network, and why.
_TAUGHT_HERE = {
    "features": "a head on features takes seconds, and the cluster computes the features",
    "shots": "a network of shots is trained on one device",
}


@app.command(epilog="Example: rushes train recipes/features.toml --set training.seed=1")
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of one.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="section.key=value, in place of the recipe's.")
    ] = None,
    device: DeviceOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Train what a recipe says on the newest manifest and split, and keep the run under runs/.

    Scores shown while training are of the validation part; `rushes evaluate` judges the test part.
    """
    with opened(as_json=as_json, debug=debug) as door:
        require_extra("train", "torch", "timm", "safetensors", "sklearn", purpose="training")
        from dataclasses import replace
        from datetime import UTC, datetime

        from rushes.datasets.split import count_classes, rows_of_parts
        from rushes.learning.balance import (
            advise_never_predicted,
            count_kept,
            describe_never_predicted,
            group_advice,
            is_answered,
            suggest_balance,
            why_not_remove,
        )
        from rushes.learning.ground import check_on, train_on
        from rushes.learning.recipe_files import SHIPPED, find_recipe, read_recipe
        from rushes.project import find_project

        place = find_project(project)
        path = find_recipe(recipe, (place.recipes_folder, SHIPPED))
        asked = read_recipe(path, changes=change or ())
        cluster = cluster_of(place, engine, workers, device)
        if cluster is None and (workers or 1) > 1 and asked.model.kind != "features":
            raise UsageError(f"--workers {workers}: processes on a cluster train together, and this is done here. Say "
                             "--engine ray, or name the devices of this machine: --device cuda:0,cuda:1")  # fmt: skip
        if cluster is not None and asked.model.kind in _TAUGHT_HERE:
            door.say(f"note: {_TAUGHT_HERE[asked.model.kind]}: it is trained on this machine")
            cluster = None
        if asked.model.kind == "shots":
            train_on_shots(door, place, asked, device=device, threads=threads, dry_run=dry_run)
        task = task_of(place, asked, path)
        ground = newest_ground(door, place, task, split_kind=asked.split, threads=threads)
        _check_classes(asked, path, task.classes)
        if dry_run:
            check_on(ground, asked, device=None if cluster else device)
        counts = count_classes(rows_of_parts(ground.rows, ground.split), task.classes)["train"]
        kept = count_kept(counts, asked.balance)
        suggestion = suggest_balance(kept, kind=asked.model.kind)
        if dry_run:
            assert ground.split_path is not None
            door.say(f"would train {asked.name} on {len(ground.split.parts)} samples of {ground.manifest.name} and "
                     f"{ground.split_path.name}")  # fmt: skip
            _say_counts(door, counts, kept)
            _warn_of_removal(door, why_not_remove(counts, asked.balance))
            if not is_answered(suggestion, asked.balance):
                door.say(f"suggestion: {suggestion.sentence} {suggestion.options}")
            door.finish(
                {
                    "recipe": asked.to_table(),
                    "manifest": str(ground.manifest),
                    "split": str(ground.split_path),
                    "counts": counts,
                    "kept": kept,
                    "suggestion": {"sentence": suggestion.sentence, "changes": list(suggestion.changes)},
                }
            )
        door.say(f"training {asked.name} ({asked.model.kind}) for task {task.name} on the {ground.split.kind} split")
        _say_counts(door, counts, kept)
        _warn_of_removal(door, why_not_remove(counts, asked.balance))
        if not is_answered(suggestion, asked.balance):
            door.say(f"suggestion: {suggestion.sentence} {suggestion.options}")
        with engine_of(place, engine, workers, threads=threads) as pool, door.progress("train") as progress:
            ground = replace(ground, engine=pool if is_engine_asked(place, engine, workers) else None)
            run = train_on(ground, asked, device=device, cluster=cluster, progress=progress, now=datetime.now(UTC))
        for warning in run.warnings:
            door.warn(f"warning: {warning}")
        send_trained(door, place, run)
        door.say(f"run: {run.folder}")
        door.say(f"Next: rushes evaluate {run.folder.name}")
        advice = advise_never_predicted(run.never_predicted, counts, asked.balance, kind=asked.model.kind)
        for names, sentence in group_advice(advice):
            door.alarm(f"{describe_never_predicted(names)}. {sentence}")
        door.finish({"run": str(run.folder), **run.to_table()})


def _check_classes(recipe: Recipe, path: Path, classes: Sequence[str]) -> None:
    """Raise RecipeError where a recipe names classes that the task lacks; one of rushes' own is to be copied."""
    from rushes.learning.recipe_checks import check_classes
    from rushes.learning.recipe_files import SHIPPED

    try:
        check_classes(recipe, classes, where=str(path))
    except RecipeError as error:
        if not path.is_relative_to(SHIPPED):
            raise
        raise RecipeError(f"{error}\nThe recipe {path.stem} comes with rushes, for a task with other classes. Copy it "
                          f"and name yours: rushes recipes copy {path.stem}") from None  # fmt: skip


def _say_counts(door: Door, counts: Mapping[str, int], kept: Mapping[str, int]) -> None:
    door.say("train samples: " + ", ".join(
        f"{count:,} {name}" if kept[name] == count else f"{count:,} -> {kept[name]:,} {name} (balance.remove)"
        for name, count in counts.items()
    ))  # fmt: skip


def _warn_of_removal(door: Door, warning: str) -> None:
    if warning:
        door.warn(f"warning: {warning}")
