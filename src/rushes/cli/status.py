"""`rushes status`: what the project holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, verb_app

if TYPE_CHECKING:
    from rushes.catalog.catalog import StoredFrame

app = verb_app()

_GROUPS_SHOWN = 20
_ALIKE_SHOWN = 10  # groups of near-duplicates


@app.command(epilog="Example: rushes status")
def status(
    duplicates: Annotated[bool, typer.Option("--duplicates", help="List groups of near-duplicate frames too.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what the project holds: groups, sources, frames, labels per class, conflicts, manifests, splits, runs."""
    with opened(as_json=as_json, debug=debug) as door:
        from collections import Counter

        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.database import shown
        from rushes.datasets.split import newest_split
        from rushes.labels.manifest import newest_manifest
        from rushes.labels.trust import conflicts, resolve
        from rushes.learning.runs import list_runs
        from rushes.project import find_project

        place = find_project(project)
        with open_catalog(place.catalog_place) as catalog:
            sources, frames, labels = catalog.sources(), catalog.frames(), catalog.labels()
        group_of = {source.digest: source.group for source in sources}
        sources_per_group = Counter(source.group for source in sources)
        frames_per_group = Counter(group_of[item.frame.source] for item in frames)
        door.say(f"{place.name} ({place.root})")
        where = shown(place.catalog_place)
        elsewhere = {"catalog": where if place.catalog else "", "store": place.store,
                "engine": place.engine if place.engine != "here" else ""}  # fmt: skip
        for name, named in elsewhere.items():
            if named:
                door.say(f"{name}: {named}")
        kinds = Counter(source.kind for source in sources)
        of_kinds = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"
        door.say(
            f"{plural(len(sources), 'source')} ({of_kinds}), {plural(len(sources_per_group), 'group')}, "
            f"{plural(len(frames), 'frame')}, {plural(len(labels), 'statement')}"
        )
        if sources:
            rows = [[group, sources_per_group[group], frames_per_group[group]] for group in sorted(sources_per_group)]
            door.show(table_of(None, ["group", "sources", "frames"], rows[:_GROUPS_SHOWN]))
            if len(rows) > _GROUPS_SHOWN:
                door.say(f"… and {len(rows) - _GROUPS_SHOWN} more groups\n")
        alike = _say_duplicates(door, frames) if duplicates else None
        tasks = {}
        for task in place.tasks.values():
            said = [label for label in labels if label.task == task.name]
            resolved = resolve(said, place.trust_of(task))
            counted = Counter(answer.label.class_name for answer in resolved.values())
            clashes = conflicts(said, place.trust_of(task))
            manifest = newest_manifest(place.manifests_folder, task.name)
            split = newest_split(place.splits_folder, task.name, "grouped")
            door.say(f"task {task.name}: " + ", ".join(f"{name} {counted[name]}" for name in task.classes))
            door.say(f"  {plural(len(clashes), 'conflict')} between origins")
            door.say(f"  manifest: {manifest.name if manifest else 'none yet: rushes manifest build'}")
            door.say(f"  grouped split: {split.name if split else 'none yet: rushes split make'}")
            tasks[task.name] = {
                "classes": {name: counted[name] for name in task.classes},
                "labelled": len(resolved),
                "conflicts": len(clashes),
                "manifest": str(manifest) if manifest else None,
                "split": str(split) if split else None,
            }
        runs = list_runs(place.runs_folder)
        whole = {run.whole_folder for run in runs}
        door.say(f"{plural(len(whole), 'run')}{': rushes runs' if runs else ''}")
        door.finish(
            {
                "project": place.name,
                "root": str(place.root),
                "catalog": where,
                "store": place.store,
                "engine": place.engine,
                "sources": len(sources),
                "frames": len(frames),
                "groups": {group: frames_per_group[group] for group in sorted(sources_per_group)},
                "statements": len(labels),
                "tasks": tasks,
                "runs": [run.called for run in runs],
                **({} if alike is None else {"duplicates": alike}),
            }
        )


def _say_duplicates(door: Door, frames: Sequence[StoredFrame]) -> list[list[str]]:
    """Print the largest groups of near-duplicates, and return all of them, by the names of their frames."""
    from rushes.catalog.catalog import signatures_of_frames
    from rushes.datasets.twins import group_likes

    name_of = {item.frame.id: item.frame.name for item in frames}
    groups = group_likes(signatures_of_frames(frames))
    door.say(
        f"{plural(sum(map(len, groups)), 'frame')} in {plural(len(groups), 'group')} of near-duplicates, of "
        f"{plural(len(frames), 'frame')}"
    )
    if groups:
        rows = [[len(group), name_of[group[0]], name_of[group[-1]]] for group in groups[:_ALIKE_SHOWN]]
        door.show(table_of(None, ["frames", "first", "last"], rows))
    return [[name_of[frame] for frame in group] for group in groups]
