"""The steps of a sync carried out: in parallel, each noted when it is verified, nothing removed before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

from rushes.datasets.sync_journal import Journal
from rushes.datasets.sync_lock import Lock
from rushes.datasets.sync_steps import keys_emptied_by
from rushes.errors import AbsentError, MediaError, PlaceError, SyncError, UnreachableError
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes, digest_of_file
from rushes.storage.object_folder import ObjectFolder
from rushes.storage.places import Remote, parse_place
from rushes.storage.reading import read_place
from rushes.storage.stores import State

if TYPE_CHECKING:
    import polars as pl

BEGUN = "done before"  # said of the steps that the journal holds, before any other
_STEPS_AT_ONCE = 1000  # as many as one request deletes on S3
_AGAIN = "Take its footage in again (rushes ingest), then rushes manifest build"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_HOPELESS = 100  # refusals in a row: the place is full, or gone


class Row(TypedDict):
    """A step as `steps_of` makes it."""

    step: int
    kind: str
    key: str
    key_from: str
    source: str
    content: str
    size_bytes: int
    etag: str
    frame: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that was not done; what stood before stands still.

    Attributes:
        key: where the object should have come to, or what should have been removed.
        source: where its picture is; "" of a removal.
    """

    key: str
    source: str
    reason: str

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Applied:
    """What stands at the place after the steps.

    Attributes:
        built: the record's columns key, content, size_bytes, etag, frame.
        failures: of steps that were not done.
    """

    built: pl.DataFrame
    failures: tuple[Failure, ...]


@dataclass(slots=True)
class _Work:
    """The state of one apply."""

    folder: ObjectFolder
    journal: Journal
    lock: Lock
    root: Path
    reused: frozenset[str]  # keys that one step empties and another fills
    resumed: bool
    looks_first: bool
    progress: Progress
    total: int
    done: int = 0
    refused_in_a_row: int = 0
    failures: list[Failure] = field(default_factory=list)
    failed_steps: list[int] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)  # keys that should be gone and are not
    left: dict[str, str] = field(default_factory=dict)  # key -> frame, where a step failed and left nobody knows what

    def advance(self, count: int, note: str) -> None:
        self.done += count
        self.progress(self.done, self.total, note)

    def fail(self, row: Row, reason: str) -> None:
        self.failures.append(Failure(row["key"], row["source"], reason))
        self.failed_steps.append(row["step"])


def apply_steps(
    folder: ObjectFolder,
    steps: pl.DataFrame,
    built: pl.DataFrame,
    journal: Journal,
    *,
    root: Path,
    lock: Lock,
    resumed: bool = False,
    listed: pl.DataFrame | None = None,
    looks_first: bool = False,
    parallel: int,
    progress: Progress = silent,
) -> Applied:
    """Carry out steps; those that the journal holds are not done again.

    An object is removed from its old key only after the one at its new key was verified and noted. A step that fails
    leaves what it would have changed; the others go on, but nothing is removed or replaced whose picture was to stand
    elsewhere and does not. A kill at any time leaves a state from which the same call goes on.

    Args:
        steps: as `steps_of` makes them.
        built: the record before the first of the steps.
        root: the project's folder, from which relative sources are read.
        resumed: whether some of the steps may have been done without being in the journal, as after a kill.
        listed: what stands there when it goes on, columns key, size_bytes, etag: a step in the journal whose object is
            not there is done again. None believes the journal.
        looks_first: look at a key before copying to it, because nobody has listed what stands there.
        parallel: requests at the same time.

    Raises:
        SyncError: the lock was lost, or the place refuses one step after the other (permission, a full disk, no
            network).
    """
    import polars as pl

    noted = journal.table()
    if listed is not None:
        there = steps.select("step", "key").join(noted, on="step").join(listed, on="key", suffix="_now")
        same = (pl.col("size_bytes") == pl.col("size_bytes_now")) & (pl.col("etag") == pl.col("etag_now"))
        noted = there.filter(same).select("step", "size_bytes", "etag")
        journal.keep(noted)
    emptied = steps.filter(pl.col("kind") == "move")["key_from"]
    filled = steps.filter(pl.col("kind") != "delete")["key"]
    reused = frozenset(emptied.filter(emptied.is_in(filled.implode())))
    work = _Work(folder, journal, lock, root, reused, resumed, looks_first, progress, total=len(steps))
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        try:
            _finish_moves(work, steps.filter(pl.col("kind") == "move").join(noted, on="step", how="semi"))
            work.advance(len(noted), BEGUN)
            left = steps.join(noted, on="step", how="anti")
            _fill(work, pool, left.filter(pl.col("kind").is_in(["move", "copy"])))
            _fill(work, pool, _that_may_replace(work, pool, left.filter(pl.col("kind") == "replace"), steps, built))
            failed = steps.filter(pl.col("step").is_in(work.failed_steps)).select("frame")
            deletes = steps.filter(pl.col("kind") == "delete")
            work.kept.update(deletes.join(failed, on="frame", how="semi")["key"])
            for keys in _pieces(deletes.join(failed, on="frame", how="anti")["key"].to_list()):
                lock.still_held()
                _remove(work, keys)
                work.advance(len(keys), "removing")
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return Applied(_what_stands(built, steps, journal.table(), work), tuple(work.failures))


def _that_may_replace(
    work: _Work, pool: ThreadPoolExecutor, replacing: pl.DataFrame, steps: pl.DataFrame, built: pl.DataFrame
) -> pl.DataFrame:
    """Return the steps that may take the place of what stands at their keys; the others fail.

    One may not while the picture that stands there is wanted elsewhere and did not arrive. Where it is to be brought
    elsewhere by a step that replaces too, that step's source is looked at first.
    """
    import polars as pl

    if replacing.is_empty():
        return replacing
    rows = _rows(replacing)
    at_key = dict(built.join(replacing, on="key", how="semi").select("key", "content").iter_rows())
    missing = set(steps.filter(pl.col("step").is_in(work.failed_steps))["content"])
    wanted_elsewhere = set(at_key.values()) & {row["content"] for row in rows}
    unsure = [row for row in rows if row["content"] in wanted_elsewhere]
    for row, fault in zip(unsure, pool.map(lambda row: _fault_of_source(work, row), unsure), strict=True):
        if fault is not None:
            work.fail(row, fault)
            missing.add(row["content"])
    held: set[int] = set(work.failed_steps)
    while more := [row for row in rows if row["step"] not in held and at_key.get(row["key"]) in missing]:
        for row in more:
            work.fail(row, "is left as it is: the picture that stands there is wanted elsewhere, and did not arrive")
            held.add(row["step"])
            missing.add(row["content"])
    return replacing.filter(~pl.col("step").is_in(list(held)))


def _fill(work: _Work, pool: ThreadPoolExecutor, steps: pl.DataFrame) -> None:
    """Bring each object to its key, note it, then remove the old ones of those that moved."""
    removal: Future[None] | None = None
    for start in range(0, len(steps), _STEPS_AT_ONCE):
        work.lock.still_held()
        rows = _rows(steps.slice(start, _STEPS_AT_ONCE))
        waiting = [pool.submit(_bring_to_key, work, row) for row in rows]
        olds = []
        for row, future in zip(rows, waiting, strict=True):
            try:
                state = future.result()
            except (PlaceError, MediaError) as error:
                work.fail(row, str(error))
                work.refused_in_a_row += _refuses(error)
                _look_at_failure(work, row, error)
                continue
            work.refused_in_a_row = 0
            work.journal.done(row["step"], state)
            if row["kind"] == "move" and row["key_from"] not in work.reused:
                olds.append(row["key_from"])
        work.journal.flush()
        if removal is not None:
            removal.result()
        removal = pool.submit(_remove, work, olds) if olds else None
        work.advance(len(rows), rows[-1]["key"])
    if removal is not None:
        removal.result()


def _rows(steps: pl.DataFrame) -> list[Row]:
    return cast("list[Row]", steps.rows(named=True))


def _finish_moves(work: _Work, moves: pl.DataFrame) -> None:
    """Remove the old objects of moves that were noted before; a kill may have come in between."""
    import polars as pl

    olds = moves.filter(~pl.col("key_from").is_in(list(work.reused)))["key_from"].to_list()
    for keys in _pieces(olds):
        work.lock.still_held()
        _remove(work, keys)


class _InTheWayError(MediaError):
    """Something that no plan put there stands where a picture is wanted."""


def _look_at_failure(work: _Work, row: Row, error: PlaceError | MediaError) -> None:
    """Take note of what a failed step may have left at its key, and give up where it is the place that refuses."""
    if work.refused_in_a_row >= _HOPELESS:
        raise SyncError(
            f"{work.folder.place}: the last {_HOPELESS} objects were all refused, so nothing more was tried. "
            f"What is done is kept; run this again once that is mended: {row['key']}: {error}"
        )
    if isinstance(error, _InTheWayError):
        return
    try:
        stands = work.folder.state(row["key"]) is not None
    except PlaceError:
        stands = True
    if stands:
        work.left[row["key"]] = row["frame"]


def _bring_to_key(work: _Work, row: Row) -> State:
    """Do one step, and return the verified state of the object at its new key.

    Raises:
        MediaError, PlaceError: this object cannot be had or put there.
    """
    key, key_from, size_bytes, mark = row["key"], row["key_from"], row["size_bytes"], row["etag"]
    if row["kind"] == "copy" and work.looks_first and not work.resumed and work.folder.state(key) is not None:
        raise _InTheWayError(
            key, "an object that no plan put there stands there. Plan with a listing (without --no-listing)"
        )
    if row["kind"] != "move":
        return _bring_from_source(work, row)
    if work.resumed:
        found = work.folder.state(key)
        if found is not None and found.size_bytes == size_bytes and found.mark == mark:
            return found
        if key_from in work.reused:  # by now another object may stand there
            return _bring_from_source(work, row)
    known = State(size_bytes, mark) if mark and not _TIME.fullmatch(mark) else None
    try:
        state = work.folder.copy_within(key_from, key, known=known)
    except AbsentError:  # it is not where the record has it
        return _bring_from_source(work, row)
    return state if state.size_bytes == size_bytes else _bring_from_source(work, row)


def _refuses(error: PlaceError | MediaError) -> bool:
    """Return whether the fault may be the place's, and not that of one picture."""
    return isinstance(error, PlaceError | UnreachableError) and not isinstance(error, AbsentError)


def _bring_from_source(work: _Work, row: Row) -> State:
    source = parse_place(row["source"])
    if isinstance(source, Path):
        _check_local(work.root, source, row["content"])
        return work.folder.upload(work.root / source, row["key"])
    if not row["content"].startswith("@"):
        _check_remote(source, row["content"])
    try:
        return work.folder.copy_from(source, row["key"])
    except AbsentError as error:
        raise MediaError(source, f"{error.reason}. Put the picture there again, or delete its row") from None


def _fault_of_source(work: _Work, row: Row) -> str | None:
    """Return why a step's picture cannot be had; None where it can."""
    source = parse_place(row["source"])
    try:
        if isinstance(source, Path):
            _check_local(work.root, source, row["content"])
        else:
            _check_remote(source, row["content"])
    except MediaError as error:
        return str(error)
    return None


def _check_local(root: Path, source: Path, content: str) -> None:
    """Raise MediaError unless a picture of the project is there, and is the one that is meant."""
    try:
        if not content.startswith("@") and digest_of_file(root / source) != content:
            raise MediaError(
                source, f"the picture is not the one in the manifest: it was altered since. Remove it. {_AGAIN}"
            )
        if not (root / source).is_file():
            raise FileNotFoundError
    except FileNotFoundError:
        raise MediaError(source, f"the picture is missing in the project. {_AGAIN}") from None
    except OSError as error:
        raise MediaError(source, f"the picture cannot be read ({error.strerror}). {_AGAIN}") from error


def _check_remote(source: Remote, content: str) -> None:
    """Raise MediaError unless a picture can be read where it lies, and is the one that is meant where that is known."""
    digest = digest_of_bytes(read_place(source))
    if not content.startswith("@") and digest != content:
        raise MediaError(source, f"the object is not the picture in the manifest: it was altered since. {_AGAIN}")


def _remove(work: _Work, keys: Sequence[str]) -> None:
    for key, reason in work.folder.delete(keys).items():
        work.kept.add(key)
        work.failures.append(Failure(key, "", f"could not be removed ({reason})"))


def _what_stands(built: pl.DataFrame, steps: pl.DataFrame, noted: pl.DataFrame, work: _Work) -> pl.DataFrame:
    """Return the record when the steps that are noted were done, and the deletes that were not kept."""
    import polars as pl

    columns = ["key", "content", "size_bytes", "etag", "frame"]
    done = steps.drop("size_bytes", "etag").join(noted, on="step")
    arrived = done.select(columns)
    left = pl.DataFrame(
        {"key": list(work.left), "frame": list(work.left.values())}, schema={"key": pl.String, "frame": pl.String}
    ).with_columns(content=pl.lit(""), size_bytes=pl.lit(0, pl.Int64), etag=pl.lit(""))
    ended = steps.filter((pl.col("kind") == "delete") | pl.col("step").is_in(noted["step"].implode()))
    gone = keys_emptied_by(ended).filter(~pl.col("key").is_in(list(work.kept)))
    stayed = built.join(pl.concat([gone, arrived.select("key"), left.select("key")]), on="key", how="anti")
    return pl.concat([stayed.select(columns), arrived, left.select(columns)]).sort("key")


def _pieces(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _STEPS_AT_ONCE):
        yield keys[start : start + _STEPS_AT_ONCE]
