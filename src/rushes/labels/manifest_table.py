"""The manifest as a table: what read, parse, format and write do with millions of rows at once, in columns."""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from rushes.errors import ManifestError
from rushes.labels.json_lines import JsonLines, Kind
from rushes.labels.manifest import (
    CLASS_KEYS,
    IMAGE_KEYS,
    PARQUET_ABOVE,
    ManifestRow,
    Part,
    name_of_picture,
    name_of_version,
    newest_manifest,
    parse_time_base,
    read_manifest,
)
from rushes.labels.manifest_parquet import is_mirror, parquet_beside, read_mirror, write_mirror
from rushes.storage.files import whole_file

if TYPE_CHECKING:
    import polars as pl

FRAME_ID = "frame_id"
SUBJECTS = "subjects"
STOP = "stop"
# The keys of JSON, in the order in which they are written; the last two stand in a line only where they say something.
TEXT_KEYS = (
    "img-ref", "class", "group", "source", "time_base", "timecode", "origin", "sha256", "split", "name",
)  # fmt: skip
WHOLE_KEYS = ("pts", "ordinal")
KEYS = (
    "img-ref", "class", "group", "source", "pts", "time_base", "timecode", "origin", "sha256", "split", "name",
    "ordinal", SUBJECTS, STOP,
)  # fmt: skip
_ROWS_PER_PIECE = 1 << 16
_BYTES_PER_PIECE = 1 << 24
# Between the values of a line and between a key and its value, as programs commonly write them.
_SEPARATORS = ((", ", ": "), (",", ":"), (", ", ":"), (",", ": "))
_OUR_LINES = JsonLines({key: "whole" if key in WHOLE_KEYS else "text" for key in KEYS[:-2]}, SUBJECTS, STOP)


def manifest_schema() -> dict[str, Any]:
    """Return column -> type of a manifest's table, without `frame_id`.

    Columns are the keys of JSON. Only `split` has nulls; `time_base` is a fraction in lowest terms as text.
    """
    import polars as pl

    kinds: dict[str, Any] = dict.fromkeys(TEXT_KEYS, pl.String) | dict.fromkeys((*WHOLE_KEYS, STOP), pl.Int64)
    return {name: kinds.get(name, pl.List(pl.String)) for name in KEYS}


def table_of_rows(rows: Iterable[ManifestRow]) -> pl.DataFrame:
    """Return rows as a table with the columns of `manifest_schema` and `frame_id`, in their order."""
    import polars as pl

    rows = list(rows)
    units = [row.time_base for row in rows]
    texts = {key: str(unit) for key, unit in {id(unit): unit for unit in units}.items()}
    subjects: Any = [row.subjects for row in rows]
    if not any(subjects):  # what is known of few, and takes long to turn into a column
        subjects = pl.repeat([], len(rows), dtype=pl.List(pl.String), eager=True)
    columns: dict[str, Any] = {
        "img-ref": [row.img_ref for row in rows],
        "class": [row.class_name for row in rows],
        "group": [row.group for row in rows],
        "source": [row.source for row in rows],
        "pts": [row.pts for row in rows],
        "time_base": [texts[id(unit)] for unit in units],
        "timecode": [row.timecode for row in rows],
        "origin": [row.origin for row in rows],
        "sha256": [row.sha256 for row in rows],
        "split": [row.split for row in rows],
        "name": [row.name for row in rows],
        "ordinal": [row.ordinal for row in rows],
        SUBJECTS: subjects,
        STOP: [row.stop for row in rows],
    }
    table = pl.DataFrame(columns, schema=manifest_schema())
    return table.with_columns(frame_id_of().alias(FRAME_ID))


def rows_of_table(table: pl.DataFrame) -> list[ManifestRow]:
    """Return a table with the columns of `manifest_schema` as rows, in its order."""
    units = {text: Fraction(text) for text in table["time_base"].unique()}
    return [
        ManifestRow(
            img_ref=row["img-ref"],
            class_name=row["class"],
            group=row["group"],
            source=row["source"],
            pts=row["pts"],
            time_base=units[row["time_base"]],
            timecode=row["timecode"],
            origin=row["origin"],
            sha256=row["sha256"],
            split=row["split"],
            name=row["name"],
            ordinal=row["ordinal"],
            subjects=tuple(row[SUBJECTS]),
            stop=row[STOP],
        )
        for row in table.iter_rows(named=True)
    ]


def frame_id_of() -> pl.Expr:
    """Return the expression of `ManifestRow.frame_id` from the columns that it is made of."""
    import polars as pl

    named, source = pl.col("source") != "", pl.col("source").str.head(16)
    of_source = pl.concat_str(source, pl.lit(":"), pl.col("pts").cast(pl.String))
    film = pl.when(named).then(source).otherwise(pl.col("img-ref"))
    of_shot = pl.concat_str(film, pl.lit(":"), pl.col("ordinal"), pl.lit("-"), pl.col(STOP))
    of_frame = pl.when(named).then(of_source).otherwise(pl.col("img-ref"))
    return pl.when(pl.col(STOP) > 0).then(of_shot).otherwise(of_frame)


def sorted_table(table: pl.DataFrame) -> pl.DataFrame:
    """Return a manifest's rows in their order on file: group, frame name, then frame.

    Raises:
        ManifestError: two rows are of the same frame.
    """
    ordered = table.sort("group", "name", "source", "pts", "img-ref", STOP)
    twice = _first_repeated(ordered)
    if twice is not None:
        raise ManifestError(f"the frame {twice[0]} ({twice[1]}) is in the manifest twice; a sample has one row")
    return ordered


def format_table(table: pl.DataFrame) -> Iterator[bytes]:
    """Give the JSON Lines of a manifest's rows in pieces, in the order of the table.

    Each line is what `json.dumps` makes of the row, not escaped beyond what JSON asks for.
    """
    for start in range(0, table.height, _ROWS_PER_PIECE):
        yield _OUR_LINES.write(table.slice(start, _ROWS_PER_PIECE))


def read_manifest_table(path: Path, *, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a manifest as a table, from the Parquet beside it where that holds the same, otherwise from its lines.

    Args:
        columns: the keys of JSON to read, and `frame_id`; all of them where none are named.

    Returns:
        (samples, columns), in the order of the file.

    Raises:
        ManifestError: the file is missing, cannot be read, or is not a manifest; all faulty lines are named.
    """
    wanted = list(columns) if columns is not None else [*KEYS, FRAME_ID]
    table = read_mirror(path, columns=[frame_id_of().alias(FRAME_ID) if name == FRAME_ID else name for name in wanted])
    if table is not None:
        return table
    table = _read_lines(path)
    if table is None or table.height == 0 or _first_repeated(table) is not None:
        # The slow reader finds what is wrong, and reads what no machine writes in this way.
        table = table_of_rows(read_manifest(path))
    return table.select(wanted)


def format_manifest(rows: Iterable[ManifestRow]) -> str:
    """Return JSON Lines that are byte for byte the same for the same rows, whatever their order.

    Lines stand in order of group, frame name, then frame.

    Raises:
        ManifestError: two rows are of the same frame.
    """
    return b"".join(format_table(sorted_table(table_of_rows(rows)))).decode()


def write_manifest(
    rows: Sequence[ManifestRow], folder: Path, task_name: str, now: datetime, *, parquet_above: int = PARQUET_ABOVE
) -> tuple[Path, bool]:
    """Write a new version of a task's manifest, `<task>-manifest-<UTC time>.jl`, if it says something new.

    Args:
        now: an aware time; a version never sorts before the newest one, even if a clock was set back.
        parquet_above: with more rows than this, the same stands beside it as Parquet.

    Returns:
        the file that holds these rows, and whether it was written now.

    Raises:
        ManifestError: there are no rows, or two of the same frame.
    """
    return write_manifest_table(table_of_rows(rows), folder, task_name, now, parquet_above=parquet_above)


def write_manifest_table(
    table: pl.DataFrame, folder: Path, task_name: str, now: datetime, *, parquet_above: int = PARQUET_ABOVE
) -> tuple[Path, bool]:
    """Write a new version of a task's manifest from a table, as `write_manifest` does from rows."""
    if now.tzinfo is None:
        raise ValueError("a manifest is written at a time with its zone, got a naive one")
    if table.height == 0:
        raise ManifestError(f"{task_name}: no labelled sample. Import labels first: rushes labels import SHEET")
    ordered = sorted_table(table).select(KEYS)
    newest = newest_manifest(folder, task_name)
    mirrored = ordered.height > parquet_above
    if newest is not None and _holds(newest, format_table(ordered)):
        if mirrored and not is_mirror(newest):
            write_mirror(
                _named(ordered), newest, digest=_digest_of(format_table(ordered)), size_bytes=newest.stat().st_size
            )
        return newest, False
    path = folder / name_of_version(task_name, now, after=newest)
    try:
        with whole_file(path) as temporary:
            digest, size_bytes = hashlib.sha256(), 0
            with temporary.open("wb") as file:
                for piece in format_table(ordered):
                    digest.update(piece)
                    size_bytes += file.write(piece)
            if mirrored:  # it stands there first: without the manifest beside it nobody reads it
                write_mirror(_named(ordered), path, digest=digest.hexdigest(), size_bytes=size_bytes)
    except BaseException:
        parquet_beside(path).unlink(missing_ok=True)
        raise
    return path, True


def _first_repeated(table: pl.DataFrame) -> tuple[str, str] | None:
    """Return the frame id and the picture of the first row whose frame has stood in an earlier one."""
    import polars as pl

    # Equal texts have equal hashes; comparing numbers settles the common case without holding the texts twice.
    hashes = table[FRAME_ID].hash()
    if hashes.n_unique() == table.height:
        return None
    again = table.select(FRAME_ID, "img-ref").filter(hashes.is_duplicated())
    again = again.filter(~pl.col(FRAME_ID).is_first_distinct())
    return (again.item(0, 0), again.item(0, 1)) if again.height else None


def _holds(path: Path, pieces: Iterable[bytes]) -> bool:
    """Return whether a file holds these bytes and no others."""
    with path.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)


def _digest_of(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _read_lines(path: Path) -> pl.DataFrame | None:
    """Read the lines of a manifest that all are written alike; None where they are not, or where one is faulty.

    A reader of JSON for tables takes much for what it is not (`true` for a text, the first of two equal keys). What
    it read is therefore written again, in the way of the file: where that gives the bytes of the file, it read right.
    """
    import polars as pl

    tables: list[pl.DataFrame] = []
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            lines = _manner_of(data)
            if lines is None:
                return None
            for piece in _pieces_of(data):
                table = pl.read_ndjson(piece, schema=lines.schema())
                if lines.write(table) != piece:
                    return None
                made = _as_manifest(table, lines)
                if made is None:
                    return None
                tables.append(made)
    except (OSError, ValueError, pl.exceptions.PolarsError):  # an empty file is a ValueError of mmap
        return None
    return pl.concat(tables).with_columns(frame_id_of().alias(FRAME_ID))


def _manner_of(data: mmap.mmap) -> JsonLines | None:
    """Return how the first line is written; None where it is no object of texts and whole numbers."""
    stop = data.find(b"\n")
    first = data[: stop if stop >= 0 else len(data)].decode()
    end = "\r\n" if first.endswith("\r") else "\n"
    first = first.removesuffix("\r")
    record = json.loads(first)
    if not isinstance(record, dict):
        return None
    for between, behind_key in _SEPARATORS:
        if json.dumps(record, ensure_ascii=False, separators=(between, behind_key)) == first:
            break
    else:
        return None
    for key in (STOP, SUBJECTS):
        if list(record)[-1:] == [key]:
            del record[key]
    kinds = {key: _kind_of(key, value) for key, value in record.items()}
    if None in kinds.values():
        return None
    return JsonLines({key: kind for key, kind in kinds.items() if kind}, SUBJECTS, STOP, between, behind_key, end)


def _kind_of(key: str, value: Any) -> Kind | None:
    """Return what the values of a key are taken for, judged by the first line; None for what no column is made of."""
    if isinstance(value, str):
        return None if key in WHOLE_KEYS or key in (SUBJECTS, STOP) else "text"
    if isinstance(value, int) and not isinstance(value, bool):
        return "whole" if key in (*WHOLE_KEYS, *IMAGE_KEYS, *CLASS_KEYS, "time_base") or key not in KEYS else None
    if value is None:
        return "whole" if key in WHOLE_KEYS else "text"
    return None


def _pieces_of(data: mmap.mmap) -> Iterator[bytes]:
    """Give a file in pieces that end where a line ends."""
    start = 0
    while start < len(data):
        stop = data.find(b"\n", min(start + _BYTES_PER_PIECE, len(data)))
        stop = stop + 1 if stop >= 0 else len(data)
        yield data[start:stop]
        start = stop


def _as_manifest(table: pl.DataFrame, lines: JsonLines) -> pl.DataFrame | None:
    """Return what was read with the columns of a manifest; None where a row is no sample."""
    import polars as pl

    def first_text(keys: Sequence[str]) -> pl.Expr:
        there = [pl.col(key).cast(pl.String) for key in keys if key in lines.keys]
        return pl.coalesce(pl.when(one.str.strip_chars(_blank()) != "").then(one) for one in there or [pl.lit("")])

    def text(key: str) -> pl.Expr:
        return pl.col(key).fill_null("") if key in lines.keys else pl.lit("")

    def whole(key: str) -> pl.Expr:
        return pl.col(key).fill_null(0) if key in lines.keys else pl.lit(0, pl.Int64)

    split = text("split")
    made = table.select(
        first_text(IMAGE_KEYS).alias("img-ref"),
        first_text(CLASS_KEYS).alias("class"),
        *(text(key).alias(key) for key in ("group", "source", "timecode", "origin", "sha256", "name")),
        *(whole(key).alias(key) for key in WHOLE_KEYS),
        pl.when(split != "").then(split).alias("split"),
        (pl.col("time_base").cast(pl.String) if "time_base" in lines.keys else pl.lit(None, pl.String)).alias(
            "time_base"
        ),
        pl.col(SUBJECTS).fill_null([]),
        pl.col(STOP).fill_null(0),
    )
    units = {value: parse_time_base(value) for value in made["time_base"].unique()}
    faulty = (
        made["img-ref"].null_count()
        or made["class"].null_count()
        or not set(made["split"].unique()) <= {None, *get_args(Part)}
        or made["ordinal"].min() < 0  # type: ignore[operator]
        or ((made[STOP] != 0) & (made[STOP] <= made["ordinal"])).any()
        or any(unit <= 0 for unit in units.values())
        or made.select((pl.col(SUBJECTS).list.contains("") | pl.col(SUBJECTS).list.contains(None)).any()).item()
    )
    if faulty:
        return None
    made = made.with_columns(
        pl.col("time_base").replace_strict({value: str(unit) for value, unit in units.items()}, return_dtype=pl.String)
    )
    return _named(made.select(KEYS))


def _named(table: pl.DataFrame) -> pl.DataFrame:
    """Return rows as they are read back: those without a name have that of their picture."""
    nameless = table["name"] == ""
    if not nameless.any():
        return table
    names = [name_of_picture(img_ref) for img_ref in table["img-ref"].filter(nameless)]
    return table.with_columns(table["name"].scatter(nameless.arg_true(), names))


@cache
def _blank() -> str:
    """Return every letter that Python counts as space; polars knows fewer."""
    return "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
