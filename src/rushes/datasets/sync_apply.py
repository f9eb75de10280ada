"""The steps of a sync carried out: in parallel, each noted when it is verified, nothing removed before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.datasets.sync_journal import Journal
from rushes.datasets.sync_lock import Lock
from rushes.errors import AbsentError, MediaError, PlaceError, SyncError, UnreachableError
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file
from rushes.storage.object_folder import ObjectFolder
from rushes.storage.places import parse_place
from rushes.storage.stores import State

if TYPE_CHECKING:
    import polars as pl

PARALLEL = 64
BEGUN = "done before"  # said of the steps that the journal holds, before any other
_STEPS_AT_ONCE = 1000  # as many as one request deletes on S3
_HOPELESS = 100  # refusals in a row: the place is full, or gone


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
        built: the record's columns key, content, size_bytes, etag.
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
    progress: Progress
    total: int
    done: int = 0
    refused_in_a_row: int = 0
    failures: list[Failure] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)  # keys that should be gone and are not

    def advance(self, count: int, note: str) -> None:
        self.done += count
        self.progress(self.done, self.total, note)

    def fail(self, failure: Failure, *, absent: bool) -> None:
        """Take note of a step that was not done, and give up where it is the place that refuses."""
        self.failures.append(failure)
        self.refused_in_a_row += not absent
        if self.refused_in_a_row >= _HOPELESS:
            raise SyncError(
                f"{self.folder.place}: the last {_HOPELESS} objects were all refused, so nothing more was tried. "
                f"What is done is kept; run this again once that is mended: {failure}"
            )


def apply_steps(
    folder: ObjectFolder,
    steps: pl.DataFrame,
    built: pl.DataFrame,
    journal: Journal,
    *,
    root: Path,
    lock: Lock,
    resumed: bool = False,
    parallel: int = PARALLEL,
    progress: Progress = silent,
) -> Applied:
    """Carry out steps; those that the journal holds are not done again.

    An object is removed from its old key only after the one at its new key was verified and noted. A step that fails
    leaves what it would have changed; the others go on, but no object is removed whose successor failed. A kill at any
    time leaves a state from which the same call goes on.

    Args:
        steps: as `steps_of` makes them.
        built: what stood there before the first of the steps.
        root: the project's folder, from which relative sources are read.
        resumed: whether some of the steps may have been done without being in the journal, as after a kill.
        parallel: requests at the same time.

    Raises:
        SyncError: the lock was lost, or the place refuses one step after the other (permission, a full disk, no
            network).
    """
    import polars as pl

    noted = journal.table()
    emptied = steps.filter(pl.col("kind") == "move")["key_from"]
    filled = steps.filter(pl.col("kind") != "delete")["key"]
    reused = frozenset(emptied.filter(emptied.is_in(filled.implode())))
    deletes = steps.filter(pl.col("kind") == "delete")
    work = _Work(folder, journal, lock, root, reused, resumed, progress, total=len(steps))
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        try:
            _finish_moves(work, steps.filter(pl.col("kind") == "move").join(noted, on="step", how="semi"))
            work.advance(len(noted), BEGUN)
            for kinds in (("move", "copy"), ("replace",)):
                _fill(work, pool, steps.filter(pl.col("kind").is_in(kinds)).join(noted, on="step", how="anti"))
            failed = {_file_of(failure.key) for failure in work.failures}
            held_back = deletes.filter(pl.col("key").str.split("/").list.last().is_in(list(failed)))
            work.kept.update(held_back["key"])
            for keys in _pieces(deletes.join(held_back, on="key", how="anti")["key"].to_list()):
                lock.still_held()
                _remove(work, keys)
                work.advance(len(keys), "removing")
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return Applied(_what_stands(built, steps, journal.table(), kept=work.kept), tuple(work.failures))


def _fill(work: _Work, pool: ThreadPoolExecutor, steps: pl.DataFrame) -> None:
    """Bring each object to its key, note it, then remove the old ones of those that moved."""
    removal: Future[None] | None = None
    for start in range(0, len(steps), _STEPS_AT_ONCE):
        work.lock.still_held()
        rows = steps.slice(start, _STEPS_AT_ONCE).rows(named=True)
        waiting = [pool.submit(_bring_to_key, work, row) for row in rows]
        olds = []
        for row, future in zip(rows, waiting, strict=True):
            try:
                state = future.result()
            except (PlaceError, MediaError) as error:
                work.fail(Failure(row["key"], row["source"], str(error)), absent=not _refuses(error))
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


def _finish_moves(work: _Work, moves: pl.DataFrame) -> None:
    """Remove the old objects of moves that were noted before; a kill may have come in between."""
    import polars as pl

    olds = moves.filter(~pl.col("key_from").is_in(list(work.reused)))["key_from"].to_list()
    for keys in _pieces(olds):
        work.lock.still_held()
        _remove(work, keys)


def _bring_to_key(work: _Work, row: dict[str, str | int]) -> State:
    """Do one step, and return the verified state of the object at its new key.

    Raises:
        MediaError: this object cannot be had.
    """
    key, key_from = str(row["key"]), str(row["key_from"])
    if row["kind"] != "move":
        return _bring_from_source(work, row)
    if work.resumed:
        found = work.folder.state(key)
        if found is not None and found.size_bytes == row["size_bytes"] and found.stamp == row["etag"]:
            return found
        if key_from in work.reused:  # by now another object may stand there
            return _bring_from_source(work, row)
    etag = str(row["etag"])
    known = State(int(row["size_bytes"]), etag) if etag.startswith('"') else None  # otherwise it is a time
    try:
        state = work.folder.copy_within(key_from, key, known=known)
    except AbsentError:  # it is not where the record has it
        return _bring_from_source(work, row)
    return state if state.size_bytes == row["size_bytes"] else _bring_from_source(work, row)


def _refuses(error: PlaceError | MediaError) -> bool:
    """Return whether the fault may be the place's, and not that of one picture."""
    return isinstance(error, PlaceError | UnreachableError) and not isinstance(error, AbsentError)


def _bring_from_source(work: _Work, row: dict[str, str | int]) -> State:
    source, content = parse_place(str(row["source"])), str(row["content"])
    if not isinstance(source, Path):
        return work.folder.copy_from(source, str(row["key"]))
    path = work.root / source
    again = "Take its footage in again (rushes ingest), then rushes manifest build"
    try:
        if not content.startswith("@") and digest_of_file(path) != content:
            raise MediaError(
                source,
                f"the picture is not the one in the manifest: it was altered since. {again}",
            )
        return work.folder.upload(path, str(row["key"]))
    except (FileNotFoundError, AbsentError):
        raise MediaError(source, f"the picture is missing in the project. {again}") from None
    except OSError as error:
        raise MediaError(source, f"the picture cannot be read ({error.strerror}). {again}") from error


def _remove(work: _Work, keys: Sequence[str]) -> None:
    for key, reason in work.folder.delete(keys).items():
        work.kept.add(key)
        work.failures.append(Failure(key, "", f"could not be removed ({reason})"))


def _what_stands(built: pl.DataFrame, steps: pl.DataFrame, noted: pl.DataFrame, *, kept: set[str]) -> pl.DataFrame:
    """Return what stands at the place when the steps that are noted were done, and the deletes that were not kept."""
    import polars as pl

    done = steps.drop("size_bytes", "etag").join(noted, on="step")
    arrived = done.select("key", "content", "size_bytes", "etag")
    gone = pl.concat(
        [
            done.filter(pl.col("kind") == "move").select(pl.col("key_from").alias("key")),
            steps.filter(pl.col("kind") == "delete").select("key"),
        ]
    ).filter(~pl.col("key").is_in(list(kept)))
    stayed = built.join(gone, on="key", how="anti").join(arrived, on="key", how="anti")
    return pl.concat([stayed.select("key", "content", "size_bytes", "etag"), arrived]).sort("key")


def _file_of(key: str) -> str:
    return key.rpartition("/")[2]


def _pieces(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _STEPS_AT_ONCE):
        yield keys[start : start + _STEPS_AT_ONCE]
