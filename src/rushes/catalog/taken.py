"""What workers have done and no driver has noted yet: parts on disk, each whole and named by its content."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.footage.source import Frame, Unreadable
from rushes.storage.files import digest_of_bytes, digest_of_file, sweep_temporaries, whole_file

logger = logging.getLogger(__name__)

TAKEN_FOLDER = ".rushes/taken"  # in a project
_SCHEMA = "taken-frames/1"
_PART = "frames-*.parquet"
_WAITED_SECONDS = 86_400.0
_ARRIVING_SECONDS = 3600.0  # within which what a part speaks of is there, on a slow line


class DamagedPartError(OSError):
    """A part that was read, and of which no rows can be made."""


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
    """Return the rows of a part.

    Raises:
        FileNotFoundError: it is gone.
        DamagedPartError: it is damaged.
        OSError: it cannot be read, or is of another rushes.
    """
    import polars as pl

    data = path.read_bytes()  # first, for polars may call damage what the disk does not give
    try:
        if pl.read_parquet_metadata(io.BytesIO(data)).get("schema") != _SCHEMA:
            raise OSError(f"{path.name} is no part of an ingest of this rushes")
        rows = pl.read_parquet(io.BytesIO(data)).to_dicts()
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
    except (pl.exceptions.PolarsError, ValueError, KeyError, TypeError) as error:
        raise DamagedPartError(f"{path.name} is damaged ({type(error).__name__})") from error


def note_part(part: Path, catalog: Catalog, *, now: str) -> list[StoredFrame]:
    """Note the frames of a part in the catalog, remove it, and return them.

    Raises:
        FileNotFoundError: it is gone, as where another driver has noted it.
        OSError: it cannot be read; it stays.
    """
    stored = read_part(part)
    catalog.add_frames(stored, now=now)
    part.unlink(missing_ok=True)
    return stored


def note_left_parts(
    root: Path, catalog: Catalog, *, now: str, unread: Callable[[Unreadable], None] = lambda _: None
) -> int:
    """Note what the workers of a driver that was killed had done; return how many frames that are.

    A frame is noted where its picture is the one of the part; one in a store, where the catalog lacks the frame. A part
    that is damaged, or whose films or pictures are not all there, may be on its way to another driver: it stays for an
    hour, and then what is there counts. A part that the disk does not give, or whose pictures it does not give, stays.
    Pictures of photographs that waited for a name are removed after a day; a run that takes the photographs in writes
    them anew.

    Args:
        unread: told of each part that the disk does not give.
    """
    folder, noted = root / TAKEN_FOLDER, 0
    if not folder.is_dir():
        return 0
    sweep_temporaries(folder)
    for path in sorted(folder.glob(_PART)):
        try:
            noted += _note_left(path, root, catalog, now=now)
        except FileNotFoundError:
            continue
        except OSError as error:
            unread(Unreadable(str(path), _unread(error)))
    for path in folder.iterdir():
        with suppress(OSError):
            if path.suffix != ".parquet" and time.time() - path.stat().st_mtime > _WAITED_SECONDS:
                path.unlink()
    return noted


def _note_left(path: Path, root: Path, catalog: Catalog, *, now: str) -> int:
    """Note a part that was left, and remove it; return how many frames the catalog lacked."""
    is_new = time.time() - path.stat().st_mtime < _ARRIVING_SECONDS
    try:
        stored = read_part(path)
    except DamagedPartError as error:
        if not is_new:
            logger.info("%s; it is removed, and what it speaks of is taken anew", error)
            path.unlink(missing_ok=True)
        return 0
    there = _there(root, catalog, stored)
    if is_new and len(there) < len(stored):
        return 0
    lacking = _lacking(root, catalog, there)
    catalog.add_frames(lacking, now=now)
    path.unlink(missing_ok=True)
    return len(lacking)


def _unread(error: OSError) -> str:
    return (
        f"was left by a run that was killed, and cannot be noted: {error.strerror or error}. It stays where it is. Run "
        "this again when the disk gives it, or remove it: what it speaks of is then taken anew"
    )


def _there(root: Path, catalog: Catalog, stored: Sequence[StoredFrame]) -> list[StoredFrame]:
    """Return the frames whose film is in the catalog and whose picture exists; in a store it is believed to."""
    known = {digest for digest in {item.frame.source for item in stored} if catalog.source(digest) is not None}
    return [
        item for item in stored if item.frame.source in known and ("://" in item.image or (root / item.image).is_file())
    ]


def _lacking(root: Path, catalog: Catalog, there: Sequence[StoredFrame]) -> list[StoredFrame]:
    """Return the frames that the catalog lacks, or knows by another picture than the one that stands there."""
    known = {item.frame.id: item for item in catalog.frames_of(sorted({item.frame.source for item in there}))}
    return [
        item
        for item in there
        if (item.frame.id not in known if "://" in item.image else _is_its_picture(root, item))
        and known.get(item.frame.id) != item
    ]


def _is_its_picture(root: Path, item: StoredFrame) -> bool:
    try:
        return digest_of_file(root / item.image) == item.sha256
    except FileNotFoundError:
        return False
