"""Why a file does not open as a film, in words that help."""

from __future__ import annotations

import struct

from rushes.footage.sniffing import names_other_files
from rushes.storage.places import Place
from rushes.storage.reading import open_place, size_of_place

_TEXT_BYTES = frozenset(range(32, 127)) | {9, 10, 13}


def why_unreadable(path: Place, said: str) -> str:
    """Return a reason for a file that FFmpeg refused; `said` is what FFmpeg says of it."""
    with open_place(path) as file:
        start = file.read(512)
    if text := names_other_files(start):
        return f"is {text}, whatever it is called, and no other file is opened for it. Give the film itself"
    if start and all(byte in _TEXT_BYTES for byte in start.removeprefix(b"\xef\xbb\xbf")):
        return "is a text file, whatever it is called. Give a film (MP4, MOV, MKV, WebM, AVI …)"
    if start[4:8] == b"ftyp" and (fault := _fault_of_boxes(path)):
        return fault
    return f"is not a film that FFmpeg can read ({said}; {size_of_place(path):,} bytes). Copy it again, or convert it"


def _fault_of_boxes(path: Place) -> str | None:
    """Return what is wrong with the outermost boxes of an MP4 or MOV (ISO 14496-12); None where they look right."""
    length = size_of_place(path)
    seen: list[str] = []
    place = 0
    with open_place(path) as file:
        while place + 8 <= length:
            file.seek(place)
            size, name = struct.unpack(">I4s", file.read(8))
            if size == 1:
                size = struct.unpack(">Q", file.read(8).rjust(8, b"\0"))[0]
            seen.append(name.decode("latin-1"))
            if size == 0:
                break
            if size < 8:
                return f"has a damaged box '{seen[-1]}' at byte {place:,}. Copy it again from where it came from"
            place += size
    if place > length:
        return f"is cut off: its box '{seen[-1]}' ends {place - length:,} bytes past the end. Copy it again"
    if "moov" not in seen:
        return "is cut off or was never finished: its index (the box 'moov') is missing. Copy or record it again"
    return None
