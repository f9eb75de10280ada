"""The marks of a photograph, from its sidecars and from what stands inside its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rushes.errors import XmpError
from rushes.xmp.document import MOST_BYTES, NotXmp
from rushes.xmp.embedded import Embedded, read_embedded
from rushes.xmp.marks import MOST_STARS, CullMark, Marks
from rushes.xmp.packet import Packet, read_packet, stars_of_percent
from rushes.xmp.profiles import sidecars_of

NOTHING = Marks()


@dataclass(frozen=True, slots=True)
class FoundMarks:
    """What a photographer says of a photograph, and where.

    Attributes:
        marks: their own: what a cull of rushes wrote, and nobody changed since, is left out.
        shown: all marks that an editor shows, a cull's included.
        where: path of the sidecar that `marks` stand in; `embedded in PATH`; "" where there are none.
        sidecars: all that were looked at.
        cull: what a cull wrote last, in any of them.
        faults: what could not be read, a sentence each.
        is_initial: there are no marks but the one star that darktable gives at import.
    """

    marks: Marks = NOTHING
    shown: Marks = NOTHING
    where: str = ""
    sidecars: tuple[Path, ...] = ()
    cull: CullMark | None = None
    faults: tuple[str, ...] = ()
    is_initial: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    where: str
    packet: Packet
    written_at: datetime | None  # of a sidecar, where its packet states no time: the file's own


def read_marks(
    photograph: Path,
    companions: Sequence[Path] = (),
    *,
    listed: Mapping[Path, Mapping[str, tuple[Path, ...]]] | None = None,
) -> FoundMarks:
    """Return the marks of a photograph; what cannot be read is told of and passed over.

    The first place that states a mark is taken whole: the sidecars, the one changed last first; then what stands inside
    the file. What stands inside goes first where both state their xmp:MetadataDate and its own is later, as Lightroom
    and Bridge write into a JPEG or DNG and pass over a sidecar that another program left. Companions come last.

    Args:
        companions: files of the same exposure; they are looked at where the photograph itself says nothing.
        listed: folder -> what `list_sidecars` found there, so that a folder of thousands is listed once.
    """
    found = FoundMarks()
    for path in dict.fromkeys((photograph, *companions)):
        there = None if listed is None else listed.get(path.parent)
        found = _joined(found, _read_one(path, there, found.sidecars))
    return found


def read_sidecar(path: Path) -> bytes:
    """Return a sidecar's bytes.

    Raises:
        XmpError: it cannot be read, or is too large to be one.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        raise XmpError(path, reason, remedy="Check its permissions") from error
    if len(data) > MOST_BYTES:
        raise XmpError(path, f"has more than the {MOST_BYTES:,} bytes that are read")
    return data


def _read_one(path: Path, listed: Mapping[str, tuple[Path, ...]] | None, seen: Sequence[Path]) -> FoundMarks:
    sidecars = tuple(other for other in sidecars_of(path, listed) if other not in seen)
    places: list[_Place] = []
    faults: list[str] = []
    for sidecar in sidecars:
        try:
            places.append(_sidecar_place(sidecar))
        except XmpError as error:
            faults.append(str(error))
    places.sort(key=_age)
    inside, damaged = _embedded_place(path)
    faults += damaged
    if inside is not None:
        places.insert(0 if _is_later(inside, places) else len(places), inside)
    own = next((place for place in places if place.packet.own != NOTHING), None)
    shown = next((place.packet.shown for place in places if place.packet.shown != NOTHING), NOTHING)
    cull = next((place.packet.cull for place in places if place.packet.cull), None)
    marks, where = (own.packet.own, own.where) if own else (NOTHING, "")
    is_initial = own is None and any(place.packet.is_initial for place in places)
    return FoundMarks(marks, shown, where, sidecars, cull, tuple(faults), is_initial)


def _joined(first: FoundMarks, second: FoundMarks) -> FoundMarks:
    """Return what is found at two files of one exposure: the first that states something is believed."""
    stated = first if first.marks != NOTHING else second
    return FoundMarks(
        stated.marks,
        first.shown if first.shown != NOTHING else second.shown,
        stated.where,
        first.sidecars + second.sidecars,
        first.cull or second.cull,
        first.faults + second.faults,
        stated.marks == NOTHING and (first.is_initial or second.is_initial),
    )


def _sidecar_place(path: Path) -> _Place:
    data = read_sidecar(path)
    try:
        packet = read_packet(data)
    except NotXmp as error:
        raise XmpError(path, str(error)) from error
    try:
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        written_at = None
    return _Place(str(path), packet, packet.changed_at or written_at)


def _age(place: _Place) -> float:
    return -place.written_at.timestamp() if place.written_at else 0.0


def _is_later(inside: _Place, sidecars: Sequence[_Place]) -> bool:
    """Return whether what stands inside was changed after every sidecar that marks a photograph."""
    marked = [place.packet.changed_at for place in sidecars if place.packet.own != NOTHING]
    changed = inside.packet.changed_at
    return changed is not None and all(time is not None and changed > time for time in marked)


def _embedded_place(path: Path) -> tuple[_Place | None, list[str]]:
    try:
        embedded = read_embedded(path)
    except OSError as error:
        return None, [f"{path}: cannot be read ({error.strerror or error}), so the marks inside it are not known"]
    faults, packets = [], []
    for data in embedded.packets:
        try:
            packets.append(read_packet(data))
        except NotXmp as error:
            faults.append(f"{path}: the XMP inside it {error}. Its marks are not known; sidecars are read")
    packet = next((one for one in packets if one.own != NOTHING), packets[0] if packets else Packet(NOTHING, NOTHING))
    rating = _exif_stars(embedded)
    if rating is not None and packet.own == NOTHING:
        packet = replace(packet, own=Marks(rating), shown=Marks(rating))
    return (_Place(f"embedded in {path}", packet, None) if packets or rating is not None else None), faults


def _exif_stars(embedded: Embedded) -> int | None:
    """Return the stars of EXIF's Rating, or of its RatingPercent; cameras write 0 for `nobody looked`."""
    if embedded.rating is not None and 0 < embedded.rating <= MOST_STARS:
        return embedded.rating
    return (stars_of_percent(embedded.percent) or None) if embedded.percent is not None else None
