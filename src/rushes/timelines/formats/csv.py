"""A timeline as CSV, `shots/1`: one row per shot."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from rushes.timelines.formats.json import table_of
from rushes.timelines.marker import Marker, layers_of, names_by_shot, one_line
from rushes.timelines.timeline import Answers, Timeline

COLUMNS = (
    "shot", "start", "stop", "frames", "start_timecode", "stop_timecode", "start_seconds", "stop_seconds",
    "duration_seconds", "cut", "cut_start", "cut_stop", "confidence", "blank", "typical", "sharpest", "start_pts",
    "time_base", "name", "source", "video_path",
)  # fmt: skip


def format_csv(timeline: Timeline, markers: Sequence[Marker] = ()) -> str:
    """Return the timeline as CSV; seconds have six digits, and `start_pts` times `time_base` is exact.

    Each layer of markers is a column: the names of those that the shot has a part of, `; ` between them.

    What models answer stands in three columns for each task: the class under the task's name, how probable it is, and
    the measured reason. A column `class` added to it makes it a sheet of labels of frames: `source`, `start` and `stop`
    are the columns that ranges of frames are known by. As a sheet of shots it names the film in
    `video_path`.
    """
    named = [
        {layer: "; ".join(map(one_line, names)) for layer, names in of_shot.items()}
        for of_shot in names_by_shot(timeline, markers)
    ]
    rows = [shot | more for shot, more in zip(cells_of(timeline), named, strict=True)]
    return format_rows([*columns_of_timeline(timeline), *layers_of(markers)], rows)


def format_rows(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV below a header; a column that a row lacks is empty, and what no column is for is left out."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def columns_of_timeline(timeline: Timeline) -> list[str]:
    """Return the columns of a timeline: those that every one has, then three for each task."""
    return [*COLUMNS, *(column for task in timeline.tasks for column in columns_of(task))]


def cells_of(timeline: Timeline) -> list[dict[str, Any]]:
    """Return the cells of each shot by their columns, as they are written."""
    table = table_of(timeline)
    return [
        shot
        | {
            "frames": place.shot.frame_count,
            "start_seconds": f"{shot['start_seconds']:.6f}",
            "stop_seconds": f"{shot['stop_seconds']:.6f}",
            "duration_seconds": f"{float(place.duration_seconds):.6f}",
            "confidence": "" if shot["confidence"] is None else f"{shot['confidence']:.3f}",
            "blank": "yes" if shot["blank"] else "no",
            "time_base": table["time_base"],
            "name": table["name"],
            "source": table["source"],
            "video_path": table["path"],
        }
        | _cells(place.answers)
        for place, shot in zip(timeline.shots, table["shots"], strict=True)
    ]


def columns_of(task: str) -> tuple[str, str, str]:
    """Return the columns of a task's answers: the class, how probable it is, and the measured reason."""
    return task, f"{task}_probability", f"{task}_reason"


def _cells(answers: Answers) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for task, answer in answers.items():
        values = (answer.class_name, f"{answer.probability:.3f}", answer.reason)
        cells |= dict(zip(columns_of(task), values, strict=True))
    return cells
