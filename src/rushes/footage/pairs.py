"""Which files are one photograph: a raw with the pictures that the camera wrote beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.footage.capture_time import seconds_apart
from rushes.footage.kinds import kind_of
from rushes.storage.places import Place

COMPANION_EXTENSIONS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".heic", ".heif", ".hif"})  # what cameras write
MOST_SECONDS_APART = (
    2.0  # a camera may round one of the two times; a name comes round again after ten thousand pictures
)


@dataclass(frozen=True, slots=True)
class Photograph:
    """One exposure.

    Attributes:
        main: the file that the photograph is known by: the raw, where there is one.
        companions: pictures of the same exposure.
    """

    main: Place
    companions: tuple[Place, ...] = ()


def pair_stills(paths: Iterable[Place]) -> list[Photograph]:
    """Return the photographs that files are, by their names, in the order of their main files.

    A JPEG or HEIC belongs to the raw of its folder that has its name, the extension and case aside; where two raws
    have that name, to the one whose case it shares, or else to the first. Every other file stands alone, exports such
    as `DSC_0012.NEF.jpg` and `DSC_0012.tif` included.
    """
    given = list(dict.fromkeys(paths))
    raws: dict[tuple[Place, str], list[Place]] = {}
    for path in given:
        if kind_of(path) == "raw":
            raws.setdefault(_key(path), []).append(path)
    beside: dict[Place, list[Place]] = {}
    for path in given:
        if path.suffix.lower() in COMPANION_EXTENSIONS and (candidates := raws.get(_key(path))):
            raw = next((raw for raw in candidates if raw.stem == path.stem), candidates[0])
            beside.setdefault(raw, []).append(path)
    taken = {companion for companions in beside.values() for companion in companions}
    return [Photograph(path, tuple(beside.get(path, ()))) for path in given if path not in taken]


def part_by_time(photograph: Photograph, captured_at: Mapping[Place, str | None]) -> list[Photograph]:
    """Return a photograph with those companions that were taken when it was; the others stand alone behind it.

    Args:
        captured_at: ISO 8601 times. Where one is not known, the name decides.
    """
    main = captured_at.get(photograph.main)
    strangers = [path for path in photograph.companions if _differ(main, captured_at.get(path))]
    kept = tuple(path for path in photograph.companions if path not in strangers)
    return [Photograph(photograph.main, kept), *(Photograph(path) for path in strangers)]


def companions_of(source_path: str, paths: Sequence[str]) -> list[str]:
    """Return those of the paths at which a photograph was seen that name a companion: its name, another extension."""
    main = Path(source_path)
    others = [(path, Path(path)) for path in paths]
    return [
        path
        for path, other in others
        if other.stem.casefold() == main.stem.casefold() and other.suffix.casefold() != main.suffix.casefold()
    ]


def _key(path: Place) -> tuple[Place, str]:
    return path.parent, path.stem.casefold()


def _differ(one: str | None, other: str | None) -> bool:
    apart = None if one is None or other is None else seconds_apart(one, other)
    return apart is not None and apart > MOST_SECONDS_APART
