"""Sync: what brings a dataset to its manifest, planned and done under a lock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.datasets.sync_apply import PARALLEL, Failure, apply_steps
from rushes.datasets.sync_journal import open_journal
from rushes.datasets.sync_lock import Lock, hold_lock
from rushes.datasets.sync_plan import SyncPlan, plan_sync
from rushes.datasets.sync_state import (
    STEPS_KEY,
    Record,
    Unfinished,
    read_record,
    read_unfinished,
    write_record,
    write_unfinished,
)
from rushes.datasets.sync_steps import digest_of_steps, steps_of
from rushes.errors import SyncError
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes, digest_of_file, whole_file
from rushes.storage.object_folder import ObjectFolder
from rushes.storage.places import Place, parse_place

if TYPE_CHECKING:
    import polars as pl

MOST_DELETED = 0.05  # share of a dataset that is deleted without being asked again
_SHOWN = 5
_FAILURES_NOTED = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a dataset should hold.

    Attributes:
        objects: columns key, source, content, frame, class, part, group: as `lay_out` makes them.
        manifest: name of the manifest that it follows.
        kind: of the split that it follows, `grouped` or `mixed`.
        sidecars: given the rows of `objects` that stand at the place, their key -> their bytes in pieces.
    """

    objects: pl.DataFrame
    manifest: str
    kind: str
    sidecars: Callable[[pl.DataFrame], Mapping[str, Iterable[bytes]]]


@dataclass(frozen=True, slots=True)
class Options:
    """How a sync goes about it.

    Attributes:
        parallel: requests at the same time.
        most_deleted: share of what stands there that may be deleted unless `yes`.
        yes: delete whatever the plan says.
        adopt: take into the record what stands at wanted keys without having been put there by a plan; what is not
            the wanted picture is overwritten.
        take_over: take the lock whoever holds it.
        listing: look at what really stands there; otherwise the record is believed, and drift is not seen.
        expect: digest of the plan that was shown; any other is not carried out. None carries out whatever it is now.
    """

    parallel: int = PARALLEL
    most_deleted: float = MOST_DELETED
    yes: bool = False
    adopt: bool = False
    take_over: bool = False
    listing: bool = True
    expect: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a sync would do.

    Attributes:
        record: what stands there by what was written down.
        steps: in the order in which they would be done.
        digest: of the steps, in hex: equal plans have equal digests.
        unfinished: steps of an earlier sync that were not done, and are finished first; the plan is of what comes then.
    """

    record: Record
    plan: SyncPlan
    steps: pl.DataFrame
    digest: str
    unfinished: int = 0


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did.

    Attributes:
        finished: steps of an earlier, stopped sync that were done first.
        failures: what was not done; it is tried again by the next sync.
        record: what stands there now.
        written: keys of the sidecars that were written.
    """

    planned: Planned
    finished: int
    failures: tuple[Failure, ...]
    record: Record
    written: tuple[str, ...]


def plan_dataset(folder: ObjectFolder, wanted: Wanted, *, listing: bool = True, progress: Progress = silent) -> Planned:
    """Plan what brings a dataset to what it should hold; nothing is changed.

    Raises:
        SyncError: what it says of itself cannot be read.
        PlaceError: the place cannot be read or listed.
    """
    record = read_record(folder)
    unfinished = read_unfinished(folder)
    if unfinished is not None:
        # What the listing shows is half of one plan and half of another; the steps say where it is going.
        record = replace(record, built=_when_all_is_done(record.built, unfinished.steps))
    listed = _list(folder, progress) if listing and unfinished is None else None
    return _plan(record, wanted, listed, unfinished=0 if unfinished is None else len(unfinished.steps))


def sync_dataset(
    folder: ObjectFolder,
    wanted: Wanted,
    *,
    root: Path,
    options: Options | None = None,
    progress: Progress = silent,
    confirm: Callable[[Planned], None] = lambda _: None,
) -> Synced:
    """Bring a dataset to what it should hold. Killed at any time, the next call goes on from there.

    Args:
        root: the project's folder, from which relative sources are read, and which keeps the journals.
        confirm: is shown the plan before the first change, and may raise.

    Raises:
        SyncError: another sync holds the lock, more would be deleted than is allowed, objects that no plan put there
            are in the way, the plan is not the one expected, or what the dataset says of itself cannot be read.
        PlaceError: the place refuses.
    """
    how = options or Options()
    journals = journals_of(root, folder.place)
    with hold_lock(folder, take_over=how.take_over) as lock:
        record = read_record(folder)
        unfinished = read_unfinished(folder)
        finished: tuple[int, tuple[Failure, ...]] = (0, ())
        if unfinished is not None:
            record, failures = _carry_out(
                folder, record, unfinished, root=root, lock=lock, how=how, resumed=True, progress=progress
            )
            finished = (len(unfinished.steps), failures)
        listed = _list(folder, progress) if how.listing else None
        planned = _plan(record, wanted, listed)
        if how.adopt and len(planned.plan.occupied):
            record = _adopt(folder, record, wanted, planned.plan, root)
            write_record(folder, record)
            planned = _plan(record, wanted, listed)
        _check(planned, how, folder.place)
        confirm(planned)
        record, failures = _without_lost(record, planned.plan, wanted), finished[1]
        if len(planned.steps):
            begun = write_unfinished(folder, planned.steps, manifest=wanted.manifest, kind=wanted.kind)
            record, failed = _carry_out(
                folder, record, begun, root=root, lock=lock, how=how, resumed=False, progress=progress
            )
            failures += failed
        record, written = _write_sidecars(folder, record, wanted, journals)
        _note_history(journals, planned, failures, finished[0], wanted.manifest)
    return Synced(planned, finished[0], failures, record, written)


def journals_of(root: Path, place: Place) -> Path:
    """Return the folder of a project where the journals of syncs to a place are."""
    text = place.absolute().as_posix() if isinstance(place, Path) else str(place)
    return root / ".rushes" / "sync" / hashlib.sha256(text.encode()).hexdigest()[:16]


def _plan(record: Record, wanted: Wanted, listed: pl.DataFrame | None, *, unfinished: int = 0) -> Planned:
    plan = plan_sync(record.built, wanted.objects, listed=listed)
    steps = steps_of(plan)
    return Planned(record, plan, steps, digest_of_steps(steps), unfinished)


def _list(folder: ObjectFolder, progress: Progress) -> pl.DataFrame:
    """Return what stands at a place: columns key, size_bytes, etag."""
    import polars as pl

    keys: list[str] = []
    sizes: list[int] = []
    stamps: list[str] = []
    for key, state in folder.listing(progress=progress):
        keys.append(key)
        sizes.append(state.size_bytes)
        stamps.append(state.stamp)
    return pl.DataFrame(
        {"key": keys, "size_bytes": sizes, "etag": stamps},
        schema={"key": pl.String, "size_bytes": pl.Int64, "etag": pl.String},
    )


def _when_all_is_done(built: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Return the record that stands when steps are done; the size of what is copied is not known before."""
    import polars as pl

    gone = pl.concat(
        [
            steps.filter(pl.col("kind") == "move").select(pl.col("key_from").alias("key")),
            steps.filter(pl.col("kind") == "delete").select("key"),
        ]
    )
    arrived = steps.filter(pl.col("kind") != "delete").select("key", "content", "size_bytes", "etag")
    stayed = built.join(gone, on="key", how="anti").join(arrived, on="key", how="anti")
    return pl.concat([stayed.select("key", "content", "size_bytes", "etag"), arrived])


def _check(planned: Planned, how: Options, place: Place) -> None:
    """Raise SyncError where a plan must not be carried out as it is."""
    plan = planned.plan
    if how.expect is not None and how.expect != planned.digest[: len(how.expect)]:
        raise SyncError(
            f"{place}: the plan is {planned.digest[:12]} now, not {how.expect}: labels or the dataset have changed "
            "since it was shown. Look at it again: rushes sync plan"
        )
    if len(plan.occupied):
        shown = ", ".join(plan.occupied["key"].head(_SHOWN))
        raise SyncError(
            f"{place}: {len(plan.occupied):,} objects that no plan put there stand where the dataset wants its own: "
            f"{shown}{', …' if len(plan.occupied) > _SHOWN else ''}. Move them away; or give --adopt, which takes over "
            "those that are the wanted pictures and overwrites the others"
        )
    if plan.share_deleted > how.most_deleted and not how.yes:
        raise SyncError(
            f"{place}: the plan deletes {len(plan.delete):,} of {len(planned.record.built):,} objects "
            f"({plan.share_deleted:.1%}), more than {how.most_deleted:.0%}. Look at it: rushes sync plan; if it is "
            "meant, give --yes"
        )


def _carry_out(
    folder: ObjectFolder,
    record: Record,
    begun: Unfinished,
    *,
    root: Path,
    lock: Lock,
    how: Options,
    resumed: bool,
    progress: Progress,
) -> tuple[Record, tuple[Failure, ...]]:
    """Do the steps that are written down at the place, and write the record of what stands there then."""
    path = journals_of(root, folder.place) / f"journal-{begun.digest[:16]}.tsv"
    with open_journal(path) as journal:
        applied = apply_steps(
            folder,
            begun.steps,
            record.built,
            journal,
            root=root,
            lock=lock,
            resumed=resumed,
            parallel=how.parallel,
            progress=progress,
        )
    lock.still_held()
    after = Record(applied.built, record.sidecars, begun.manifest, begun.kind)
    write_record(folder, after)
    folder.delete([STEPS_KEY])
    path.unlink(missing_ok=True)
    return after, applied.failures


def _without_lost(record: Record, plan: SyncPlan, wanted: Wanted) -> Record:
    """Return the record without what is gone from the place, or was altered there and is not wanted any more."""
    import polars as pl

    altered = plan.altered.join(wanted.objects, on="key", how="anti")
    lost = pl.concat([plan.vanished.select("key"), altered.select("key")])
    return replace(record, built=record.built.join(lost, on="key", how="anti"))


def _adopt(folder: ObjectFolder, record: Record, wanted: Wanted, plan: SyncPlan, root: Path) -> Record:
    """Return the record with what stands at wanted keys in it: as the wanted picture, or as one to be replaced."""
    import polars as pl

    rows = wanted.objects.join(plan.occupied.select("key", "size_bytes", "etag"), on="key").rows(named=True)
    taken = {
        "key": [row["key"] for row in rows],
        "content": [row["content"] if _is_same(folder, row, root) else "" for row in rows],
        "size_bytes": [row["size_bytes"] for row in rows],
        "etag": [row["etag"] for row in rows],
    }
    return replace(record, built=pl.concat([record.built, pl.DataFrame(taken, schema=record.built.schema)]))


def _is_same(folder: ObjectFolder, row: Mapping[str, Any], root: Path) -> bool:
    """Return whether what stands at a key is the picture that is wanted there."""
    source, content = parse_place(row["source"]), str(row["content"])
    if not content.startswith("@"):
        if (
            isinstance(source, Path)
            and (root / source).is_file()
            and (root / source).stat().st_size != row["size_bytes"]
        ):
            return False
        return digest_of_bytes(folder.read(row["key"])) == content
    if isinstance(source, Path):
        return digest_of_bytes(folder.read(row["key"])) == digest_of_file(root / source)
    return False  # its bytes are known to nobody here: bring them again


def _write_sidecars(
    folder: ObjectFolder, record: Record, wanted: Wanted, scratch: Path
) -> tuple[Record, tuple[str, ...]]:
    """Write the sidecars that changed, then the record with their digests."""
    standing = wanted.objects.join(record.built, on=["key", "content"], how="semi")
    digests: dict[str, str] = {}
    written: list[str] = []
    for key, pieces in wanted.sidecars(standing).items():
        with _in_file(scratch / "sidecar", pieces) as (path, digest):
            digests[key] = digest
            if record.sidecars.get(key) != digest or folder.state(key) is None:
                folder.upload(path, key)
                written.append(key)
    old = [key for key in record.sidecars if key not in digests]
    if old:
        folder.delete(old)
    after = replace(record, sidecars=digests, manifest=wanted.manifest, kind=wanted.kind)
    if (after.sidecars, after.manifest, after.kind) != (record.sidecars, record.manifest, record.kind):
        write_record(folder, after)
    return after, tuple(written)


@contextmanager
def _in_file(path: Path, pieces: Iterable[bytes]) -> Iterator[tuple[Path, str]]:
    """Give a file that holds pieces, until the end of the block, and its SHA-256."""
    digest = hashlib.sha256()
    try:
        with whole_file(path) as temporary, temporary.open("wb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        yield path, digest.hexdigest()
    finally:
        path.unlink(missing_ok=True)


def _note_history(folder: Path, planned: Planned, failures: Sequence[Failure], finished: int, manifest: str) -> None:
    """Add a line to what a person may read of past syncs."""
    plan = planned.plan
    line = {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "manifest": manifest,
        "plan": planned.digest,
        "keep": plan.keep_count,
        "copy": len(plan.copy),
        "move": len(plan.move),
        "delete": len(plan.delete),
        "finished_before": finished,
        "failed": [str(failure) for failure in failures[:_FAILURES_NOTED]],
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "history.jl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
