"""Parquet tables as sheets, every value read as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.labels.sheet import Sheet, unreadable
from rushes.labels.sheets.class_names import Names, names_in_json

if TYPE_CHECKING:
    import polars

_MOST_ROWS = 10_000_000
_OF_DATASETS = "huggingface"  # under which the library `datasets` keeps its features in a file


def read_parquet(path: Path, *, name: str, key: str) -> tuple[Sheet, dict[str, Names]]:
    """Read a table; of a column of pictures only their paths are read, never the pictures themselves.

    Numbers and times become text, a list of texts a line each; a column of anything else that is nested is left out.

    Returns:
        the sheet, its rows counted from 1, and column -> the names of its classes where the file states them.

    Raises:
        SheetError: this is no Parquet table, it is empty, or has more than ten million rows.
    """
    import polars as pl

    try:
        table = pl.scan_parquet(path)
        wanted = [
            text for column, kind in table.collect_schema().items() if (text := _as_text(column, kind)) is not None
        ]
        found = table.select(wanted).head(_MOST_ROWS + 1).collect()
        about = pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(name, f"this is not a Parquet table ({str(error).splitlines()[0]})") from error
    if found.height > _MOST_ROWS:
        raise unreadable(name, f"the table has more than {_MOST_ROWS:,} rows. Divide it")
    if not found.height or not found.width:
        raise unreadable(name, "the table holds no row, or no column of text or numbers")
    rows = tuple(tuple("" if cell is None else cell for cell in row) for row in found.iter_rows())
    sheet = Sheet(name, tuple(column.strip() for column in found.columns), rows, key=key, first_row=1)
    return sheet, names_in_json(about.get(_OF_DATASETS, ""))


def _as_text(column: str, kind: Any) -> polars.Expr | None:
    """Return the expression that makes a column text; None where nothing of it could be a cell."""
    import polars as pl

    if isinstance(kind, pl.Struct):
        return pl.col(column).struct.field("path").cast(pl.String).alias(column) if _has_path(kind) else None
    if isinstance(kind, pl.List):
        return pl.col(column).list.join("\n") if kind.inner == pl.String else None
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        return None
    return pl.col(column).cast(pl.String)


def _has_path(kind: polars.Struct) -> bool:
    return any(field.name == "path" for field in kind.fields)
