"""Subtitles as their files state them: SubRip, WebVTT and SubStation Alpha."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import MediaError
from rushes.storage.places import Place
from rushes.storage.reading import read_place, size_of_place

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
_MOST_BYTES = 16 << 20  # a feature's subtitles are some 100 KB
_SHOWN = 5  # faults that are named one by one
_ARROW = "-->"
_TIME = r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|\{[\\=][^{}]*\}")
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
    found = parse_subtitles(text, name=path.name)
    if not found.entries:
        why = f" ({found.notes[0]})" if found.notes else ""
        raise MediaError(path, f"holds no subtitle that can be read{why}. Save it again from the program it came from")
    return SubtitleFile(found.name, found.entries, (*notes, *found.notes))


def parse_subtitles(text: str, *, name: str) -> SubtitleFile:
    """Return the subtitles in the text of a file; the ending of its name says of which kind it is."""
    import pysubs2

    suffix = name.rpartition(".")[2].lower()
    faults: list[str] = []
    if suffix in ("srt", "vtt"):
        text, faults = _tidied(text.splitlines(), in_blocks=suffix == "vtt")
    try:
        events = pysubs2.SSAFile.from_string(text, format_=suffix, keep_html_tags=True).events
    except (ValueError, IndexError, KeyError, pysubs2.Pysubs2Error) as error:
        return SubtitleFile(name, (), (f"the file is damaged: {error}",))
    shown = [one for one in events if not one.is_comment and not one.is_drawing]
    entries = [RawSubtitle(one.start / 1000, one.end / 1000, _plain(one.plaintext)) for one in shown]
    kept = [one for one in entries if one.text and one.start_seconds < one.stop_seconds]
    empty = sum(not one.text for one in entries)
    notes = [_described(faults)] if faults else []
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


def _tidied(lines: Sequence[str], *, in_blocks: bool) -> tuple[str, list[str]]:
    """Return the text of a file as the library reads it rightly, and what is wrong with each damaged entry.

    The library takes what it does not know (a damaged line of times, a WebVTT note, the name of a cue) for text of the
    entry before. Here an entry with damaged times goes with its text.

    Args:
        in_blocks: an empty line ends an entry, as in WebVTT; in SubRip files there are some within entries.
    """
    kept: list[str] = ["WEBVTT", ""] if in_blocks else []
    faults: list[str] = []
    shown = not in_blocks
    for number, line in enumerate(lines, start=1):
        if _ARROW in line:
            times = _TIMES.match(line)
            fault = _fault_of(line, times)
            shown = fault is None
            if kept and kept[-1].strip().isdigit():
                kept.pop()
            if times is not None and shown:
                kept += ["", _as_read(times)]
            else:
                faults.append(f"line {number}: {fault}")
        elif not line.strip():
            shown = not in_blocks
        elif shown:
            kept.append(line)
    return "\n".join(kept) + "\n", faults


def _fault_of(line: str, times: re.Match[str] | None) -> str | None:
    """Return what is wrong with the times of an entry; None where nothing is."""
    said = f"'{line.strip()[:60]}'"
    if times is None:
        return f"{said} states no times; they look like 00:01:02,500 --> 00:01:04,000"
    start, stop = (_thousandths(times.groups()[part : part + 4]) for part in (0, 4))
    return f"{said} ends before it begins" if stop < start else None


def _as_read(times: re.Match[str]) -> str:
    """Return a line of times in full, as both formats have it: SubRip takes the point too."""
    ends = []
    for part in (0, 4):
        seconds, thousandths = divmod(_thousandths(times.groups()[part : part + 4]), 1000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        ends.append(f"{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}")
    return f" {_ARROW} ".join(ends)


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
    import html

    text = _MARKUP.sub("", html.unescape(_MARKUP.sub("", text.replace("\\h", " "))))
    lines = (" ".join(line.split()) for line in text.replace("\ufeff", "").splitlines())
    return "\n".join(line for line in lines if line)
