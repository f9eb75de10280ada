"""The error tree: what a user can put right.

    RushesError
    ├── UsageError          words on the command line that do not fit together
    ├── ProjectError        rushes.toml, or the folder that should hold it
    ├── MediaError          one file that cannot be read as footage
    │   └── UnreachableError    a file in a store that does not answer
    ├── StoreError          a store that gives nothing more for now, whatever the file
    │   ├── ExpiredKeysError    keys that were good, and are no longer
    │   └── ThrottledError      a bucket that has too much to do, also when asked again for a while
    ├── PlaceError          a folder or bucket, or a file in it, that cannot be listed, read or written
    │   └── AbsentError     a file that must be there and is not
    ├── SheetError          a sheet of labels: every fault in it at once
    ├── XmpError            a sidecar that is not XMP
    ├── CatalogError        the project's memory: another version, or locked
    ├── ManifestError       no labelled samples, or a manifest that is not one
    ├── SplitError          a split that cannot be made, or that leaks
    ├── SyncError           a dataset that cannot follow its manifest
    ├── RecipeError         a recipe that cannot be followed
    ├── WeightsError        pretrained weights that are not at hand, or do not fit
    ├── RunError            a training that cannot start or go on
    ├── BundleError         a bundle that is missing something, or was altered
    ├── CullError           a cull that cannot be carried out or undone
    ├── EngineError         an engine that cannot start or go on
    └── MissingExtraError   a part of rushes that is not installed

A bug raises a standard exception instead, so that it is seen as one.
"""

from __future__ import annotations

import copyreg
import difflib
import errno
import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_LONGEST_MESSAGE = 1200  # characters of what is said of one cell
_REMEDIES = {
    errno.ENOSPC: "Make room, then run this again: it goes on from where it was",
    errno.EACCES: "Check who may write there",
    errno.EROFS: "Name a place that can be written to",
}


def remedy_of(code: int | None) -> str | None:
    """Return what to do where the system refused with an error number; None where nothing better is known."""
    return _REMEDIES.get(code or 0)


class RushesError(Exception):
    """What a user can put right; its text says where, what was found, what is allowed, what to do."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how it is brought to another process: as it is, however its class is called."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class UsageError(RushesError):
    """Words on the command line that do not fit together."""


class ProjectError(RushesError):
    """A project file or folder that cannot be used."""


class MediaError(RushesError):
    """One file that cannot be read as footage.

    Attributes:
        path: the file, as the user named it.
        reason: what is wrong with it and what to do, without the path.
    """

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason


class UnreachableError(MediaError):
    """A file in a store that does not answer or lets nobody in: no other file there can be read now either."""


class StoreError(RushesError):
    """A store that gives nothing more for now: it is of no file, and ends what was to be done."""


class ExpiredKeysError(StoreError):
    """Keys of a store that were good and are no longer."""


class ThrottledError(StoreError):
    """A bucket that has too much to do, also when it was asked again for as long as rushes is patient."""


class PlaceError(RushesError):
    """A folder or bucket, or a file in it, that cannot be listed, read or written.

    Attributes:
        place: where, as a person reads it.
        reason: what is wrong and what to do, without the place.
    """

    def __init__(self, place: object, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = str(place)
        self.reason = reason


class AbsentError(PlaceError):
    """A file that must be there and is not, in a place that answers."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a sheet."""

    sheet: str  # file name, with the worksheet where there are several
    row: int | None  # as a spreadsheet counts: the header is row 1
    column: str | None
    message: str
    entry: str = ""  # what the row is called where nobody counts rows: "task 17"

    def __str__(self) -> str:
        place = [self.sheet]
        if self.entry:
            place.append(self.entry)
        elif self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(self.column)
        return f"{', '.join(place)}: {_shortened(self.message)}"


def _shortened(message: str) -> str:
    """Return a message that quotes a cell of any length as a person can read it."""
    if len(message) <= _LONGEST_MESSAGE:
        return message
    ends = _LONGEST_MESSAGE // 3
    return f"{message[:ends]} … ({len(message) - 2 * ends:,} characters left out) … {message[-ends:]}"


class SheetError(RushesError):
    """A sheet of labels that cannot be taken in; `faults` holds all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class XmpError(RushesError):
    """A sidecar that is not XMP; it is left as it is.

    Attributes:
        sidecar: its name or path.
        reason: what is wrong with it, without the sidecar and what to do.
    """

    def __init__(
        self,
        sidecar: object,
        reason: str,
        *,
        remedy: str = "It was left as it is: save it again from the editor that wrote it, or move it away",
    ) -> None:
        super().__init__(f"{sidecar}: the sidecar {reason}. {remedy}")
        self.sidecar = str(sidecar)
        self.reason = reason


class CatalogError(RushesError):
    """A catalog of another version, or one that another process holds."""


class ManifestError(RushesError):
    """No labelled samples, or a file that is not a manifest."""


class SplitError(RushesError):
    """A split that cannot be made, or that leaks."""


class SyncError(RushesError):
    """A dataset that cannot be built or brought to its manifest, or that another sync holds."""


class RecipeError(RushesError):
    """A recipe that cannot be followed."""


class WeightsError(RushesError):
    """Pretrained weights that are not at hand, or that do not fit."""


class RunError(RushesError):
    """A training that cannot start or go on."""


class BundleError(RushesError):
    """A bundle that is missing something, was altered, or does not compute what it was certified to."""


class CullError(RushesError):
    """A cull that cannot be carried out or undone, or that another process holds."""


class EngineError(RushesError):
    """Processes or a cluster that cannot start or go on: it does not answer, has other versions, or no node is left."""


class MissingExtraError(RushesError):
    """A part of rushes that is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the extra '{extra}'. Install it: pip install 'rushes[{extra}]'")
        self.extra = extra


def require_extra(extra: str, *modules: str, purpose: str) -> None:
    """Raise MissingExtraError unless every module can be found; none is imported.

    Args:
        extra: name of the optional dependency group, as in `pip install 'rushes[extra]'`.
        purpose: what the caller is about to do, as the subject of a sentence ("training").
    """
    if not all(is_installed(module) for module in modules):
        raise MissingExtraError(extra, purpose)


def is_installed(module: str) -> bool:
    """Return whether a module, also one of a package (`google.auth`), can be found; it is not imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is not there
        return False


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like `word`, case aside; None where none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(word.casefold().strip(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return a sentence that names the nearest known word, or lists what is allowed.

    The sentence starts with a space-free capital so that it can follow a full stop.
    """
    close = nearest(word, known)
    if close is not None:
        return f"Did you mean '{close}'?"
    shown = ", ".join(f"'{candidate}'" for candidate in list(known)[:12])
    more = f" and {len(known) - 12} more" if len(known) > 12 else ""
    return f"Allowed: {shown}{more}." if known else "None is known here."
