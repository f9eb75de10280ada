"""`rushes predict` with a bundle of shots: of each shot of a film what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rushes.cli.door import Door, plural, table_of
from rushes.cli.shot_words import cell_of

if TYPE_CHECKING:
    from rushes.bundles.shot_bundle import ShotBundle
    from rushes.footage.source import Unreadable
    from rushes.inference.shot_prediction import ShotPrediction, ShotsPrediction
    from rushes.storage.reading import Fetched

_SHOTS_SHOWN = 200


def predict_films(
    door: Door,
    bundle: Path,
    paths: Sequence[str],
    *,
    stated: Path | None,
    out: Path | None,
    project: Path | None,
    threads: int,
    runtime: str,
    engine: str | None,
    workers: int | None,
) -> NoReturn:
    """Answer the shots of films, print them, and end the verb.

    Args:
        stated: a CSV of the shots; None finds them.
        out: a file to write the answers to.
        runtime: name of what runs the graph.
        engine: name of what does the work; None takes what rushes.toml says.
    """
    from rushes.bundles.runtimes import choose_runtime
    from rushes.bundles.shot_bundle import open_shot_bundle
    from rushes.cli.engines import engine_of
    from rushes.footage.source import Unreadable
    from rushes.inference.predict_shots import find_films
    from rushes.inference.predict_shots import predict_films as films_predicted
    from rushes.inference.shot_list import read_shot_list
    from rushes.project import find_project, project_around
    from rushes.storage.places import parse_place

    shots = None if stated is None else read_shot_list(stated)
    home = project_around() if project is None else find_project(project)
    places = [parse_place(path) for path in paths]
    model = open_shot_bundle(bundle)
    choose_runtime(model, runtime)
    films, failed, stills = find_films(places)
    if stills:
        door.warn(f"{plural(stills, 'file')} of the folders {'is' if stills == 1 else 'are'} no video and passed over: "
                  "this bundle answers about the shots of films")  # fmt: skip
    answers: list[ShotsPrediction | Unreadable] = [*failed]
    fetched: list[Fetched] = []
    scans = None if home is None else home.scans_folder
    with (
        engine_of(home, engine, workers, threads=threads) as working,
        door.progress("predict") as progress,
    ):
        for film in films_predicted(
            working, model, films, runtime=runtime, stated=shots, scans=scans, progress=progress
        ):
            answers.append(film.answer)
            fetched += film.fetched
    for one in answers:
        if not isinstance(one, Unreadable):
            _show(door, one, list(model.tasks))
    for one in answers:
        if isinstance(one, Unreadable):
            door.fail_item(str(one))
    if out is not None:
        _write(answers, out, model)
        door.say(f"wrote {out}")
    done = [one.to_table() for one in answers if not isinstance(one, Unreadable)]
    kinds = {task: one.kind for task, one in model.calibrations.items()}
    door.finish({"bundle": model.id, "runtime": runtime,
                 "calibrated": any(kind != "none" for kind in kinds.values()),
                 "calibration": kinds, "predictions": done, "fetched": [asdict(one) for one in fetched],
                 "failed": door.failed})  # fmt: skip


def _show(door: Door, film: ShotsPrediction, tasks: Sequence[str]) -> None:
    door.say(f"{film.path}: {plural(len(film.shots), 'shot')} in {float(film.duration_seconds):.1f} s")
    header = ["shot", "start", "end", *tasks, "measured"]
    rows = [_row(shot, tasks) for shot in film.shots[:_SHOTS_SHOWN]]
    if any(shot.above for shot in film.shots):
        header.insert(-1, "above threshold")
        for row, shot in zip(rows, film.shots, strict=False):
            row.insert(-1, _above(shot))
    door.show(table_of(None, header, rows))
    if len(film.shots) > _SHOTS_SHOWN:
        door.say(f"… and {len(film.shots) - _SHOTS_SHOWN} more shots; --out FILE.csv keeps them all")
    for warning in film.warnings:
        door.warn(f"{film.path}: {warning}")
    if film.lost_frames:
        door.warn(f"{film.path}: {plural(film.lost_frames, 'frame')} gave no picture because their data is damaged")


def _row(shot: ShotPrediction, tasks: Sequence[str]) -> list[object]:
    answers = shot.answers
    said = [cell_of(answers.get(task)) for task in tasks]
    reasons = dict.fromkeys(answer.reason for answer in answers.values() if answer.reason)
    words = "; ".join([*reasons, *([shot.note] if shot.note else [])])
    return [shot.number, shot.start_timecode, shot.stop_timecode, *said, words]


def _above(shot: ShotPrediction) -> str:
    """Return the classes whose threshold a shot reaches: `scale CS, MS; movement push`; "" where none is."""
    return "; ".join(f"{task} {', '.join(names)}" for task, names in shot.above.items() if names)


def _write(answers: Sequence[ShotsPrediction | Unreadable], out: Path, bundle: ShotBundle) -> None:
    from rushes.inference.tables import write_json_lines, write_shots_csv, write_shots_parquet

    if out.suffix == ".csv":
        write_shots_csv(answers, out, tasks=bundle.tasks)
    elif out.suffix == ".parquet":
        write_shots_parquet(answers, out, tasks=bundle.tasks)
    else:
        write_json_lines(answers, out)
