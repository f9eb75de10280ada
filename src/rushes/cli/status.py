"""`rushes status`: what the project holds."""

from __future__ import annotations

from rushes.cli.door import opened, plural, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, verb_app

app = verb_app()

_GROUPS_SHOWN = 20


@app.command(epilog="Example: rushes status")
def status(project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Say what the project holds: groups, sources, frames, labels per class, conflicts, manifests, splits, runs."""
    with opened(as_json=as_json, debug=debug) as door:
        from collections import Counter

        from rushes.catalog.catalog import open_catalog
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
        door.say(f"{plural(len(runs), 'run')}{': rushes runs' if runs else ''}")
        door.finish(
            {
                "project": place.name,
                "root": str(place.root),
                "sources": len(sources),
                "frames": len(frames),
                "groups": {group: frames_per_group[group] for group in sorted(sources_per_group)},
                "statements": len(labels),
                "tasks": tasks,
                "runs": [run.folder.name for run in runs],
            }
        )
