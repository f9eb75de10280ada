"""Sync: what brings a dataset to its manifest, planned and done under a lock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.datasets.layout import OWN_FOLDER, is_own
from rushes.datasets.sync_apply import Failure, apply_steps
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
from rushes.datasets.sync_steps import digest_of_steps, keys_emptied_by, steps_of
from rushes.errors import SyncError
from rushes.progress import Progress, silent
from rushes.project import DatasetSettings
from rushes.storage.files import digest_of_bytes, digest_of_file, whole_file
from rushes.storage.object_folder import ObjectFolder
from rushes.storage.places import Place, parse_place
from rushes.storage.stores import State

if TYPE_CHECKING:
    import polars as pl

_DEFAULTS = DatasetSettings()
_SHOWN = 5
_ROWS_AT_ONCE = 100_000
_FAILURES_NOTED = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a dataset should hold.

    Attributes:
        objects: columns key, source, content, frame, class, part, group: as `lay_out` makes them.
        manifest: name of the manifest that it follows.
        kind: of the split that it follows, `grouped` or `mixed`.
        sidecars: given the rows of `objects` that stand at the place, their key -> their bytes in pieces.
        task: whose classes the folders are.
    """

    objects: pl.DataFrame
    manifest: str
    kind: str
    sidecars: Callable[[pl.DataFrame], Mapping[str, Iterable[bytes]]]
    task: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How a sync goes about it.

    Attributes:
        parallel: requests at the same time.
        most_deleted: share of what stands there that may be deleted unless `yes`.
        yes: delete whatever the plan says, and let another task or kind of split take the dataset over.
        adopt: take into the record what stands at wanted keys without having been put there by a plan; what is not
            the wanted picture is overwritten.
        take_over: take the lock whoever holds it.
        listing: look at what really stands there; otherwise the record is believed, and drift is not seen.
        expect: digest of the plan that was shown; any other is not carried out. None carries out whatever it is now.
    """

    parallel: int = _DEFAULTS.parallel
    most_deleted: float = _DEFAULTS.deletes
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
        digest: of the steps, in hex: equal plans have equal digests, whatever was stopped before them.
        unfinished: steps of an earlier sync that were not done, and are finished first; the plan is of what comes then.
        refusal: why it would not be done as it is, and what to do; "" where it would.
    """

    record: Record
    plan: SyncPlan
    steps: pl.DataFrame
    digest: str
    unfinished: int = 0
    refusal: str = ""


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


def plan_dataset(
    folder: ObjectFolder, wanted: Wanted, *, root: Path, options: Options | None = None, progress: Progress = silent
) -> Planned:
    """Plan what brings a dataset to what it should hold; nothing is changed.

    Args:
        root: the project's folder, from which relative sources are read.

    Raises:
        SyncError: what it says of itself cannot be read.
        PlaceError: the place cannot be read or listed.
    """
    how = options or Options()
    _check_sources(folder.place, wanted, root=root)
    record = read_record(folder)
    unfinished = read_unfinished(folder)
    if unfinished is not None:
        # What the listing shows is half of one plan and half of another; the steps say where it is going.
        record = replace(record, built=_when_all_is_done(record.built, unfinished.steps))
    listed = _list(folder, progress) if how.listing and unfinished is None else None
    planned = _plan(record, wanted, listed, unfinished=0 if unfinished is None else len(unfinished.steps))
    try:
        _check(folder, planned, wanted, how, listed)
    except SyncError as error:
        return replace(planned, refusal=str(error))
    return planned


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
    _check_sources(folder.place, wanted, root=root)
    with hold_lock(folder, take_over=how.take_over) as lock:
        record = read_record(folder)
        unfinished = read_unfinished(folder)
        for left in journals.glob("journal-*.tsv"):  # of syncs that were killed after their last step
            if unfinished is None or left.name != _journal_of(unfinished):
                left.unlink(missing_ok=True)
        finished = 0
        failures: tuple[Failure, ...] = ()
        if unfinished is not None:
            record, failures = _carry_out(
                folder, record, unfinished, root=root, lock=lock, how=how, resumed=True, progress=progress
            )
            finished = len(unfinished.steps)
        listed = _list(folder, progress) if how.listing else None
        planned = _plan(record, wanted, listed)
        _check_expected(planned, how, folder.place)
        adopted = how.adopt and len(planned.plan.occupied) > 0
        if adopted:
            planned = _plan(_adopt(folder, record, wanted, planned.plan, root), wanted, listed)
        _check(folder, planned, wanted, how, listed)
        confirm(planned)
        record = _without_lost(planned.record, planned.plan, wanted)
        if adopted:
            write_record(folder, record)
        if len(planned.steps):
            lock.still_held(for_certain=True)
            begun = write_unfinished(
                folder, planned.steps, manifest=wanted.manifest, task=wanted.task, kind=wanted.kind
            )
            record, failed = _carry_out(
                folder, record, begun, root=root, lock=lock, how=how, resumed=False, progress=progress
            )
            failures += failed
        lock.still_held(for_certain=True)
        record, written = _write_sidecars(folder, record, wanted, journals)
        _note_history(journals, planned, failures, finished, wanted.manifest)
    # A step that failed before and again now is one failure.
    failures = tuple({failure.key: failure for failure in failures}.values())
    return Synced(planned, finished, failures, record, written)


def journals_of(root: Path, place: Place) -> Path:
    """Return the folder of a project where the journals of syncs to a place are."""
    text = place.absolute().as_posix() if isinstance(place, Path) else str(place)
    return root / ".rushes" / "sync" / hashlib.sha256(text.encode()).hexdigest()[:16]


def _journal_of(begun: Unfinished) -> str:
    return f"journal-{begun.name}.tsv"


def _plan(record: Record, wanted: Wanted, listed: pl.DataFrame | None, *, unfinished: int = 0) -> Planned:
    import polars as pl

    built = record.built
    if listed is not None:
        # A failed step may have left something at these keys; where it did not, there is nothing to speak of.
        nothing = built.filter(pl.col("content") == "").join(listed.select("key"), on="key", how="anti")
        built = built.join(nothing.select("key"), on="key", how="anti")
    plan = plan_sync(built.select("key", "content", "size_bytes", "etag"), wanted.objects, listed=listed)
    steps = steps_of(plan, wanted.objects, built)
    return Planned(replace(record, built=built), plan, steps, digest_of_steps(steps), unfinished)


def _list(folder: ObjectFolder, progress: Progress) -> pl.DataFrame:
    """Return what stands at a place: columns key, size_bytes, etag (the mark of a state)."""
    import polars as pl

    columns = {"key": pl.String, "size_bytes": pl.Int64, "etag": pl.String}
    found: list[pl.DataFrame] = [pl.DataFrame(schema=columns)]
    listing = ((key, state.size_bytes, state.mark) for key, state in folder.listing(progress=progress))
    while rows := list(islice(listing, _ROWS_AT_ONCE)):
        found.append(pl.DataFrame(rows, schema=columns, orient="row"))
    return pl.concat(found)


def _when_all_is_done(built: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Return the record that stands when steps are done; the size of what is copied is not known before."""
    import polars as pl

    gone = keys_emptied_by(steps)
    arrived = steps.filter(pl.col("kind") != "delete").select(built.columns)
    stayed = built.join(gone, on="key", how="anti").join(arrived, on="key", how="anti")
    return pl.concat([stayed, arrived])


def _check_sources(place: Place, wanted: Wanted, *, root: Path) -> None:
    """Raise SyncError where pictures are to come from the dataset itself: it would move them away."""
    import polars as pl

    if isinstance(place, Path):
        whole, home = place.resolve(), root.resolve()
        if home.is_relative_to(whole):
            raise SyncError(f"{place}: the project lies in it. Name a folder of its own for the dataset")
        prefix = f"{whole.relative_to(home).as_posix()}/" if whole.is_relative_to(home) else f"{whole.as_posix()}/"
    else:
        prefix = f"{str(place).rstrip('/')}/"
    inside = wanted.objects.filter(pl.col("source").str.starts_with(prefix))
    if len(inside):
        raise SyncError(
            f"{place}: {len(inside):,} of the pictures come from this very place: {inside['source'][0]}. A sync would "
            "move them away. Name another place for the dataset"
        )


def _check_expected(planned: Planned, how: Options, place: Place) -> None:
    """Raise SyncError where the plan is not the one that was shown."""
    if how.expect is not None and how.expect != planned.digest[: len(how.expect)]:
        raise SyncError(
            f"{place}: the plan is {planned.digest[:12]} now, not {how.expect}: labels or the dataset have changed "
            "since it was shown. Look at it again: rushes sync plan"
        )


def _check(folder: ObjectFolder, planned: Planned, wanted: Wanted, how: Options, listed: pl.DataFrame | None) -> None:
    """Raise SyncError where a plan must not be carried out as it is."""
    plan, record, place = planned.plan, planned.record, folder.place
    if not how.yes:
        _check_follows(place, record, plan, wanted)
    if not how.adopt:
        _check_nothing_strange(place, record, plan, listed)
    if isinstance(place, Path):
        _check_case(folder, plan)
    if plan.share_deleted > how.most_deleted and not how.yes:
        raise SyncError(
            f"{place}: the plan deletes {len(plan.delete):,} of {len(record.built):,} objects "
            f"({plan.share_deleted:.1%}), more than {how.most_deleted:.0%}. Look at it: rushes sync plan; if it is "
            "meant, give --yes"
        )


def _check_follows(place: Place, record: Record, plan: SyncPlan, wanted: Wanted) -> None:
    """Raise SyncError where the dataset was laid out for another task, or by another split."""
    import polars as pl

    if record.kind and (record.task, record.kind) != (wanted.task, wanted.kind):
        raise SyncError(
            f"{place}: this is the dataset of task '{record.task}' and its {record.kind} split, and would become that "
            f"of '{wanted.task}' and its {wanted.kind} split. Name another place; or, if it is meant, give --yes"
        )
    part = r"^([^/]*)/"
    between = plan.move.filter(pl.col("key").str.extract(part) != pl.col("key_from").str.extract(part))
    if len(between):
        raise SyncError(
            f"{place}: the plan moves {len(between):,} pictures from one part to another, such as "
            f"{between['key_from'][0]} to {between['key'][0]}: the dataset was laid out by another split, perhaps that "
            "of another project. Copy the splits/ of that project here; or, if it is meant, give --yes"
        )


def _check_nothing_strange(place: Place, record: Record, plan: SyncPlan, listed: pl.DataFrame | None) -> None:
    """Raise SyncError where objects of somebody else stand in the way, or where no dataset is."""
    if not record.kind and len(plan.drift):
        raise SyncError(
            f"{place}: is not empty, and no dataset: it holds {len(plan.drift):,} other objects, such as "
            f"{plan.drift['key'][0]}. Name an empty place; or give --adopt to build among them"
        )
    strange = plan.occupied["key"].to_list()
    if listed is not None:
        # Sidecars of somebody else, perhaps with labels made by hand.
        own = listed["key"].filter(is_own(listed["key"]) & ~listed["key"].str.starts_with(f"{OWN_FOLDER}/"))
        strange += [key for key in own if key not in record.sidecars]
    if strange:
        shown = ", ".join(strange[:_SHOWN])
        raise SyncError(
            f"{place}: {len(strange):,} objects that no plan put there stand where the dataset wants its own: "
            f"{shown}{', …' if len(strange) > _SHOWN else ''}. Move them away; or give --adopt, which takes over "
            "those that are the wanted pictures and overwrites the others"
        )


def _check_case(folder: ObjectFolder, plan: SyncPlan) -> None:
    """Raise SyncError where a move changes no more than case, and the file system takes both for one."""
    import polars as pl

    alike = plan.move.filter(pl.col("key").str.to_lowercase() == pl.col("key_from").str.to_lowercase())
    if len(alike) and folder.state(alike["key"][0]) is not None:
        raise SyncError(
            f"{folder.place}: '{alike['key_from'][0]}' is to become '{alike['key'][0]}', and this file system does "
            "not tell them apart. Build into another folder, or give the class a name that differs in more than case"
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
    path = journals_of(root, folder.place) / _journal_of(begun)
    # A journal may tell of a dataset that somebody has emptied or restored since.
    listed = _list(folder, progress) if resumed else None
    with open_journal(path) as journal:
        applied = apply_steps(
            folder,
            begun.steps,
            record.built,
            journal,
            root=root,
            lock=lock,
            resumed=resumed,
            listed=listed,
            looks_first=not how.listing,
            parallel=how.parallel,
            progress=progress,
        )
    lock.still_held(for_certain=True)
    after = Record(applied.built, record.sidecars, begun.manifest, begun.task, begun.kind)
    write_record(folder, after)
    _remove_own(folder, [STEPS_KEY])
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
        "frame": [row["frame"] for row in rows],
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
    contents = wanted.sidecars(standing)
    if any(key not in record.sidecars for key in contents):
        # So that they are known for ours, should this be the last that we do.
        record = replace(record, sidecars={**dict.fromkeys(contents, ""), **record.sidecars})
        write_record(folder, record)
    notes: dict[str, str] = {}
    written: list[str] = []
    for key, pieces in contents.items():
        with _in_file(scratch / "sidecar", pieces) as (path, digest):
            state = folder.state(key)
            if state is None or record.sidecars[key] != _note_of(digest, state):
                state = folder.upload(path, key)
                written.append(key)
            notes[key] = _note_of(digest, state)
    _remove_own(folder, [key for key in record.sidecars if key not in notes])
    after = replace(record, sidecars=notes, manifest=wanted.manifest, task=wanted.task, kind=wanted.kind)
    if any(getattr(after, name) != getattr(record, name) for name in ("sidecars", "manifest", "task", "kind")):
        write_record(folder, after)
    return after, tuple(written)


def _note_of(digest: str, state: State) -> str:
    return f"{digest} {state.size_bytes} {state.mark}"


def _remove_own(folder: ObjectFolder, keys: Sequence[str]) -> None:
    """Remove what rushes keeps for itself, or raise SyncError."""
    failed = folder.delete(keys) if keys else {}
    if failed:
        key, reason = next(iter(failed.items()))
        raise SyncError(f"{folder.place}: {key} could not be removed: {reason}. Run this again once that is mended")


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
