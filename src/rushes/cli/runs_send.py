"""`rushes runs send`: runs told to MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption
from rushes.cli.versions import find_run
from rushes.errors import RushesError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.learning.mlflow_sink import Outcome
    from rushes.learning.runs import Run
    from rushes.project import Project


def send(
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN…", help="Folders or names of runs; otherwise all.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="sqlite:///FILE or a server; otherwise what rushes.toml says.")
    ] = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Tell MLflow of runs: recipe, scores of every epoch, digests, run.json and report.html. A run is sent once."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.learning.runs import list_runs, read_run
        from rushes.project import find_project, why_no_mlflow

        place = find_project(project)
        where = to or place.runs.mlflow
        if not where:
            raise UsageError("nothing says where to. Name a place, --to sqlite:///mlflow.db, or write it into "
                             '[runs] mlflow = "…" of rushes.toml')  # fmt: skip
        wrong = why_no_mlflow(where)
        if wrong:
            raise UsageError(f"--to {wrong}")
        wanted = place.task(task).name if task is not None else None
        chosen = [read_run(find_run(place, run)) for run in runs] if runs else list_runs(place.runs_folder)
        chosen = [run for run in chosen if wanted is None or run.task == wanted]
        outcomes = _send(door, place, chosen, to=where, dry_run=dry_run)
        would = "would be " if dry_run else ""
        for outcome in ("sent", "judged since", "there already"):
            names = [run.name for run, found in zip(chosen, outcomes, strict=True) if found == outcome]
            if names:
                said = {
                    "sent": f"{would}sent",
                    "judged since": f"there already; their scores on test {would}added",
                    "there already": "there already, left as they are",
                }[outcome]
                door.say(f"{plural(len(names), 'run')} {said}: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}")
        if not chosen:
            door.say("no runs yet. Train one: rushes train recipes/features.toml")
        door.finish(
            {
                "to": where,
                "runs": [
                    {"run": str(run.folder), "outcome": found} for run, found in zip(chosen, outcomes, strict=True)
                ],
                "dry_run": dry_run,
            }
        )


def send_trained(door: Door, place: Project, run: Run) -> None:
    """Send a run where rushes.toml says so; where that fails, it is said, and the training is none the worse."""
    if not place.runs.mlflow:
        return
    try:
        _send(door, place, [run], to=place.runs.mlflow, dry_run=False)
    except RushesError as error:
        door.warn(f"warning: the run is kept, but was not sent. {error}")
        door.warn(f"Once that is put right: rushes runs send {run.folder.name}")
    else:
        door.say(f"sent to {place.runs.mlflow}")


def _send(door: Door, place: Project, runs: Sequence[Run], *, to: str, dry_run: bool) -> list[Outcome]:
    """Send the runs of each task to an experiment of their own, named after project and task."""
    from rushes.learning.mlflow_sink import send as send_to_mlflow
    from rushes.learning.sending import plan_sending

    found: dict[str, Outcome] = {}
    with door.progress("send") as progress:
        for task in dict.fromkeys(run.task for run in runs):
            members = [run for run in runs if run.task == task]
            outcomes = send_to_mlflow(
                [plan_sending(run) for run in members],
                to=to,
                experiment=f"{place.name}/{task}",
                root=place.root,
                dry_run=dry_run,
                progress=progress,
            )
            found |= {str(run.folder): outcome for run, outcome in zip(members, outcomes, strict=True)}
    return [found[str(run.folder)] for run in runs]
