"""The state of a cull that is being carried out, and what is said where it cannot be."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rushes.errors import CullError, remedy_of
from rushes.footage.source import Unreadable
from rushes.inference.cull_files import NO_LINK, NO_ROOM, SHUT, UnfitError
from rushes.inference.cull_journal import JOURNAL_FILE, Change, Intent, Journal, Status, read_history, sync_folder
from rushes.inference.cull_outputs import WriteSidecar, WriteTable
from rushes.inference.verdicts import Cull, Seen
from rushes.progress import Progress
from rushes.xmp.marks import Marks
from rushes.xmp.profiles import list_sidecars
from rushes.xmp.reading import read_marks


class StopError(Exception):
    """Nothing more can be done now; its text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One file that is about to be written, copied or linked.

    Attributes:
        counted: the count that it adds to: sidecars, copies, links, tables.
        place: the folder that is named where nothing can be written.
        data: what to write; None copies or links `intent.source`.
        over: what stands at its path; None where nothing does.
    """

    intent: Intent
    counted: str
    place: str
    data: bytes | None = None
    over: os.stat_result | None = None

    @property
    def path(self) -> Path:
        return Path(self.intent.path)


@dataclass(slots=True)
class Work:
    """The state of one apply.

    Attributes:
        folder: of the cull's own.
        cull: with whole paths.
        standing: the changes in force, by key.
        shut: folder -> why nothing can be written there.
        roots: folder that photographs are gathered in -> device and number, by which it is known again.
        listed: folder -> the sidecars that stood in it when it was first looked at.
        owners: sidecar -> the photograph that a cull wrote it for; None before that was looked for.
    """

    folder: Path
    cull: Cull
    journal: Journal
    seen: Seen
    writers: ThreadPoolExecutor
    progress: Progress
    stop: Callable[[], bool]
    total: int
    reached: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: list[Unreadable] = field(default_factory=list)
    shut: dict[str, str] = field(default_factory=dict)
    shut_counts: Counter[str] = field(default_factory=Counter)
    roots: dict[str, tuple[int, int]] = field(default_factory=dict)
    standing: dict[str, Change] = field(default_factory=dict)
    listed: dict[Path, Mapping[str, tuple[Path, ...]]] = field(default_factory=dict)
    owners: dict[str, str] | None = None

    @property
    def owner(self) -> str:
        """Of temporary files."""
        return str(self.folder)

    def fail(self, path: str, reason: str) -> None:
        self.failures.append(Unreadable(path, reason))

    def marks_elsewhere(self, photograph: str, companions: Sequence[str]) -> Marks:
        """Return the photographer's own marks of a photograph, wherever they stand: a new sidecar would hide them."""
        files = [Path(file) for file in (photograph, *companions)]
        for folder in {file.parent for file in files} - self.listed.keys():
            self.listed[folder] = list_sidecars(folder)
        return read_marks(files[0], files[1:], listed=self.listed).marks

    def owner_of(self, sidecar: str) -> str:
        """Return the photograph that this cull, or another beside it, last wrote a sidecar for; "" where none did."""
        if self.owners is None:
            written = [change for change in self.journal.history.standing() if change.photograph]
            for other in self.folder.parent.iterdir():
                if other != self.folder and (other / JOURNAL_FILE).is_file():
                    with suppress(CullError):  # a damaged one says nothing
                        written += [change for change in read_history(other).standing() if change.photograph]
            self.owners = {change.path: change.photograph for change in sorted(written, key=lambda one: one.at)}
        return self.owners.get(sidecar, "")

    def advance(self, count: int, note: str) -> None:
        self.reached += count
        self.progress(self.reached, self.total, note)

    def status_of(self, key: str) -> Status | None:
        return self.standing[key].status if key in self.standing else None

    def is_done(self, step: WriteSidecar | WriteTable) -> bool:
        """Return whether a file was written, and not written by a step of another profile since."""
        change = self.standing.get(step.key)
        if change is None or change.status != "done":
            return False
        later = (self.standing.get(key) for key in step.rivals)
        return not any(other.number > change.number for other in later if other is not None)

    def intend(self, intents: Sequence[Intent]) -> list[Change]:
        with journal_said(self.folder):
            changes = self.journal.intend(intents)
        self.standing.update((change.key, change) for change in changes)
        return changes

    def mark_done(self, changes: Sequence[Change]) -> None:
        for folder in {Path(change.path).parent for change in changes}:
            sync_folder(folder)  # the name must not be lost while the journal says that it is there
        with journal_said(self.folder):
            self.journal.mark(changes, "done")
        self.standing.update((one.key, self.journal.history.changes[one.number]) for one in changes)

    def give_up(self, changes: Sequence[Change], status: Status = "dropped") -> None:
        with journal_said(self.folder):
            self.journal.mark(changes, status)
        for change in changes:
            if change.key in self.standing and self.standing[change.key].number == change.number:
                del self.standing[change.key]

    def explain(self, one: Prepared, error: OSError | UnfitError) -> None:
        """List why a file was not written.

        Raises:
            StopError: none can be written any more.
        """
        named = one.intent.path if one.data is not None else one.intent.source
        if isinstance(error, UnfitError):
            self.fail(named, str(error))
            return
        if error.errno in NO_ROOM:
            raise StopError(f"{one.path.parent}: {said(error)}. {remedy_of(errno.ENOSPC)}")
        self.check_shoot()
        self.check_root(one.place)
        if error.errno in SHUT or (one.intent.kind == "link" and error.errno in NO_LINK):
            self.shut.setdefault(one.place, _why_shut(one, error))
            self.shut_counts[one.place] += 1
        else:
            self.fail(named, f"{one.path.name} could not be written ({said(error)}). Check the disk, then run it again")

    def check_shoot(self) -> None:
        """Raise StopError where the photographs are gone, as when a card was pulled out."""
        if is_gone(self.cull):
            raise StopError(gone_words(self.cull))

    def check_root(self, root: str) -> None:
        """Raise StopError where the folder that photographs are gathered in is another than at first."""
        if root not in self.roots:
            return
        try:
            found = Path(root).stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self.roots[root]:
            raise StopError(f"{root}: is not there any more. Connect the disk, then run this again: it goes on")


def is_gone(cull: Cull) -> bool:
    """Return whether not one photograph of a cull, which has whole paths, is there."""
    return bool(cull.verdicts) and not any(Path(one.path).exists() for one in cull.verdicts)


def gone_words(cull: Cull) -> str:
    """Return what is said of that, once."""
    return (
        f"{cull.folder}: none of its photographs is there. Connect the card or the disk, then run this again: "
        "it goes on from where it was"
    )


def said(error: OSError) -> str:
    """Return what the system says of a fault."""
    return error.strerror or type(error).__name__


@contextmanager
def journal_said(folder: Path) -> Iterator[None]:
    """Raise StopError where the journal cannot be written: nothing may be changed then."""
    try:
        yield
    except OSError as error:
        remedy = remedy_of(error.errno) or "Check the disk, then run this again: it goes on from where it was"
        raise StopError(f"{folder}: the journal cannot be written ({said(error)}). {remedy}") from error


def _why_shut(one: Prepared, error: OSError) -> str:
    if one.intent.kind == "link" and error.errno in NO_LINK:
        return (
            f"files could not be linked: a file of the shoot can have no second name here ({said(error)}). Name a "
            "folder on the shoot's own disk, or copy (--copy-to)"
        )
    if one.counted == "sidecars" and one.place == str(one.path.parent):
        return (
            f"sidecars could not be written: the folder lets nobody write ({said(error)}). Write them into another "
            "folder (--xmp-to), or copy the picks with theirs (--copy-to)"
        )
    return f"files could not be written: the folder lets nobody write ({said(error)}). Name another folder"
