"""Profiles: where each editor looks for a sidecar, and what it takes for a pick and for a reject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from rushes.xmp import names
from rushes.xmp.document import Value
from rushes.xmp.marks import Flag, Marks
from rushes.xmp.names import Name

Naming = Literal["stem", "name"]
# What Adobe's editors, and those that follow them, keep their metadata inside of (Adobe XMP part 3; Lightroom Classic).
_EMBEDDED = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".png", ".dng", ".psd", ".gif"})


@dataclass(frozen=True, slots=True)
class Profile:
    """How one editor is told of a pick or reject.

    Attributes:
        editor: for a person: `Lightroom`.
        naming: `stem` for DSC_0012.xmp, `name` for DSC_0012.NEF.xmp.
        says: verdict -> the properties that the editor reads, with what they say.
        shows: verdict -> the marks that `says` is read back as.
        passed_over: extensions of photographs of which the editor reads no sidecar.
        warning: what to tell where there are such; "" for never.
    """

    name: str
    editor: str
    naming: Naming
    says: Mapping[Flag, Mapping[Name, Value]]
    shows: Mapping[Flag, Marks]
    passed_over: frozenset[str] = frozenset()
    warning: str = ""

    def name_beside(self, photograph_name: str) -> str:
        """Return the name of the sidecar of a photograph: `DSC_0012.xmp`, or `DSC_0012.NEF.xmp`."""
        return f"{photograph_name if self.naming == 'name' else Path(photograph_name).stem}.xmp"


def _profile(
    name: str,
    editor: str,
    naming: Naming,
    pick: Mapping[Name, Value],
    reject: Mapping[Name, Value],
    shown: tuple[Marks, Marks],
    *,
    passed_over: Iterable[str] = (),
    warning: str = "",
) -> Profile:
    says: Mapping[Flag, Mapping[Name, Value]] = {"pick": MappingProxyType(pick), "reject": MappingProxyType(reject)}
    shows: Mapping[Flag, Marks] = {"pick": shown[0], "reject": shown[1]}
    return Profile(
        name, editor, naming, MappingProxyType(says), MappingProxyType(shows), frozenset(passed_over), warning
    )


_FLAGS = (Marks(flag="pick"), Marks(flag="reject"))

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            _profile(
                "adobe",
                "Lightroom",
                "stem",
                {names.FLAG_NUMBER: "1", names.FLAG_WORD: "True"},
                {names.FLAG_NUMBER: "-1", names.FLAG_WORD: "False"},
                _FLAGS,
                passed_over=_EMBEDDED,
                warning="Lightroom reads no sidecar of a JPEG, TIFF, PNG or DNG: what it knows of them stands inside "
                "them, and rushes writes to no photograph. Have these copied into a folder, or choose them by the CSV",
            ),
            _profile(
                "bridge",
                "Bridge",
                "stem",
                {names.LABEL: "Select"},
                {names.RATING: "-1"},
                (Marks(label="Select"), Marks(rating=-1)),
                passed_over=_EMBEDDED,
                warning="Bridge reads no sidecar of a JPEG, TIFF, PNG or DNG: what it knows of them stands inside "
                "them, and rushes writes to no photograph. Have these copied into a folder, or choose them by the CSV",
            ),
            _profile(
                "darktable",
                "darktable",
                "name",
                {names.COLOR_LABELS: ("2",)},
                {names.RATING: "-1"},
                (Marks(label="Green"), Marks(rating=-1)),
            ),
            _profile(
                "photomechanic",
                "Photo Mechanic",
                "stem",
                {names.TAGGED: "True"},
                {names.COLOR_CLASS: "8"},
                (Marks(flag="pick"), Marks(label="Trash", flag="reject")),
                passed_over=_EMBEDDED,
                warning="Photo Mechanic reads a sidecar of a JPEG, TIFF, PNG or DNG only where its preferences say so. "
                "Set it to keep the metadata of these in sidecars, under IPTC/XMP",
            ),
            _profile(
                "digikam",
                "digiKam",
                "name",
                {names.PICK_LABEL: "3"},
                {names.PICK_LABEL: "1"},
                _FLAGS,
            ),
        )
    }
)


def unread_sidecar(photograph: Path, profile: Profile) -> str:
    """Return the sentence to warn with where the profile's editor reads no sidecar of a photograph; "" where it does.

    Args:
        photograph: its main file: a JPEG beside a raw needs no warning, as the sidecar is the raw's.
    """
    return profile.warning if photograph.suffix.lower() in profile.passed_over else ""


def list_sidecars(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Return the sidecars of a folder by what they are named for, case folded: `dsc_0012`, `dsc_0012.nef`.

    List a folder once for all its photographs. A folder that cannot be listed has none.
    """
    found: dict[str, list[Path]] = {}
    try:
        entries = sorted(path for path in folder.iterdir() if path.suffix.casefold() == ".xmp")
    except OSError:
        return {}
    for path in entries:
        found.setdefault(path.name[: -len(path.suffix)].casefold(), []).append(path)
    return {key: tuple(paths) for key, paths in found.items()}


def sidecars_of(photograph: Path, listed: Mapping[str, tuple[Path, ...]] | None = None) -> tuple[Path, ...]:
    """Return the sidecars that stand beside a file: those that name it whole first, then those that share its stem.

    Args:
        listed: what `list_sidecars` found in its folder; where it is not given, the folder is listed.
    """
    there = list_sidecars(photograph.parent) if listed is None else listed
    keys = dict.fromkeys((photograph.name.casefold(), photograph.stem.casefold()))
    return tuple(path for key in keys for path in there.get(key, ()))
