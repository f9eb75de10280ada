"""XMP inside photographs and raws: JPEG, TIFF and the raws that are one, RAF, CR3 and HEIC, PNG, WebP.

Only headers and the packet itself are read: of a raw of 50 MB a few kB. Adobe's XMP specification, part 3, says where
each format keeps its packet.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rushes.xmp.document import MOST_BYTES

_STANDARD = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF = b"Exif\0\0"
# TIFF, and the raws of Olympus and Panasonic, which changed its number; exiftool and LibRaw know them by the same.
_TIFFS = {
    b"II*\0": "<", b"MM\0*": ">", b"IIRO": "<", b"IIRS": "<", b"MMOR": ">", b"IIU\0": "<"
}  # fmt: skip
_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_FUJI = b"FUJIFILMCCD-RAW "
_PACKET_TAG, _RATING_TAG, _PERCENT_TAG = 700, 0x4746, 0x4749
_MOST_ENTRIES, _MOST_DIRECTORIES, _MOST_BOXES, _MOST_SEGMENTS = 4_096, 8, 2_000, 10_000
_MOST_ITEMS = 65_536


@dataclass(frozen=True, slots=True)
class Embedded:
    """What stands in a photograph.

    Attributes:
        packets: XMP packets, the main one first; the second is the rest of one that a JPEG has no room for.
        rating: stars by EXIF's tag Rating; None where there is none.
        percent: by EXIF's tag RatingPercent.
    """

    packets: tuple[bytes, ...] = ()
    rating: int | None = None
    percent: int | None = None


def read_embedded(path: Path) -> Embedded:
    """Return the XMP and the rating that stand in a file; nothing where it is damaged or of another format.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=1 << 13) as file:
        return embedded_in(file)


def embedded_in(file: BinaryIO) -> Embedded:
    """Return the XMP and the rating that stand in a file that can be sought; nothing where it is damaged."""
    try:
        return _read(file, file.read(32))
    except (struct.error, ValueError, zlib.error, IndexError, OverflowError):
        return Embedded()  # a damaged header leads anywhere; the picture may still be good


def _read(file: BinaryIO, head: bytes) -> Embedded:
    if head[:2] == b"\xff\xd8":
        return _in_jpeg(file, 0)
    if head[:4] in _TIFFS:
        return _in_tiff(file, 0)
    if head.startswith(_FUJI):
        file.seek(84)
        return _in_jpeg(file, struct.unpack(">I", file.read(4))[0])
    if head[4:8] == b"ftyp":
        return Embedded(tuple(_in_boxes(file)))
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Embedded(tuple(_in_png(file)))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Embedded(tuple(_in_webp(file)))
    return Embedded()


def _in_jpeg(file: BinaryIO, start: int) -> Embedded:
    main: list[bytes] = []
    parts: dict[bytes, dict[int, bytes]] = {}
    exif = Embedded()
    for begins, length in _segments(file, start):
        data = file.read(min(length, 40))
        if data.startswith(_STANDARD):
            main.append(data[len(_STANDARD) :] + file.read(length - len(data)))
        elif data.startswith(_EXTENDED):
            data += file.read(length - len(data))
            at = len(_EXTENDED)
            guid, (total, offset) = data[at : at + 32], struct.unpack(">II", data[at + 32 : at + 40])
            if total <= MOST_BYTES:
                parts.setdefault(guid, {})[offset] = data[at + 40 :]
        elif data.startswith(_EXIF):
            exif = _in_tiff(file, begins + len(_EXIF))
    if main and parts:  # the main packet names the one that belongs to it
        belonging = next((guid for guid in parts if guid in main[0]), None)
        if belonging is not None:
            main.insert(1, b"".join(piece for _, piece in sorted(parts[belonging].items())))
    return Embedded(tuple(main) or exif.packets, exif.rating, exif.percent)


def _segments(file: BinaryIO, start: int) -> Iterator[tuple[int, int]]:
    """Yield place and length of what each APP1 segment of a JPEG holds, and stand there."""
    at = start + 2
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        marker = file.read(4)
        if len(marker) < 4 or marker[0] != 0xFF or marker[1] in (0xDA, 0xD9):
            return
        if marker[1] == 0xFF:  # padding
            at += 1
            continue
        length = int.from_bytes(marker[2:], "big")
        if length < 2:
            return
        if marker[1] == 0xE1:
            yield at + 4, length - 2
        at += 2 + length


def _in_tiff(file: BinaryIO, start: int) -> Embedded:
    """Return what stands in the chain of directories of a TIFF (TIFF 6.0) that begins at `start`."""
    file.seek(start)
    head = file.read(8)
    order = _TIFFS.get(head[:4])
    if order is None:
        return Embedded()
    at = struct.unpack(f"{order}I", head[4:])[0]
    packets: list[bytes] = []
    rating = percent = None
    for _ in range(_MOST_DIRECTORIES):
        if at == 0:
            break
        file.seek(start + at)
        count = struct.unpack(f"{order}H", file.read(2))[0]
        entries = file.read(12 * min(count, _MOST_ENTRIES))
        following = file.read(4)
        for tag, kind, values, inside in struct.iter_unpack(f"{order}HHI4s", entries[: len(entries) // 12 * 12]):
            if tag == _PACKET_TAG and kind in (1, 2, 7) and 4 < values <= MOST_BYTES:
                file.seek(start + struct.unpack(f"{order}I", inside)[0])
                packets.append(file.read(values))
            elif tag in (_RATING_TAG, _PERCENT_TAG) and kind == 3 and values == 1:
                value = struct.unpack(f"{order}H", inside[:2])[0]
                rating, percent = (value, percent) if tag == _RATING_TAG else (rating, value)
        if len(following) < 4:
            break
        at = struct.unpack(f"{order}I", following)[0]
    return Embedded(tuple(packets[:1]), rating, percent)


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int  # of what it holds
    stop: int


def _boxes(file: BinaryIO, start: int, stop: int) -> Iterator[_Box]:
    """Yield the boxes of a stretch (ISO/IEC 14496-12, 4.2)."""
    at = start
    for _ in range(_MOST_BOXES):
        if at + 8 > stop:
            return
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        inside = at + 8
        if length == 1:
            length, inside = struct.unpack(">Q", file.read(8))[0], at + 16
        elif length == 0:
            length = stop - at
        if length < inside - at:
            return
        yield _Box(kind, inside, min(at + length, stop))
        at += length


def _in_boxes(file: BinaryIO) -> Iterator[bytes]:
    for box in list(_boxes(file, 0, file.seek(0, 2))):
        if box.kind == b"uuid":
            file.seek(box.start)
            if file.read(16) == _UUID and box.stop - box.start - 16 <= MOST_BYTES:
                yield file.read(box.stop - box.start - 16)
        elif box.kind == b"meta":
            yield from _in_items(file, box)


def _in_items(file: BinaryIO, meta: _Box) -> Iterator[bytes]:
    """Yield the items of a HEIC or AVIF that are RDF (ISO/IEC 23008-12, annex A)."""
    inside = {box.kind: box for box in _boxes(file, meta.start + 4, meta.stop)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    wanted = set(_rdf_items(file, inside[b"iinf"]))
    if not wanted:
        return
    data_box = inside.get(b"idat")
    for item, method, extents in _locations(file, inside[b"iloc"]):
        if item not in wanted or method > 1 or (method == 1 and data_box is None):
            continue
        base = data_box.start if method == 1 and data_box is not None else 0
        if sum(length for _, length in extents) > MOST_BYTES:
            continue
        pieces = []
        for offset, length in extents:
            file.seek(base + offset)
            pieces.append(file.read(length))
        yield b"".join(pieces)


def _rdf_items(file: BinaryIO, iinf: _Box) -> Iterator[int]:
    file.seek(iinf.start)
    version = file.read(4)[0]
    skipped = 6 if version == 0 else 8
    for box in list(_boxes(file, iinf.start + skipped, iinf.stop)):
        file.seek(box.start)
        data = file.read(min(box.stop - box.start, 400))
        if box.kind != b"infe" or data[0] < 2:
            continue
        size = 2 if data[0] == 2 else 4
        item, rest = int.from_bytes(data[4 : 4 + size], "big"), data[6 + size :]
        if rest[:4] == b"mime" and b"application/rdf+xml" in rest[4:]:
            yield item


def _locations(file: BinaryIO, iloc: _Box) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield each item with the way its place is counted (0 from the file's start, 1 within idat) and its extents."""
    file.seek(iloc.start)
    data = file.read(min(iloc.stop - iloc.start, MOST_BYTES))
    version, sizes = data[0], int.from_bytes(data[4:6], "big")
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    at = 6

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(data):
            raise ValueError("a table ends before it should")
        return int.from_bytes(data[at - size : at], "big")

    wide = 4 if version == 2 else 2
    for _ in range(min(number(wide), _MOST_ITEMS)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)  # of a file elsewhere
        base = number(base_size)
        extents = []
        for _ in range(number(2)):
            number(index_size)
            offset = number(offset_size)
            extents.append((base + offset, number(length_size)))
        yield item, method, extents


def _in_png(file: BinaryIO) -> Iterator[bytes]:
    at = 8
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"iTXt" and length <= MOST_BYTES:
            data = file.read(length)
            keyword, _, rest = data.partition(b"\0")
            if keyword == b"XML:com.adobe.xmp":
                compressed, text = rest[0], rest[2:].split(b"\0", 2)[2]
                yield zlib.decompressobj().decompress(text, MOST_BYTES) if compressed else text
        at += 12 + length


def _in_webp(file: BinaryIO) -> Iterator[bytes]:
    at = 12
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"XMP " and length <= MOST_BYTES:
            yield file.read(length)
        at += 8 + length + length % 2
