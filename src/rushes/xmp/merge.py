"""Sidecars with a mark merged in: what a cull proposes, or what a person decided; all else stays byte for byte."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from rushes.errors import XmpError
from rushes.xmp import names
from rushes.xmp.document import Document, NotXmp, Value, new_document
from rushes.xmp.marks import REJECTED, CullMark, Flag, Marks
from rushes.xmp.names import Name
from rushes.xmp.packet import GROUPS, ours, read_packet, record, stars_of_text, stated
from rushes.xmp.profiles import Profile

Cleared = Literal["rating", "label", "flag"]
_COLORS = (
    "Red",
    "Yellow",
    "Green",
    "Blue",
    "Purple",
)  # that Lightroom and darktable have; darktable counts them from 0
_DIGIKAM = {"Red": 1, "Orange": 2, "Yellow": 3, "Green": 4, "Blue": 5, "Magenta": 6, "Gray": 7, "Black": 8, "White": 9}
_PERCENTS = ("0", "1", "25", "50", "75", "99")  # that Windows writes for so many stars
_PREFS = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*:(.*)", re.DOTALL)
_TRASH = "8"
_WORDS = {names.RATING: "rating", names.COLOR_CLASS: "colour class"}
_PICK_LABELS = {"1": "rejected", "2": "pending", "3": "accepted"}
NOTHING = Marks()


@dataclass(frozen=True, slots=True)
class Merged:
    """A sidecar as it is to be written.

    Attributes:
        data: the whole file.
        kept: what of the photographer's own was left as it is where a mark would have stood, `rating 4`; of a person's
            decision, what the profile's editor has no place for.
        changed: `data` is not what was there.
    """

    data: bytes
    kept: tuple[str, ...] = ()
    changed: bool = True


def merge_mark(
    existing: bytes | None,
    mark: CullMark,
    profile: Profile,
    *,
    photograph_name: str,
    elsewhere: Marks = NOTHING,
) -> Merged:
    """Return a sidecar with what a cull says of its photograph.

    What a photographer stated is left as it is; a photograph that they flagged or rejected themselves gets no mark of
    an editor at all. What an earlier cull wrote, and nobody changed since, is replaced. Nothing else changes.

    Args:
        existing: the sidecar that is there; None for none.
        photograph_name: of its main file: `DSC_0012.NEF`.
        elsewhere: the photographer's own marks inside the photograph, or in a sidecar of another name, as
            `read_marks(…).marks` gives them: an editor would see a new sidecar in their place.

    Raises:
        XmpError: the sidecar that is there is no XMP.
    """
    document = _open(existing, profile, photograph_name)
    wrote = ours(document)
    own = _statements(elsewhere) | stated(document, wrote)
    wanted = profile.says[mark.verdict]
    decisions = _decisions(own)
    blocking = decisions or [name for name in own if any(name in _group(other) for other in wanted)]
    free = {} if decisions else {name: value for name, value in wanted.items() if not own.keys() & _group(name)}
    for name in wrote.keys() - free.keys():
        document.set(name, None)
    for name, value in free.items():
        document.set(name, value)
    _summarise(document, wrote, free)
    for name, text in (
        (names.VERDICT, mark.verdict),
        (names.SCORE, repr(float(mark.score))),
        (names.BUNDLE, mark.bundle),
        (names.THRESHOLD, repr(float(mark.threshold))),
        (names.WROTE, record(free)),
    ):
        document.set(name, text)
    return _merged(document, existing, dict.fromkeys(_words(name, own[name]) for name in blocking))


def merge_marks(
    existing: bytes | None,
    marks: Marks,
    profile: Profile,
    *,
    photograph_name: str,
    cleared: Collection[Cleared] = (),
) -> Merged:
    """Return a sidecar with what a person decided, which overwrites what stands there.

    A flag also takes away what a cull wrote, and flags that other editors left in the same file. What `marks` does not
    state stays, unless it is `cleared`. Nothing that is written here counts as a cull's afterwards.

    Args:
        cleared: what the person took away.

    Raises:
        XmpError: the sidecar that is there is no XMP.
    """
    document = _open(existing, profile, photograph_name)
    wrote = ours(document)
    settings: dict[Name, Value | None] = {}
    unsaid: list[str] = []
    if marks.rating is not None or "rating" in cleared:
        settings |= _rating_settings(document, marks.rating)
    if marks.label or "label" in cleared:
        settings |= _label_settings(document, marks.label or "", profile)
    flag: Flag | None = marks.flag or ("reject" if marks.rating == REJECTED else None)
    if flag or "flag" in cleared:
        own = stated(document, wrote)
        said, unsaid = _flag_settings(flag, marks, profile, own, "label" in cleared)
        withdrawn: dict[Name, Value | None] = dict.fromkeys((*wrote, *_decisions(own)))
        settings = withdrawn | settings | said
    for name, value in settings.items():
        document.set(name, value)
    _summarise(document, (), settings)
    if document.get(names.WROTE) is not None:
        document.set(names.WROTE, record({name: value for name, value in wrote.items() if name not in settings}))
    return _merged(document, existing, unsaid)


def marked_by_us(data: bytes) -> CullMark | None:
    """Return what a cull wrote into a sidecar last; None where none did, and where it is no XMP."""
    try:
        return read_packet(data).cull
    except NotXmp:
        return None


def _open(existing: bytes | None, profile: Profile, photograph_name: str) -> Document:
    try:
        return Document(new_document() if existing is None else existing)
    except NotXmp as error:
        raise XmpError(profile.name_beside(photograph_name), str(error)) from error


def _merged(document: Document, existing: bytes | None, kept: Collection[str]) -> Merged:
    data = document.to_bytes()
    return Merged(data, tuple(kept), data != existing)


def _group(name: Name) -> frozenset[Name]:
    return frozenset(next((group for group in GROUPS if name in group), (name,)))


def _statements(marks: Marks) -> dict[Name, str]:
    """Return marks that stand elsewhere as the properties that say them; no stars are no statement."""
    said = {names.RATING: str(marks.rating) if marks.rating else "", names.LABEL: marks.label or ""}
    return {name: text for name, text in (said | {names.FLAG_NUMBER: marks.flag or ""}).items() if text}


def _decisions(own: Mapping[Name, str]) -> list[Name]:
    """Return the properties by which a photographer picked or rejected; `pending` is neither."""
    flags = [name for name in (names.FLAG_NUMBER, names.FLAG_WORD, names.TAGGED) if name in own]
    flags += [names.PICK_LABEL] if own.get(names.PICK_LABEL) in ("1", "3") else []
    flags += [names.RATING] if own.get(names.RATING, "").removesuffix(".0") == str(REJECTED) else []
    return flags + ([names.COLOR_CLASS] if own.get(names.COLOR_CLASS) == _TRASH else [])


def _words(name: Name, text: str) -> str:
    """Return what a photographer stated, for a person: `rating 4`, `flag reject`."""
    if name in (names.FLAG_NUMBER, names.FLAG_WORD):
        return f"flag {'pick' if text.lower() in ('1', 'true', 'pick') else 'reject'}"
    if name == names.PICK_LABEL:
        return f"pick label {_PICK_LABELS.get(text, text)}"
    if name == names.COLOR_LABELS:
        return f"colour label {', '.join(_color(part.strip()) for part in text.split(','))}"
    if name == names.TAGGED:
        return "tag"
    if name in (names.PERCENT, names.OLD_PERCENT):
        stars = stars_of_text(text)
        return f"rating {text} %" if stars is None else f"rating {stars}"
    return f"{_WORDS.get(name, 'label')} {text}"


def _color(number: str) -> str:
    return _COLORS[int(number)] if number.isdecimal() and int(number) < len(_COLORS) else number


def _says(document: Document, name: Name) -> bool:
    """Return whether a property stands in a document."""
    return document.get(name) is not None


def _rating_settings(document: Document, rating: int | None) -> dict[Name, Value | None]:
    settings: dict[Name, Value | None] = {names.RATING: None if rating is None else str(rating)}
    for name in (names.PERCENT, names.OLD_PERCENT):
        if _says(document, name):
            settings[name] = None if rating is None else _PERCENTS[max(0, rating)]
    return settings


def _label_settings(document: Document, label: str, profile: Profile) -> dict[Name, Value | None]:
    """Return what to set for a label: what the profile's editor reads, and whatever else in the file states one."""
    colors: Value | None = (str(_COLORS.index(label)),) if label in _COLORS else None
    number: Value | None = str(_DIGIKAM[label]) if label in _DIGIKAM else None
    settings: dict[Name, Value | None] = {
        names.LABEL: label or None,
        names.LABEL_COLOR: label.lower() if label in _COLORS else None,
        names.COLOR_LABEL: number,
        names.COLOR_LABELS: colors,
    }
    # darktable goes by xmp:Label where there is one, and has no other words than its colours.
    read = {
        "darktable": {names.COLOR_LABELS} if colors else {names.LABEL},
        "digikam": {names.LABEL, names.COLOR_LABEL},
        "adobe": {names.LABEL, names.LABEL_COLOR},
    }.get(profile.name, {names.LABEL})
    return {name: value for name, value in settings.items() if name in read or _says(document, name)}


def _flag_settings(
    flag: Flag | None, marks: Marks, profile: Profile, own: Mapping[Name, str], unlabelled: bool
) -> tuple[dict[Name, Value | None], list[str]]:
    """Return what to set for a flag, and what of it the profile's editor has no place for."""
    settings: dict[Name, Value | None] = {}
    unsaid: list[str] = []
    for verdict in ("pick", "reject"):  # a pick by a green label is taken away with the pick
        for name, value in profile.says[verdict].items():
            text = value if isinstance(value, str) else ", ".join(value)
            if own.get(name) == text and not marks.label:
                settings[name] = None
    for name, value in profile.says[flag].items() if flag else ():
        labels = name in _group(names.LABEL)
        there = [other for other in own if labels and other in _group(name) and settings.get(other, "") is not None]
        if labels and (marks.label or (there and not unlabelled)):
            unsaid.append(f"flag {flag}, as {profile.editor} would show it by a label, and there is one")
            continue
        if name == names.RATING and (marks.rating or 0) > 0:
            unsaid.append(f"rating {marks.rating}, as {profile.editor} shows a reject in its place")
        settings[name] = value
    return settings, unsaid


def _summarise(document: Document, wrote: Collection[Name], wanted: Mapping[Name, Value | None]) -> None:
    """Have Photo Mechanic's one-line summary agree with its tag and class, where the sidecar has one."""
    found = _PREFS.fullmatch(document.text_of(names.PREFS) or "")
    if found is None or not {names.TAGGED, names.COLOR_CLASS} & {*wrote, *wanted}:
        return
    if len(set(document.get_all(names.PREFS))) > 1:  # they contradict each other, and one of them is the photographer's
        return
    tag, color_class = found[1], found[2]
    if names.TAGGED in wrote or names.TAGGED in wanted:
        tag = "1" if wanted.get(names.TAGGED) else "0"
    if names.COLOR_CLASS in wrote or names.COLOR_CLASS in wanted:
        color_class = str(wanted.get(names.COLOR_CLASS) or "0")
    document.set(names.PREFS, f"{tag}:{color_class}:{found[3]}")
