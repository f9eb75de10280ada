"""What one XMP packet says of a photograph, the photographer's own choice apart from what a cull wrote."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from rushes.xmp import names
from rushes.xmp.document import Document, Value, first_of
from rushes.xmp.marks import MOST_STARS, REJECTED, CullMark, Flag, Marks
from rushes.xmp.names import Name, named

# digiKam's colours by number, and darktable's.
_DIGIKAM = ("", "Red", "Orange", "Yellow", "Green", "Blue", "Magenta", "Gray", "Black", "White")
_DARKTABLE = ("Red", "Yellow", "Green", "Blue", "Purple")
# Photo Mechanic's classes by number, as it names them until a photographer does.
_CLASSES = ("", "Winner", "Winner alt", "Superior", "Superior alt", "Typical", "Typical alt", "Extras", "Trash")
_TRASH = 8
_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")
# Windows' percents, up to which there are so many stars.
_STARS_UP_TO = ((0, 0), (12, 1), (37, 2), (62, 3), (87, 4), (100, 5))

# Properties that say one thing together: where a photographer stated one of them, none of them is written.
GROUPS: tuple[tuple[Name, ...], ...] = (
    (names.RATING, names.PERCENT, names.OLD_PERCENT),
    (names.LABEL, names.LABEL_COLOR, names.COLOR_LABEL, names.COLOR_LABELS),
    (names.FLAG_NUMBER, names.FLAG_WORD),
    (names.PICK_LABEL,),
    (names.TAGGED,),
    (names.COLOR_CLASS,),
)
# What stands for nothing: editors write it for photographs that nobody looked at.
_UNSET: dict[Name, tuple[str, ...]] = {
    names.RATING: ("0",),
    names.PERCENT: ("0",),
    names.OLD_PERCENT: ("0",),
    names.FLAG_NUMBER: ("0",),
    names.FLAG_WORD: (),
    names.PICK_LABEL: ("0",),
    names.COLOR_LABEL: ("0",),
    names.TAGGED: ("false", "0", "no"),
    names.COLOR_CLASS: ("0",),
    names.LABEL: ("none",),  # Lightroom's word where its catalog was converted
    names.LABEL_COLOR: ("none",),
}


@dataclass(frozen=True, slots=True)
class Packet:
    """What one packet says.

    Attributes:
        own: the photographer's marks: all but what a cull wrote, as far as it still stands as it was written.
        shown: all marks, as an editor shows them.
        cull: what a cull wrote last; None where none did.
        changed_at: xmp:MetadataDate, where it states one.
        is_initial: its stars, which `own` is without, are the one that darktable gives at import.
    """

    own: Marks
    shown: Marks
    cull: CullMark | None = None
    changed_at: datetime | None = None
    is_initial: bool = False


def read_packet(data: bytes) -> Packet:
    """Return what an XMP packet says.

    Raises:
        NotXmp: it is none.
    """
    document = Document(data)
    shown = _marks(document, {})
    wrote = ours(document)
    own = _marks(document, wrote) if wrote else shown
    is_initial = _is_initial(document, _stated(document, wrote))
    own = replace(own, rating=None) if is_initial else own
    return Packet(own, shown, cull_of(document), _time(document.text_of(names.METADATA_DATE)), is_initial)


def cull_of(document: Document) -> CullMark | None:
    """Return what a cull wrote into a document last; None where none did, or where it was damaged since."""
    verdict, bundle = document.text_of(names.VERDICT), document.text_of(names.BUNDLE)
    score, threshold = (_number(document.text_of(name)) for name in (names.SCORE, names.THRESHOLD))
    if verdict not in ("pick", "reject") or score is None or threshold is None:
        return None
    flag: Flag = "pick" if verdict == "pick" else "reject"
    return CullMark(flag, score, bundle or "", threshold)


def ours(document: Document) -> dict[Name, Value]:
    """Return the properties that a cull wrote and that still say what it wrote."""
    found: dict[Name, Value] = {}
    for part in (document.text_of(names.WROTE) or "").split():
        written, _, text = part.partition("=")
        try:
            name = named(written)
        except KeyError:  # of a later rushes
            continue
        value: Value = tuple(text.split(",")) if name == names.COLOR_LABELS else text
        there = document.get_all(name)
        if there and all(_folded(one) == _folded(value) for one in there):
            found[name] = value
    return found


def _folded(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value


def record(wrote: dict[Name, Value]) -> str:
    """Return what `ours` reads: the properties that a cull writes, with what they say."""
    return " ".join(f"{name}={value if isinstance(value, str) else ','.join(value)}" for name, value in wrote.items())


def stated(document: Document, wrote: dict[Name, Value]) -> dict[Name, str]:
    """Return what the photographer, or their editor, states: property -> its words.

    What stands for nothing, as a rating of 0 does, is no statement; nor is the star that darktable gives at import.
    """
    found = _stated(document, wrote)
    if _is_initial(document, found):
        del found[names.RATING]
    return found


def _stated(document: Document, wrote: dict[Name, Value]) -> dict[Name, str]:
    found: dict[Name, str] = {}
    for name in (name for group in GROUPS for name in group):
        value = _said(document, name)
        if name in wrote or value is None:
            continue
        text = value if isinstance(value, str) else ", ".join(value)
        if text and not _is_unset(name, text):
            found[name] = text
    tagged, color_class = _prefs(document)
    if tagged and names.TAGGED not in wrote:
        found.setdefault(names.TAGGED, "True")
    if color_class and names.COLOR_CLASS not in wrote:
        found.setdefault(names.COLOR_CLASS, str(color_class))
    return found


def _is_initial(document: Document, found: dict[Name, str]) -> bool:
    """Return whether all that is stated is one star in a sidecar of darktable, which gives it to whatever it imports.

    A photograph that somebody developed was looked at. darktable notes no such time for stars alone.
    """
    if list(found) != [names.RATING] or _number(found[names.RATING]) != 1:
        return False
    is_developed = document.text_of(names.DEVELOPED_AT) not in (None, "", "-1", "0")
    return not is_developed and any(document.get(name) is not None for name in names.OF_DARKTABLE)


def _said(document: Document, name: Name) -> Value | None:
    """Return what a property says: where it is stated twice, what says something goes before what does not."""
    values = document.get_all(name)
    telling = (value for value in values if (text := first_of(value)) and not _is_unset(name, text))
    return next(telling, values[0] if values else None)


def _is_unset(name: Name, text: str) -> bool:
    unset = _UNSET.get(name, ())
    return text.lower() in unset or ("0" in unset and _number(text) == 0)


def _marks(document: Document, without: dict[Name, Value]) -> Marks:
    def text_of(name: Name) -> str:
        value = None if name in without else _said(document, name)
        return "" if value is None else first_of(value)

    tagged, color_class = _prefs(document)
    class_of = _whole(text_of(names.COLOR_CLASS))
    if class_of is None:
        class_of = 0 if names.COLOR_CLASS in without else color_class
    is_tagged = text_of(names.TAGGED).lower() in _YES or (
        tagged and names.TAGGED not in without and not text_of(names.TAGGED)
    )
    label = (
        _unless_unset(names.LABEL, text_of(names.LABEL))
        or _unless_unset(names.LABEL_COLOR, text_of(names.LABEL_COLOR)).capitalize()
        or _word(_DIGIKAM, text_of(names.COLOR_LABEL))
        or _word(_DARKTABLE, text_of(names.COLOR_LABELS))
        or (_CLASSES[class_of] if 0 <= class_of < len(_CLASSES) else "")
    )
    rating = _rating(text_of(names.RATING))
    if rating is None:
        rating = stars_of_text(text_of(names.PERCENT) or text_of(names.OLD_PERCENT))
        rating = None if names.RATING in without and rating == 0 else rating  # 0 goes with a reject of ours
    return Marks(rating, label or None, _flag(text_of, is_tagged=is_tagged, trashed=class_of == _TRASH))


def _flag(text_of: Callable[[Name], str], *, is_tagged: bool, trashed: bool) -> Flag | None:
    """Return a flag by the first editor that states one, those that have flags proper first."""
    number = _number(text_of(names.FLAG_NUMBER))
    if number:
        return "pick" if number > 0 else "reject"
    if number is None:
        word = text_of(names.FLAG_WORD).lower()
        if word in _YES or word in _NO:
            return "pick" if word in _YES else "reject"
    picked = _whole(text_of(names.PICK_LABEL))
    if picked in (1, 3):
        return "pick" if picked == 3 else "reject"
    if is_tagged:
        return "pick"
    return "reject" if trashed else None


def _unless_unset(name: Name, text: str) -> str:
    return "" if _is_unset(name, text) else text


def _rating(text: str) -> int | None:
    """Return stars as editors write them, `3` and `3.0`; None for what is no rating."""
    value = _number(text)
    if value is None:
        return None
    stars = round(value)
    return stars if REJECTED <= stars <= MOST_STARS else None


def stars_of_text(text: str) -> int | None:
    """Return the stars of Windows' percents: 1, 25, 50, 75, 99."""
    percent = _number(text)
    if percent is None or not 0 <= percent <= 100:
        return None
    return next(stars for most, stars in _STARS_UP_TO if percent <= most)


def stars_of_percent(percent: float) -> int | None:
    """Return the stars that a percentage of Windows or of EXIF stands for; None for what is none."""
    return stars_of_text(str(percent))


def _prefs(document: Document) -> tuple[bool, int]:
    """Return tag and colour class of Photo Mechanic's one-line summary, `tag:class:stars:frame`."""
    tagged, color_class = False, 0
    for value in document.get_all(names.PREFS):
        parts = first_of(value).split(":")
        if len(parts) >= 3:
            tagged = tagged or parts[0].strip() == "1"
            color_class = color_class or _whole(parts[1]) or 0
    return tagged, color_class


def _word(words: tuple[str, ...], text: str) -> str:
    number = _whole(text)
    return words[number] if number is not None and 0 <= number < len(words) else ""


def _whole(text: str) -> int | None:
    value = _number(text)
    return round(value) if value is not None else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e9 else None


def _time(text: str | None) -> datetime | None:
    """Return a time of XMP; one without a zone is taken for this machine's."""
    try:
        return datetime.fromisoformat((text or "").strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
