"""Picks by the folders that photographs lie in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rushes.errors import UsageError, did_you_mean
from rushes.footage.sources import address_of
from rushes.labels.picks import PickPhotograph, Said, Told, Verdict
from rushes.storage.places import Place

PICK_FOLDERS = ("select", "selects", "selected", "pick", "picks")
REJECT_FOLDERS = ("reject", "rejects", "rejected")
SHEET = "picks by folders"


def tell_folders(
    photographs: Sequence[PickPhotograph],
    places: Sequence[Place],
    *,
    picks: Sequence[str] = PICK_FOLDERS,
    rejects: Sequence[str] = REJECT_FOLDERS,
) -> Told:
    """Return what the folders around files say: the innermost that says anything counts, and each file for itself.

    Args:
        places: only folders from these on are looked at, they themselves included.
        picks, rejects: names of folders, case aside.

    Raises:
        UsageError: a name is among both, or no file lies in a folder of any of these names.
    """
    kept, dropped = ({name.strip().casefold() for name in names} for names in (picks, rejects))
    if both := sorted(kept & dropped):
        raise UsageError(f"--pick-folder {both[0]} --reject-folder {both[0]}: one folder cannot be both")
    said: dict[str, list[Said]] = {}
    seen: dict[str, None] = {}
    for one in photographs:
        for file in one.files:
            names = _folders_of(file, places)
            seen |= dict.fromkeys(names)
            if (verdict := _innermost(names, kept, dropped)) is not None:
                said.setdefault(one.frame, []).append(Said(verdict, str(file), SHEET))
    if photographs and not said:
        wanted = (*picks, *rejects)
        raise UsageError(
            f"no photograph lies in a folder that is called {', '.join(wanted[:-1])} or {wanted[-1]}. Name yours: "
            f"--pick-folder NAME --reject-folder NAME. {did_you_mean(picks[0], list(seen))}"
        )
    return Told(said, (SHEET,))


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
