"""What workers have done and no driver has noted yet: parts on disk, each whole and named by its content."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.footage.source import Frame
from rushes.storage.files import digest_of_bytes, sweep_temporaries, whole_file

TAKEN_FOLDER = ".rushes/taken"  # in a project
_SCHEMA = "taken-frames/1"
_PART = "frames-*.parquet"
_WAITED_SECONDS = 86_400.0


def write_part(root: Path, stored: Sequence[StoredFrame]) -> str:
    """Keep the rows of frames whose pictures are written; return the path of the part, relative to `root`."""
    import polars as pl

    rows = [
        {
            "source": item.frame.source,
            "pts": item.frame.pts,
            "time_base": str(item.frame.time_base),
            "ordinal": item.frame.ordinal,
            "timecode": item.frame.timecode,
            "name": item.frame.name,
            "image": item.image,
            "sha256": item.sha256,
            "signature": None if item.signature is None else f"{item.signature:016x}",
            "size": item.size,
        }
        for item in stored
    ]
    name = digest_of_bytes(repr(rows).encode())[:32]
    part = f"{TAKEN_FOLDER}/frames-{name}.parquet"
    with whole_file(root / part) as temporary:
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(temporary, metadata={"schema": _SCHEMA})
    return part


def read_part(path: Path) -> list[StoredFrame]:
    """Return the rows of a part; none of one that is gone, or cannot be read, whose work is then done again."""
    import polars as pl

    try:
        if pl.read_parquet_metadata(path).get("schema") != _SCHEMA:
            return []
        rows = pl.read_parquet(path).to_dicts()
        return [
            StoredFrame(
                Frame(row["source"], row["pts"], Fraction(row["time_base"]), row["ordinal"], row["timecode"],
                      row["name"]),
                row["image"],
                row["sha256"],
                None if row["signature"] is None else int(row["signature"], 16),
                row["size"],
            )
            for row in rows
        ]  # fmt: skip
    except (OSError, pl.exceptions.PolarsError, ValueError, KeyError):
        return []


def note_part(part: Path, catalog: Catalog, *, now: str) -> None:
    """Note the frames of a part in the catalog, and remove it; another driver may have done so already."""
    if stored := read_part(part):
        catalog.add_frames(stored, now=now)
    part.unlink(missing_ok=True)


def note_left_parts(root: Path, catalog: Catalog, *, now: str) -> int:
    """Note what the workers of a driver that was killed had done; return how many frames that are.

    A frame whose picture is no longer there, or whose film the catalog does not know, is passed over. Pictures of
    photographs that waited for a name are removed after a day; a run that takes the photographs in writes them anew.
    """
    folder, noted = root / TAKEN_FOLDER, 0
    if not folder.is_dir():
        return 0
    sweep_temporaries(folder)
    for path in sorted(folder.glob(_PART)):
        stored = [item for item in read_part(path) if "://" in item.image or (root / item.image).is_file()]
        known = {digest for digest in {item.frame.source for item in stored} if catalog.source(digest) is not None}
        stored = [item for item in stored if item.frame.source in known]
        if stored:
            catalog.add_frames(stored, now=now)
        noted += len(stored)
        path.unlink(missing_ok=True)
    for path in folder.iterdir():
        with suppress(OSError):
            if path.suffix != ".parquet" and time.time() - path.stat().st_mtime > _WAITED_SECONDS:
                path.unlink()
    return noted
