"""One sync of a bucket on this machine, in a process that a benchmark may kill: `relabel_worker ROOT WANTED.json`.

It prints `begins` before its first change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl

from rushes.datasets.sync import Options, Wanted, sync_dataset
from rushes.datasets.sync_apply import BEGUN
from rushes.storage.object_folder import object_folder
from rushes.storage.places import parse_place


def main() -> None:
    root, rows = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    objects = pl.DataFrame(rows, schema=dict.fromkeys(("key", "source", "content"), pl.String), orient="row")
    objects = objects.with_columns(frame="source", part=pl.lit("train"), group=pl.lit("g"), **{"class": pl.lit("c")})
    sync_dataset(
        object_folder(parse_place("s3://studio/set")),
        Wanted(objects, "manifest.jl", "grouped", lambda _: {}),
        root=root,
        options=Options(yes=True, parallel=8),
        progress=lambda done, total, note="": print("begins", flush=True) if note == BEGUN else None,
    )


if __name__ == "__main__":
    main()
