"""Predictions as the rows of a CSV or Parquet file, or the lines of a JSON Lines file."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rushes.footage.source import Unreadable
from rushes.inference.prediction import Prediction, VideoPrediction
from rushes.inference.shot_prediction import ShotsPrediction
from rushes.storage.files import whole_file

_PLACE = ("file", "kind", "start", "stop", "start_timecode", "stop_timecode", "predicted_class", "confidence")
_SHOT_PLACE = (
    "file", "kind", "source", "shot", "start", "stop", "start_timecode", "stop_timecode", "start_seconds",
    "stop_seconds",
)  # fmt: skip
_PROBABILITY = "p:"
_NO_CELLS = ("scores", "timeline", "frames_above")
_ROWS_AT_ONCE = 100_000  # of a Parquet file, held in memory


def table_of(prediction: Prediction | ShotsPrediction) -> dict[str, Any]:
    """Return a prediction as plain values; of a file that could not be read, its `error`."""
    if isinstance(prediction, Unreadable):
        return {"file": prediction.path, "kind": "unreadable", "error": prediction.reason}
    return prediction.to_table()


def rows_of(prediction: Prediction) -> list[dict[str, Any]]:
    """Return the flat rows of a prediction: of a video its verdict, its segments and its sampled frames.

    `kind` tells them apart: photo, raw, video, segment, frame, unreadable.
    """
    rows = [_flat(table_of(prediction))]
    if isinstance(prediction, VideoPrediction):
        file = {"file": prediction.path}
        rows += [_flat(file | {"kind": "segment"} | segment.to_table()) for segment in prediction.timeline]
        for frame in prediction.frames:
            place = {"start": frame.ordinal, "start_timecode": frame.timecode}
            rows.append(_flat(file | {"kind": "frame"} | place | frame.to_table()))
    return rows


def write_csv(predictions: Iterable[Prediction], path: Path, *, classes: Sequence[str]) -> None:
    """Write predictions as CSV, the rows of `rows_of`, one column `p:<class>` for each class; whole or not at all.

    `above` names the classes whose threshold a picture or frame reaches, with a slash between them, which no class has
    in its name; it is empty in the rows of videos and segments, and of a bundle without thresholds.
    """
    columns = [*_PLACE, *(_PROBABILITY + name for name in classes), "above", "error"]
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
        writer.writeheader()
        for prediction in predictions:
            writer.writerows(rows_of(prediction))


def write_json_lines(predictions: Iterable[Prediction | ShotsPrediction], path: Path) -> None:
    """Write predictions as JSON Lines, one file of footage a line, as `table_of`; whole or not at all."""
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for prediction in predictions:
            file.write(json.dumps(table_of(prediction), ensure_ascii=False) + "\n")


def write_predictions(predictions: Iterable[Prediction], path: Path, *, classes: Sequence[str]) -> None:
    """Write predictions in the form that the name of the file says: `.csv`, `.parquet`, otherwise JSON Lines."""
    if path.suffix == ".csv":
        write_csv(predictions, path, classes=classes)
    elif path.suffix == ".parquet":
        write_parquet(predictions, path, classes=classes)
    else:
        write_json_lines(predictions, path)


def write_parquet(predictions: Iterable[Prediction], path: Path, *, classes: Sequence[str]) -> None:
    """Write predictions as Parquet, a row for each picture and each sampled frame; whole or not at all.

    A film that could be looked at has no row of its own: its verdict is the mean of its frames. What could not be read
    has a row with its `error`.
    """
    import polars as pl

    types = {"file": pl.String, "kind": pl.String, "ordinal": pl.Int64, "seconds": pl.Float64, "timecode": pl.String,
             "predicted_class": pl.String, "confidence": pl.Float32}  # fmt: skip
    types |= dict.fromkeys((_PROBABILITY + name for name in classes), pl.Float32)
    schema = pl.Schema(types | {"above": pl.List(pl.String), "error": pl.String})
    rows = (row for prediction in predictions for row in _picture_rows(prediction))
    _write_in_parts(({name: row.get(name) for name in schema} for row in rows), path, schema)


def write_shots_parquet(
    predictions: Iterable[ShotsPrediction | Unreadable], path: Path, *, tasks: Mapping[str, Sequence[str]]
) -> None:
    """Write predictions about shots as Parquet, the rows and columns of `write_shots_csv`; whole or not at all."""
    import polars as pl

    numbers = {"shot": pl.Int64, "start": pl.Int64, "stop": pl.Int64, "start_seconds": pl.Float64,
               "stop_seconds": pl.Float64}  # fmt: skip
    types: dict[str, Any] = {
        name: pl.Float32 if name.startswith(_PROBABILITY) else numbers.get(name, pl.String)
        for name in _shot_columns(tasks)
    }
    schema = pl.Schema(types | {f"{task}_probability": pl.Float32 for task in tasks})
    rows = (row for prediction in predictions for row in rows_of_shots(prediction))
    _write_in_parts(({name: row.get(name) for name in schema} for row in rows), path, schema)


def _write_in_parts(rows: Iterator[dict[str, Any]], path: Path, schema: Any) -> None:
    """Write rows as Parquet without holding them all: they are joined from parts in a temporary folder."""
    import polars as pl

    with whole_file(path) as temporary, tempfile.TemporaryDirectory(dir=path.parent, prefix=".rushes-") as folder:
        parts: list[Path] = []
        while (some := list(islice(rows, _ROWS_AT_ONCE))) or not parts:
            parts.append(Path(folder, f"{len(parts)}.parquet"))
            pl.DataFrame(some, schema=schema).write_parquet(parts[-1])
        if len(parts) == 1:
            parts[0].replace(temporary)
        else:
            pl.scan_parquet(parts).sink_parquet(temporary)


def _picture_rows(prediction: Prediction) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file."""
    if isinstance(prediction, VideoPrediction):
        for frame in prediction.frames:
            yield _probabilities(frame.to_table()) | {"file": prediction.path, "kind": "frame"}
    else:
        yield _probabilities(table_of(prediction))


def _probabilities(table: Mapping[str, Any]) -> dict[str, Any]:
    return {**table, **{_PROBABILITY + name: value for name, value in table.get("scores", {}).items()}}


def rows_of_shots(prediction: ShotsPrediction | Unreadable) -> list[dict[str, Any]]:
    """Return the flat rows of a prediction about shots: one of each shot, or one of a film that could not be read."""
    if isinstance(prediction, Unreadable):
        return [table_of(prediction)]
    return [
        {"file": prediction.path, "kind": "shot", "source": prediction.source} | _flat_shot(shot.to_table())
        for shot in prediction.shots
    ]


def write_shots_csv(
    predictions: Iterable[ShotsPrediction | Unreadable], path: Path, *, tasks: Mapping[str, Sequence[str]]
) -> None:
    """Write predictions about shots as CSV, the rows of `rows_of_shots`; whole or not at all.

    Each task has a column of its name, `<task>_probability`, `<task>_reason`, one `p:<task>:<class>` per class, and
    `<task>_above`, as `above` of pictures in `write_csv`.
    """
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _shot_columns(tasks), restval="", extrasaction="ignore")
        writer.writeheader()
        for prediction in predictions:
            writer.writerows(rows_of_shots(prediction))


def _shot_columns(tasks: Mapping[str, Sequence[str]]) -> list[str]:
    columns = [*_SHOT_PLACE]
    for task, classes in tasks.items():
        columns += [task, f"{task}_probability", f"{task}_reason"]
        columns += [*(f"{_PROBABILITY}{task}:{name}" for name in classes), f"{task}_above"]
    return [*columns, "note", "error"]


def _flat_shot(table: Mapping[str, Any]) -> dict[str, Any]:
    cells = {key: value for key, value in table.items() if key != "answers"}
    for task, answer in table["answers"].items():
        cells |= {task: answer["class"], f"{task}_probability": answer["probability"]}
        cells[f"{task}_reason"] = answer["reason"]
        cells |= {f"{_PROBABILITY}{task}:{name}": value for name, value in answer["scores"].items()}
        cells[f"{task}_above"] = "/".join(answer.get("above", ()))
    return cells


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    cells = {key: value for key, value in _probabilities(table).items() if key not in _NO_CELLS}
    return cells | ({"above": "/".join(table["above"])} if "above" in table else {})
