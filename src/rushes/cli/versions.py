"""The newest versions in a project, or the word for how to make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.errors import ManifestError, RunError, SplitError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.datasets.split import Split
    from rushes.labels.manifest import ManifestRow
    from rushes.project import Project, Task


def newest_manifest_of(place: Project, task: Task) -> Path:
    """Return the newest manifest of a task."""
    from rushes.labels.manifest import newest_manifest

    path = newest_manifest(place.manifests_folder, task.name)
    if path is None:
        raise ManifestError(
            f"there is no manifest of task '{task.name}' yet. Build it: rushes manifest build --task {task.name}"
        )
    return path


def newest_rows(place: Project, task: Task) -> tuple[Path, list[ManifestRow]]:
    """Return the newest manifest of a task and its rows."""
    from rushes.labels.manifest import read_manifest

    path = newest_manifest_of(place, task)
    return path, read_manifest(path)


def newest_split_of(place: Project, task: Task, kind: str) -> tuple[Path, Split]:
    """Return the newest split of a task and a kind."""
    from rushes.datasets.split import newest_split, read_split

    path = newest_split(place.splits_folder, task.name, kind)
    if path is None:
        more = "" if kind == "grouped" else f" --kind {kind}"
        raise SplitError(
            f"there is no {kind} split of task '{task.name}' yet. Make it: rushes split make --task {task.name}{more}"
        )
    return path, read_split(path)


def find_run(place: Project, run: Path | None) -> Path:
    """Return the folder of a run named by path or by name; without one, of the newest run.

    `NAME/TASK` is one task of a run of shots, and `NAME` all of it.

    Raises:
        RunError: there is no such run.
    """
    from rushes.learning.runs import is_of_shots, list_runs, read_task_run

    names = [found.called for found in list_runs(place.runs_folder)]
    if run is None:
        if not names:
            raise RunError("there is no run yet. Train one: rushes train recipes/features.toml")
        return place.runs_folder / max(name.partition("/")[0] for name in names)
    for folder in (run, place.runs_folder / run.name, place.runs_folder / run.parent.name / run.name):
        if (folder / "run.json").is_file():
            return folder.resolve()
        if is_of_shots(folder.parent):
            return read_task_run(folder.parent, folder.name).folder.resolve()
    raise RunError(f"there is no run '{run}'. {did_you_mean(run.name, [*dict.fromkeys(names)])}")


def mixed_twin(place: Project, folder: Path) -> Path | None:
    """Return the newest run of the same recipe on the mixed split of the same manifest, or None."""
    from rushes.learning.runs import list_runs, read_run

    run = read_run(folder)
    if run.split["kind"] == "mixed":
        return None
    wanted = {**run.recipe, "split": "mixed"}
    twins = [
        other.folder
        for other in list_runs(place.runs_folder)
        if {**other.recipe, "name": run.recipe["name"]} == wanted and other.manifest["sha256"] == run.manifest["sha256"]
    ]
    return max(twins, key=lambda twin: twin.name, default=None)
