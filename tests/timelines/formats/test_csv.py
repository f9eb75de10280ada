"""Timelines as CSV."""

from __future__ import annotations

import csv
from fractions import Fraction

from hypothesis import given

from rushes.labels.columns import plan_columns
from rushes.labels.sheets.csv import parse_csv
from rushes.labels.shot_sheet import parse_shot_sheet
from rushes.project import Task
from rushes.timelines.formats.csv import COLUMNS, format_csv
from rushes.timelines.timeline import ShotAnswer, Timeline, with_answers
from timelines.shots_by_hand import DIGEST, PUSH, answered_timeline, small_timeline, timelines

ANSWERED = tuple(f"{task}{what}" for task in ("scale", "movement") for what in ("", "_probability", "_reason"))


def rows(timeline: Timeline) -> list[dict[str, str]]:
    return list(csv.DictReader(format_csv(timeline).splitlines()))


def test_a_row_says_where_a_shot_is_and_how_it_begins() -> None:
    first, _, third = rows(small_timeline())
    assert tuple(first) == (*COLUMNS, *ANSWERED)
    assert (first["cut"], first["confidence"], first["blank"]) == ("", "", "no")
    assert third == {
        "shot": "3", "start": "70", "stop": "100", "frames": "30", "start_timecode": "00:00:02:20",
        "stop_timecode": "00:00:04:00", "start_seconds": "2.800000", "stop_seconds": "4.000000",
        "duration_seconds": "1.200000", "cut": "dissolve", "cut_start": "64", "cut_stop": "76", "confidence": "0.710",
        "blank": "yes", "typical": "85", "sharpest": "70", "start_pts": "70", "time_base": "1/25",
        "name": "TT_S01_E01", "source": DIGEST, "video_path": small_timeline().path, **dict.fromkeys(ANSWERED, ""),
    }  # fmt: skip


def test_what_models_answer_stands_beside_each_shot_and_is_empty_where_there_is_nothing() -> None:
    first, second, third = ([row[column] for column in ANSWERED] for row in rows(answered_timeline()))
    assert first == ["MS", "0.610", "", "push", "0.930", PUSH.reason]
    assert second == ["", "", "", "static", "0.800", ""]
    assert third == [""] * 6


def test_a_task_of_another_name_has_columns_of_its_own() -> None:
    timeline = with_answers(small_timeline(), [{"period": ShotAnswer("1970s", 0.5)}, {}, {}])
    assert [*rows(timeline)[0]][-3:] == ["period", "period_probability", "period_reason"]


@given(timelines())
def test_rows_tile_the_film(timeline: Timeline) -> None:
    spans = [(int(row["start"]), int(row["stop"])) for row in rows(timeline)]
    assert [start for start, _ in spans] == [0, *(stop for _, stop in spans[:-1])]
    assert spans[-1][1] == timeline.frame_count
    last = rows(timeline)[-1]
    pts = int(last["start_pts"]) * Fraction(last["time_base"])
    assert abs(pts - Fraction(last["start_seconds"])) <= Fraction(1, 10**6)


def test_with_a_column_of_classes_it_is_a_sheet_of_labels() -> None:
    columns = plan_columns([*COLUMNS, "class"], {})
    found = (columns.source, columns.start, columns.stop)
    assert [column.name for column in found if column is not None] == ["source", "start", "stop"]
    assert columns.frame is None


def test_with_classes_that_a_person_says_it_is_a_sheet_of_shots() -> None:
    text = format_csv(small_timeline())
    header, *lines = text.splitlines()
    assert header.endswith(
        ",video_path,scale,scale_probability,scale_reason,movement,movement_probability,movement_reason"
    )
    filled = "\n".join([header, *(f"{line.removesuffix(',,,,,')}MS,,,,," for line in lines)])
    tasks = [Task("scale", ("CS", "MS"))]
    stated = parse_shot_sheet(parse_csv(filled.encode(), name="shots.csv", key=""), tasks)
    assert (stated.faults, stated.notes) == ((), ())
    shots = [(shot.video, shot.start, shot.stop, shot.classes) for shot in stated.shots]
    edges = [(place.shot.start, place.shot.stop) for place in small_timeline().shots]
    assert shots == [(small_timeline().path, *edge, {"scale": "MS"}) for edge in edges]
