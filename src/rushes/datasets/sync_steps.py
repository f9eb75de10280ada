"""Steps: what a sync does at its place, in the order in which it does it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from rushes.datasets.sync_plan import SyncPlan

# What is safe in any order first; then what takes the place of another object; what nothing needs any more at the end.
_ROWS_AT_ONCE = 100_000
KINDS = ("move", "copy", "replace", "delete")


def steps_of(plan: SyncPlan, wanted: pl.DataFrame, built: pl.DataFrame) -> pl.DataFrame:
    """Return the steps of a plan, numbered in the order in which they are done.

    Args:
        wanted, built: what the plan was made from, with the column frame.

    Returns:
        columns step (Int64), kind (`move`, `copy`, `replace` or `delete`), key, key_from, source, content, size_bytes,
        etag, frame; what a kind has no use for is "" or 0. Size and ETag are of the object as it is before the step.
    """
    import polars as pl

    nothing = pl.lit("")
    moves = plan.move.select(pl.lit("move").alias("kind"), "key", "key_from", "source", "content", "size_bytes", "etag")
    copies = plan.copy.select(
        pl.when("replaces").then(pl.lit("replace")).otherwise(pl.lit("copy")).alias("kind"),
        "key", nothing.alias("key_from"), "source", "content", pl.lit(0, pl.Int64).alias("size_bytes"),
        nothing.alias("etag"),
    )  # fmt: skip
    deletes = plan.delete.select(
        pl.lit("delete").alias("kind"), "key", nothing.alias("key_from"), nothing.alias("source"),
        nothing.alias("content"), "size_bytes", nothing.alias("etag"),
    )  # fmt: skip
    arriving = pl.concat([moves, copies]).join(wanted.select("key", "frame"), on="key", how="left")
    steps = pl.concat([arriving, deletes.join(built.select("key", "frame"), on="key", how="left")])
    order = pl.col("kind").replace_strict({kind: place for place, kind in enumerate(KINDS)}, return_dtype=pl.Int64)
    return steps.sort(order, "key").with_row_index("step").with_columns(pl.col("step").cast(pl.Int64))


def keys_emptied_by(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the keys at which nothing stands once steps are done, unless another of them fills one: column key."""
    import polars as pl

    moved = steps.filter(pl.col("kind") == "move").select(pl.col("key_from").alias("key"))
    return pl.concat([moved, steps.filter(pl.col("kind") == "delete").select("key")])


def digest_of_steps(steps: pl.DataFrame) -> str:
    """Return the SHA-256 of what steps do, in hex: what is moved, copied and deleted, and where to."""
    digest = hashlib.sha256()
    for piece in steps.select("kind", "key", "key_from", "source", "content").iter_slices(_ROWS_AT_ONCE):
        digest.update(piece.write_csv(include_header=False).encode())
    return digest.hexdigest()
