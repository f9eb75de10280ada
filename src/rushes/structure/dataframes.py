"""A film's structure as polars DataFrames, for questions that nobody foresaw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.structure.film import Film
from rushes.structure.rows import (
    Table,
    characters_table,
    dialogues_table,
    faces_table,
    objects_table,
    scenes_table,
    shots_table,
    subtitles_table,
)

if TYPE_CHECKING:
    import polars


def shots_frame(film: Film) -> polars.DataFrame:
    """Return one row per shot; columns and units as `film.csv` has them (docs/formats.md), numbers as numbers."""
    return _frame(shots_table(film))


def scenes_frame(film: Film) -> polars.DataFrame:
    """Return one row per scene."""
    return _frame(scenes_table(film))


def dialogues_frame(film: Film) -> polars.DataFrame:
    """Return one row per dialogue; `a` is the side that is seen first."""
    return _frame(dialogues_table(film))


def characters_frame(film: Film) -> polars.DataFrame:
    """Return one row per character; none where faces were not looked for."""
    return _frame(characters_table(film))


def subtitles_frame(film: Film) -> polars.DataFrame:
    """Return one row per subtitle; none where no subtitles are given."""
    return _frame(subtitles_table(film))


def faces_frame(film: Film) -> polars.DataFrame:
    """Return one row per face in a frame that was looked at; none where faces were not looked for."""
    return _frame(faces_table(film))


def objects_frame(film: Film) -> polars.DataFrame:
    """Return one row per thing in a frame that was looked at; none where no detector was asked."""
    return _frame(objects_table(film))


def _frame(table: Table) -> polars.DataFrame:
    """Return a table with the types that its columns state, whatever its rows hold; lists are lists."""
    import polars as pl

    types = {
        "whole": pl.Int64(),
        "seconds": pl.Float64(),
        "share": pl.Float64(),
        "text": pl.String(),
        "yes or no": pl.Boolean(),
        "wholes": pl.List(pl.Int64()),
        "shares": pl.List(pl.Float64()),
        "words": pl.List(pl.String()),
    }
    schema = {column: types[kind] for column, kind in table.columns.items()}
    columns = {column: [row[column] for row in table.rows] for column in schema}
    return pl.DataFrame(columns, schema=schema)
