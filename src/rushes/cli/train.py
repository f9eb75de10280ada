"""`rushes train`: one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened
from rushes.cli.options import (
    DebugOption,
    DeviceOption,
    DryRunOption,
    JsonOption,
    ProjectOption,
    ThreadsOption,
    verb_app,
)
from rushes.cli.runs_send import send_trained
from rushes.cli.versions import newest_rows, newest_split_of
from rushes.errors import ManifestError, require_extra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.datasets.split import Split
    from rushes.labels.manifest import ManifestRow

app = verb_app()


@app.command(epilog="Example: rushes train recipes/features.toml --set training.seed=1")
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of one.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="section.key=value, in place of the recipe's.")
    ] = None,
    device: DeviceOption = None,
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
        from collections import Counter
        from datetime import UTC, datetime

        from rushes.catalog.catalog import open_catalog, signatures_of_frames
        from rushes.datasets.split import count_classes, rows_of_parts
        from rushes.learning.balance import advise_never_predicted, check_names, is_answered, suggest_balance
        from rushes.learning.recipe_files import SHIPPED, find_recipe, read_recipe
        from rushes.learning.train import train as learn
        from rushes.project import find_project

        place = find_project(project)
        asked = read_recipe(find_recipe(recipe, (place.recipes_folder, SHIPPED)), changes=change or ())
        task = place.task(asked.task or None)
        manifest, rows = newest_rows(place, task)
        split_path, split = newest_split_of(place, task, asked.split)
        check_names(asked.balance, task.classes)
        counts = count_classes(rows_of_parts(rows, split), task.classes)["train"]
        suggestion = suggest_balance(counts, kind=asked.model.kind)
        used = {row.frame_id for row in rows}
        with open_catalog(place.catalog_place) as catalog:
            frames = [item for item in catalog.frames() if item.frame.id in used]
        # Pictures that are referred to where they are have the size that they have.
        sizes = Counter(item.size or place.ingest.size for item in frames)
        leaks = _leaks_into_test(split, rows, signatures_of_frames(frames))
        if not sizes:
            raise ManifestError(
                f"{manifest}: none of its frames is in the catalog. Build it again: rushes manifest build"
            )
        if len(sizes) > 1:
            shown = ", ".join(f"{count} at {size}" for size, count in sizes.most_common())
            door.warn(f"note: the pictures were taken in at several sizes ({shown}); a bundle will use the commonest. "
                      "To have one size, remove frames/ and ingest again")  # fmt: skip
        if dry_run:
            door.say(f"would train {asked.name} on {len(split.parts)} samples of {manifest.name} and {split_path.name}")
            _say_counts(door, counts)
            if not is_answered(suggestion, asked.balance):
                door.say(f"suggestion: {suggestion.sentence} {suggestion.options}")
            door.finish(
                {
                    "recipe": asked.to_table(),
                    "manifest": str(manifest),
                    "split": str(split_path),
                    "counts": counts,
                    "suggestion": {"sentence": suggestion.sentence, "changes": list(suggestion.changes)},
                }
            )
        door.say(f"training {asked.name} ({asked.model.kind}) for task {task.name} on the {split.kind} split")
        _say_counts(door, counts)
        if not is_answered(suggestion, asked.balance):
            door.say(f"suggestion: {suggestion.sentence} {suggestion.options}")
        with door.progress("train") as progress:
            run = learn(
                asked,
                task=task,
                manifest=manifest,
                rows=rows,
                split=split,
                split_path=split_path,
                project_root=place.root,
                runs_folder=place.runs_folder,
                cache_folder=place.cache_folder,
                threads=threads,
                device=device,
                working_size=sizes.most_common(1)[0][0],
                leaks=leaks,
                progress=progress,
                now=datetime.now(UTC),
            )
        for warning in run.warnings:
            door.warn(f"warning: {warning}")
        send_trained(door, place, run)
        door.say(f"run: {run.folder}")
        door.say(f"Next: rushes evaluate {run.folder.name}")
        advice = advise_never_predicted(run.never_predicted, counts, asked.balance, kind=asked.model.kind)
        for name, sentence in advice.items():
            door.alarm(f"class '{name}' is never predicted: this run does not find it. {sentence}")
        door.finish({"run": str(run.folder), **run.to_table()})


def _say_counts(door: Door, counts: Mapping[str, int]) -> None:
    door.say("train samples: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))


def _leaks_into_test(split: Split, rows: Sequence[ManifestRow], signatures: Mapping[str, int]) -> tuple[str, ...]:
    """Return in what the test part of a grouped split resembles train now, frames labelled since included."""
    from rushes.datasets.split import find_leaks

    if split.kind != "grouped":
        return ()
    leaks = find_leaks(split.placing(rows), rows, signatures=signatures)
    return tuple(leak.detail for leak in leaks if (leak.part, leak.other_part) == ("test", "train"))
