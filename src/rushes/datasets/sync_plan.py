"""The plan of a sync: what to keep, move, copy and delete so that a dataset holds what it should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rushes.datasets.layout import is_own

if TYPE_CHECKING:
    import polars as pl

_ROWS_PER_PIECE = 1 << 18
_PER_BATCH = 1000  # keys that a listing answers with, and that one request deletes


@dataclass(frozen=True, slots=True)
class RequestPrices:
    """What a thousand requests cost, in US dollars.

    The defaults are Amazon's list prices of S3 Standard in us-east-1, as its page aws.amazon.com/s3/pricing had them
    in 2026: PUT, COPY, POST and LIST one price, GET and HEAD another, DELETE free. Other stores and regions differ.
    """

    write: float = 0.005  # PUT, COPY, POST, LIST
    read: float = 0.0004  # GET, HEAD
    delete: float = 0.0


@dataclass(frozen=True, slots=True)
class RequestCost:
    """Requests by kind, and what they cost together; transfer between regions and to a store is not in it.

    Attributes:
        requests: `copy` (COPY or PUT), `head`, `list`, `delete` (a batch of up to 1000 keys) -> how many.
        usd: US dollars.
    """

    requests: Mapping[str, int]
    usd: float


@dataclass(frozen=True, slots=True, eq=False)
class SyncPlan:
    """What makes a dataset hold exactly what it should, in tables sorted by key.

    The order of doing it: moves and those copies that replace nothing, in any order; then the copies that replace; then
    the deletes. At every moment each wanted picture stands at its new key, or at its old one, or is yet to be copied
    from its source.

    Attributes:
        keep_count, keep_bytes: objects that stay as they are.
        move: columns key_from, key, content, source, size_bytes, etag: what stands at one key of the dataset is wanted
            at another, where nothing stands. An object is moved once at most.
        copy: columns key, source, content, replaces: to be brought from its source; `replaces` where another object
            stands at the key until then.
        delete: columns key, size_bytes: put there by an earlier sync, and not wanted any more.
        vanished: columns key, content, size_bytes, etag: recorded, and not there any more.
        altered: the same, of objects that are of another size or ETag than was recorded. Where they are wanted they
            are replaced; elsewhere they are left, since they are not what a plan put there.
        drift: columns key, size_bytes, etag: what no plan put there and nobody wants. It is left as it is.
        occupied: columns key, source, content, size_bytes, etag: what no plan put there stands where a picture is
            wanted. These are in no other set; a plan that has any leads to what is wanted only when each is replaced.
        built_count: objects that were recorded.
        listed_count: objects that were listed; None where the record was believed.
    """

    keep_count: int
    keep_bytes: int
    move: pl.DataFrame
    copy: pl.DataFrame
    delete: pl.DataFrame
    vanished: pl.DataFrame
    altered: pl.DataFrame
    drift: pl.DataFrame
    occupied: pl.DataFrame
    built_count: int
    listed_count: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.move.height or self.copy.height or self.delete.height or self.occupied.height)

    @property
    def move_bytes(self) -> int:
        return int(self.move["size_bytes"].sum())

    @property
    def delete_bytes(self) -> int:
        return int(self.delete["size_bytes"].sum())

    @property
    def copy_bytes(self) -> int | None:
        """About how much is copied, by the mean size of what was recorded; None where nothing tells it."""
        known = self.keep_count + self.move.height + self.delete.height
        if not known:
            return None if self.copy.height else 0
        return round((self.keep_bytes + self.move_bytes + self.delete_bytes) / known * self.copy.height)

    @property
    def share_deleted(self) -> float:
        """Which share of what was recorded is deleted, 0 to 1."""
        return self.delete.height / self.built_count if self.built_count else 0.0

    def request_cost(self, prices: RequestPrices | None = None) -> RequestCost:
        """Return the requests that planning and doing it take, and what they cost.

        A copy is one COPY or PUT and one HEAD; a move is a COPY, a HEAD and its part of a delete; a delete is its part
        of a request for 1000 keys; a listing is one LIST per 1000 keys.
        """
        price = prices or RequestPrices()
        carried = self.copy.height + self.move.height + self.occupied.height
        requests = {
            "copy": carried,
            "head": carried,
            "list": 0 if self.listed_count is None else max(1, _batches(self.listed_count)),
            "delete": _batches(self.move.height + self.delete.height),
        }
        usd = (
            (requests["copy"] + requests["list"]) * price.write
            + requests["head"] * price.read
            + requests["delete"] * price.delete
        ) / 1000
        return RequestCost(requests, usd)


def plan_sync(built: pl.DataFrame, wanted: pl.DataFrame, *, listed: pl.DataFrame | None = None) -> SyncPlan:
    """Decide what brings a dataset from what it holds to what it should hold.

    Content counts, not time: an object that stands under its key is kept; one whose content is wanted under another key
    is moved; what is not there is copied. Objects of the same content serve one key each, first those of the same file
    name, then in the order of their keys. The plan does not depend on the order of rows.

    Args:
        built: columns key, content, size_bytes and etag: what earlier syncs put there; keys are unique.
        wanted: columns key, source and content, as `lay_out` gives them; keys are unique.
        listed: columns key, size_bytes and etag: what stands there; without it the record is believed.

    Raises:
        ValueError: a key twice in one of the tables.
    """
    import polars as pl

    nobody = built.select("key", "size_bytes", "etag").clear()
    vanished = altered = built.clear()
    drift, strange = nobody, nobody
    sound = built
    if listed is not None:
        _check_unique(built["key"], "built")
        _check_unique(listed["key"], "listed")
        sound, vanished, altered = _compare(built, listed)
        others = listed.select("key", "size_bytes", "etag").join(built.select("key"), on="key", how="anti")
        strange = others.join(wanted.select("key"), on="key", how="semi")
        drift = others.join(wanted.select("key"), on="key", how="anti")
        drift = drift.filter(~is_own(drift["key"]))

    met, kept = _meet(sound, wanted)
    keep_bytes = int(sound["size_bytes"].gather(kept["old"]).sum())
    _check_met(sound, wanted, met)
    free = _others(sound, kept["old"])
    missing = _others(wanted.select("key", "source", "content"), kept["now"])
    del met, kept

    occupied = missing.join(strange, on="key")
    missing = missing.join(strange.select("key"), on="key", how="anti")
    # Nothing is moved onto an object that stands there: its bytes would be gone before they are safe elsewhere.
    standing = pl.concat([free.select("key"), altered.select("key")]).with_columns(replaces=pl.lit(True))
    missing = missing.join(standing, on="key", how="left").with_columns(pl.col("replaces").fill_null(False))
    move = _match(free, missing.filter(~pl.col("replaces")))
    copy = missing.join(move.select("key"), on="key", how="anti")
    gone = free.join(move.select(key="key_from"), on="key", how="anti")
    delete = gone.join(missing.select("key"), on="key", how="anti")
    return SyncPlan(
        keep_count=sound.height - free.height,
        keep_bytes=keep_bytes,
        move=move.sort("key"),
        copy=copy.sort("key"),
        delete=delete.select("key", "size_bytes").sort("key"),
        vanished=vanished.sort("key"),
        altered=altered.sort("key"),
        drift=drift.sort("key"),
        occupied=occupied.sort("key"),
        built_count=built.height,
        listed_count=None if listed is None else listed.height,
    )


def describe_plan(plan: SyncPlan, *, shown: int = 10, prices: RequestPrices | None = None, costs: bool = True) -> str:
    """Return a plan for people: a line per set with counts and bytes, its first rows, and what the requests cost.

    Args:
        costs: whether requests cost anything where the dataset is.
    """
    about = "" if plan.copy_bytes is None or not plan.copy.height else f", about {_size(plan.copy_bytes)}"
    replaced = int(plan.copy["replaces"].sum()) if plan.copy.height else 0
    lines = [
        f"keep    {plan.keep_count:>10,}  {_size(plan.keep_bytes)}",
        f"move    {plan.move.height:>10,}  {_size(plan.move_bytes)}",
        *_first(plan.move, shown, lambda row: f"{row['key_from']} -> {row['key']}"),
        f"copy    {plan.copy.height:>10,}{about}{f', {replaced:,} of them in place of others' if replaced else ''}",
        *_first(plan.copy, shown, lambda row: f"{row['source']} -> {row['key']}"),
        f"delete  {plan.delete.height:>10,}  {_size(plan.delete_bytes)}, {plan.share_deleted:.1%} of what stands",
        *_first(plan.delete, shown, lambda row: str(row["key"])),
    ]
    for word, rows, what in (
        ("vanished", plan.vanished, "recorded, and not there any more; copied again where wanted"),
        ("altered", plan.altered, "changed since; replaced where wanted, left elsewhere"),
        ("drift", plan.drift, "put there by no plan; left as it is"),
        ("occupied", plan.occupied, "put there by no plan where a picture is wanted"),
    ):
        if rows.height:
            lines.append(f"{word:<9}{rows.height:>9,}  {what}")
            lines += _first(rows, shown, lambda row: str(row["key"]))
    if not costs:
        return "\n".join(lines)
    cost = plan.request_cost(prices)
    requests = ", ".join(f"{count:,} {kind}" for kind, count in cost.requests.items() if count) or "none"
    usd = "less than 0.01" if 0 < cost.usd < 0.01 else f"about {cost.usd:.2f}"
    lines.append(f"requests: {requests}; {usd} USD{' at list prices of S3' if prices is None else ''}")
    return "\n".join(lines)


def _compare(built: pl.DataFrame, listed: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return what of the record stands there as recorded, what is gone, and what is another object now."""
    import polars as pl

    there = listed.select("key", is_there=pl.lit(True), size_now="size_bytes", etag_now="etag")
    met = built.join(there, on="key", how="left")
    etags_told = (pl.col("etag") != "") & (pl.col("etag_now") != "")
    other = (pl.col("size_bytes") != pl.col("size_now")) | (etags_told & (pl.col("etag") != pl.col("etag_now")))
    gone, other = pl.col("is_there").is_null(), other.fill_null(False)
    sets = (met.filter(~gone & ~other), met.filter(gone), met.filter(~gone & other))
    sound, vanished, altered = (rows.select(built.columns) for rows in sets)
    return sound, vanished, altered


def _meet(sound: pl.DataFrame, wanted: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return which objects stand at wanted keys, and those of them that are what is wanted there.

    Returns:
        twice columns old and now: places of rows in `sound` and in `wanted`, in the order of `old`.
    """
    import polars as pl

    # Numbers are joined sooner than texts, and a share of them at a time needs little memory. Equal keys have equal
    # hashes; the few pairs of others that do too go when the texts are compared, in the order in which they lie.
    hash_of = pl.col("key").hash().alias("hash")
    old, now = sound.select(hash_of).with_row_index("old"), wanted.select(hash_of).with_row_index("now")
    shares = 1 + max(old.height, now.height) // _ROWS_PER_PIECE
    of_share = [pl.col("hash") % shares == share for share in range(shares)]
    pairs = pl.concat(
        [old.filter(within).join(now.filter(within), on="hash").select("old", "now") for within in of_share]
    ).sort("old")
    del old, now
    met, kept = [pairs.clear()], [pairs.clear()]
    for start in range(0, pairs.height, _ROWS_PER_PIECE):
        piece = pairs.slice(start, _ROWS_PER_PIECE)
        for column, found in (("key", met), ("content", kept)):
            piece = piece.filter(sound[column].gather(piece["old"]) == wanted[column].gather(piece["now"]))
            found.append(piece)
    return pl.concat(met), pl.concat(kept)


def _match(free: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """Return the moves: each free object to a key at which its content is missing, one to one."""
    import polars as pl

    file = pl.col("key").str.extract(r"([^/]*)$").alias("file")
    objects = free.join(missing.select("content"), on="content", how="semi").with_columns(file).sort("key")
    places = missing.join(free.select("content"), on="content", how="semi").with_columns(file).sort("key")
    found = []
    for alike in (("content", "file"), ("content",)):
        turn = pl.int_range(pl.len()).over(alike).alias("turn")
        pairs = places.with_columns(turn).join(
            objects.with_columns(turn).rename({"key": "key_from"}), on=[*alike, "turn"], suffix="_from"
        )
        found.append(pairs.select("key_from", "key", "content", "source", "size_bytes", "etag"))
        objects = objects.join(pairs.select(key="key_from"), on="key", how="anti")
        places = places.join(pairs.select("key"), on="key", how="anti")
        objects, places = objects.sort("key"), places.sort("key")
    return pl.concat(found)


def _others(table: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """Return the rows of a table that are not at these places."""
    import polars as pl

    return table.filter(pl.repeat(True, table.height, dtype=pl.Boolean, eager=True).scatter(places, False))


def _check_met(sound: pl.DataFrame, wanted: pl.DataFrame, met: pl.DataFrame) -> None:
    """Raise ValueError where a key is in one of the tables twice, given which rows have the same key.

    Such a key is met twice by one row of the other table, or by none; to count those is cheaper than all keys.
    """
    for where, table, own, other in (("built", sound, "old", "now"), ("wanted", wanted, "now", "old")):
        if met[other].n_unique() != met.height or not _others(table.select("key"), met[own])["key"].is_unique().all():
            _check_unique(table["key"], where)


def _check_unique(keys: pl.Series, where: str) -> None:
    if keys.n_unique() != len(keys):
        raise ValueError(f"the key '{keys.filter(keys.is_duplicated())[0]}' is in `{where}` twice")


def _batches(count: int) -> int:
    return -(-count // _PER_BATCH)


def _first(rows: pl.DataFrame, shown: int, say: Callable[[dict[str, Any]], str]) -> list[str]:
    """Return the first rows of a set as lines, and how many there are beyond them."""
    lines = [f"          {say(row)}" for row in rows.head(shown).to_dicts()]
    return [*lines, *([f"          … and {rows.height - shown:,} more"] if rows.height > shown else [])]


def _size(size_bytes: int) -> str:
    for unit, worth in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 1000)):
        if size_bytes >= worth:
            return f"{size_bytes / worth:.1f} {unit}"
    return f"{size_bytes} bytes"
