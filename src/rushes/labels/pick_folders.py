"""Picks by the folders that photographs lie in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from rushes.errors import UsageError, XmpError, did_you_mean
from rushes.footage.sources import address_of
from rushes.labels.picks import PickPhotograph, Said, Told, Verdict
from rushes.storage.places import Place
from rushes.xmp.merge import marked_by_us
from rushes.xmp.profiles import list_sidecars, sidecars_of
from rushes.xmp.reading import read_sidecar

PICK_FOLDERS = ("select", "selects", "selected", "pick", "picks")
REJECT_FOLDERS = ("reject", "rejects", "rejected")
SHEET = "picks by folders"


def tell_folders(
    photographs: Sequence[PickPhotograph],
    places: Sequence[Place],
    *,
    picks: Sequence[str] = PICK_FOLDERS,
    rejects: Sequence[str] = REJECT_FOLDERS,
    is_gathered: Callable[[Path], bool] = lambda _: False,
) -> Told:
    """Return what the folders around files say: the innermost that says anything counts, and each file for itself.

    A file that a cull put where it stands, or that its sidecar says a cull is for, says nothing; one that a person
    moved to the other side does.

    Args:
        places: only folders from these on are looked at, they themselves included.
        picks, rejects: names of folders, case aside.
        is_gathered: whether a file stands where a cull copied or linked it to.

    Raises:
        UsageError: a name is among both, or no file lies in a folder of any of these names.
    """
    kept, dropped = ({name.strip().casefold() for name in names} for names in (picks, rejects))
    if both := sorted(kept & dropped):
        raise UsageError(f"--pick-folder {both[0]} --reject-folder {both[0]}: one folder cannot be both")
    said: dict[str, list[Said]] = {}
    seen: dict[str, None] = {}
    of_culls: list[Path] = []
    listed: dict[Path, Mapping[str, tuple[Path, ...]]] = {}
    for one in photographs:
        for file in one.files:
            names = _folders_of(file, places)
            seen |= dict.fromkeys(names)
            if (verdict := _innermost(names, kept, dropped)) is None:
                continue
            if isinstance(file, Path) and (is_gathered(file) or _marked(file, listed) == verdict):
                of_culls.append(file)
            else:
                said.setdefault(one.frame, []).append(Said(verdict, str(file), SHEET))
    if photographs and not said and not of_culls:
        wanted = (*picks, *rejects)
        raise UsageError(
            f"no photograph lies in a folder that is called {', '.join(wanted[:-1])} or {wanted[-1]}. Name yours: "
            f"--pick-folder NAME --reject-folder NAME. {did_you_mean(picks[0], list(seen))}"
        )
    notes = [
        f"files that a cull picked or rejected and that stand where it says: {len(of_culls):,}, {of_culls[0]} first. "
        "They say nothing; what you moved to the other side does"
    ] if of_culls else []  # fmt: skip
    return Told(said, (SHEET,), notes=tuple(notes))


def _marked(file: Path, listed: dict[Path, Mapping[str, tuple[Path, ...]]]) -> Verdict | None:
    """Return what a cull says of a file in a sidecar beside it; None where none does.

    Args:
        listed: the sidecars of folders that were looked at, which is added to.
    """
    if file.parent not in listed:
        listed[file.parent] = list_sidecars(file.parent)
    for sidecar in sidecars_of(file, listed[file.parent]):
        try:
            mark = marked_by_us(read_sidecar(sidecar))
        except XmpError:  # of what cannot be read the folder alone speaks
            continue
        if mark is not None:
            return mark.verdict
    return None


def _folders_of(file: Place, places: Sequence[Place]) -> tuple[str, ...]:
    """Return the names of the folders from the outermost of the places around a file down to it."""
    address = address_of(file)
    roots = [root for place in places if address.startswith(f"{(root := address_of(place).rstrip('/'))}/")]
    if not roots:
        return ()
    root = min(roots, key=len)
    return (root.rpartition("/")[2], *address[len(root) + 1 :].split("/")[:-1])


def _innermost(names: Sequence[str], kept: Collection[str], dropped: Collection[str]) -> Verdict | None:
    for name in reversed(names):
        if name.casefold() in kept:
            return "pick"
        if name.casefold() in dropped:
            return "reject"
    return None
