"""What happened to the samples from one manifest to the next: same, new, relabelled, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class ManifestDiff:
    """Four sets of samples, each a table in the order of its manifest; every sample is in one of them.

    Attributes:
        same: rows of the new manifest whose class is what it was.
        new: rows that the old manifest did not have.
        relabelled: rows of the new manifest whose class is another, with a column `was` for what it was.
        removed: rows of the old manifest that the new one has no more.
    """

    same: pl.DataFrame
    new: pl.DataFrame
    relabelled: pl.DataFrame
    removed: pl.DataFrame


def diff_tables(old: pl.DataFrame, new: pl.DataFrame) -> ManifestDiff:
    """Return which samples stayed, came, changed their class, and went.

    Args:
        old, new: tables of manifests with at least the columns `frame_id` and `class`.
    """
    import polars as pl

    before = old.select("frame_id", pl.col("class").alias("was"))
    met = new.join(before, on="frame_id", how="left", maintain_order="left")
    was, now = pl.col("was"), pl.col("class")
    return ManifestDiff(
        same=met.filter(was == now).drop("was"),
        new=met.filter(was.is_null()).drop("was"),
        relabelled=met.filter(was != now),
        removed=old.join(new.select("frame_id"), on="frame_id", how="anti", maintain_order="left"),
    )
