"""Runs in the peers' environment, without rushes: pandas finds what a relabel changes, timed.

`pandas_merge.py FOLDER` reads the record and the manifest's Parquet that `benchmarks/relabel_plan.py` wrote there, and
prints one JSON object: how many frames stay, move, come and go, its times, and its peak of memory.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    import pandas as pd
    import pyarrow.parquet  # noqa: F401  # imported before the clock starts, as pandas would while it reads

    started, worked = time.perf_counter(), time.process_time()
    record = pd.read_parquet(folder / "record.parquet", columns=["key", "content", "size_bytes", "etag"])
    (path,) = folder.glob("*-manifest-*.parquet")
    manifest = pd.read_parquet(path, columns=["img-ref", "class", "group", "sha256", "split", "name"])
    manifest = manifest[manifest["split"].notna()]
    # The record has no other column that names the frame; its file does, in both.
    record["file"] = record["key"].str.replace("^.*/", "", regex=True)
    manifest["file"] = manifest["name"] + ".jpg"
    manifest["key"] = manifest["split"] + "/" + manifest["class"] + "/" + manifest["file"]
    merged = record.merge(manifest, on="file", how="outer", indicator=True, suffixes=("_from", ""))
    both = merged[merged["_merge"] == "both"]
    stays = both["key_from"] == both["key"]
    same = both["content"] == both["sha256"]
    keep, move = both[stays & same], both[~stays & same]
    copy, delete = merged[merged["_merge"] == "right_only"], merged[merged["_merge"] == "left_only"]
    answer = {
        "counts": {"keep": len(keep), "move": len(move), "copy": len(copy), "delete": len(delete)},
        "wall_seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - worked,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 ** (2 if sys.platform != "darwin" else 3),
        "pandas": pd.__version__,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
