"""`rushes predict`: a bundle's answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.footage_words import parse_sampling
from rushes.cli.options import (
    DebugOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    ThreadsOption,
    WorkersOption,
    verb_app,
)
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.bundles.bundle import Bundle
    from rushes.footage.source import Unreadable
    from rushes.inference.kept_answers import KeptAnswers
    from rushes.inference.prediction import PicturePrediction, Prediction, VideoPrediction
    from rushes.project import Project

app = verb_app()

_PICTURES_SHOWN = 50
_SEGMENTS_SHOWN = 40
_VIDEOS_SHOWN = 50


@app.command(epilog="Example: rushes predict bundles/scale film.mp4 --every 0.5s --out predictions.csv")
def predict(
    bundle: Annotated[Path, typer.Argument(help="A bundle's folder.")],
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PLACE…", help="Pictures, raws, videos, folders of them; s3:// and https:// too."),
    ],
    every: Annotated[str | None, typer.Option(help="One frame of a video in so much time: 8s, 0.5s.")] = None,
    fps: Annotated[str | None, typer.Option(help="So many frames per second of a video.")] = None,
    every_frame: Annotated[bool, typer.Option("--every-frame", help="Every frame of a video.")] = False,
    keyframes: Annotated[bool, typer.Option("--keyframes", help="The key frames of a video.")] = False,
    shots: Annotated[
        Path | None, typer.Option(help="Of a bundle of shots: the shots, in a CSV of 'rushes shots --write'.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write them to a file: .csv has a row per stretch, .parquet per frame, .jsonl a line per file."
        ),
    ] = None,
    runtime: Annotated[
        str,
        typer.Option(help="What runs the model: onnxruntime, int8, openvino, openvino-bf16, openvino-int8, litert."),
    ] = "onnxruntime",
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what each picture is, of each video what is when, and with a bundle of shots what each shot is."""
    with opened(as_json=as_json, debug=debug) as door:
        from dataclasses import asdict

        from rushes.bundles.bundle import is_of_shots, open_bundle
        from rushes.cli.engines import engine_of
        from rushes.inference.predict_many import Account, predict_many
        from rushes.inference.tables import write_predictions
        from rushes.storage.places import parse_place

        if out is not None and out.suffix not in (".csv", ".jsonl", ".parquet"):
            raise UsageError(f"--out {out}: name a file that ends in .csv, .jsonl or .parquet")
        if out is not None and not out.absolute().parent.is_dir():
            raise UsageError(f"--out {out}: there is no folder {out.absolute().parent}. Make it, or name another")
        if is_of_shots(bundle):
            _check_options(every=every, fps=fps, every_frame=every_frame, keyframes=keyframes)
            from rushes.cli.predict_shots import predict_films

            predict_films(door, bundle, paths, stated=shots, out=out, project=project,
                          threads=threads or 0, runtime=runtime, engine=engine, workers=workers)  # fmt: skip
        if shots is not None:
            raise UsageError(f"--shots {shots}: {bundle} answers about pictures; only a bundle of shots takes shots")
        sampling = parse_sampling(every, fps, every_frame=every_frame, keyframes=keyframes, default="1s")
        places = [parse_place(path) for path in paths]
        model = open_bundle(bundle)
        home = _project_of(project)
        kept = _kept_answers(model, runtime, home, out)
        account = Account()
        shown = _Shown(door)
        with (
            engine_of(home, engine, workers, threads=threads) as working,
            door.progress("predict") as progress,
            closing(
                predict_many(working, model, places, sampling=sampling, runtime=runtime, kept=kept, account=account,
                             progress=progress)
            ) as answers,
        ):  # fmt: skip
            if out is None:
                for answer in answers:
                    shown.take(answer)
            else:
                write_predictions(shown.taking(answers), out, classes=model.classes)
        shown.print()
        for answer in shown.unreadable:
            door.fail_item(str(answer))
        if account.kept:
            door.say(f"{account.kept:,} of {plural(account.pictures, 'picture')} and frames were answered before")
        if out is not None:
            door.say(f"wrote {out}")
            if kept is not None and home is None:
                kept.remove()
        kind = model.calibration.kind
        door.finish({"bundle": model.id, "runtime": runtime, "calibrated": kind != "none", "calibration": kind,
                     "predictions": shown.tables, "pictures": account.pictures, "kept_from_before": account.kept,
                     "fetched": [asdict(one) for one in account.fetched.values()], "failed": door.failed})  # fmt: skip


class _Shown:
    """What of the predictions is printed: of many, the first, so that a million are never held."""

    def __init__(self, door: Door) -> None:
        self.tables: list[dict[str, Any]] = []
        self.unreadable: list[Unreadable] = []
        self._door = door
        self._pictures: list[PicturePrediction] = []
        self._videos: list[VideoPrediction] = []
        self._picture_count = self._video_count = 0

    def taking(self, answers: Iterator[Prediction]) -> Iterator[Prediction]:
        """Yield the answers, each of which is taken note of."""
        for answer in answers:
            self.take(answer)
            yield answer

    def take(self, answer: Prediction) -> None:
        from rushes.footage.source import Unreadable
        from rushes.inference.prediction import PicturePrediction

        if isinstance(answer, Unreadable):
            self.unreadable.append(answer)
            return
        if self._door.as_json:
            self.tables.append(answer.to_table())
        if isinstance(answer, PicturePrediction):
            self._picture_count += 1
            self._pictures += [answer] if len(self._pictures) < _PICTURES_SHOWN else []
        else:
            self._video_count += 1
            if answer.lost_frames:
                lost = plural(answer.lost_frames, "sampled frame")
                self._door.warn(f"{answer.path}: {lost} could not be decoded and was passed over")
            self._videos += [answer] if len(self._videos) < _VIDEOS_SHOWN else []

    def print(self) -> None:
        """Print the tables for people."""
        _show_pictures(self._door, self._pictures, of=self._picture_count)
        for video in self._videos:
            _show_video(self._door, video)
        if self._video_count > _VIDEOS_SHOWN:
            more = plural(self._video_count - _VIDEOS_SHOWN, "more video")
            self._door.say(f"… and {more}; --out FILE.csv keeps them all")


def _project_of(project: Path | None) -> Project | None:
    """Return the project that is named, or the one around the working folder; none is needed."""
    from rushes.project import find_project, project_around

    return project_around() if project is None else find_project(project)


def _kept_answers(bundle: Bundle, runtime: str, project: Project | None, out: Path | None) -> KeptAnswers | None:
    """Return where answers are kept: in the project's cache; outside of any, beside the file that is written."""
    from rushes.inference.kept_answers import KeptAnswers, folder_in_cache

    if project is not None:
        return KeptAnswers(folder_in_cache(project.cache_folder, bundle, runtime=runtime), bundle, runtime=runtime)
    return None if out is None else KeptAnswers(out.with_name(f"{out.name}.parts"), bundle, runtime=runtime)


def _check_options(*, every: str | None, fps: str | None, every_frame: bool, keyframes: bool) -> None:
    """Raise UsageError where frames of a video are asked for: which ones are seen of a shot is part of the bundle."""
    given = {"--every": every is not None, "--fps": fps is not None, "--every-frame": every_frame,
             "--keyframes": keyframes}  # fmt: skip
    named = [option for option, used in given.items() if used]
    if named:
        raise UsageError(
            f"{' and '.join(named)}: this bundle answers about shots, and which frames of a shot it looks at is part "
            "of it. Leave the option out"
        )


def _show_pictures(door: Door, pictures: list[PicturePrediction], *, of: int) -> None:
    if not pictures:
        return
    rows = [[answer.path, answer.predicted_class, f"{answer.confidence:.0%}"] for answer in pictures]
    columns = ["picture", "class", "probability"]
    if any(answer.above is not None for answer in pictures):
        columns.append("above threshold")
        for row, answer in zip(rows, pictures, strict=True):
            row.append(", ".join(answer.above or ()))
    door.show(table_of(None, columns, rows))
    if of > len(pictures):
        door.say(f"… and {of - len(pictures):,} more pictures; --out FILE.csv keeps them all")


def _show_video(door: Door, video: VideoPrediction) -> None:
    door.say(
        f"{video.path}: {video.predicted_class}, mean probability {video.confidence:.0%} over "
        f"{plural(len(video.frames), 'frame')} of {float(video.duration_seconds):.1f} s"
    )
    if video.frames_above:
        reached = ", ".join(f"{name} {frames}" for name, frames in video.frames_above.items())
        door.say(f"frames above the threshold of a class: {reached}")
    rows = [
        [part.start_timecode, part.stop_timecode, part.predicted_class, f"{part.confidence:.0%}"]
        for part in video.timeline[:_SEGMENTS_SHOWN]
    ]
    door.show(table_of(None, ["from", "to", "class", "probability"], rows))
    if len(video.timeline) > _SEGMENTS_SHOWN:
        door.say(f"… and {len(video.timeline) - _SEGMENTS_SHOWN} more segments; --json prints them all")
