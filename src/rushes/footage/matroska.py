"""Whether a Matroska file holds all the bytes that its header states."""

from __future__ import annotations

from typing import IO

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067


def lacks_bytes(file: IO[bytes]) -> bool:
    """Return whether a Matroska or WebM file ends before its segment does.

    False where that is not known: a file that was written as a stream states no size (RFC 8794, section 6.2).
    """
    file.seek(0, 2)
    end = file.tell()
    place = 0
    for element in (_EBML, _SEGMENT):
        file.seek(place)
        head = file.read(12)
        if int.from_bytes(head[:4], "big") != element or len(head) < 5 or head[4] == 0:
            return False
        length = 9 - head[4].bit_length()  # the first bit that is set tells how long the number is
        bits = 7 * length
        size = int.from_bytes(head[4 : 4 + length], "big") & ((1 << bits) - 1)
        if size == (1 << bits) - 1:
            return False
        place += 4 + length + size
    return place > end
