"""The layout of a dataset: which frame is under which key, and which frames are left out and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rushes.datasets.file_names import file_names, fold_case, why_no_folder
from rushes.datasets.split import Split
from rushes.errors import SyncError
from rushes.labels.manifest_table import FRAME_ID

if TYPE_CHECKING:
    import polars as pl

# What `lay_out` reads of a manifest, so that the rest need not be in memory.
LAYOUT_COLUMNS = ("img-ref", "class", "group", "sha256", "split", "name", FRAME_ID)
CLASSES_FILE = "classes.json"
METADATA_FILE = "metadata.jsonl"
SPLIT_FILE = "SPLIT.md"
OWN_FOLDER = ".rushes"  # what rushes keeps at the place for itself
_NO_PART = "in no part of the split: neither the frame nor its group is in it"
_NO_SPLIT = "the manifest states no part of it"


def lay_out(table: pl.DataFrame, *, split: Split | None = None) -> pl.DataFrame:
    """Return what a dataset should hold: `<part>/<class>/<file>`, a row per frame that is in a part.

    Args:
        table: a manifest with the columns of `LAYOUT_COLUMNS`.
        split: where frames are; without it the manifest's column `split` says so.

    Returns:
        columns key, source (the picture's path relative to the project, or URI), content (the SHA-256 of the picture,
        or `@` and the source where nobody knows it), frame, class, part and group, all texts, in the manifest's order.

    Raises:
        SyncError: classes that cannot be the names of folders; all are named.
    """
    import polars as pl

    _check_classes(table["class"].unique())
    placed = table.with_columns(file_names(table), part=_parts(table, split)).filter(pl.col("part").is_not_null())
    known = pl.col("sha256") != ""
    return placed.select(
        pl.concat_str("part", "class", "file", separator="/").alias("key"),
        pl.col("img-ref").alias("source"),
        pl.when(known).then(pl.col("sha256")).otherwise(pl.concat_str(pl.lit("@"), "img-ref")).alias("content"),
        pl.col(FRAME_ID).alias("frame"),
        "class",
        "part",
        "group",
    )


def find_left_out(table: pl.DataFrame, *, split: Split | None = None) -> pl.DataFrame:
    """Return the frames of a manifest that are in no part: columns frame, class, group and why, in its order."""
    import polars as pl

    nowhere = table.filter(_parts(table, split).is_null())
    told = {} if split is None else split.left_out
    why = [told.get(frame, _NO_SPLIT if split is None else _NO_PART) for frame in nowhere[FRAME_ID]]
    return nowhere.select(pl.col(FRAME_ID).alias("frame"), "class", "group", pl.Series("why", why, pl.String))


def is_own(keys: pl.Series) -> pl.Series:
    """Return which keys rushes writes for itself: `.rushes/…`, and the sidecars of the dataset and of each part."""
    sidecar = keys.is_in([CLASSES_FILE, SPLIT_FILE]) | keys.str.contains(rf"^[^/]+/{METADATA_FILE}$")
    return sidecar | keys.str.starts_with(f"{OWN_FOLDER}/")


def _parts(table: pl.DataFrame, split: Split | None) -> pl.Series:
    """Return the part of each row, or null; as `Split.part_of` says where there is a split."""
    import polars as pl

    if split is None:
        return table["split"].alias("part")
    known = pl.DataFrame(
        {FRAME_ID: list(split.parts), "part": list(split.parts.values())},
        schema={FRAME_ID: pl.String, "part": pl.String},
    )
    parts = table.select(FRAME_ID).join(known, on=FRAME_ID, how="left", maintain_order="left")["part"]
    of_groups = table["group"].replace_strict(dict(split.groups), default=None, return_dtype=pl.String)
    parts = parts.fill_null(of_groups)
    if not split.left_out:
        return parts
    out = table[FRAME_ID].is_in(list(split.left_out))
    return parts.set(out, None)


def _check_classes(names: Iterable[str]) -> None:
    import polars as pl

    classes = sorted(names)
    faults = []
    folded = fold_case(pl.Series(classes, dtype=pl.String)).to_list()
    for place, name in enumerate(classes):
        why = why_no_folder(name)
        if folded[place] == METADATA_FILE:
            why = "a file of the dataset has this name"
        twin = folded.index(folded[place])
        if why is None and twin < place:
            why = f"but for case it is '{classes[twin]}'"
        if why is not None:
            faults.append(f"class '{name}' cannot be the name of a folder: {why}")
    if faults:
        raise SyncError(
            "\n".join(faults) + "\nGive it another name among the task's classes in rushes.toml, with this spelling as "
            "an alias, and run 'rushes manifest build' again"
        )
