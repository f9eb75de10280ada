"""What a file is by its content: the suffix it should bear, whatever it is called."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import IO

from rushes.footage.kinds import kind_of
from rushes.footage.source import MediaKind

# Enough for `sniff` to tell a still from a film, and eight packets of a transport stream.
HEAD_BYTES = 4096
TAKEN = (
    "Taken are JPEG, PNG, WebP, HEIC, AVIF, TIFF, GIF, BMP, JPEG 2000 and PNM, camera raws, and films "
    "(MP4, MOV, MKV, WebM, AVI, MPEG, MXF, FLV, WMV, Ogg, H.264, HEVC)"
)

_STARTS = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", ".jp2"),
    (b"\xff\x4f\xff\x51", ".jp2"),
    (b"FUJIFILMCCD-RAW", ".raf"),
    (b"FOVb", ".x3f"),
    (b"\0MRM", ".mrw"),
    (b"IIRO", ".orf"),
    (b"IIRS", ".orf"),
    (b"MMOR", ".orf"),
    (b"IIU\0", ".rw2"),
    (b"FLV\x01", ".flv"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", ".mxf"),
    (b"OggS\0", ".ogv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", ".wmv"),
    (b"DKIF\0\0", ".ivf"),
    (b"YUV4MPEG2 ", ".y4m"),
    (b"\x1f\x07\x00\x3f", ".dv"),
    (b"\x1f\x07\x00\xbf", ".dv"),
    (b"\0\0\x01\xba", ".mpg"),
    (b"\0\0\x01\xb3", ".m2v"),
)
_HEIC = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_AVIF = frozenset((b"avif", b"avis"))
_MOVIE_BOXES = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid", b"styp", b"sidx", b"moof"))
_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))  # bytes that the second header of a bitmap has
_PNM = re.compile(rb"P([1-6])\s(?:\s|#[^\n]{0,200}\n)*[0-9]{1,6}\s")
_PNM_SUFFIXES = {b"2": ".pgm", b"3": ".ppm", b"5": ".pgm", b"6": ".ppm"}
_PACKETS = (188, 192, 204)  # bytes of a transport stream's packets: plain, with a time before, with parity behind
_SYNCS = 8  # packets in a row that make a transport stream; a short file needs all it has, and three

# Tags of TIFF 6.0, DNG 1.7 and TIFF/EP, and what cameras put into them.
_SUBFILE, _WIDTH, _COMPRESSION, _PHOTOMETRIC, _MAKE, _SUB_IFDS, _DNG_VERSION = 254, 256, 259, 262, 271, 330, 50706
_SENSOR = frozenset((32803, 34892))  # photometric: a colour filter array, and "linear raw"
_CAMERAS_OWN = frozenset((32767, 32770, 34713, 65000, 65535))  # compressions: Sony, Samsung, Nikon, Kodak, Pentax
_LEAF = 0x8606  # a tag of Leaf's backs alone
_MAKERS = (
    ("NIKON", ".nef"), ("SONY", ".arw"), ("PENTAX", ".pef"), ("RICOH", ".pef"), ("SAMSUNG", ".srw"),
    ("HASSELBLAD", ".3fr"), ("MAMIYA", ".mef"), ("LEAF", ".mos"), ("SEIKO EPSON", ".erf"), ("EPSON", ".erf"),
    ("EASTMAN KODAK", ".dcr"), ("KODAK", ".dcr"), ("PHASE ONE", ".iiq"), ("LEICA", ".rwl"),
)  # fmt: skip
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 13: 4}
_MOST_TAGS = 512  # of one directory
_MOST_DIRECTORIES = 12  # of one file
_MOST_VALUES = 64  # of one tag

_TEXTS = (
    (re.compile(rb"#EXTM3U"), "an HLS playlist"),
    (re.compile(rb"ffconcat version"), "a concat script"),
    (re.compile(rb"file\s+['\"/\w]"), "a concat script"),
    (re.compile(rb"v=0\r?\no="), "an SDP description"),
    (re.compile(rb"\[playlist\]", re.IGNORECASE), "a playlist"),
    (re.compile(rb"(?:https?|rtsp|rtmp|ftp|file)://", re.IGNORECASE), "a list of addresses"),
    (re.compile(rb"%!PS|\xc5\xd0\xd3\xc6"), "a PostScript drawing"),
    (re.compile(rb"%PDF-"), "a PDF"),
)
_XML = re.compile(rb"<(?:\w+:)?(mpd|smil|svg|asx|playlist|html|smoothstreamingmedia)\b", re.IGNORECASE)
_XML_NAMES = {
    b"mpd": "a DASH playlist",
    b"smil": "a SMIL script",
    b"svg": "an SVG drawing",
    b"asx": "a playlist",
    b"playlist": "a playlist",
    b"html": "a web page",
    b"smoothstreamingmedia": "a playlist",
}


def sniff(head: bytes, *, file: IO[bytes] | None = None) -> str | None:
    """Return the suffix of a picture, camera raw or film by its content, ".jpg"; None where it is none of these.

    Every suffix is one that `kind_of` knows. Text that makes a decoder open other files (playlists, scripts, drawings)
    is never any of them. A Targa picture cannot be told: it begins with nothing of its own.

    Args:
        head: the first bytes, HEAD_BYTES where the file has as many.
        file: the whole, open for reading. The tags that tell a raw from a TIFF may lie anywhere in it; without it, a
            raw whose tags lie beyond `head` is a ".tif".
    """
    for start, suffix in _STARTS:
        if head.startswith(start):
            return suffix
    return (
        _in_riff(head)
        or _in_boxes(head)
        or _in_tiff(head, file)
        or _in_matroska(head)
        or _in_elementary(head)
        or _in_transport(head)
        or _in_bitmap(head)
    )


def sniff_file(path: Path) -> str | None:
    """Return the suffix of a file as `sniff` does.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES), file=file)


def kind_of_suffix(suffix: str) -> MediaKind:
    """Return what a file with a suffix that `sniff` gave is."""
    kind = kind_of(Path(f"_{suffix}"))
    assert kind is not None, suffix  # every suffix here is one of kinds.py
    return kind


def names_other_files(head: bytes) -> str | None:
    """Return what text that leads a decoder to other files is, "an HLS playlist"; None where it is none."""
    text = head[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    for start, name in _TEXTS:
        if start.match(text):
            return name
    found = _XML.search(text) if text.startswith(b"<") else None
    return _XML_NAMES[found[1].lower()] if found else None


def _in_riff(head: bytes) -> str | None:
    if head[:4] != b"RIFF":
        return None
    return {b"WEBP": ".webp", b"AVI ": ".avi"}.get(head[8:12])


def _in_boxes(head: bytes) -> str | None:
    """Return the suffix of a file of boxes (ISO 14496-12, and QuickTime before it)."""
    if len(head) < 12:
        return None
    size, name = struct.unpack_from(">I4s", head)
    if name != b"ftyp":
        # A film of before the brands, or whose recording began in the middle.
        return ".mov" if name in _MOVIE_BOXES and (size >= 8 or size <= 1) else None
    if not 12 <= size <= 4096:
        return None
    brand = head[8:12]
    others = {head[place : place + 4] for place in range(16, min(size, len(head)) - 3, 4)}
    if brand == b"crx ":
        return ".cr3"
    if brand in _AVIF or (brand in _HEIC and _AVIF & others and not (_HEIC - {b"mif1", b"msf1"}) & others):
        return ".avif"
    if brand in _HEIC:
        return ".heic"
    if brand in (b"jp2 ", b"jpx "):
        return None  # with the signature of JPEG 2000 missing
    if brand == b"qt  ":
        return ".mov"
    if brand[:3] in (b"M4V", b"3gp", b"3g2"):
        return {b"M4V": ".m4v", b"3gp": ".3gp", b"3g2": ".3g2"}[brand[:3]]
    return ".mp4"


def _in_matroska(head: bytes) -> str | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return ".webm" if b"\x42\x82\x84webm" in head[:64] else ".mkv"


def _in_elementary(head: bytes) -> str | None:
    """Return the suffix of a bare stream of H.264 or HEVC (Annex B), which begins with its parameters."""
    found = re.match(rb"\0{2,8}\x01(.)(.)", head, re.DOTALL)
    if found is None:
        return None
    first, second = found[1][0], found[2][0]
    if first in (0x06, 0x09, 0x27, 0x47, 0x67):  # parameters of the sequence, a delimiter, or a note
        return ".264"
    return ".hevc" if first in (0x40, 0x42, 0x46, 0x4E) and second == 0x01 else None


def _in_transport(head: bytes) -> str | None:
    for size in _PACKETS:
        for start in range(min(size, len(head))):
            if head[start] != 0x47:
                continue
            syncs = head[start : start + _SYNCS * size : size]
            whole = len(syncs) == _SYNCS or (start in (0, 4) and len(syncs) >= 3)
            if whole and syncs.count(0x47) == len(syncs):
                return ".m2ts" if size == 192 else ".ts"
    return None


def _in_bitmap(head: bytes) -> str | None:
    """Return the suffix of a BMP or of a portable map."""
    if head[:2] == b"BM" and len(head) >= 26:
        reserved, offset, header = struct.unpack_from("<III", head, 6)
        return ".bmp" if reserved == 0 and header in _BMP_HEADERS and 14 + header <= offset <= 1 << 20 else None
    found = _PNM.match(head[:1024])
    return _PNM_SUFFIXES.get(found[1], ".pnm") if found else None


def _in_tiff(head: bytes, file: IO[bytes] | None) -> str | None:
    """Return ".tif", or the suffix of the raw that is built as one."""
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        return None
    if head[:2] == b"II" and head[6:14] == b"HEAPCCDR":
        return ".crw"
    version = struct.unpack_from(f"{order}H", head, 2)[0]
    if version != 42:
        return ".tif" if version == 43 else None  # 43 is BigTIFF, which no camera writes
    if head[8:11] == b"CR\x02":
        return ".cr2"
    if head[8:12] in (b"IIII", b"MMMM"):
        return ".iiq"
    return _raw_by_tags(_Tags(head, file, order)) or ".tif"


class _Tags:
    """The directories of a TIFF; what is damaged is left out."""

    def __init__(self, head: bytes, file: IO[bytes] | None, order: str) -> None:
        self._head, self._file, self.order = head, file, order

    def _read(self, place: int, size: int) -> bytes:
        if place + size <= len(self._head):
            return self._head[place : place + size]
        if self._file is None:
            return b""
        try:
            self._file.seek(place)
            return self._file.read(size)
        except (OSError, ValueError):
            return b""

    def directories(self) -> list[dict[int, list[int] | str]]:
        """Return the directories that lead to pictures, tag -> values, the first one first."""
        places, seen = [self._number(self._head[4:8])], set[int]()
        found: list[dict[int, list[int] | str]] = []
        while places and len(found) < _MOST_DIRECTORIES:
            place = places.pop(0)
            if place < 8 or place in seen:
                continue
            seen.add(place)
            tags, following = self._directory(place)
            found.append(tags)
            subs = tags.get(_SUB_IFDS)
            places += subs if isinstance(subs, list) else []
            places.append(following)
        return found

    def _number(self, data: bytes) -> int:
        return int.from_bytes(data, "big" if self.order == ">" else "little")

    def _directory(self, place: int) -> tuple[dict[int, list[int] | str], int]:
        count = self._number(self._read(place, 2))
        if not 0 < count <= _MOST_TAGS:
            return {}, 0
        data = self._read(place + 2, count * 12 + 4)
        tags: dict[int, list[int] | str] = {}
        for start in range(0, min(count * 12, len(data) - 11), 12):
            tag, kind, values = struct.unpack_from(f"{self.order}HHI", data, start)
            tags[tag] = self._values(kind, values, data[start + 8 : start + 12])
        return tags, self._number(data[count * 12 : count * 12 + 4])

    def _values(self, kind: int, count: int, field: bytes) -> list[int] | str:
        size = _TYPE_BYTES.get(kind)
        if size is None:
            return []
        taken = size * min(count, _MOST_VALUES)
        data = field[:taken] if size * count <= 4 else self._read(self._number(field), taken)
        if kind == 2:
            return data.split(b"\0")[0].decode("latin-1")
        return [self._number(data[at : at + size]) for at in range(0, len(data) - size + 1, size)]


def _raw_by_tags(tags: _Tags) -> str | None:
    """Return the suffix of the raw that a TIFF is; None of one that is a picture.

    A picture from a camera, saved as TIFF, still names its maker. A raw holds a sensor's values, or compresses them as
    only its maker does; the scanners of Nikon, which have no sensor of that kind, put a small picture first and the
    large one below it.
    """
    directories = tags.directories()
    if not directories:
        return None
    first = directories[0]
    if _DNG_VERSION in first:
        return ".dng"
    make = first.get(_MAKE)
    maker = make.strip().upper() if isinstance(make, str) else ""
    suffix = next((suffix for name, suffix in _MAKERS if maker.startswith(name)), None)
    if _LEAF in first:
        return ".mos"
    if any(_has(one, _PHOTOMETRIC, _SENSOR) or _has(one, _COMPRESSION, _CAMERAS_OWN) for one in directories):
        return suffix or ".dng"
    if not _has(first, _SUBFILE, frozenset((1,))):
        return None
    whole = any(_WIDTH in one and not _has(one, _SUBFILE, frozenset((1,))) for one in directories[1:])
    # A small picture alone is what is left of a raw that was cut off: as a raw it is refused, and not answered by that.
    return suffix if first.get(_SUB_IFDS) or not whole else None


def _has(directory: dict[int, list[int] | str], tag: int, values: frozenset[int]) -> bool:
    stated = directory.get(tag)
    return isinstance(stated, list) and bool(stated) and stated[0] in values
