"""Subtitles as their files state them: SubRip, WebVTT and SubStation Alpha."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import MediaError
from rushes.storage.places import Place
from rushes.storage.reading import read_place, size_of_place
from rushes.timelines.markup import whole_text

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
_MOST_BYTES = 16 << 20  # a feature's subtitles are some 100 KB
_SHOWN = 5  # faults that are named one by one
_MOST_CHARACTERS = 1 << 16  # of one entry, its markup and drawings included; what is said takes some hundred
_ARROW = "-->"
_TIME = r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
_EVENT_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})[.,:](\d{1,3})")
# Where the columns of SubStation Alpha are unless its `Format:` line says otherwise.
_EVENT = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
# Tags of SubRip and WebVTT, their times, and overrides in braces. No pattern can match a long run in two ways, so that
# all take time in proportion to the text.
_MARKUP = re.compile(
    r"< ?/? ?(?:i|b|u|s|c|ruby|rt)(?:\.[^\s<>]*)?(?:\s[^<>=]*=[^<>]*|\s{0,3}/?)>"
    r"|</?(?:font|v|lang)(?:[\s.][^<>]*)?>"
    r"|<(?:\d{1,4}:)?\d{2}:\d{2}\.\d{3}>"
    r"|\{(?:[\\=]|[a-z]:)[^{}]*\}",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_DRAWING = re.compile(r"\\p(\d+)")
_LONG_REFERENCE = re.compile(r"&#x?[0-9a-f]{9,};?", re.IGNORECASE)  # no letter has so large a number
# Control characters but the tab and the ends of lines, byte order marks within, and what is no character.
_UNPRINTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class RawSubtitle:
    """One subtitle as its file states it: `text` is without markup, its lines are kept."""

    start_seconds: float
    stop_seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """The subtitles of a file.

    Attributes:
        name: of the file.
        entries: in the order of time.
        notes: what was left out or put right, in words, with line numbers.
    """

    name: str
    entries: tuple[RawSubtitle, ...]
    notes: tuple[str, ...] = ()


def subtitles_beside(film: Path) -> Path | None:
    """Return the subtitles that lie beside a film: `film.srt`, or else the first of `film.en.srt` and its like."""
    named = [film.with_suffix(suffix) for suffix in SUFFIXES]
    alike = sorted(
        path
        for path in film.parent.glob("*")
        if path.suffix.lower() in SUFFIXES and path.name.startswith(f"{film.stem}.")
    )
    return next((path for path in (*named, *alike) if path.is_file()), None)


def read_subtitles(path: Place) -> SubtitleFile:
    """Return the subtitles of a file; what of it cannot be read is counted and named in its notes.

    Text is UTF-8 or UTF-16 where it can be, else Windows-1252. An entry without times, without text or that does not
    last is left out; entries that overlap are kept as they are, in the order of time.

    Raises:
        MediaError: the file is missing or far too large, of no kind that is read, or holds no subtitle.
    """
    if path.suffix.lower() not in SUFFIXES:
        allowed = ", ".join(SUFFIXES)
        raise MediaError(path, f"is no file of subtitles that is read. Allowed: {allowed}")
    try:
        size = size_of_place(path)
        if size > _MOST_BYTES:
            raise MediaError(path, f"has {size:,} bytes, far more than subtitles have. Give a file of nothing but text")
        text, notes = _decode(read_place(path))
    except OSError as error:
        why = error.strerror or error
        raise MediaError(path, f"cannot be read ({why}). Check its name, and who may read it") from error
    found = parse_subtitles(text, name=whole_text(path.name))
    if not found.entries:
        why = f" ({found.notes[0]})" if found.notes else ""
        raise MediaError(path, f"holds no subtitle that can be read{why}. Save it again from the program it came from")
    return SubtitleFile(found.name, found.entries, (*notes, *found.notes))


def parse_subtitles(text: str, *, name: str) -> SubtitleFile:
    """Return the subtitles in the text of a file; the ending of its name says of which kind it is.

    Takes time in proportion to the text, whatever it holds: such files come from anywhere.
    """
    suffix = name.rpartition(".")[2].lower()
    lines = _UNPRINTED.sub("", text).splitlines()
    if suffix in ("ass", "ssa"):
        found, faults = _read_events(lines)
    else:
        found, faults = _read_blocks(lines, in_blocks=suffix == "vtt")
    short = [one for one in found if len(one.text) <= _MOST_CHARACTERS]
    entries = [RawSubtitle(one.start_seconds, one.stop_seconds, _plain(one.text)) for one in short]
    kept = [one for one in entries if one.text and one.start_seconds < one.stop_seconds]
    empty = sum(not one.text for one in entries)
    notes = [_described(faults)] if faults else []
    if long := len(found) - len(short):
        notes.append(f"{_entries(long)} left out, longer than {_MOST_CHARACTERS:,} characters")
    if empty:
        notes.append(f"{_entries(empty)} left out, without text")
    if timeless := len(entries) - len(kept) - empty:
        notes.append(f"{_entries(timeless)} left out, shown for no time at all")
    ordered = sorted(kept, key=lambda one: (one.start_seconds, one.stop_seconds))
    if ordered != kept:
        notes.append("the entries were not in the order of time, and were put in it")
    return SubtitleFile(name, tuple(ordered), tuple(notes))


def _decode(data: bytes) -> tuple[str, list[str]]:
    """Return the text of a file and what had to be assumed for it."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), []
    zeros = (data[0:2000:2].count(0), data[1:2000:2].count(0))
    if max(zeros) > len(data[:2000]) / 8:  # every second byte of Latin text in UTF-16 is 0
        return data.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le", "replace"), []
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        note = "the file is not UTF-8 and was read as Windows-1252; save it as UTF-8 where its letters look wrong"
        return data.decode("cp1252", "replace"), [note]


def _read_blocks(lines: Sequence[str], *, in_blocks: bool) -> tuple[list[RawSubtitle], list[str]]:
    """Return the entries of SubRip or WebVTT, with their markup, and what is wrong with each damaged one.

    An entry with damaged times goes with its text.

    Args:
        in_blocks: an empty line ends an entry, as in WebVTT; in SubRip files there are some within entries.
    """
    found: list[RawSubtitle] = []
    faults: list[str] = []
    times: tuple[float, float] | None = None
    said: list[tuple[int, str]] = []  # number of the line, and the line
    counted: int | None = None  # what number the last entry had
    shown = not in_blocks

    def end_entry() -> None:
        if times is not None:
            found.append(RawSubtitle(*times, "\n".join(line for _, line in said)))

    for number, line in enumerate(lines, start=1):
        if _ARROW in line:
            if said and _is_counter(said, number, counted):
                counted = int(said.pop()[1])
            end_entry()
            times, said, shown = None, [], True
            matched = _TIMES.match(line)
            fault = _fault_of(line, matched)
            if matched is None or fault is not None:
                faults.append(f"line {number}: {fault}")
            else:
                times = _seconds(matched.groups()[:4]), _seconds(matched.groups()[4:])
        elif not line.strip():
            shown = not in_blocks
        elif shown:
            said.append((number, line))
        elif _is_number(line):
            counted = int(line)  # a cue's name
    end_entry()
    return found, faults


def _is_counter(said: Sequence[tuple[int, str]], at: int, counted: int | None) -> bool:
    """Tell whether the last line before one of times is the number of its entry, not a number that somebody says.

    Args:
        said: lines, with their numbers, since the last line of times.
        at: number of the line of times.
        counted: what number the last entry had.
    """
    number, line = said[-1]
    if not _is_number(line):
        return False
    stands_apart = len(said) == 1 or said[-2][0] < number - 1
    return (counted is not None and int(line) == counted + 1) or (number == at - 1 and stands_apart)


def _is_number(line: str) -> bool:
    line = line.strip()
    return len(line) < 10 and line.isascii() and line.isdigit()


def _read_events(lines: Sequence[str]) -> tuple[list[RawSubtitle], list[str]]:
    """Return the events of SubStation Alpha that are shown, as words without drawings, and what is wrong with others.

    An event that draws and says nothing is none.
    """
    found: list[RawSubtitle] = []
    faults: list[str] = []
    columns: tuple[str, ...] = _EVENT
    in_events = False
    for number, line in enumerate(lines, start=1):
        kind, _, rest = line.lstrip().partition(":")
        if kind.startswith("["):
            in_events = kind.strip().lower() == "[events]"
        elif kind == "Format" and in_events:
            columns = _columns_of(rest)
        elif kind == "Dialogue":
            cells = dict(zip(columns, rest.split(",", len(columns) - 1), strict=False))
            ends = [_EVENT_TIME.fullmatch(cells.get(column, "").strip()) for column in ("start", "end")]
            if ends[0] is None or ends[1] is None:
                faults.append(f"line {number}: '{rest.strip()[:60]}' states no times; they look like 0:01:02.50")
                continue
            start, stop = (_seconds(end.groups()) for end in ends if end is not None)
            words, draws = _without_overrides(cells.get("text", ""))
            if words.strip() or not draws:
                found.append(RawSubtitle(start, stop, words))
    return found, faults


def _columns_of(line: str) -> tuple[str, ...]:
    """Return the names in a `Format:` line; those that are usual where it lacks one that is needed."""
    columns = tuple(name.strip().lower() for name in line.split(","))
    return columns if {"start", "end"} <= {*columns} and columns[-1] == "text" else _EVENT


def _without_overrides(text: str) -> tuple[str, bool]:
    """Return an event's text without what stands in braces and what is drawn, and whether something is drawn."""
    said: list[str] = []
    at, draws, drawn = 0, False, False
    while True:
        begin = text.find("{", at)
        end = -1 if begin < 0 else text.find("}", begin)
        piece = text[at:begin] if end >= 0 else text[at:]
        if draws:
            drawn = drawn or bool(piece.strip())
        else:
            said.append(piece)
        if end < 0:
            break
        for scale in _DRAWING.findall(text, begin, end):
            draws = bool(scale.strip("0"))
        at = end + 1
    return "".join(said).replace("\\N", "\n").replace("\\n", "\n"), drawn


def _fault_of(line: str, times: re.Match[str] | None) -> str | None:
    """Return what is wrong with the times of an entry; None where nothing is."""
    said = f"'{line.strip()[:60]}'"
    if times is None:
        return f"{said} states no times; they look like 00:01:02,500 --> 00:01:04,000"
    return f"{said} ends before it begins" if _seconds(times.groups()[4:]) < _seconds(times.groups()[:4]) else None


def _seconds(parts: Sequence[str | None]) -> float:
    return _thousandths(parts) / 1000


def _thousandths(parts: Sequence[str | None]) -> int:
    """Return the thousandths of a second in hours (which may be missing), minutes, seconds, and digits of a second."""
    hours, minutes, seconds, digits = (part or "0" for part in parts)
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(digits.ljust(3, "0"))


def _described(faults: Sequence[str]) -> str:
    shown = "; ".join(faults[:_SHOWN])
    more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return f"{_entries(len(faults))} left out, damaged: {shown}{more}"


def _entries(count: int) -> str:
    return f"{count} entr{'y was' if count == 1 else 'ies were'}"


def _plain(text: str) -> str:
    """Return text without markup, its lines trimmed and the empty ones gone."""
    text = _BREAK.sub("\n", text.replace("\\h", " "))
    text = _LONG_REFERENCE.sub("\ufffd", _MARKUP.sub("", text))
    text = _UNPRINTED.sub("", _MARKUP.sub("", html.unescape(text)))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
