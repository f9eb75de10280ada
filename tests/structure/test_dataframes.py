"""A film's structure as DataFrames."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from rushes.structure.dataframes import (
    characters_frame,
    dialogues_frame,
    faces_frame,
    objects_frame,
    scenes_frame,
    shots_frame,
    subtitles_frame,
)
from structure.example import example_film

FILM = example_film()


def test_shots_have_types_and_units() -> None:
    shots = shots_frame(FILM)
    assert shots.height == 44
    wanted = {
        "shot": pl.Int64, "duration_seconds": pl.Float64, "blank": pl.Boolean, "scale": pl.String,
        "scale_probability": pl.Float64, "setup": pl.Int64, "characters": pl.List(pl.String), "dialogue": pl.Int64,
        "character_numbers": pl.List(pl.Int64), "palette_shares": pl.List(pl.Float64), "boundary": pl.Float64,
    }  # fmt: skip
    assert {name: shots.schema[name] for name in wanted} == wanted
    assert shots["duration_seconds"].sum() == pytest.approx(float(FILM.timeline.duration_seconds))


def test_frames_are_joined_by_their_numbers() -> None:
    by_scene = shots_frame(FILM).group_by("scene").agg(pl.col("duration_seconds").mean()).sort("scene")
    scenes = scenes_frame(FILM)
    assert by_scene["duration_seconds"].to_list() == pytest.approx(scenes["average_shot_seconds"].to_list())
    dialogues = dialogues_frame(FILM)
    assert dialogues["character_a"].to_list() == ["Ada", "Ada", "Ada"]
    cut = shots_frame(FILM).filter(pl.col("side") == "cutaway")["shot"].to_list()
    assert cut == [shot for shots in dialogues["cutaways"].to_list() for shot in shots]
    ada = characters_frame(FILM).row(0, named=True)
    assert shots_frame(FILM).filter(pl.col("characters").list.contains("Ada"))["shot"].to_list() == ada["shots"]
    lines = subtitles_frame(FILM).filter(pl.col("dialogue") == 1)
    assert lines.height == sum("Line" in text for text in lines["text"]) == 10


def test_what_is_not_known_has_the_same_columns_and_no_rows() -> None:
    bare = replace(FILM, characters=None, cast=(), subjects=None, subtitles=None, faces=None, objects=None)
    for frame in (characters_frame, subtitles_frame, faces_frame, objects_frame):
        assert frame(bare).schema == frame(FILM).schema
        assert frame(bare).height == 0
    assert shots_frame(bare).schema == shots_frame(FILM).schema


def test_nobody_looked_is_not_the_same_as_nobody_was_seen() -> None:
    bare = replace(FILM, characters=None, cast=(), subjects=None)
    for frame in (shots_frame(bare), scenes_frame(bare)):
        for column in ("characters", "character_numbers", "subjects"):
            assert frame[column].null_count() == frame.height
    empty = tuple(() for _ in FILM.timeline.shots)
    for frame in (shots_frame(replace(FILM, cast=empty, subjects=empty)), scenes_frame(replace(FILM, cast=empty))):
        assert frame["characters"].null_count() == 0
        assert frame["characters"].list.len().sum() == 0
