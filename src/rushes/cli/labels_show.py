"""`rushes labels show`: all that is known of a frame's labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, TaskOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rushes.catalog.catalog import Catalog
    from rushes.datasets.split import Split
    from rushes.labels.frame_index import FrameRef
    from rushes.labels.subjects import Subjects
    from rushes.project import Project, Task


def show(
    frames: Annotated[list[str], typer.Argument(help="Names, pictures, paths or ids of frames.")],
    task: TaskOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say of frames what every origin stated, what stands and why, what is in the picture, and where it is."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.frame_refs import frame_refs
        from rushes.labels.frame_index import FrameIndex, Miss
        from rushes.project import find_project

        place = find_project(project)
        tasks = [place.task(task)] if task is not None else list(place.tasks.values())
        refs: list[FrameRef] = []
        told = []
        with open_catalog(place.catalog_place) as catalog:
            index = FrameIndex(frame_refs(catalog.frames(), catalog.sources(), catalog.other_paths()))
            subjects = catalog.subjects()
            for words in frames:
                ref = index.frame(words)
                if isinstance(ref, Miss):
                    hint = index.suggest(ref.wanted) if ref.wanted and not ref.ambiguous else ""
                    door.fail_item(f"{ref.message}. {hint}" if hint else ref.message)
                else:
                    refs.append(ref)
            made = {one.name: _made_of(place, one, refs) for one in tasks}
            for ref in refs:
                about = _about(ref, subjects.get(ref.id, ()))
                answers = {one.name: _answer(catalog, place, one, ref, made[one.name]) for one in tasks}
                _say(door, about, answers)
                told.append(about | {"tasks": answers})
        door.finish({"frames": told, "failed": door.failed})


def _about(ref: FrameRef, subjects: Subjects) -> dict[str, Any]:
    return {
        "frame": ref.id,
        "name": ref.name,
        "source": ref.source_name,
        "source_path": ref.source_path,
        "ordinal": ref.ordinal,
        "timecode": ref.timecode,
        "seconds": float(ref.seconds),
        "picture": ref.image,
        "group": ref.group,
        "subjects": list(subjects),
    }


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of a task's labels: its newest manifest with the classes in it, and its newest split."""

    manifest: Path | None
    class_of: Mapping[str, str]
    split_path: Path | None
    split: Split | None


def _made_of(place: Project, task: Task, refs: Sequence[FrameRef]) -> _Made:
    from rushes.datasets.split import newest_split, read_split
    from rushes.labels.manifest import newest_manifest

    manifest = newest_manifest(place.manifests_folder, task.name)
    split = newest_split(place.splits_folder, task.name, "grouped")
    class_of = _classes_in(manifest, {ref.id for ref in refs}) if manifest and refs else {}
    return _Made(manifest, class_of, split, read_split(split) if split else None)


def _classes_in(manifest: Path, frames: set[str]) -> dict[str, str]:
    """Return frame id -> its class in a manifest, of these frames."""
    import polars as pl

    from rushes.labels.manifest_table import FRAME_ID, read_manifest_table

    table = read_manifest_table(manifest, columns=("class", FRAME_ID))
    found = table.filter(pl.col(FRAME_ID).is_in(list(frames)))
    return dict(zip(found[FRAME_ID].to_list(), found["class"].to_list(), strict=True))


def _answer(catalog: Catalog, place: Project, task: Task, ref: FrameRef, made: _Made) -> dict[str, Any]:
    from rushes.labels.provenance import explain

    standings = explain(catalog.labels_of(ref.id, task=task.name), place.trust_of(task))
    answer = next((one.label for one in standings if one.fate == "stands"), None)
    return {
        "class": answer.class_name if answer else None,
        "origin": answer.origin if answer else None,
        "statements": [
            {
                "class": one.label.class_name,
                "origin": one.label.origin,
                "fate": one.fate,
                "why": one.why,
                "stated_at": one.label.stated_at,
                "place": one.label.place,
                "sheet": one.label.sheet,
            }
            for one in standings
        ],
        "trust": list(place.trust_of(task)),
        "manifest": made.manifest.name if made.manifest else None,
        "class_in_manifest": made.class_of.get(ref.id),
        "split": made.split_path.name if made.split_path else None,
        "part": made.split.part_of(ref.id, ref.group) if made.split else None,
    }


def _say(door: Door, about: dict[str, Any], answers: dict[str, dict[str, Any]]) -> None:
    door.say(about["name"])
    door.say(f"  picture   {about['picture']}")
    door.say(f"  source    {about['source_path']}, frame {about['ordinal']}, {about['timecode']}, "
             f"{about['seconds']:.3f} s")  # fmt: skip
    door.say(f"  group     {about['group']}")
    if about["subjects"]:
        door.say(f"  subjects  {', '.join(about['subjects'])}")
    for name, answer in answers.items():
        what = f"{answer['class']}, by {answer['origin']}" if answer["class"] else "no label"
        door.say(f"  {name}: {what}")
        if answer["statements"]:
            columns = ("stated", "origin", "class", "fate", "why", "where")
            door.show(table_of(None, columns, [_cells(one) for one in answer["statements"]]))
            door.say(f"  trust     {' > '.join(answer['trust'])}")
        door.say(f"  manifest  {_in_manifest(answer)}")
        door.say(f"  split     {_in_split(answer)}")


def _cells(statement: dict[str, Any]) -> Sequence[str]:
    return (
        statement["stated_at"],
        statement["origin"],
        statement["class"] or "–",
        statement["fate"],
        statement["why"],
        statement["place"] or "–",
    )


def _in_manifest(answer: dict[str, Any]) -> str:
    if answer["manifest"] is None:
        return "none yet"
    if answer["class_in_manifest"] is None:
        return f"not in {answer['manifest']}"
    stale = " (labels have changed since)" if answer["class_in_manifest"] != answer["class"] else ""
    return f"{answer['class_in_manifest']} in {answer['manifest']}{stale}"


def _in_split(answer: dict[str, Any]) -> str:
    return f"{answer['part'] or 'in no part'} of {answer['split']}" if answer["split"] else "none yet"
