"""`rushes sync`: the class-folder dataset follows the labels, and only what changed moves."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption, kind_of, verbs_app
from rushes.cli.sync_words import (
    AdoptOption,
    BreakLockOption,
    KindOption,
    NoListingOption,
    ParallelOption,
    PlaceOption,
    YesOption,
    as_table,
    place_of,
    say_plan,
    say_synced,
)
from rushes.errors import RushesError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from rushes.datasets.sync import Options
    from rushes.project import Project, Task
    from rushes.storage.places import Place

app = verbs_app("A dataset that follows the labels: what would change, the change, and a watch over both.")

_SHORTEST_WATCH_SECONDS = 10


@app.command(epilog="Example: rushes sync plan --to s3://bucket/rarity")
def plan(
    to: PlaceOption = None,
    kind: KindOption = "grouped",
    no_listing: NoListingOption = False,
    task: TaskOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what would be kept, copied, moved and deleted, how many bytes that is, and what the requests cost."""
    with opened(as_json=as_json, debug=debug) as door:
        from datetime import UTC, datetime

        from rushes.datasets.refresh import wanted_of
        from rushes.datasets.sync import Options, plan_dataset
        from rushes.project import find_project
        from rushes.storage.object_folder import object_folder

        home = find_project(project)
        wanted_task = home.task(task)
        place = place_of(home, wanted_task, to)
        wanted = wanted_of(home, wanted_task, kind=kind_of(kind, option="--split"), now=datetime.now(UTC), write=False)
        with door.progress("list") as progress:
            planned = plan_dataset(
                object_folder(place, links=home.dataset.links),
                wanted.dataset,
                root=home.root,
                options=Options(most_deleted=home.dataset.deletes, listing=not no_listing),
                progress=progress,
            )
        for note in wanted.notes:
            door.warn(f"note: {note}")
        say_plan(door, place, planned)
        if planned.refusal:
            door.warn(f"it would not be done as it is: {planned.refusal}")
        elif len(planned.steps):
            words = _words(to, kind, task, project, no_listing=no_listing)
            door.say(f"To do this: rushes sync apply{words} --expect {planned.digest[:12]}")
        door.finish(as_table(place, planned, wanted) if as_json else None)


@app.command(epilog="Example: rushes sync apply --to s3://bucket/rarity --yes")
def apply(
    to: PlaceOption = None,
    kind: KindOption = "grouped",
    yes: YesOption = False,
    expect: Annotated[
        str | None, typer.Option(metavar="PLAN", help="Carry out only the plan of these hex digits, as shown by plan.")
    ] = None,
    adopt: AdoptOption = False,
    break_lock: BreakLockOption = False,
    no_listing: NoListingOption = False,
    parallel: ParallelOption = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Bring the dataset to the newest manifest. Stopped at any instant, the same command goes on from there."""
    with opened(as_json=as_json, debug=debug) as door:
        from datetime import UTC, datetime

        from rushes.datasets.sync import Options
        from rushes.project import find_project

        if expect is not None and not re.fullmatch("[0-9a-f]{6,64}", expect):
            raise UsageError(f"--expect '{expect}': give six or more of the digits that 'rushes sync plan' shows")
        home = find_project(project)
        wanted_task = home.task(task)
        place = place_of(home, wanted_task, to)
        options = Options(
            parallel=parallel or home.dataset.parallel,
            most_deleted=home.dataset.deletes,
            yes=yes,
            adopt=adopt,
            take_over=break_lock,
            listing=not no_listing,
            expect=expect,
        )
        carry_out(door, home, wanted_task, place, kind=kind, options=options, now=datetime.now(UTC), dry_run=dry_run)


@app.command(epilog="Example: rushes sync watch --every 1h --to s3://bucket/rarity")
def watch(
    every: Annotated[str, typer.Option(help="Time from the start of one round to that of the next: 1h, 30m.")] = "1h",
    once: Annotated[bool, typer.Option("--once", help="One round, for a timer of the system.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on after a round in which something failed.")
    ] = False,
    no_pull: Annotated[bool, typer.Option("--no-pull", help="Leave the sheets; follow the catalog.")] = False,
    to: PlaceOption = None,
    kind: KindOption = "grouped",
    yes: YesOption = False,
    no_listing: NoListingOption = False,
    parallel: ParallelOption = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Pull the sheets, build the manifest, plan and apply, again and again; a line per round.

    Ends with 1 where something failed in a round, and with 2 where the round could not be done.
    """
    with opened(as_json=as_json, debug=debug) as door:
        import time
        from datetime import UTC, datetime

        from rushes.datasets.sync import Options
        from rushes.project import find_project
        from rushes.timecode import parse_duration

        try:
            pause = float(parse_duration(every))
        except ValueError as error:
            raise UsageError(f"--every {every}: {error}") from error
        if pause < _SHORTEST_WATCH_SECONDS:
            raise UsageError(f"--every {every}: the shortest is {_SHORTEST_WATCH_SECONDS}s, so that quotas hold")
        while True:
            began, now = time.monotonic(), datetime.now(UTC)
            home = find_project(project)  # read in each round: classes and sheets may change
            wanted_task = home.task(task)
            options = Options(
                parallel=parallel or home.dataset.parallel,
                most_deleted=home.dataset.deletes,
                yes=yes,
                listing=not no_listing,
            )
            place = place_of(home, wanted_task, to)
            try:
                line, failed = _round(door, home, wanted_task, place, kind, options, now=now, pull=not no_pull)
            except (RushesError, OSError) as error:
                door.say(f"{now:%Y-%m-%dT%H:%M:%SZ} {wanted_task.name}: failed: {str(error).partition(chr(10))[0]}")
                if not keep_going or once:
                    raise
                time.sleep(max(0.0, pause - (time.monotonic() - began)))
                continue
            took = time.monotonic() - began
            door.say(f"{now:%Y-%m-%dT%H:%M:%SZ} {wanted_task.name}: {line}; {took:.1f} s")
            for failure in failed:
                door.fail_item(failure)
            if once or (failed and not keep_going):
                at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
                door.finish({"at": at, "task": wanted_task.name, "line": line, "failed": failed, "seconds": took})
            door.failed.clear()  # it was said, and is no fault of the next round
            time.sleep(max(0.0, pause - (time.monotonic() - began)))


def carry_out(
    door: Door,
    home: Project,
    task: Task,
    place: Place,
    *,
    kind: str,
    options: Options,
    now: datetime,
    dry_run: bool,
) -> None:
    """Plan and apply, or with `dry_run` plan only; say what was done, and finish."""
    from rushes.datasets.refresh import wanted_of
    from rushes.datasets.sync import plan_dataset, sync_dataset
    from rushes.storage.object_folder import object_folder

    wanted = wanted_of(home, task, kind=kind_of(kind, option="--split"), now=now, write=not dry_run)
    for note in wanted.notes:
        door.warn(f"note: {note}")
    folder = object_folder(place, links=home.dataset.links)
    if dry_run:
        planned = plan_dataset(folder, wanted.dataset, root=home.root, options=options)
        say_plan(door, place, planned)
        if planned.refusal:
            door.warn(f"it would not be done as it is: {planned.refusal}")
        door.finish(as_table(place, planned, wanted) | {"dry_run": True} if door.as_json else None)
    with door.progress("sync") as progress:
        synced = sync_dataset(
            folder,
            wanted.dataset,
            root=home.root,
            options=options,
            progress=progress,
            confirm=lambda planned: say_plan(door, place, planned),
        )
    failed = say_synced(door, home, task, place, synced, wanted)
    for failure in failed:
        door.fail_item(failure)
    if not door.as_json:  # at millions of objects the lists alone take their time
        door.finish(None)
    door.finish(
        as_table(place, synced.planned, wanted)
        | {"finished": synced.finished, "objects": len(synced.record.built), "failed": failed, "dry_run": False}
    )


def _round(
    door: Door, home: Project, task: Task, place: Place, kind: str, options: Options, *, now: datetime, pull: bool
) -> tuple[str, list[str]]:
    """Do one round of a watch; return what it did in one line, and what failed in it."""
    from rushes.catalog.pull import pull as pull_sheets
    from rushes.catalog.pull import read_episodes
    from rushes.cli.sync_words import failures_of
    from rushes.datasets.refresh import refresh_manifest, wanted_of
    from rushes.datasets.sync import sync_dataset
    from rushes.storage.object_folder import object_folder

    said, failed = [], []
    if pull and not home.labels.seasons:
        raise UsageError(
            'no season file is named in rushes.toml. Name some, [labels] seasons = ["S01-episodes.json"]; or give '
            "--no-pull, which follows the labels that were imported"
        )
    if pull:
        pulled = pull_sheets(home, task, read_episodes(home))
        failed += [str(fault) for fault in pulled.faults]
        changes = sum(one.appended + one.withdrawn for one in pulled.episodes)
        said.append(f"{plural(len(pulled.episodes), 'sheet')}, {plural(changes, 'change')}")
    fresh = refresh_manifest(home, task, now=now)
    wanted = wanted_of(home, task, kind=kind_of(kind, option="--split"), now=now, write=True)
    said.append(f"manifest {'written' if fresh.written else 'unchanged'} ({plural(len(fresh.table), 'sample')})")
    synced = sync_dataset(
        object_folder(place, links=home.dataset.links), wanted.dataset, root=home.root, options=options
    )
    done = synced.planned.plan
    said.append(
        f"{done.keep_count:,} kept, {len(done.copy):,} copied, {len(done.move):,} moved, {len(done.delete):,} deleted"
    )
    if len(done.drift):
        said.append(f"{plural(len(done.drift), 'stray object')}")
    return ", ".join(said), failed + failures_of(home, task, synced, wanted)


def _words(to: str | None, kind: str, task: str | None, project: Path | None, *, no_listing: bool) -> str:
    """Return the options of a plan as `apply` takes them."""
    stated = (
        ("--to", to),
        ("--split", kind if kind != "grouped" else None),
        ("--task", task),
        ("--project", project),
    )
    words = [f" {option} {shlex.quote(str(value))}" for option, value in stated if value is not None]
    return "".join(words) + (" --no-listing" if no_listing else "")
