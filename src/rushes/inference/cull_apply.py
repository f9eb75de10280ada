"""A cull carried out: sidecars merged, photographs gathered, tables written, each after the journal knows of it."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from rushes.errors import CullError, remedy_of
from rushes.footage.source import Unreadable
from rushes.inference.cull_files import Staged, UnfitError, discard, link_new, read_standing, settle, stage, stage_copy
from rushes.inference.cull_folders import read_seen, write_cull
from rushes.inference.cull_journal import Change, open_journal
from rushes.inference.cull_outputs import (
    Decided,
    Gather,
    Outputs,
    Refusal,
    Step,
    WriteSidecar,
    WriteTable,
    plan_outputs,
    refuse_tables,
    with_whole_paths,
)
from rushes.inference.cull_prepare import prepare
from rushes.inference.cull_work import Prepared, StopError, Work, gone_words, is_gone, said
from rushes.inference.verdicts import Cull, Seen
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes, temporary_beside

_SIDECARS_AT_ONCE = 256  # whose bytes the journal brings to disk together
_GATHERED_AT_ONCE = 16
_WRITERS = 8  # wait for the disk beside each other, which brings them to it together


@dataclass(frozen=True, slots=True)
class Applied:
    """What carrying out a cull came to.

    Attributes:
        folder: of the cull, which `undo_cull` takes.
        sidecars, copies, links, tables: files written, copied, linked.
        unchanged: files that stood there already as they are to be.
        before: steps that an earlier call had done.
        left: steps that were not done because it ended early.
        kept: sidecar -> what of the photographer's own was left in it as it was.
        failures: what was not done, and why; the rest was.
        stopped: why it ended before its end, and what to do; "" where it did not. The same call goes on.
    """

    folder: Path
    sidecars: int = 0
    copies: int = 0
    links: int = 0
    tables: int = 0
    unchanged: int = 0
    before: int = 0
    left: int = 0
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failures: tuple[Unreadable, ...] = ()
    stopped: str = ""
    seconds: float = 0.0


def apply_cull(
    cull: Cull,
    outputs: Outputs,
    *,
    folder: Path,
    decided: Mapping[str, Decided] = MappingProxyType({}),
    seen: Seen | None = None,
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
) -> Applied:
    """Carry out a cull. Photographs are only read; all else is changed after the journal holds what stood there.

    A kill, Ctrl-C or a power cut at any time leaves every file either as it was or as it is to be, and a state from
    which the same call goes on and which `undo_cull` takes back. What an earlier call did is not done again, whatever
    an editor made of it since.

    Args:
        folder: of the cull, made where it is not there; cull.json and the journal come to it.
        decided: whole path -> what a person decided, in place of the verdict, and of further photographs too.
        seen: as `write_cull` takes it, where this call is the first to write cull.json.
        stop: asked now and then; where it says so, the work ends early.

    Raises:
        CullError: the folder holds another cull or cannot be written, another process is at it, none of the
            photographs is there, or a table would come into the place of a photograph or sidecar.
    """
    begun = time.monotonic()
    steps = plan_outputs(cull, outputs, decided=decided)
    folder = folder.absolute()
    whole = with_whole_paths(cull)
    refuse_tables(outputs, cull=whole, folder=folder)
    if is_gone(whole):
        raise CullError(gone_words(whole))
    write_cull(cull, folder, seen=seen)
    try:
        with open_journal(folder) as journal, ThreadPoolExecutor(_WRITERS) as writers:
            after_undo = journal.history.act == "undo"
            facts = {"name": cull.name, "folder": cull.folder, "created_at": cull.created_at}
            journal.begin("apply", facts)
            work = Work(folder, whole, journal, read_seen(folder), writers, progress, stop, total=len(steps))
            work.standing = journal.history.last_by_key()
            stopped = _carry_out(work, steps, after_undo=after_undo)
            return _applied(work, stopped, seconds=time.monotonic() - begun)
    except OSError as error:
        remedy = remedy_of(error.errno) or "Check the disk, then run this again"
        raise CullError(f"{folder}: the journal cannot be written ({said(error)}). {remedy}") from error


def _carry_out(work: Work, steps: Sequence[Step], *, after_undo: bool) -> str:
    """Do the steps; return why it ended early, "" where it did not."""
    stopped = ""
    try:
        if after_undo:
            _forget_undone(work)
        for refusal in (step for step in steps if isinstance(step, Refusal)):
            work.fail(refusal.path, refusal.reason)
            work.advance(1, refusal.path)
        sidecars = [step for step in steps if isinstance(step, WriteSidecar)]
        for start in range(0, len(sidecars), _SIDECARS_AT_ONCE):
            _do(work, sidecars[start : start + _SIDECARS_AT_ONCE])
        gathers = [step for step in steps if isinstance(step, Gather)]
        for start in range(0, len(gathers), _GATHERED_AT_ONCE):
            _do(work, gathers[start : start + _GATHERED_AT_ONCE])
        _do(work, [step for step in steps if isinstance(step, WriteTable)])
    except StopError as error:
        stopped = str(error)
    for place, why in work.shut.items():
        work.fail(place, f"{work.shut_counts[place]:,} {why}")
    with suppress(OSError):  # without this line the journal is that of a cull cut short, which is right then
        work.journal.end("apply", left=work.total - work.reached, failed=len(work.failures))
    return stopped


def _applied(work: Work, stopped: str, *, seconds: float) -> Applied:
    counts = work.counts
    return Applied(
        work.folder,
        sidecars=counts["sidecars"],
        copies=counts["copies"],
        links=counts["links"],
        tables=counts["tables"],
        unchanged=counts["unchanged"],
        before=counts["before"],
        left=work.total - work.reached,
        kept=work.kept,
        failures=tuple(work.failures),
        stopped=stopped,
        seconds=seconds,
    )


def _forget_undone(work: Work) -> None:
    """Note as undone what an undo took back before it was killed, of which the journal may not say so.

    What that undo left under temporary names is removed.
    """
    by_path: defaultdict[str, list[Change]] = defaultdict(list)
    for change in work.journal.history.standing()[::-1]:
        by_path[change.path].append(change)
    undone: list[Change] = []
    for path, changes in by_path.items():
        discard(temporary_beside(Path(path), owner=work.owner))
        with suppress(OSError, UnfitError):
            undone += _taken_back(Path(path), changes)
    work.give_up(undone, "undone")
    work.standing = work.journal.history.last_by_key()


def _taken_back(path: Path, changes: Sequence[Change]) -> Sequence[Change]:
    """Return which of the changes of one path, the last first, are not in force any more by what stands there."""
    if changes[0].kind != "write":
        return () if os.path.lexists(path) else changes
    there = read_standing(path)
    now = None if there is None else digest_of_bytes(there[0])
    if now == changes[0].digest:
        return ()
    for count, change in enumerate(changes, start=1):
        if now == (change.before.digest if change.before else None):
            return changes[:count]
    return ()


def _do(work: Work, steps: Sequence[WriteSidecar | Gather | WriteTable]) -> None:
    """Do some steps: first the journal has on disk what stands in their places, then they are written.

    Raises:
        StopError: nothing more can be done now.
    """
    if steps and work.stop():
        raise StopError("It was stopped before its end. Run it again: it goes on from where it was")
    units: list[tuple[str, list[Prepared]]] = []
    coming: dict[str, bytes | None] = {}
    for step in steps:
        # A sidecar that two photographs of one stem bring along is written once.
        unit = [one for one in prepare(work, step) if one.data is None or coming.get(one.intent.path) != one.data]
        coming |= {one.intent.path: one.data for one in unit}
        if unit:
            units.append((step.path, unit))
        else:
            work.advance(1, step.path)
    try:
        _write(work, [one for _, unit in units for one in unit])
    except StopError:
        work.reached += sum(all(work.status_of(one.intent.key) == "done" for one in unit) for _, unit in units)
        raise
    if units:
        work.advance(len(units), units[-1][0])


def _write(work: Work, prepared: Sequence[Prepared]) -> None:
    """Bring files to their places. Those that cannot be are listed.

    Raises:
        StopError: none can be written any more; what could be is.
    """
    changes = work.intend([one.intent for one in prepared])
    # Small files wait for the disk beside each other; whole photographs come one after the other, as disks like it.
    waiting = [work.writers.submit(_stage, work.owner, one) if one.intent.kind != "copy" else None for one in prepared]
    done: list[Change] = []
    faults: list[tuple[Prepared, Change, OSError | UnfitError]] = []
    try:
        for one, change, future in zip(prepared, changes, waiting, strict=True):
            try:
                staged, digest = _stage(work.owner, one) if future is None else future.result()
                if staged is not None:
                    settle(staged)
            except (OSError, UnfitError) as error:
                faults.append((one, change, error))
            else:
                done.append(replace(change, digest=digest))
                work.counts[one.counted] += 1
    except BaseException:
        wait([future for future in waiting if future is not None])
        for one in prepared:
            discard(temporary_beside(one.path, owner=work.owner))
        raise
    work.mark_done(done)
    work.give_up([change for _, change, _ in faults])
    for one, _, fault in faults:
        work.explain(one, fault)


def _stage(owner: str, one: Prepared) -> tuple[Staged | None, str]:
    """Make a file under a temporary name, or a link at once; return it with the digest of its bytes."""
    if one.data is not None:
        return stage(one.path, one.data, owner=owner, over=one.over), one.intent.digest
    if one.intent.kind == "link":
        link_new(Path(one.intent.source), one.path)
        return None, ""
    return stage_copy(Path(one.intent.source), one.path, owner=owner)
