"""`rushes evaluate`: the judgement of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.evaluate_bundle import evaluate_bundle, find_bundle
from rushes.cli.evaluate_shots import evaluate_run_of_shots
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, verb_app
from rushes.cli.threshold_words import show_thresholds, wishes_for
from rushes.cli.versions import find_run
from rushes.errors import RunError, UsageError

if TYPE_CHECKING:
    from rushes.project import Project

app = verb_app()


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
    want: Annotated[
        list[str] | None,
        typer.Option(
            help="A threshold: 'CLASS: recall >= 0.95', or precision >= 90%, fpr <= 0.02, best f1; repeatable."
        ),
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Of a bundle: judge it on test (the default), validation, train or all.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Column to tell samples apart by, such as camera; may be given again for more."),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--with", help="Sheet with a row per frame, source or group, and columns for --by.")
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
            if want:
                raise UsageError(
                    "--want is of runs: thresholds are chosen on validation and travel in the bundle. "
                    "Evaluate the run with --want, and export it again"
                )
            evaluate_bundle(door, place, bundle, part=part or "test", by=by or (), sheet=sheet)
            return
        if part is not None:
            raise UsageError(
                f"--part {part} is of bundles: a run is judged on the test part that it stored its answers for. Leave "
                "it out, or name a bundle"
            )
        folder = _find_run(place, run)
        if is_of_shots(folder) or is_of_shots(folder.parent):
            if by or sheet:
                raise UsageError(f"--by and --with are for runs on frames; {folder.name} is a run of shots")
            evaluate_run_of_shots(door, place, folder, mixed=mixed, wants=want or ())
        else:
            _evaluate_run(door, place, folder, mixed=mixed, wants=want or (), by=by or (), sheet=sheet)


def _find_run(place: Project, named: Path | None) -> Path:
    """Return the folder of a run; where there is none of the name, what is said names the bundles too."""
    from rushes.bundles.sealed import list_bundles

    try:
        return find_run(place, named)
    except RunError as error:
        bundles = list_bundles(place.bundles_folder)
        if named is None or not bundles:
            raise
        raise RunError(f"{error}. Bundles in {place.bundles_folder.name}/: {', '.join(bundles)}") from None


def _is_run(place: Project, named: Path | None) -> bool:
    """Return whether a run is meant, also where a bundle is called the same: what stands there counts first."""
    return (
        named is None
        or (named / "run.json").is_file()
        or (not named.exists() and (place.runs_folder / named.name / "run.json").is_file())
    )


def _evaluate_run(
    door: Door,
    place: Project,
    folder: Path,
    *,
    mixed: Path | None,
    wants: Sequence[str],
    by: Sequence[str],
    sheet: Path | None,
) -> None:
    from rushes.bundles.run_card import write_run_card
    from rushes.catalog.catalog import open_catalog, signatures_of_frames
    from rushes.catalog.source_names import name_sources
    from rushes.cli.labels_today import labels_of_task
    from rushes.cli.slices_shown import attributes_of_run, show_slices
    from rushes.cli.versions import mixed_twin
    from rushes.evaluation.evaluate import Known, evaluate_run
    from rushes.learning.runs import read_run

    run = read_run(folder)
    wishes = wishes_for(run, place, wants)
    twin = find_run(place, mixed) if mixed else mixed_twin(place, folder)
    with open_catalog(place.catalog_place) as catalog:
        with door.progress("slices") as progress:
            attributes = attributes_of_run(place, folder, catalog=catalog, by=by, sheet=sheet, progress=progress)
        known = Known(
            subjects=catalog.subjects(),
            signatures=signatures_of_frames(catalog.frames()),
            source_names=name_sources(catalog.sources()),
            attributes=attributes,
            labels=labels_of_task(catalog, place, run.task),
        )
    with door.progress("evaluate") as progress:
        done = evaluate_run(
            folder,
            project_root=place.root,
            mixed_run=twin,
            known=known,
            wishes=wishes,
            cache_folder=place.cache_folder,
            progress=progress,
        )
    for warning in done.metrics["warnings"]:
        door.warn(f"warning: {warning}")
    door.say(done.metrics["verdict"])
    if done.metrics["mixed"]:
        reached, gap = done.metrics["mixed"]["metrics"]["f1_macro"]["value"], done.metrics["gap"]["f1_macro"]
        if gap is not None:
            ends = done.metrics["gap"]["interval"]
            name = "95 % interval" if ends["level"] else f"range over {plural(ends['groups'], 'group')}"
            said = f" ({name} {ends['low']:+.2f} to {ends['high']:+.2f})" if ends["low"] is not None else ""
            door.say(f"On shuffled frames the same recipe reaches {reached:.2f}; the gap is {gap:+.2f}{said}.")
    show_thresholds(door, done.metrics["thresholds"])
    show_slices(door, done.metrics["slices"], asked=bool(by or sheet), notes=attributes.notes)
    found = done.metrics["label_errors"]
    if found["found"]:
        door.say(f"The model doubts {plural(found['found'], 'label')} of validation and test: see the report")
    card = write_run_card(read_run(folder))
    door.say(f"report:  {done.report}")
    door.say(f"metrics: {folder / 'metrics.json'}")
    door.say(f"card:    {card}")
    door.finish({"run": str(folder), "report": str(done.report), "card": str(card), "metrics": done.metrics})
