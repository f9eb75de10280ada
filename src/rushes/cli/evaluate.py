"""`rushes evaluate`: the judgement of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rushes.cli.door import opened
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, verb_app
from rushes.cli.versions import find_run

app = verb_app()


@app.command(epilog="Example: rushes evaluate 2026-11-20-120000-features")
def evaluate(
    run: Annotated[Path | None, typer.Argument(help="A run's folder or name; otherwise the newest run.")] = None,
    mixed: Annotated[
        Path | None,
        typer.Option(help="A run of the same recipe on the mixed split, to show the gap; otherwise found by itself."),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Judge a run on its test part: scores with intervals over groups, beside baselines; galleries; report.html."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.cli.versions import mixed_twin
        from rushes.evaluation.evaluate import evaluate_run
        from rushes.project import find_project

        place = find_project(project)
        folder = find_run(place, run)
        twin = find_run(place, mixed) if mixed else mixed_twin(place, folder)
        with door.progress("evaluate") as progress:
            done = evaluate_run(folder, project_root=place.root, mixed_run=twin, progress=progress)
        for warning in done.metrics["warnings"]:
            door.warn(f"warning: {warning}")
        door.say(done.metrics["verdict"])
        if done.metrics["mixed"]:
            mixed, gap = done.metrics["mixed"]["metrics"]["f1_macro"]["value"], done.metrics["gap"]["f1_macro"]
            if gap is not None:
                door.say(f"On shuffled frames the same recipe reaches {mixed:.2f}; the gap is {gap:+.2f}.")
        door.say(f"report:  {done.report}")
        door.say(f"metrics: {folder / 'metrics.json'}")
        door.finish({"run": str(folder), "report": str(done.report), "metrics": done.metrics})
