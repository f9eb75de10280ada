"""`rushes build`: the class-folder dataset, on this machine or in a bucket."""

from __future__ import annotations

from rushes.cli.door import opened
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption, verb_app
from rushes.cli.sync_words import AdoptOption, BreakLockOption, KindOption, ParallelOption, PlaceOption, YesOption

app = verb_app()


@app.command(epilog="Example: rushes build --to s3://bucket/rarity")
def build(
    to: PlaceOption = None,
    kind: KindOption = "grouped",
    yes: YesOption = False,
    adopt: AdoptOption = False,
    break_lock: BreakLockOption = False,
    parallel: ParallelOption = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Lay the newest manifest out as train/CLASS/FILE, validation/CLASS/FILE and test/CLASS/FILE.

    Manifest and split are made where there is none. Groups stay where they are; building again changes only what the
    labels changed.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from datetime import UTC, datetime

        from rushes.cli.sync import carry_out
        from rushes.cli.sync_words import place_of
        from rushes.datasets.sync import Options
        from rushes.project import find_project

        home = find_project(project)
        wanted_task = home.task(task)
        place = place_of(home, wanted_task, to)
        options = Options(
            parallel=parallel or home.dataset.parallel,
            most_deleted=home.dataset.deletes,
            yes=yes,
            adopt=adopt,
            take_over=break_lock,
        )
        carry_out(door, home, wanted_task, place, kind=kind, options=options, now=datetime.now(UTC), dry_run=dry_run)
