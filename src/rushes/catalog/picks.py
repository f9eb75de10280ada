"""The photographs of the catalog at some places, as what a photographer decided about them is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.catalog.frame_refs import frame_refs
from rushes.errors import MediaError
from rushes.footage.kinds import find_media, kind_of
from rushes.footage.source import Source, Unreadable
from rushes.footage.sources import address_of
from rushes.footage.stems import find_stems
from rushes.labels.frame_index import FrameRef
from rushes.labels.pick_delivered import stems_of
from rushes.labels.picks import PickPhotograph
from rushes.storage.places import Place, parse_place


@dataclass(frozen=True, slots=True)
class FoundPhotographs:
    """What is at the places that were asked for.

    Attributes:
        photographs: those of the catalog, by shoot and name.
        refs: what lists may call them, in the same order.
        gone: photographs of the catalog that were there and are no longer.
        strangers: photographs that are there and not in the catalog.
        exports: pictures that are not in the catalog and have the name of one of the photographs in theirs.
        missing: places where nothing is.
    """

    photographs: tuple[PickPhotograph, ...]
    refs: tuple[FrameRef, ...]
    gone: tuple[str, ...] = ()
    strangers: tuple[Place, ...] = ()
    exports: tuple[Place, ...] = ()
    missing: tuple[Unreadable, ...] = ()


def find_photographs(catalog: Catalog, places: Sequence[Place], *, apart: Sequence[Place] = ()) -> FoundPhotographs:
    """Return the photographs and raws of the catalog that have a file at one of the places.

    Args:
        apart: places that hold what was made of photographs; a file there is no photograph.
    """
    others, roots, roots_apart = catalog.other_paths(), _roots(places), _roots(apart)
    photographs: list[tuple[PickPhotograph, StoredFrame, Source]] = []
    gone: list[str] = []
    known: set[str] = set()
    sources = {source.digest: source for source in catalog.sources() if source.kind != "video"}
    wanted: dict[str, tuple[Place, ...]] = {}
    for source in sources.values():
        addresses = [source.path, *others.get(source.digest, ())]
        known.update(addresses)
        if source.is_referenced or not any(_is_at(address, roots) for address in addresses):
            continue
        files = tuple(parse_place(one) for one in addresses if not _is_at(one, roots_apart) and _may_be_there(one))
        if not any(_is_at(address_of(file), roots) for file in files):
            if not all(_is_at(one, roots_apart) for one in addresses):
                gone.append(source.path)
            continue
        wanted[source.digest] = tuple({_same(file): file for file in reversed(files)}.values())[::-1]
    for item in catalog.frames_of(list(wanted)):
        source = sources[item.frame.source]
        one = PickPhotograph(
            item.frame.id, source.name, source.group, wanted[source.digest], source.captured_at, item.signature
        )
        photographs.append((one, item, source))
    photographs.sort(key=lambda three: (three[0].shoot, three[0].name))
    unknown, missing = _find_unknown(places, roots_apart, known)
    stems = stems_of([one for one, _, _ in photographs])
    exports = {file: None for file in unknown if kind_of(file) == "photo" and find_stems(file.stem, stems)}
    return FoundPhotographs(
        photographs=tuple(one for one, _, _ in photographs),
        refs=tuple(frame_refs([item for _, item, _ in photographs], [source for _, _, source in photographs], others)),
        gone=tuple(gone),
        strangers=tuple(file for file in unknown if file not in exports),
        exports=tuple(exports),
        missing=tuple(missing),
    )


def _find_unknown(
    places: Sequence[Place], roots_apart: Sequence[str], known: set[str]
) -> tuple[list[Place], list[Unreadable]]:
    """Return the photographs at places that are not in the catalog, and the places where nothing is."""
    unknown: dict[Place, None] = {}
    missing: list[Unreadable] = []
    for place in places:
        try:
            found = find_media(place, passed_over=missing.append)
        except MediaError as error:
            missing.append(Unreadable(error.path, error.reason))
            continue
        for file in found:
            is_known = address_of(file) in known or _same(file) in known
            if not is_known and kind_of(file) != "video" and not _is_at(address_of(file), roots_apart):
                unknown[file] = None
    return list(unknown), missing


def _roots(places: Sequence[Place]) -> tuple[str, ...]:
    """Return the addresses of places, also as they are where links were followed, without a slash behind them."""
    followed = [str(place.resolve()) for place in places if isinstance(place, Path)]
    return tuple(dict.fromkeys(root.rstrip("/") for root in (*map(address_of, places), *followed)))


def _is_at(address: str, roots: Sequence[str]) -> bool:
    return any(address == root or address.startswith(f"{root}/") for root in roots)


def _may_be_there(address: str) -> bool:
    place = parse_place(address)
    return not isinstance(place, Path) or place.exists()


def _same(file: Place) -> str:
    return str(file.resolve()) if isinstance(file, Path) else str(file)
