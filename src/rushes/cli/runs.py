"""`rushes runs`: the leaderboard."""

from __future__ import annotations

from typing import Any

from rushes.cli.door import opened, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, TaskOption, verb_app

app = verb_app()


@app.command(epilog="Example: rushes runs --task mcu")
def runs(
    task: TaskOption = None, project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False
) -> None:
    """List the runs of the project, the best test score first; runs not yet evaluated last."""
    with opened(as_json=as_json, debug=debug) as door:
        import json

        from rushes.learning.runs import list_runs
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task).name if task is not None else None
        found = []
        for run in list_runs(place.runs_folder):
            if wanted is not None and run.task != wanted:
                continue
            metrics_file = run.folder / "metrics.json"
            metrics = json.loads(metrics_file.read_text(encoding="utf-8")) if metrics_file.is_file() else None
            found.append((run, metrics))
        found.sort(key=lambda pair: -(_f1(pair[1]) if pair[1] else -1.0))
        rows = [
            [run.folder.name, run.task, run.split["kind"], f"{_f1(metrics):.3f}" if metrics else "not evaluated",
             run.parameters, f"{run.elapsed_seconds:.0f} s"]
            for run, metrics in found
        ]  # fmt: skip
        if rows:
            door.show(table_of(None, ["run", "task", "split", "test f1_macro", "parameters", "time"], rows))
        else:
            door.say("no runs yet. Train one: rushes train recipes/features.toml")
        door.finish([{"run": str(run.folder), **run.to_table(), "metrics": metrics} for run, metrics in found])


def _f1(metrics: dict[str, Any]) -> float:
    """Return the macro-F1 of the test part; 0 where it is undefined."""
    return float(metrics["test"]["metrics"]["f1_macro"]["value"] or 0.0)
