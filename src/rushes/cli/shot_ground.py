"""Labelled shots as trainings take them: read from the sheets that a recipe names, held against their films, split."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rushes.cli.door import Door
    from rushes.datasets.shot_intake import TakenShots
    from rushes.datasets.split import SplitKind
    from rushes.labels.shot_manifest import ShotRow
    from rushes.labels.stated_shot import StatedShots
    from rushes.learning.recipe import Recipe
    from rushes.learning.shot_ground import ShotGround
    from rushes.project import Project, Task

_SHOWN = 20
MOVIESHOTS_TEST = "movieshots-v1"  # the published test part, as a run's split names it
_SHOTS_OF_TEST, _LEAST_OF_TEST = 8187, 0.99  # with less of it, scores stand beside the published ones no more


def shot_ground(door: Door, place: Project, recipe: Recipe, *, threads: int | None, write: bool) -> ShotGround:
    """Return the labelled shots of a recipe, ready to train on; what cannot be used is said, and the rest goes on.

    Args:
        write: keep the manifest and the split; False plans them only.

    Raises:
        SheetError, ManifestError, SplitError: there is no sheet, no shot that can be used, or no split.
    """
    from datetime import UTC, datetime

    from rushes.datasets.shot_intake import take_shots
    from rushes.datasets.shot_split import plan_shot_split
    from rushes.datasets.split import newest_split, read_split, write_split
    from rushes.labels.shot_manifest import SHOTS, newest_shots, write_shots
    from rushes.learning.shot_ground import ShotGround

    tasks = tuple(place.task(task) for task in recipe.heads)
    sheets = [place.root / name for name in recipe.shots.sheet]
    stated, from_movieshots = read_stated_shots(sheets, tasks, recipe, root=place.root)
    for fault in stated.faults[:_SHOWN]:
        door.fail_item(str(fault))
    if len(stated.faults) > _SHOWN:
        door.fail_item(f"and {len(stated.faults) - _SHOWN} more rows that cannot be understood")
    videos = place.root / recipe.shots.videos if recipe.shots.videos else sheets[0].parent
    with door.progress("shots") as progress:
        taken = take_shots(
            stated.shots,
            project_root=place.root,
            videos_folder=videos,
            cache_folder=place.cache_folder,
            groups=_groups_of(place),
            threads=threads or 0,
            progress=progress,
        )
    faults = taken.faults()
    for words in faults[:_SHOWN]:
        door.fail_item(words)
    if len(faults) > _SHOWN:
        door.fail_item(f"and {len(faults) - _SHOWN} more reasons why shots cannot be used")
    now = datetime.now(UTC)
    _require_rows(taken, stated, sheets, tuple(recipe.heads))
    known_path = newest_split(place.splits_folder, SHOTS, recipe.split)
    known = read_split(known_path) if known_path is not None and recipe.split == "grouped" else None
    split = plan_shot_split(
        taken.rows, tuple(recipe.heads), kind=cast("SplitKind", recipe.split), settings=place.split, known=known
    )
    manifest, split_path = newest_shots(place.manifests_folder), known_path
    if write:
        manifest, _ = write_shots(taken.rows, place.manifests_folder, now)
        split_path, _ = write_split(split, place.splits_folder, now=now)
    return ShotGround(
        tasks=tasks,
        manifest=manifest or place.manifests_folder,
        rows=taken.rows,
        split=split,
        split_path=split_path,
        project_root=place.root,
        runs_folder=place.runs_folder,
        cache_folder=place.cache_folder,
        scans_folder=place.scans_folder,
        threads=threads,
        unusable=tuple(one.reason for one in taken.unusable),
        notes=(*stated.notes, *taken.notes),
        test_name=MOVIESHOTS_TEST if from_movieshots and _is_published_test(taken.rows, recipe) else "",
    )


def read_stated_shots(
    sheets: Sequence[Path], tasks: Sequence[Task], recipe: Recipe, *, root: Path
) -> tuple[StatedShots, bool]:
    """Return what sheets state, and whether they are those of MovieShots.

    Raises:
        SheetError: one cannot be read, or sheets of MovieShots stand beside others.
    """
    from rushes.labels.movieshots import is_movieshots, read_movieshots
    from rushes.labels.sheet import unreadable
    from rushes.labels.shot_sheet import read_shot_sheet
    from rushes.labels.stated_shot import StatedShots

    missing = [sheet for sheet in sheets if not sheet.is_file()]
    if missing:
        raise unreadable(str(missing[0]), "there is no such sheet. shots.sheet of the recipe names it; a relative "
                            "path starts at the project folder")  # fmt: skip
    of_movieshots = [sheet for sheet in sheets if sheet.suffix.lower() == ".json" and is_movieshots(sheet.read_bytes())]
    if of_movieshots and len(of_movieshots) < len(sheets):
        other = next(sheet for sheet in sheets if sheet not in of_movieshots)
        raise unreadable(str(other), "is no file of MovieShots, and stands in one recipe with some. Train on them "
                            "apart")  # fmt: skip
    if of_movieshots:
        merged = recipe.shots.multi_movement == "motion"
        return read_movieshots(of_movieshots, tasks, multi_movement="motion" if merged else "drop"), True
    found = StatedShots(())
    for sheet in sheets:
        found += read_shot_sheet(sheet, tasks, root=root)
    return found, False


def _require_rows(taken: TakenShots, stated: StatedShots, sheets: Sequence[Path], tasks: Sequence[str]) -> None:
    """Raise SheetError where there is nothing to train on; what to do about it depends on why."""
    from rushes.labels.sheet import unreadable

    if taken.rows:
        return
    named, answered = ", ".join(sheet.name for sheet in sheets), " and ".join(tasks)
    if stated.faults and not stated.shots:
        words = "holds no labelled shot that can be used. What is wrong with its rows is said above"
    elif stated.shots:
        words = f"holds no labelled shot that can be used, of {len(stated.shots):,} that it states."
        words += "".join(f" {note[0].upper()}{note[1:]}." for note in taken.notes[:1])
        words += " Does shots.videos name the right folder?" if taken.missing else ""
    elif stated.unanswered:
        words = f"holds no labelled shot: of {stated.unanswered:,} rows none has a class in {answered}. Write them"
    else:
        words = (
            f"holds no shot yet. Write a row for each: the film in 'video', its first frame and the one after its last "
            f"in 'start' and 'stop', and its class in {answered}"
        )
    raise unreadable(named, words)


def _groups_of(place: Project) -> dict[str, str]:
    """Return digest of a film -> the group that it was taken in with."""
    from rushes.catalog.catalog import open_catalog

    with open_catalog(place.catalog_place) as catalog:
        return {source.digest: source.group for source in catalog.sources()}


def _is_published_test(rows: Sequence[ShotRow], recipe: Recipe) -> bool:
    """Return whether the test part is that of MovieShots' v1: its parts are kept, and next to nothing is left out."""
    count = sum(row.split == "test" for row in rows)
    return recipe.split == "stated" and _LEAST_OF_TEST * _SHOTS_OF_TEST <= count <= _SHOTS_OF_TEST
