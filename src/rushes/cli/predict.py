"""`rushes predict`: a bundle's answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.footage_words import parse_sampling
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, ThreadsOption, verb_app
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.inference.prediction import PicturePrediction, VideoPrediction

app = verb_app()

_PICTURES_SHOWN = 50
_SEGMENTS_SHOWN = 40


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
    out: Annotated[Path | None, typer.Option(help="Write predictions to a .csv or .jsonl file.")] = None,
    runtime: Annotated[
        str,
        typer.Option(help="What runs the model: onnxruntime, int8, openvino, openvino-bf16, openvino-int8, litert."),
    ] = "onnxruntime",
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what each picture is, of each video what is when, and with a bundle of shots what each shot is."""
    with opened(as_json=as_json, debug=debug) as door:
        from dataclasses import asdict

        from rushes.bundles.bundle import is_of_shots, open_bundle
        from rushes.footage.source import Unreadable
        from rushes.inference.predict import predict_path
        from rushes.inference.prediction import PicturePrediction, VideoPrediction
        from rushes.inference.predictor import Predictor
        from rushes.inference.tables import write_csv, write_json_lines
        from rushes.storage.places import parse_place
        from rushes.storage.reading import Fetched

        if out is not None and out.suffix not in (".csv", ".jsonl"):
            raise UsageError(f"--out {out}: name a file that ends in .csv or .jsonl")
        if out is not None and not out.absolute().parent.is_dir():
            raise UsageError(f"--out {out}: there is no folder {out.absolute().parent}. Make it, or name another")
        if is_of_shots(bundle):
            _check_options(every=every, fps=fps, every_frame=every_frame, keyframes=keyframes)
            from rushes.cli.predict_shots import predict_films

            predict_films(door, bundle, paths, stated=shots, out=out, project=project,
                          threads=threads or 0, runtime=runtime)  # fmt: skip
        if shots is not None:
            raise UsageError(f"--shots {shots}: {bundle} answers about pictures; only a bundle of shots takes shots")
        sampling = parse_sampling(every, fps, every_frame=every_frame, keyframes=keyframes, default="1s")
        places = [parse_place(path) for path in paths]
        predictor = Predictor(open_bundle(bundle), threads=threads or 0, runtime=runtime)
        pictures: list[PicturePrediction] = []
        videos: list[VideoPrediction] = []
        answers = []
        fetched: list[Fetched] = []
        with door.progress("predict") as progress:
            for place in places:
                for answer in predict_path(
                    predictor, place, sampling=sampling, progress=progress, note_fetched=fetched.append
                ):
                    answers.append(answer)
                    if isinstance(answer, PicturePrediction):
                        pictures.append(answer)
                    elif isinstance(answer, VideoPrediction):
                        videos.append(answer)
        _show_pictures(door, pictures)
        for video in videos:
            _show_video(door, video)
        for answer in answers:
            if isinstance(answer, Unreadable):
                door.fail_item(str(answer))
        if out is not None:
            if out.suffix == ".csv":
                write_csv(answers, out, classes=predictor.classes)
            else:
                write_json_lines(answers, out)
            door.say(f"wrote {out}")
        done = [answer for answer in answers if not isinstance(answer, Unreadable)]
        kind = predictor.bundle.calibration.kind
        door.finish({"bundle": predictor.bundle.id, "runtime": predictor.runtime,
                     "calibrated": kind != "none", "calibration": kind,
                     "predictions": [answer.to_table() for answer in done],
                     "fetched": [asdict(one) for one in fetched], "failed": door.failed})  # fmt: skip


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


def _show_pictures(door: Door, pictures: list[PicturePrediction]) -> None:
    if not pictures:
        return
    rows = [[answer.path, answer.predicted_class, f"{answer.confidence:.0%}"] for answer in pictures[:_PICTURES_SHOWN]]
    columns = ["picture", "class", "probability"]
    if any(answer.above is not None for answer in pictures):
        columns.append("above threshold")
        for row, answer in zip(rows, pictures, strict=False):
            row.append(", ".join(answer.above or ()))
    door.show(table_of(None, columns, rows))
    if len(pictures) > _PICTURES_SHOWN:
        door.say(f"… and {len(pictures) - _PICTURES_SHOWN} more pictures; --out FILE.csv keeps them all")


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
    if video.lost_frames:
        door.warn(
            f"{video.path}: {plural(video.lost_frames, 'sampled frame')} could not be decoded and was passed over"
        )
