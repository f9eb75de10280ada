"""A task of a project as trainings take it: its newest manifest and split, and what the catalog knows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.cli.versions import newest_rows, newest_split_of
from rushes.errors import ManifestError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rushes.cli.door import Door
    from rushes.datasets.split import Split
    from rushes.labels.manifest import ManifestRow
    from rushes.learning.ground import Ground
    from rushes.learning.recipe import Recipe
    from rushes.project import Project, Task


def task_of(place: Project, recipe: Recipe, path: Path) -> Task:
    """Return the one task that a recipe asks.

    Args:
        path: of the recipe, for messages.

    Raises:
        RecipeError: it is of shots, which answers several at once, or names none where the project has several.
        ProjectError: there is no such task.
    """
    if recipe.model.kind == "shots":
        raise RecipeError(
            f"{path}: a recipe of shots answers several tasks at once, and only 'rushes train' takes it. Try settings "
            "by hand: rushes train RECIPE --set section.key=value, then rushes runs"
        )
    if not recipe.task and len(place.tasks) > 1:
        raise RecipeError(f"{path} names no task, and the project has {len(place.tasks)}. Say which: "
                          f"{' or '.join(f'--set task={name}' for name in place.tasks)}")  # fmt: skip
    return place.task(recipe.task or None)


def newest_ground(door: Door, place: Project, task: Task, *, split_kind: str, threads: int | None) -> Ground:
    """Return the newest manifest and split of a task, ready to train on; a note is said where sizes differ.

    Raises:
        ManifestError, SplitError: there is none, or none of its frames is in the catalog.
    """
    manifest, rows = newest_rows(place, task)
    split_path, split = newest_split_of(place, task, split_kind)
    return ground_of(door, place, task, manifest=(manifest, rows), split=(split_path, split), threads=threads)


def ground_of(
    door: Door,
    place: Project,
    task: Task,
    *,
    manifest: tuple[Path, Sequence[ManifestRow]],
    split: tuple[Path | None, Split],
    threads: int | None,
) -> Ground:
    """Return a manifest and a split, each with its file, ready to train on; as `newest_ground`."""
    from collections import Counter

    from rushes.catalog.catalog import open_catalog, signatures_of_frames
    from rushes.learning.ground import Ground

    used = {row.frame_id for row in manifest[1]}
    with open_catalog(place.catalog_place) as catalog:
        frames = [item for item in catalog.frames() if item.frame.id in used]
    # Pictures that are referred to where they are have the size that they have.
    sizes = Counter(item.size or place.ingest.size for item in frames)
    if not sizes:
        raise ManifestError(
            f"{manifest[0]}: none of its frames is in the catalog. Build it again: rushes manifest build"
        )
    if len(sizes) > 1:
        shown = ", ".join(f"{count} at {size}" for size, count in sizes.most_common())
        door.warn(f"note: the pictures were taken in at several sizes ({shown}); a bundle will use the commonest. "
                  "To have one size, remove frames/ and ingest again")  # fmt: skip
    return Ground(
        task=task,
        manifest=manifest[0],
        rows=tuple(manifest[1]),
        split=split[1],
        split_path=split[0],
        project_root=place.root,
        runs_folder=place.runs_folder,
        cache_folder=place.cache_folder,
        threads=threads,
        working_size=sizes.most_common(1)[0][0],
        leaks=_leaks_into_test(split[1], manifest[1], signatures_of_frames(frames)),
    )


def _leaks_into_test(split: Split, rows: Sequence[ManifestRow], signatures: Mapping[str, int]) -> tuple[str, ...]:
    """Return in what the test part of a grouped split resembles train now, frames labelled since included."""
    from rushes.datasets.split import find_leaks

    if split.kind != "grouped":
        return ()
    leaks = find_leaks(split.placing(rows), rows, signatures=signatures)
    return tuple(leak.detail for leak in leaks if (leak.part, leak.other_part) == ("test", "train"))
