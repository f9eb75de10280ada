"""The sidecars of a dataset: what stands beside its pictures, for programs and for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rushes.datasets.layout import CLASSES_FILE, METADATA_FILE, SPLIT_FILE
from rushes.datasets.split import PARTS
from rushes.labels.json_lines import JsonLines
from rushes.labels.manifest import Part
from rushes.labels.manifest_table import FRAME_ID, SUBJECTS

if TYPE_CHECKING:
    import polars as pl

# What `metadata.jsonl` needs of a manifest beside what the layout says.
METADATA_COLUMNS = ("source", "pts", "time_base", "timecode", "origin", "sha256", SUBJECTS, FRAME_ID)
_METADATA = JsonLines(
    {
        "file_name": "text",
        "label": "text",
        "group": "text",
        "frame": "text",
        "source": "text",
        "pts": "whole",
        "time_base": "text",
        "timecode": "text",
        "origin": "text",
        "sha256": "text",
        "subjects": "text",
    }
)
_ROWS_PER_PIECE = 1 << 16
_GROUPS_SHOWN = 2000
_LEFT_OUT_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Origins:
    """What a dataset was made from.

    Attributes:
        task, classes: the question and its ordered answers.
        manifest, manifest_digest: name of the manifest's file and its SHA-256, in hex.
        split, split_digest: the same of the split's file; "" where the manifest alone says where frames are.
        kind: `grouped` or `mixed`.
        seed: of the split's dice; None where there is no split's file.
        notes: what to know before trusting scores on this split.
    """

    task: str
    classes: tuple[str, ...]
    manifest: str
    manifest_digest: str
    kind: str
    split: str = ""
    split_digest: str = ""
    seed: int | None = None
    notes: tuple[str, ...] = ()


def sidecars_of(
    standing: pl.DataFrame, table: pl.DataFrame, *, origins: Origins, left_out: pl.DataFrame
) -> dict[str, Iterable[bytes]]:
    """Return the sidecars of a dataset: their key -> their bytes, in pieces that are made as they are asked for.

    Args:
        standing: the rows of `lay_out` that are in the dataset.
        table: the manifest with the columns of `METADATA_COLUMNS`.
        left_out: as `find_left_out` gives it.
    """
    parts = [part for part in PARTS if part in set(standing["part"].unique())]
    return {
        CLASSES_FILE: [format_classes(standing, origins.task, origins.classes).encode()],
        SPLIT_FILE: [format_split_page(standing, origins, left_out=left_out).encode()],
        **{f"{part}/{METADATA_FILE}": _Metadata(standing, table, part) for part in parts},
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Metadata:
    """The metadata of a part, which can be gone through more than once."""

    standing: pl.DataFrame
    table: pl.DataFrame
    part: Part

    def __iter__(self) -> Iterator[bytes]:
        return format_metadata(self.standing, self.table, self.part)


def format_classes(standing: pl.DataFrame, task: str, classes: Sequence[str]) -> str:
    """Return `classes.json`: the task, its classes in their order, and the pictures of each by part."""
    counts = _count(standing, "part", "class")
    value = {
        "schema": "classes/1",
        "task": task,
        "classes": list(classes),
        "counts": {part: {name: counts.get((part, name), 0) for name in classes} for part in PARTS},
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def format_metadata(standing: pl.DataFrame, table: pl.DataFrame, part: Part) -> Iterator[bytes]:
    """Give `metadata.jsonl` of a part in pieces: a line per picture, in the order of their file names.

    Every line has every key, and a key the same type in all lines and parts, as the image folders of Hugging Face
    want it. `subjects` is one text for that reason, its words with `, ` between them.

    Args:
        standing: the rows of `lay_out` that are in the dataset.
        table: the manifest with the columns of `METADATA_COLUMNS`.
    """
    import polars as pl

    within = standing.lazy().filter(pl.col("part") == part).select(
        pl.col("key").str.slice(len(part) + 1).alias("file_name"), pl.col("class").alias("label"), "group", "frame"
    ).sort("file_name").collect()  # fmt: skip
    ids = table.select(FRAME_ID).with_row_index("at")
    at = within.select("frame").join(ids, left_on="frame", right_on=FRAME_ID, how="left", maintain_order="left")["at"]
    told = table.select(name for name in METADATA_COLUMNS if name != FRAME_ID)
    for start in range(0, within.height, _ROWS_PER_PIECE):
        rows = within.slice(start, _ROWS_PER_PIECE).hstack(told[at.slice(start, _ROWS_PER_PIECE)])
        yield _METADATA.write(rows.with_columns(pl.col(SUBJECTS).list.join(", ")))


def format_split_page(standing: pl.DataFrame, origins: Origins, *, left_out: pl.DataFrame) -> str:
    """Return `SPLIT.md`: for a person, what is where, why, and how to make it again."""
    kinds = {
        "grouped": "Grouped: no group stands in two parts, so the test part is of groups that training has not seen.",
        "mixed": "Mixed: the frames of a group stand in every part, so scores on the test part flatter.",
    }
    lines = [
        f"# {origins.task}: {standing.height:,} pictures",
        "",
        kinds[origins.kind],
        *(f"\n> {note}" for note in origins.notes),
        "",
        "## Parts and classes",
        "",
        *_class_table(standing, origins.classes),
        "",
        "## Groups",
        "",
        *_group_table(standing, origins.classes),
        "",
        "## Left out",
        "",
        *_left_out_lines(left_out),
        "",
        "## Made from",
        "",
        f"- manifest `{origins.manifest}`, SHA-256 `{origins.manifest_digest}`",
    ]
    if origins.split:
        lines.append(f"- split `{origins.split}`, SHA-256 `{origins.split_digest}`, seed {origins.seed}")
    else:
        lines.append("- the parts that the manifest itself states")
    lines += [
        "",
        "To make it again, in the project's folder with these files in `manifests/` and `splits/`:",
        "",
        "```sh",
        f"rushes build --task {origins.task} --split {origins.kind} --to DIR",
        "```",
        "",
        "Folders are classes. `metadata.jsonl` of each part says of every picture which frame it is, who labelled it, "
        "and its SHA-256.",
    ]
    return "\n".join(lines) + "\n"


def _class_table(standing: pl.DataFrame, classes: Sequence[str]) -> list[str]:
    counts = _count(standing, "part", "class")
    of_part = {part: [counts.get((part, name), 0) for name in classes] for part in PARTS}
    rows: list[list[str | int]] = [[part, sum(each), *each] for part, each in of_part.items()]
    rows.append(["all", standing.height, *(sum(each) for each in zip(*of_part.values(), strict=True))])
    return _markdown(["part", "pictures", *classes], rows)


def _group_table(standing: pl.DataFrame, classes: Sequence[str]) -> list[str]:
    counts = _count(standing, "group", "part", "class")
    of_group = sorted({(group, part) for group, part, _ in counts})
    rows: list[list[str | int]] = []
    for group, part in of_group[:_GROUPS_SHOWN]:
        each = [counts.get((group, part, name), 0) for name in classes]
        rows.append([group, part, sum(each), *each])
    lines = _markdown(["group", "part", "pictures", *classes], rows)
    more = len(of_group) - _GROUPS_SHOWN
    return [*lines, *(["", f"… and {more:,} more; `metadata.jsonl` has them all."] if more > 0 else [])]


def _left_out_lines(left_out: pl.DataFrame) -> list[str]:
    if left_out.height == 0:
        return ["Nothing: every labelled frame of the manifest is in a part."]
    counts = left_out["why"].value_counts(sort=True).sort(["count", "why"], descending=[True, False])
    lines = _markdown(["why", "frames"], [list(row) for row in counts.rows()])
    shown = [
        f"- `{row['frame']}` ({row['class']}, {row['group']})" for row in left_out.head(_LEFT_OUT_SHOWN).to_dicts()
    ]
    more = left_out.height - _LEFT_OUT_SHOWN
    return [*lines, "", *shown, *([f"- … and {more:,} more"] if more > 0 else [])]


def _count(standing: pl.DataFrame, *columns: str) -> Mapping[tuple[str, ...], int]:
    return {tuple(row[:-1]): row[-1] for row in standing.group_by(columns).len().iter_rows()}


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str | int]]) -> list[str]:
    """Return a table whose columns of numbers are set to the right."""

    def cell(value: str | int) -> str:
        return f"{value:,}" if isinstance(value, int) else value.replace("|", "\\|").replace("\n", " ")

    first = rows[0] if rows else []
    rule = ["---:" if isinstance(value, int) else "---" for value in first] or ["---"] * len(header)
    lines = [" | ".join(cell(value) for value in row) for row in (list(header), rule, *rows)]
    return [f"| {line} |" for line in lines]
