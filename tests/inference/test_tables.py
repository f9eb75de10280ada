"""Predictions in files: CSV for a spreadsheet, JSON Lines for a program."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from rushes.footage.source import Unreadable
from rushes.inference.prediction import FramePrediction, PicturePrediction, Prediction, VideoPrediction, plan_timeline
from rushes.inference.tables import rows_of, table_of, write_csv, write_json_lines, write_parquet


def some() -> list[Prediction]:
    frames = tuple(
        FramePrediction(ordinal, Fraction(ordinal, 10), f"00:00:00:{ordinal:02d}", {"a": a, "b": 1 - a})
        for ordinal, a in ((0, 0.75), (5, 0.25))
    )
    timeline = plan_timeline(frames, stop=10, stop_seconds=Fraction(1), stop_timecode="00:00:01:00")
    return [
        PicturePrediction("ö, x.jpg", "photo", {"a": 0.25, "b": 0.75}),
        VideoPrediction("f.mp4", {"a": 0.5, "b": 0.5}, frames, timeline, Fraction(1)),
        Unreadable("broken.mp4", "is cut off. Copy it again"),
    ]


def test_a_csv_file_has_a_row_for_each_verdict_segment_and_frame(tmp_path: Path) -> None:
    write_csv(some(), tmp_path / "out.csv", classes=("a", "b"))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["photo", "video", "segment", "segment", "frame", "frame", "unreadable"]
    assert rows[0]["file"] == "ö, x.jpg"
    assert (rows[0]["predicted_class"], rows[0]["p:b"]) == ("b", "0.75")
    assert (rows[2]["start"], rows[2]["stop"], rows[2]["stop_timecode"]) == ("0", "5", "00:00:00:05")
    assert (rows[5]["start"], rows[5]["start_timecode"], rows[5]["stop"]) == ("5", "00:00:00:05", "")
    assert rows[6]["error"] == "is cut off. Copy it again"
    assert rows[6]["p:a"] == ""


def test_a_json_line_holds_a_whole_prediction(tmp_path: Path) -> None:
    write_json_lines(some(), tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == [table_of(prediction) for prediction in some()]
    assert len(lines[1]["timeline"]) == 2
    assert lines[2] == {"file": "broken.mp4", "kind": "unreadable", "error": "is cut off. Copy it again"}


def test_a_parquet_file_has_a_row_for_each_picture_and_frame(tmp_path: Path) -> None:
    write_parquet(some(), tmp_path / "out.parquet", classes=("a", "b"))
    rows = pl.read_parquet(tmp_path / "out.parquet")
    assert rows["kind"].to_list() == ["photo", "frame", "frame", "unreadable"]
    assert rows["ordinal"].to_list() == [None, 0, 5, None]
    assert rows["p:a"].to_list() == [0.25, 0.75, 0.25, None]
    assert (rows.schema["p:a"], rows.schema["above"]) == (pl.Float32, pl.List(pl.String))
    assert rows["error"].to_list() == [None, None, None, "is cut off. Copy it again"]
    write_parquet([], tmp_path / "none.parquet", classes=("a", "b"))
    assert pl.read_parquet(tmp_path / "none.parquet").schema == rows.schema
    many = [PicturePrediction(f"{number}.jpg", "photo", {"a": 0.5, "b": 0.5}) for number in range(100_001)]
    write_parquet(many, tmp_path / "many.parquet", classes=("a", "b"))  # more than are held at once
    assert pl.read_parquet(tmp_path / "many.parquet")["file"].to_list() == [one.path for one in many]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["many.parquet", "none.parquet", "out.parquet"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def failing():
        yield some()[0]
        raise OSError("the disk is gone")

    (tmp_path / "out.csv").write_text("before")
    with pytest.raises(OSError, match="the disk is gone"):
        write_csv(failing(), tmp_path / "out.csv", classes=("a", "b"))
    assert (tmp_path / "out.csv").read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


def test_the_rows_of_a_picture_are_one() -> None:
    assert len(rows_of(some()[0])) == 1
