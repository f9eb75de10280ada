"""Inventories: files that list what is in a bucket or folder, taken instead of asking for it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from rushes.errors import MediaError, UsageError, remedy_of
from rushes.storage.places import Place, Remote, parse_place
from rushes.storage.reading import read_place

if TYPE_CHECKING:
    import polars as pl

_NAME = re.compile(
    r"^(?P<file>.*\.(?:json|csv|csv\.gz|txt|txt\.gz|parquet))(?:#(?P<below>.*))?$", re.DOTALL | re.IGNORECASE
)
# Headers of a list, as S3 writes them and as people do.
_KEYS = ("key", "address", "uri", "url", "path", "object_key", "file_name", "img-ref")
_BUCKETS = ("bucket", "bucket_name")
_KNOWN = (*_KEYS, *_BUCKETS)


@dataclass(frozen=True, slots=True)
class Inventory:
    """A file that lists others, and what is wanted of it.

    Attributes:
        place: the list, or the manifest of an inventory of S3.
        below: what the keys begin with that are wanted; "" wants all.
    """

    place: Place
    below: str = ""


def inventory_at(place: Place) -> Inventory | None:
    """Return the inventory that a place names by its form, `…/manifest.json` or `list.csv.gz#films/2024/`; else None.

    A `.json`, `.csv`, `.txt` or `.parquet` is no footage, so that nothing else can be meant by one.
    """
    found = _NAME.match(place.key if isinstance(place, Remote) else str(place))
    if found is None or (isinstance(place, Remote) and not place.in_bucket and found["below"] is not None):
        return None
    if isinstance(place, Path):
        return None if place.is_dir() else Inventory(Path(found["file"]), found["below"] or "")
    return Inventory(Remote(place.scheme, place.host, found["file"], place.query), found["below"] or "")


def read_inventory(inventory: Inventory, *, suffixes: Collection[str] = ()) -> Iterator[Place]:
    """Yield the places that an inventory lists, in its order, some hundred thousand in memory at a time.

    Of an inventory with versions, those that are the newest of their key and no mark of a removal. A key without a
    bucket beside it is one of the folder in which the list stands.

    Args:
        suffixes: that the files must have, small, with their dots; () takes any.

    Raises:
        MediaError: it cannot be read, is none, or is of a kind that is not read.
    """
    place = inventory.place
    if place.suffix.lower() == ".json":
        yield from _of_manifest(inventory, suffixes)
        return
    table = _of_kinds(_table(place, _bytes_of(place)), suffixes)
    yield from _places_in(table, inventory, folder=place.parent)


def _of_manifest(inventory: Inventory, suffixes: Collection[str]) -> Iterator[Place]:
    """Yield what an inventory of S3 lists, whose parts its manifest names."""
    place = inventory.place
    try:
        manifest = json.loads(_bytes_of(place))
        kind, schema = str(manifest["fileFormat"]).upper(), str(manifest["fileSchema"])
        bucket, parts = str(manifest["sourceBucket"]), list(manifest["files"])
        holder = str(manifest["destinationBucket"]).rpartition(":")[2]
        named = [(str(part["key"]), str(part.get("MD5checksum", ""))) for part in parts]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MediaError(
            place,
            "is no manifest of an S3 inventory (it has no fileFormat, fileSchema, sourceBucket, destinationBucket and "
            "files). Give the inventory's manifest.json, or a list as .csv, .txt or .parquet",
        ) from None
    if kind not in ("CSV", "PARQUET"):
        raise MediaError(
            place, f"is an inventory in {kind}, which is not read. Have S3 write it as CSV or Apache Parquet"
        )
    columns = [name.strip() for name in schema.split(",")] if kind == "CSV" else []
    for key, digest in named:
        part = _part_at(place, holder, key)
        data = _bytes_of(part)
        if digest and hashlib.md5(data, usedforsecurity=False).hexdigest() != digest:
            raise MediaError(
                part, "is not the part that the manifest names (its MD5 differs). Give the newest inventory, whole"
            )
        table = _csv(part, data, columns=columns) if kind == "CSV" else _parquet(part, data)
        folder = Remote("s3", bucket, "")
        yield from _places_in(_of_kinds(table, suffixes), inventory, folder=folder, encoded=kind == "CSV")


def _part_at(manifest: Place, holder: str, key: str) -> Place:
    """Return where a part of an inventory is: in its bucket, or with a manifest that was downloaded, beside that."""
    if isinstance(manifest, Remote):
        return Remote(manifest.scheme, holder if manifest.scheme == "s3" else manifest.host, key)
    name = key.rpartition("/")[2]
    around = (manifest.parent, manifest.parent / "data", manifest.parent.parent / "data")
    found = next((folder / name for folder in around if (folder / name).is_file()), None)
    return found if found is not None else Remote("s3", holder, key)


def _bytes_of(place: Place) -> bytes:
    try:
        return read_place(place)
    except FileNotFoundError:
        raise MediaError(place, "there is no such file or folder. Check the name") from None
    except OSError as error:
        remedy = remedy_of(error.errno) or "Check its permissions"
        raise MediaError(place, f"cannot be read ({error.strerror or error}). {remedy}") from error


def _table(place: Place, data: bytes) -> pl.DataFrame:
    """Return a list as a table with a column `key`, and `bucket` where it states one."""
    if place.suffix.lower() == ".parquet":
        return _parquet(place, data)
    plain = _unzipped(place, data)
    name = place.name.lower().removesuffix(".gz")
    head = plain[: 1 << 16].decode("utf-8-sig", "replace").splitlines()
    names = [cell.strip().strip('"').casefold() for cell in head[0].split(",")] if head else []
    if name.endswith(".txt") or (len(names) == 1 and names[0] not in _KNOWN):
        import polars as pl

        try:
            lines = plain.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise MediaError(
                place, "is no list in UTF-8. Save it as text in UTF-8, one key or address a line"
            ) from None
        kept = [line.strip().strip('"') for line in lines if line.strip() and not line.startswith("#")]
        return pl.DataFrame({"key": kept}, schema={"key": pl.String})
    return _csv(place, plain, columns=[])


def _unzipped(place: Place, data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, ValueError):
        raise MediaError(place, "cannot be unpacked: it is cut off or damaged. Copy it again") from None


def _csv(place: Place, data: bytes, *, columns: Sequence[str]) -> pl.DataFrame:
    """Return a table of text; without `columns`, the first line names them."""
    import polars as pl

    plain = _unzipped(place, data)
    if not plain.strip():
        return pl.DataFrame({"key": []}, schema={"key": pl.String})
    try:
        table = pl.read_csv(
            io.BytesIO(plain), has_header=not columns, infer_schema=False, new_columns=list(columns) or None
        )
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise MediaError(place, f"is no table that can be read ({type(error).__name__}). Check the list") from None
    return _with_key(place, table)


def _parquet(place: Place, data: bytes) -> pl.DataFrame:
    import polars as pl

    try:
        table = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise MediaError(place, "is no Parquet file, or a damaged one. Copy it again") from None
    return _with_key(place, table)


def _with_key(place: Place, table: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose columns have the names that the rest of this module knows."""
    plain = {name: name.strip().casefold().replace(" ", "_") for name in table.columns}
    squeezed = {"islatest": "is_latest", "isdeletemarker": "is_delete_marker"}
    names = {name: squeezed.get(said, said) for name, said in plain.items()}
    key = next((name for wanted in _KEYS for name, said in names.items() if said == wanted), None)
    if key is None:
        columns = ", ".join(repr(name) for name in list(table.columns)[:6])
        raise MediaError(
            place,
            f"names no column of keys: it has {columns}. Call one of them {', '.join(_KEYS[:3])} or so; of an "
            "inventory of S3, give its manifest.json",
        )
    bucket = next((name for name, said in names.items() if said in _BUCKETS), None)
    kept = {key: "key"} | ({bucket: "bucket"} if bucket else {})
    kept |= {name: said for name, said in names.items() if said in ("is_latest", "is_delete_marker")}
    return table.select(list(kept)).rename(kept)


def _places_in(table: pl.DataFrame, inventory: Inventory, *, folder: Place, encoded: bool = False) -> Iterator[Place]:
    """Yield the places of a table's rows that are wanted.

    Args:
        folder: that keys without a bucket are of.
        encoded: keys are written as in an address (`a+b%20c`), as S3 does in CSV.
    """
    import polars as pl

    for name, wanted in (("is_latest", "true"), ("is_delete_marker", "false")):
        if name in table.columns:
            said = pl.col(name).cast(pl.String).str.to_lowercase()
            table = table.filter(said.is_null() | (said == "") | (said == wanted))
    table = table.filter(pl.col("key").is_not_null() & (pl.col("key") != ""))
    for row in table.iter_slices(100_000):
        keys = row["key"].cast(pl.String).to_list()
        buckets = row["bucket"].cast(pl.String).to_list() if "bucket" in row.columns else [None] * len(keys)
        for key, bucket in zip(keys, buckets, strict=True):
            found = _place_of(_decoded(key) if encoded else key, bucket, folder, inventory)
            if found is not None:
                yield found


def _of_kinds(table: pl.DataFrame, suffixes: Collection[str]) -> pl.DataFrame:
    import polars as pl

    if not suffixes:
        return table
    named = pl.col("key").cast(pl.String).str.replace(r"^(\w+://[^?]*)\?.*$", "$1").str.to_lowercase()
    return table.filter(named.str.extract(r"(\.[^./]+)$").is_in(sorted(suffixes)))


def _decoded(key: str) -> str:

    return unquote_plus(key) if "%" in key or "+" in key else key


def _place_of(key: str, bucket: str | None, folder: Place, inventory: Inventory) -> Place | None:
    """Return where a key of a list is; None where it is not below what is wanted."""
    if "://" in key:
        try:
            place = parse_place(key)
        except UsageError as error:
            raise MediaError(inventory.place, f"lists what is no address: {error}") from None
        said = place.key if isinstance(place, Remote) else str(place)
        return place if said.startswith(inventory.below) else None
    if bucket:
        scheme = folder.scheme if isinstance(folder, Remote) and folder.in_bucket else "s3"
        return Remote(scheme, bucket, key) if key.startswith(inventory.below) else None
    if not key.startswith(inventory.below):
        return None
    if isinstance(folder, Remote):
        return Remote(folder.scheme, folder.host, f"{folder.key}{key}")
    return folder / key
