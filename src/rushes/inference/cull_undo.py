"""A cull taken back: every file as it was, byte for byte; what somebody changed since stays as it is."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rushes.errors import CullError, remedy_of
from rushes.footage.source import Unreadable
from rushes.inference.cull_files import (
    NO_ROOM,
    Kept,
    Staged,
    UnfitError,
    discard,
    holds_the_same,
    read_standing,
    settle,
    stage,
)
from rushes.inference.cull_folders import read_cull
from rushes.inference.cull_journal import JOURNAL_FILE, Change, Journal, open_journal, read_history, sync_folder
from rushes.inference.cull_outputs import with_whole_paths
from rushes.inference.cull_work import StopError, gone_words, is_gone, journal_said, said
from rushes.inference.verdicts import CULL_FILE, Cull
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes, digest_of_file, temporary_beside, write_bytes

BEFORE_FOLDER = "before"  # what stood before the cull in the place of files that were changed since
_AT_ONCE = 256
_WRITERS = 8
_REMOVED = "removed"
_NOT_EMPTY = "not empty"
_AGAIN = "Run it again: it goes on from where it was"


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing a cull came to.

    Attributes:
        restored: files that are again what they were, byte for byte.
        removed: sidecars and tables that there were not before.
        copies, links, folders: removed.
        already: changes that somebody had taken back, and files that were gone.
        left: changes that were not reached because it ended early.
        refused: files that stay as they are, and why.
        stopped: why it ended before its end, and what to do; "" where it did not. The same call goes on.
    """

    folder: Path
    restored: int = 0
    removed: int = 0
    copies: int = 0
    links: int = 0
    folders: int = 0
    already: int = 0
    left: int = 0
    refused: tuple[Unreadable, ...] = ()
    stopped: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class _Work:
    """The state of one undo."""

    folder: Path
    cull: Cull  # with whole paths
    journal: Journal
    writers: ThreadPoolExecutor
    progress: Progress
    stop: Callable[[], bool]
    total: int
    again: bool  # an undo came before, which may have been killed
    later: Mapping[str, Path]  # path -> the later cull that wrote over it
    reached: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Unreadable] = field(default_factory=list)

    @property
    def owner(self) -> str:
        return str(self.folder)

    def refuse(self, path: str, reason: str) -> None:
        self.refused.append(Unreadable(path, reason))


def undo_cull(folder: Path, *, progress: Progress = silent, stop: Callable[[], bool] = lambda: False) -> Undone:
    """Take a cull back: the last change first.

    Files that it changed get their bytes, mode and time of change again, those that it made are removed, with the
    folders that are empty then. A file that somebody changed since stays as it is and is listed; a copy stays where
    the photograph that it is of is gone. Called again, it looks at what it left once more. A kill at any time leaves a
    state from which the same call goes on.

    Args:
        folder: of the cull.

    Raises:
        CullError: there is no cull, a later cull wrote over its files, another process is at it, or none of the
            photographs is there.
    """
    begun = time.monotonic()
    folder = folder.absolute()
    cull = with_whole_paths(read_cull(folder))
    later = _written_over(folder)
    _refuse_wrong_order(folder, later)
    if is_gone(cull):
        raise CullError(gone_words(cull))
    try:
        with open_journal(folder) as journal, ThreadPoolExecutor(_WRITERS) as writers:
            changes = journal.history.standing()[::-1]
            stopped = ""
            again = journal.history.act == "undo"
            work = _Work(folder, cull, journal, writers, progress, stop, len(changes), again=again, later=later)
            if changes or again:
                journal.begin("undo", {})
                stopped = _take_back_all(work, changes)
            counts = work.counts
            return Undone(
                folder,
                restored=counts["restored"],
                removed=counts["removed"],
                copies=counts["copy"],
                links=counts["link"],
                folders=counts["folder"],
                already=counts["already"],
                left=work.total - work.reached,
                refused=tuple(work.refused),
                stopped=stopped,
                seconds=time.monotonic() - begun,
            )
    except OSError as error:
        remedy = remedy_of(error.errno) or "Check the disk, then run this again"
        raise CullError(f"{folder}: the journal cannot be written ({said(error)}). {remedy}") from error


def _refuse_wrong_order(folder: Path, later: Mapping[str, Path]) -> None:
    """Raise CullError where a later cull wrote over what this one did, and can be undone first.

    Two that wrote over each other, as when one of them was cut short, are undone in turns: each takes back what it did
    last.
    """
    blocking = Counter(later.values())
    for other, count in blocking.items():
        if folder not in _all_behind(other):
            raise CullError(
                f"{folder.name}: the later cull {other.name} wrote over {count:,} of its files. Undo that one first"
            )


def _all_behind(folder: Path) -> set[Path]:
    """Return the culls that have to be undone before one, and those before them."""
    found: set[Path] = set()
    left = [folder]
    while left:
        more = set(_written_over(left.pop()).values()) - found
        found |= more
        left += more
    return found


def _written_over(folder: Path) -> dict[str, Path]:
    """Return the files of a cull in whose place now stands what a later cull made of them, with that cull's folder."""
    ours = {one.path: one for one in read_history(folder).standing() if one.kind == "write"}
    later: defaultdict[str, list[tuple[Change, Path]]] = defaultdict(list)
    for other in sorted(folder.parent.iterdir()) if ours else []:
        if other.name == folder.name or not (other / CULL_FILE).is_file() or not (other / JOURNAL_FILE).is_file():
            continue
        for one in read_history(other).standing():
            if one.kind == "write" and one.path in ours and one.at > ours[one.path].at:
                later[one.path].append((one, other))
    found = {}
    for path, changes in later.items():
        descended = {ours[path].digest}
        for one, other in sorted(changes, key=lambda change: change[0].at):
            if one.before is not None and one.before.digest in descended:
                descended.add(one.digest)
                if _stands(one):
                    found[path] = other
    return found


def _stands(change: Change) -> bool:
    """Return whether what a change wrote stands there as it was written."""
    try:
        return digest_of_file(Path(change.path)) == change.digest
    except OSError:
        return False


def _take_back_all(work: _Work, changes: Sequence[Change]) -> str:
    """Take changes back; return why it ended early, "" where it did not."""
    stopped = ""
    try:
        for start in range(0, len(changes), _AT_ONCE):
            if work.stop():
                raise StopError(f"It was stopped before its end. {_AGAIN}")
            _take_back(work, changes[start : start + _AT_ONCE])
    except StopError as error:
        stopped = str(error)
    with suppress(OSError):  # without this line the journal is that of an undo cut short, which is right then
        work.journal.end("undo", left=work.total - work.reached, failed=len(work.refused))
    return stopped


def _take_back(work: _Work, changes: Sequence[Change]) -> None:
    """Take some changes back, each path once.

    Raises:
        StopError: nothing more can be done now.
    """
    rest: list[Change] = []
    paths: set[str] = set()
    for place, change in enumerate(changes):
        if change.path in paths:  # what stands before the earlier one is known when the later one is taken back
            rest = list(changes[place:])
            break
        paths.add(change.path)
    some = changes[: len(changes) - len(rest)]
    for change in some:
        if change.status == "begun" or work.again:
            discard(temporary_beside(Path(change.path), owner=work.owner))  # of a killed process
    waiting = [work.writers.submit(_prepare, work, one) if one.kind == "write" else None for one in some]
    undone: list[Change] = []
    fault: StopError | None = None
    try:
        for change, future in zip(some, waiting, strict=True):
            try:
                counted = _finish(change, future.result()) if future is not None else _remove(change)
            except UnfitError as error:
                work.refuse(change.path, str(error))
            except OSError as error:
                fault = fault or _fault(work, change, error)
                if fault is not None:
                    continue
            else:
                work.counts[counted] += 1
                if counted != _NOT_EMPTY:
                    undone.append(change)
            work.reached += 1
    except BaseException:
        wait([future for future in waiting if future is not None])
        for change in some:
            discard(temporary_beside(Path(change.path), owner=work.owner))
        raise
    for parent in {Path(change.path).parent for change in undone}:
        sync_folder(parent)
    with journal_said(work.folder):
        work.journal.mark(undone, "undone")
    if fault is not None:
        raise fault
    work.progress(work.reached, work.total, some[-1].path)
    if rest:
        _take_back(work, rest)


def _fault(work: _Work, change: Change, error: OSError) -> StopError | None:
    """Return why nothing more can be done; None where it is this file alone, which is listed."""
    if error.errno in NO_ROOM:
        return StopError(f"{Path(change.path).parent}: {said(error)}. {remedy_of(error.errno) or _AGAIN}")
    if is_gone(work.cull):
        return StopError(gone_words(work.cull))
    work.refuse(change.path, f"could not be taken back ({said(error)}). Check who may write there, then undo it again")
    return None


def _prepare(work: _Work, change: Change) -> Staged | str:
    """Make ready what takes a written file back; return what that counts as where there is nothing left to do.

    Raises:
        UnfitError: it was changed since.
    """
    path = Path(change.path)
    there = read_standing(path)
    now = None if there is None else digest_of_bytes(there[0])
    if now == (change.before.digest if change.before else None):
        return "already"
    if there is not None and change.before is None and change.status == "begun" and not there[0]:
        path.unlink()  # an empty file that a killed process of ours left
        return "already"
    if there is None or now != change.digest:
        raise UnfitError(_changed_words(work, change, gone=there is None))
    if change.before is None:
        return _REMOVED
    before = change.before
    kept = Kept(before.mode, before.uid, before.gid, before.mtime_ns)
    return stage(path, _image(work, change), owner=work.owner, over=there[1], kept=kept)


def _finish(change: Change, ready: Staged | str) -> str:
    """Take a written file back; in turn, as a copy goes before what it is a copy of.

    Raises:
        UnfitError: it stays.
    """
    if ready == _REMOVED:
        if change.source and not _is_another(Path(change.source), Path(change.path)):
            raise UnfitError("stays: the sidecar that it is a copy of is gone, or leads to this very file")
        Path(change.path).unlink()
    if isinstance(ready, str):
        return ready
    settle(ready)
    return "restored"


def _image(work: _Work, change: Change) -> bytes:
    assert change.before is not None
    try:
        return work.journal.image(change.before)
    except ValueError as error:
        raise UnfitError(f"stays as it is: {error}. Put it back from a backup") from error


def _changed_words(work: _Work, change: Change, *, gone: bool) -> str:
    """Say that a file was changed since, and put what stood there before where a person can get at it."""
    if change.path in work.later:
        return f"the later cull {work.later[change.path].name} wrote over it. Undo that one, then this one again"
    happened = "was removed" if gone else "was changed"
    if change.before is None:
        return f"{happened} since the cull, so it stays as it is. Remove it by hand if it is not wanted"
    name = f"{digest_of_bytes(os.fsencode(change.path))[:8]}-{Path(change.path).name}"
    saved = work.folder / BEFORE_FOLDER / name
    write_bytes(saved, _image(work, change))
    return (
        f"{happened} since the cull, so it stays as it is. What stood there before is in {saved}: copy it over by hand"
    )


def _remove(change: Change) -> str:
    """Remove what was copied, linked or made; return what that counts as.

    Raises:
        UnfitError: it stays.
    """
    path = Path(change.path)
    if change.kind == "folder":
        try:
            path.rmdir()
        except FileNotFoundError:
            return "already"
        except OSError:  # another undo looks again
            return _NOT_EMPTY
        return "folder"
    if not os.path.lexists(path):
        return "already"
    source = Path(change.source)
    if not _is_another(source, path):
        happened = "leads to this very file" if source.exists() else "is gone"
        raise UnfitError(f"stays: {source} {happened}, and this may be the only one left")
    same = source.samefile(path) if change.kind == "link" else _is_our_copy(change, source, path)
    if not same and change.status == "begun":  # it was never made; this is somebody else's
        return "already"
    if not same:
        raise UnfitError(f"or {source} was changed since the cull, so it stays. Remove it by hand if it is not wanted")
    path.unlink()
    return change.kind


def _is_another(source: Path, path: Path) -> bool:
    """Return whether a file stays though another is removed: it is there, and does not lead to that very name.

    A shoot, or a file of it, may have been replaced by a symbolic link to the picks; its folder may be mounted twice.
    """
    if not source.exists():
        return False
    if not source.samefile(path):
        return True
    return path.lstat().st_nlink > 1 and os.path.realpath(source) != os.path.realpath(path)


def _is_our_copy(change: Change, source: Path, path: Path) -> bool:
    """Return whether a copy is what was copied, and the photograph that it is of still is too."""
    if source.samefile(path):  # somebody linked them since, so that no copy is left to remove
        return False
    if change.digest and digest_of_file(path) != change.digest:
        return False
    return holds_the_same(source, path)
