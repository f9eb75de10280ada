"""Which catalogued frames the words of a sheet address."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from rushes.bulk import garbage_left
from rushes.errors import nearest
from rushes.timecode import Timecode, nominal_rate, parse_frame_name, parse_timecode, timecode_at

# A sheet's seconds are rounded, and sampling takes the first frame at or after a time: within a frame of 24 per second.
SECONDS_TOLERANCE = Fraction(1, 20)

_T = TypeVar("_T")

_BARE = re.compile(r"[\w\-]+")  # neither a path nor a URL, and without an extension
_FILE = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_\-.]*")  # a bare name, with an extension or without
_PLAIN = re.compile(r"(?:[A-Za-z0-9+.\-]+://[A-Za-z0-9_.:\-]+/)?[A-Za-z0-9_\-/.+]+")  # nothing that a URL would escape
_FILE_OF_PICTURE = re.compile(rf"(?:[A-Za-z0-9_\-]+/)*{_FILE.pattern}")  # the same, in folders of plain names
_EXTENSION = re.compile(r"\.(?:3fr|[a-z][a-z0-9]{1,4})$")
_IDENTITY = re.compile(r"[0-9a-f]{16}:-?\d+")
_CHOICES_SHOWN = 5
_NAMES_COMPARED = 5000


@dataclass(frozen=True, slots=True)
class FrameRef:
    """What a sheet may know about a catalogued frame.

    Attributes:
        id: `Frame.id`, which starts with the first 16 hex digits of the source's digest.
        name: `TT_S01_E01_FRM-00-00-08-12`; for a still, the name of its source.
        image: path or URI of its picture.
        source_path: where the media file was found.
        seconds: time since the first frame of the source.
        timecode: `HH:MM:SS:FF`.
        rate: frames per second of the source; None for a still.
        companions: paths of the pictures that the camera wrote beside a raw.
        sha256: of the picture's file, in hex; "" where nobody knows it.
    """

    id: str
    name: str
    image: str
    source_name: str
    source_path: str
    ordinal: int
    seconds: Fraction
    timecode: str
    group: str
    rate: Fraction | None = None
    companions: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def source_id(self) -> str:
        """The first 16 hex digits of the source's digest."""
        return self.id.rpartition(":")[0]

    @property
    def is_still(self) -> bool:
        return self.name == self.source_name


@dataclass(frozen=True, slots=True)
class Miss:
    """Why words address no frame.

    Attributes:
        ambiguous: several frames or sources fit; the sheet must say more. Otherwise none is catalogued.
        wanted: the words, for a suggestion.
    """

    message: str
    wanted: str
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class _Path:
    """The parts of a path or URL, in lower case."""

    parts: tuple[str, ...]
    is_url: bool = False

    @property
    def base(self) -> str:
        return self.parts[-1] if self.parts else ""


class FrameIndex:
    """Exact look-ups among catalogued frames: nothing is guessed, and what fits several frames fits none.

    Names, file names and paths are compared without regard to case, extension and kind of slash; of a path or
    URL the last part must fit, and as many parts before it as are needed to tell frames apart. A photograph's
    path must fit in its folder as well: `shot0001.png` exists in many.
    """

    def __init__(self, refs: Iterable[FrameRef]) -> None:
        self._frames_by_word: dict[str, list[FrameRef]] = {}
        self._frames_by_source: dict[str, list[FrameRef]] = {}
        self._frames_by_id: dict[str, FrameRef] = {}
        self._frames_by_content: dict[str, list[FrameRef]] = {}
        self._sources_by_word: dict[str, list[str]] = {}
        self._times_by_source: dict[str, list[Fraction]] = {}
        self._timecodes_by_source: dict[str, dict[str, FrameRef]] = {}
        with garbage_left():
            self._take(refs)
        for source, frames in self._frames_by_source.items():
            frames.sort(key=lambda ref: ref.ordinal)
            for word in {
                _folded(frames[0].source_name),
                *_words_of_path(_base_of(frames[0].source_path)),
                source.casefold(),
            }:
                self._sources_by_word.setdefault(word, []).append(source)

    def _take(self, refs: Iterable[FrameRef]) -> None:
        by_word, by_source = self._frames_by_word, self._frames_by_source
        for ref in refs:
            for word in _words_of_frame(ref):
                if word in by_word:
                    by_word[word].append(ref)
                else:
                    by_word[word] = [ref]
            source = ref.id.rpartition(":")[0]
            if source in by_source:
                by_source[source].append(ref)
            else:
                by_source[source] = [ref]

    def frame(self, text: str, *, source: str = "") -> FrameRef | Miss:
        """Return the frame of a name, file name, path, URL or id.

        Args:
            source: words for the source it must be of; "" for any. A source that is not catalogued is overlooked
                where the frame's name states its own (`…_FRM-HH-MM-SS-FF`).
        """
        plain = self._frames_by_word.get(_folded(text), ())
        if not source and len(plain) == 1 and _BARE.fullmatch(text.strip()):
            return plain[0]  # what nearly every row of a sheet says: the bare name of one frame
        identity = text.strip().casefold()
        if _IDENTITY.fullmatch(identity) and (known := self._by_id().get(identity)) is not None:
            return known
        path = _path(text)
        found = {
            ref.id: ref
            for word in (path.base, _without_extension(path.base))
            for ref in self._frames_by_word.get(word, ())
        }
        candidates = list(found.values())
        if source:
            within = self._source(source)
            if isinstance(within, str):
                candidates = [ref for ref in candidates if ref.source_id == within]
            elif within.ambiguous or _states_its_source(path) is None:
                return within
        if not candidates and isinstance(self._source(text), str):
            return Miss(f"'{text}' is a whole source. To label all its frames, map this column to 'source'", "")
        if not candidates:
            return Miss(f"'{text}' is not in the catalog", text)
        near = candidates if path.is_url else [ref for ref in candidates if _folder_fits(path, ref)]
        if not near:
            elsewhere = candidates[0].source_path
            message = (
                f"'{text}' is not in the catalog, though '{elsewhere}' is. If that is meant, write only the file's name"
            )
            return Miss(message, "")
        best = _best(near, [_likeness_to_frame(path, ref) for ref in near])
        if len(best) > 1:
            return _ambiguous(text, "frames", [ref.source_path if ref.is_still else ref.image for ref in best])
        return best[0]

    def of_plain_names(self, texts: Sequence[str]) -> list[FrameRef | None]:
        """Return what `frame` returns of each text that is the name of one frame, or of one file; None of all others.

        It says nothing of what it leaves out: ask `frame`.
        """
        by_word, is_plain = self._frames_by_word.get, _FILE.fullmatch
        found: list[FrameRef | None] = []
        for text in texts:
            ref = None
            if is_plain(text):
                word = text.lower()
                fitting = by_word(word)
                if fitting is not None and len(fitting) == 1:
                    stem = _without_extension(word)
                    of_stem = fitting if stem == word else by_word(stem, fitting)
                    # A name with a dot in it may be one frame's, and the picture's that has it as its file another's.
                    ref = fitting[0] if len(of_stem) == 1 and of_stem[0].id == fitting[0].id else None
            found.append(ref)
        return found

    def of_content(self, digest: str) -> FrameRef | None:
        """Return the one frame whose picture, or the one photograph that, has a SHA-256; None for none and for several.

        Args:
            digest: 64 hex digits.
        """
        if not self._frames_by_content:
            for frames in self._frames_by_source.values():
                for ref in frames:
                    for content in {ref.sha256[:16], ref.source_id if ref.is_still else ""} - {""}:
                        self._frames_by_content.setdefault(content, []).append(ref)
        # Sixteen digits are all that a frame's id keeps of its source.
        found = self._frames_by_content.get(digest[:16].casefold(), [])
        return found[0] if len(found) == 1 else None

    def _by_id(self) -> Mapping[str, FrameRef]:
        if not self._frames_by_id:
            self._frames_by_id = {ref.id: ref for frames in self._frames_by_source.values() for ref in frames}
        return self._frames_by_id

    def frames_of(self, source: str) -> Sequence[FrameRef] | Miss:
        """Return all frames of the source of a name, file name, path, URL or digest, in order."""
        found = self._source(source)
        return found if isinstance(found, Miss) else self._frames_by_source[found]

    def at_ordinal(self, source: str, ordinal: int) -> FrameRef | Miss:
        """Return the frame at a position in presentation order, from 0."""
        frames = self.frames_of(source)
        if isinstance(frames, Miss):
            return frames
        place = bisect_left(frames, ordinal, key=lambda ref: ref.ordinal)
        if place < len(frames) and frames[place].ordinal == ordinal:
            return frames[place]
        around = [str(ref.ordinal) for ref in frames[max(place - 1, 0) : place + 1]]
        return Miss(f"frame {ordinal} of '{source}' is not in the catalog; next to it are {' and '.join(around)}", "")

    def at_timecode(self, source: str, timecode: str) -> FrameRef | Miss:
        """Return the first frame that carries a timecode.

        Frames here carry the time of the clock. An editing program counts frames instead, 24 to a second at 23.976,
        so that its timecode falls behind the clock: the two agree at a whole rate always, at another for a while.

        Raises:
            ValueError: the text is no timecode, a drop-frame one, which frames here do not carry, or one that means
                one frame by the clock and another by counting.
        """
        wanted = parse_timecode(timecode)
        if wanted.drop:
            raise ValueError(
                f"'{timecode}' is drop-frame timecode, and frames are not named by it. Give ordinals or seconds"
            )
        found = self._source(source)
        if isinstance(found, Miss):
            return found
        if found not in self._timecodes_by_source:
            by_timecode: dict[str, FrameRef] = {}
            for ref in self._frames_by_source[found]:
                by_timecode.setdefault(ref.timecode, ref)
            self._timecodes_by_source[found] = by_timecode
        ref_at = self._timecodes_by_source[found].get(str(wanted))
        rate = self._frames_by_source[found][0].rate
        if rate is not None and not _means_one_frame(wanted, rate, carried_by=ref_at):
            raise ValueError(
                f"'{timecode}' may mean two frames of '{source}', which runs at {float(rate):.5g} frames per second: "
                "an editing program's timecode falls behind the clock there, and frames are named by the clock. Give "
                "ordinals or seconds"
            )
        return ref_at or Miss(f"the frame at {wanted} of '{source}' is not in the catalog", "")

    def at_seconds(self, source: str, seconds: Fraction) -> FrameRef | Miss:
        """Return the frame nearest in time, the earlier of two; it must be within `SECONDS_TOLERANCE`."""
        found = self._source(source)
        if isinstance(found, Miss):
            return found
        frames = self._frames_by_source[found]
        times = self._times_by_source.setdefault(found, [ref.seconds for ref in frames])
        place = bisect_left(times, seconds)
        close = min(frames[max(place - 1, 0) : place + 1], key=lambda ref: abs(ref.seconds - seconds))
        if abs(close.seconds - seconds) <= SECONDS_TOLERANCE:
            return close
        nearest_at = f"the nearest is at {float(close.seconds):g} s"
        return Miss(f"no frame of '{source}' at {float(seconds):g} s is in the catalog; {nearest_at}", "")

    def between(self, source: str, start: int, stop: int) -> Sequence[FrameRef] | Miss:
        """Return the catalogued frames with start <= ordinal < stop, at least one."""
        frames = self.frames_of(source)
        if isinstance(frames, Miss):
            return frames
        first = bisect_left(frames, start, key=lambda ref: ref.ordinal)
        end = bisect_left(frames, stop, key=lambda ref: ref.ordinal)
        if first == end:
            return Miss(f"no frame of '{source}' from {start} to {stop - 1} is in the catalog", "")
        return frames[first:end]

    def suggest(self, text: str) -> str:
        """Return a sentence with the catalogued name that is nearest to words which missed; "" where none is near.

        Takes a moment in a large catalog: ask for a few misses only.
        """
        path = _path(text)
        stem = _without_extension(path.base)
        states = _states_its_source(path)
        if states is not None and states in self._sources_by_word:
            frames = self._frames_by_source[self._sources_by_word[states][0]]
            names = {_folded(ref.name): ref.name for ref in frames}
            before = max((name for name in names if name <= stem), default=min(names))
            return f"The nearest is '{names[before]}'"
        names = {word: refs[0].name for word, refs in self._frames_by_word.items()}
        if len(names) > _NAMES_COMPARED or not stem:
            names = {word: word for word in self._sources_by_word}
        close = nearest(stem, list(names)[:_NAMES_COMPARED])
        return f"Did you mean '{names[close]}'?" if close else ""

    def _source(self, text: str) -> str | Miss:
        """Return the id of the one source that words name."""
        path = _path(text)
        digest = path.base[:16] if re.fullmatch(r"[0-9a-f]{16,64}", path.base) else path.base
        found = dict.fromkeys(
            source
            for word in (path.base, _without_extension(path.base), digest)
            for source in self._sources_by_word.get(word, ())
        )
        if not found:
            return Miss(f"the source '{text}' has no frame in the catalog", text)
        sources = list(found)
        paths = [self._frames_by_source[source][0].source_path for source in sources]
        # A source's name counts as much as its file's, so that a name taken by another file's name is not overlooked.
        best = _best(sources, [max((1, False), _likeness(path, _path(other))) for other in paths])
        if len(best) > 1:
            return _ambiguous(text, "sources", [self._frames_by_source[source][0].source_path for source in best])
        return best[0]


def _means_one_frame(timecode: Timecode, rate: Fraction, *, carried_by: FrameRef | None) -> bool:
    """Return whether a timecode by the clock and a counted one (SMPTE ST 12-1, non-drop) are of the same frame."""
    if rate.denominator == 1:
        return True
    seconds = timecode.hours * 3600 + timecode.minutes * 60 + timecode.seconds
    counted = seconds * nominal_rate(rate) + timecode.frames
    if carried_by is not None:
        return carried_by.ordinal == counted
    return timecode_at(counted / rate, rate) == timecode


def _folded(text: str) -> str:
    if text.isascii():
        return text.strip().lower()
    return unicodedata.normalize("NFC", text).strip().casefold()


def _path(text: str) -> _Path:
    """Return the parts of a path or URL; a query and escapes belong to URLs only."""
    plain, is_url = text, "://" in text
    if is_url:
        try:
            plain = unquote(urlsplit(text.strip()).path)
        except ValueError:  # a bracket that opens no address
            plain = text.partition("://")[2]
    parts = tuple(part for part in _folded(plain.replace("\\", "/")).split("/") if part not in ("", ".", ".."))
    return _Path(parts, is_url)


def _without_extension(base: str) -> str:
    return _EXTENSION.sub("", base)


def _words_of_path(base: str) -> set[str]:
    return {base, _without_extension(base)} - {""}


def _base_of(text: str) -> str:
    """Return the last part of a path or URL, as `_path` has it."""
    last = text.rpartition("/")[2]
    if last.strip(".") and _PLAIN.fullmatch(text):
        return last.casefold()
    return _path(text).base


def _words_of_frame(ref: FrameRef) -> Collection[str]:
    name, image = ref.name, ref.image
    if name != ref.source_name and _FILE.fullmatch(name) and _FILE_OF_PICTURE.fullmatch(image):
        base = image[image.rfind("/") + 1 :].lower()
        word, stem = name.lower(), _without_extension(base)
        return (word, base) if stem == word != base else {word, base, stem}
    words = {_folded(name), *_words_of_path(_base_of(image))}
    places = (ref.source_path, *ref.companions) if ref.is_still else ()
    return words.union(*(_words_of_path(_base_of(place)) for place in places))


def _states_its_source(path: _Path) -> str | None:
    try:
        return parse_frame_name(_without_extension(path.base).upper())[0].casefold()
    except ValueError:
        return None


def _likeness(path: _Path, other: _Path) -> tuple[int, bool]:
    """Return how many parts agree from the end on, the extension aside, and whether the extension does too."""
    if _without_extension(path.base) != _without_extension(other.base):
        return 0, False
    agreeing = 1
    for ours, theirs in zip(path.parts[-2::-1], other.parts[-2::-1], strict=False):
        if ours != theirs:
            break
        agreeing += 1
    return agreeing, path.base == other.base


def _likeness_to_frame(path: _Path, ref: FrameRef) -> tuple[int, bool]:
    to_image = _likeness(path, _path(ref.image))
    if not ref.is_still:
        return to_image
    # The extension that a sheet means is that of the photograph, not of the picture taken from it.
    return max((to_image[0], False), *(_likeness(path, _path(place)) for place in (ref.source_path, *ref.companions)))


def _folder_fits(path: _Path, ref: FrameRef) -> bool:
    return len(path.parts) == 1 or not ref.is_still or _likeness_to_frame(path, ref)[0] > 1


def _best(candidates: Sequence[_T], likeness: Sequence[tuple[int, bool]]) -> list[_T]:
    most = max(likeness)
    return [candidate for candidate, agreeing in zip(candidates, likeness, strict=True) if agreeing == most]


def _ambiguous(text: str, what: str, choices: Sequence[str]) -> Miss:
    shown = ", ".join(f"'{choice}'" for choice in choices[:_CHOICES_SHOWN])
    more = f" and {len(choices) - _CHOICES_SHOWN} more" if len(choices) > _CHOICES_SHOWN else ""
    message = f"'{text}' fits {len(choices)} {what}: {shown}{more}. Write as much of the path as tells them apart"
    return Miss(message, text, ambiguous=True)
