"""What `build` and `sync` share: their options, where the dataset is, and what is said of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, plural
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.datasets.refresh import WantedDataset
    from rushes.datasets.sync import Planned, Synced
    from rushes.project import Project, Task
    from rushes.storage.places import Place

PlaceOption = Annotated[
    str | None,
    typer.Option("--to", metavar="PLACE", help="A folder, s3://bucket/folder, gs:// or az://; else the project's."),
]
KindOption = Annotated[
    str,
    typer.Option("--split", help="grouped: a film never stands on two sides; mixed: frames shuffled, and named so."),
]
YesOption = Annotated[
    bool,
    typer.Option("--yes", help="Delete more than the project allows, or let another task or split take the place."),
]
AdoptOption = Annotated[
    bool, typer.Option("--adopt", help="Take over, or overwrite, objects that no plan put at wanted keys.")
]
BreakLockOption = Annotated[
    bool, typer.Option("--break-lock", help="Take the lock of a sync that is known to be dead on another machine.")
]
NoListingOption = Annotated[
    bool, typer.Option("--no-listing", help="Believe the record; strays and losses are then not seen.")
]
ParallelOption = Annotated[int | None, typer.Option(min=1, max=512, help="Requests at the same time.")]

_CHANGES_SHOWN = 10


def place_of(home: Project, task: Task, to: str | None) -> Place:
    """Return where a task's dataset is: what the command line says, or else the project; relative to the project.

    Raises:
        UsageError: the words are no place.
    """
    from rushes.project import OWN_FOLDERS
    from rushes.storage.places import parse_place

    place = parse_place(to if to is not None else home.dataset.to.replace("{task}", task.name))
    if not isinstance(place, Path):
        return place
    whole = (Path.cwd() if to is not None else home.root) / place.expanduser()
    if whole.is_file():
        raise UsageError(f"--to {to}: this is a file. Name a folder for the dataset, such as datasets/{task.name}")
    own = {home.root / name for name in OWN_FOLDERS - {"datasets"}}
    if whole.resolve() == home.root.resolve() or not own.isdisjoint({whole.resolve(), *whole.resolve().parents}):
        raise UsageError(
            f"--to {to}: this is the project itself, or a folder of its own. Name one for the dataset, such as "
            f"datasets/{task.name}"
        )
    return whole


def say_plan(door: Door, place: Place, planned: Planned) -> None:
    """Print the sets of a plan with their objects, bytes and cost, and what was found that no plan put there."""
    from rushes.datasets.sync_plan import describe_plan

    if planned.unfinished:
        door.say(f"an earlier sync was stopped: its {plural(planned.unfinished, 'step')} come first, then this")
    door.say(f"{place}: {plural(len(planned.record.built), 'object')}")
    door.say(describe_plan(planned.plan, shown=_CHANGES_SHOWN, costs=not isinstance(place, Path)))
    if not len(planned.steps) and not planned.unfinished:
        door.say("nothing to do: the dataset is as the manifest says")


def say_synced(door: Door, home: Project, task: Task, place: Place, synced: Synced, wanted: WantedDataset) -> list[str]:
    """Print what a sync did, and return what failed, each with the row that named the picture."""
    if synced.finished:
        door.say(f"finished {plural(synced.finished, 'step')} of an earlier sync that was stopped")
    failed = failures_of(home, task, synced, wanted)
    door.say(f"{place}: {plural(len(synced.record.built), 'object')}, as {wanted.dataset.manifest} says"
             + (f", but for {plural(len(failed), 'object')}" if failed else ""))  # fmt: skip
    if synced.written:
        door.say(f"written: {', '.join(synced.written)}")
    return failed


def failures_of(home: Project, task: Task, synced: Synced, wanted: WantedDataset) -> list[str]:
    """Return what failed in a sync as sentences, each with the sheet and row that gave the picture its class."""
    if not synced.failures:
        return []
    from rushes.catalog.catalog import open_catalog

    frames = dict(wanted.dataset.objects.select("key", "frame").iter_rows())
    sentences = []
    with open_catalog(home.catalog_place) as catalog:
        for failure in synced.failures:
            frame = frames.get(failure.key)
            places = [label.place for label in catalog.labels_of(frame, task=task.name) if label.place] if frame else []
            sentences.append(f"{places[-1]}: {failure}" if places else str(failure))
    return sentences


def as_table(place: Place, planned: Planned, wanted: WantedDataset) -> dict[str, Any]:
    """Return a plan as JSON: counts and bytes per set, each move, copy and delete, and what no plan put there."""
    plan, cost = planned.plan, planned.plan.request_cost()
    return {
        "place": str(place),
        "manifest": wanted.dataset.manifest,
        "split": wanted.dataset.kind,
        "plan": planned.digest,
        "sets": {
            "keep": {"objects": plan.keep_count, "bytes": plan.keep_bytes},
            "move": {"objects": plan.move.height, "bytes": plan.move_bytes},
            "copy": {"objects": plan.copy.height, "bytes": plan.copy_bytes},
            "delete": {"objects": plan.delete.height, "bytes": plan.delete_bytes},
        },
        "share_deleted": plan.share_deleted,
        "requests": dict(cost.requests),
        "cost_usd": None if isinstance(place, Path) else cost.usd,
        "moves": plan.move.select("key_from", "key").to_dicts(),
        "copies": plan.copy.select("key", "source").to_dicts(),
        "deletes": plan.delete["key"].to_list(),
        "drift": plan.drift["key"].to_list(),
        "vanished": plan.vanished["key"].to_list(),
        "altered": plan.altered["key"].to_list(),
        "occupied": plan.occupied["key"].to_list(),
        "unfinished": planned.unfinished,
        "refusal": planned.refusal,
        "notes": list(wanted.notes),
    }
