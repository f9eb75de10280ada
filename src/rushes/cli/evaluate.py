"""`rushes evaluate`: the judgement of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, table_of
from rushes.cli.evaluate_bundle import evaluate_bundle, find_bundle
from rushes.cli.evaluate_shots import evaluate_run_of_shots
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, verb_app
from rushes.cli.versions import find_run
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.project import Project

app = verb_app()

_SLICES_SHOWN = 10


@app.command(epilog="Example: rushes evaluate 2026-11-20-120000-features")
def evaluate(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="RUN|BUNDLE", help="A run or a bundle: folder or name; otherwise the newest run."),
    ] = None,
    mixed: Annotated[
        Path | None,
        typer.Option(help="A run of the same recipe on the mixed split, to show the gap; otherwise found by itself."),
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Of a bundle: judge it on test (the default), validation, train or all.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Judge a run or a bundle on its test part: scores with intervals, beside baselines; galleries; report.html."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.learning.runs import is_of_shots
        from rushes.project import find_project

        place = find_project(project)
        bundle = find_bundle(place, run) if not _is_run(place, run) else None
        if bundle is not None:
            if mixed is not None:
                raise UsageError("--mixed is of runs: a bundle has no twin on a mixed split. Leave it out")
            evaluate_bundle(door, place, bundle, part=part or "test")
            return
        if part is not None:
            raise UsageError(
                f"--part {part} is of bundles: a run is judged on the test part that it stored its answers for. Leave "
                "it out, or name a bundle"
            )
        folder = find_run(place, run)
        if is_of_shots(folder) or is_of_shots(folder.parent):
            evaluate_run_of_shots(door, place, folder, mixed=mixed)
        else:
            _evaluate_run(door, place, folder, mixed=mixed)


def _is_run(place: Project, named: Path | None) -> bool:
    """Return whether a run is meant, also where a bundle is called the same: what stands there counts first."""
    return (
        named is None
        or (named / "run.json").is_file()
        or (not named.exists() and (place.runs_folder / named.name / "run.json").is_file())
    )


def _evaluate_run(door: Door, place: Project, folder: Path, *, mixed: Path | None) -> None:
    from rushes.catalog.catalog import open_catalog
    from rushes.catalog.source_names import name_sources
    from rushes.cli.versions import mixed_twin
    from rushes.evaluation.evaluate import evaluate_run

    twin = find_run(place, mixed) if mixed else mixed_twin(place, folder)
    with open_catalog(place.catalog_place) as catalog:
        subjects = catalog.subjects()
        source_names = name_sources(catalog.sources())
    with door.progress("evaluate") as progress:
        done = evaluate_run(
            folder,
            project_root=place.root,
            mixed_run=twin,
            subjects=subjects,
            source_names=source_names,
            cache_folder=place.cache_folder,
            progress=progress,
        )
    for warning in done.metrics["warnings"]:
        door.warn(f"warning: {warning}")
    door.say(done.metrics["verdict"])
    if done.metrics["mixed"]:
        reached, gap = done.metrics["mixed"]["metrics"]["f1_macro"]["value"], done.metrics["gap"]["f1_macro"]
        if gap is not None:
            door.say(f"On shuffled frames the same recipe reaches {reached:.2f}; the gap is {gap:+.2f}.")
    for name, found in done.metrics["slices"].items():
        rows = [
            [one["slice"], one["samples"], one["groups"], *map(_rounded, _scores_of(one))]
            for one in sorted(found, key=lambda one: one["f1_macro"]["value"] or 0.0)
        ]
        columns = [name, "samples", "groups", "macro-F1", "from", "to", "without a look"]
        door.show(table_of(None, columns, rows[:_SLICES_SHOWN]))
        if len(rows) > _SLICES_SHOWN:
            door.say(f"… and {len(rows) - _SLICES_SHOWN} more; metrics.json holds them all")
    door.say(f"report:  {done.report}")
    door.say(f"metrics: {folder / 'metrics.json'}")
    door.finish({"run": str(folder), "report": str(done.report), "metrics": done.metrics})


def _scores_of(one: dict[str, Any]) -> tuple[float | None, ...]:
    """Return the macro-F1 of a slice, the ends of its interval and the better of its baselines."""
    score = one["f1_macro"]
    blind = max((baseline["f1_macro"] or 0.0 for baseline in one["baselines"].values()), default=0.0)
    return score["value"], score["low"], score["high"], blind


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
