"""XMP inside photographs of every kind, found without reading the rest."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from rushes.xmp.embedded import Embedded, embedded_in, read_embedded
from rushes.xmp.marks import Marks
from rushes.xmp.packet import read_packet
from rushes.xmp.reading import read_marks
from xmp.sidecars import sidecar

PACKET = sidecar('xmp:Rating="4" xmp:Label="Red"')
UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def jpeg(*segments: bytes) -> bytes:
    stored = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stored, "JPEG")
    parts = [b"\xff\xe1" + (len(one) + 2).to_bytes(2, "big") + one for one in segments]
    return b"\xff\xd8" + b"".join(parts) + stored.getvalue()[2:]


def app1(packet: bytes) -> bytes:
    return b"http://ns.adobe.com/xap/1.0/\0" + packet


def tiff(order: str, magic: bytes, entries: list[tuple[int, int, int, bytes]], *, pixels: int = 0) -> bytes:
    """Return a TIFF whose one directory stands behind `pixels` bytes; longer values stand behind it."""
    at = 8 + pixels
    data_at = at + 2 + 12 * len(entries) + 4
    table, data = b"", b""
    for tag, kind, count, value in entries:
        inside = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(f"{order}I", data_at + len(data))
        data += value if len(value) > 4 else b""
        table += struct.pack(f"{order}HHI", tag, kind, count) + inside
    head = magic + struct.pack(f"{order}I", at) + b"\0" * pixels
    return head + struct.pack(f"{order}H", len(entries)) + table + b"\0" * 4 + data


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data) + 8, kind) + data


def heic(packet: bytes, *, method: int = 0) -> bytes:
    """Return boxes that hold an item of RDF: in the file, or in the box of data beside the table."""
    item = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 7, 0) + b"mime\0application/rdf+xml\0")
    other = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 1, 0) + b"hvc1\0")
    iinf = box(b"iinf", b"\0\0\0\0" + struct.pack(">H", 2) + other + item)

    def iloc(offset: int) -> bytes:
        row = struct.pack(">HHHHII", 7, method, 0, 1, offset, len(packet))
        return box(b"iloc", b"\1\0\0\0" + struct.pack(">HH", 0x4400, 1) + row)

    def meta(offset: int) -> bytes:
        data = box(b"idat", packet) if method else b""
        return box(b"meta", b"\0\0\0\0" + iinf + iloc(offset) + data)

    head = box(b"ftyp", b"heic\0\0\0\0mif1")
    whole = len(head) + len(meta(0)) + 8
    return head + meta(0 if method else whole) + (b"" if method else box(b"mdat", packet))


def png(text: bytes) -> bytes:
    stored = io.BytesIO()
    Image.new("L", (4, 4)).save(stored, "PNG")
    chunk = b"iTXtXML:com.adobe.xmp\0" + text
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return stored.getvalue()[:-12] + chunk + stored.getvalue()[-12:]


def webp() -> bytes:
    stored = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stored, "WEBP", xmp=PACKET)
    return stored.getvalue()


def fuji() -> bytes:
    head = b"FUJIFILMCCD-RAW 0201FF389501X-T5".ljust(84, b"\0")
    return (head + struct.pack(">II", 148, 9_999)).ljust(148, b"\0") + jpeg(app1(PACKET))


def cr3() -> bytes:
    moov = box(b"moov", box(b"uuid", bytes(16) + b"canon"))
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + moov + box(b"uuid", UUID + PACKET) + box(b"mdat", bytes(5_000))


IN_TIFF = [(256, 3, 1, b"\1\0"), (700, 1, len(PACKET), PACKET)]

FILES: dict[str, Callable[[], bytes]] = {
    "a.jpg": lambda: jpeg(b"Exif\0\0" + tiff("<", b"II*\0", []), app1(PACKET)),
    "padded.jpg": lambda: b"\xff\xd8\xff" + jpeg(app1(PACKET))[2:],
    "a.tif": lambda: tiff("<", b"II*\0", IN_TIFF, pixels=3_000),
    "big_endian.nef": lambda: tiff(">", b"MM\0*", IN_TIFF, pixels=3_000),
    "a.arw": lambda: tiff("<", b"II*\0", [(700, 7, len(PACKET), PACKET)]),
    "a.orf": lambda: tiff("<", b"IIRO", IN_TIFF, pixels=3_000),
    "a.rw2": lambda: tiff("<", b"IIU\0", IN_TIFF),
    "a.raf": fuji,
    "a.cr3": cr3,
    "a.heic": lambda: heic(PACKET),
    "inside.heic": lambda: heic(PACKET, method=1),
    "a.png": lambda: png(b"\0\0\0\0" + PACKET),
    "compressed.png": lambda: png(b"\1\0\0\0" + zlib.compress(PACKET)),
    "a.webp": webp,
}


@pytest.mark.parametrize("name", FILES)
def test_the_packet_of_every_kind_of_file_is_found(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    assert [packet.strip(b"\0") for packet in read_embedded(path).packets] == [PACKET]
    found = read_marks(path)
    assert found.marks == found.shown == Marks(rating=4, label="Red")
    assert found.where == f"embedded in {path}"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_or_garbled_anywhere_is_passed_over(name: str, tmp_path: Path) -> None:
    whole = FILES[name]()
    path = tmp_path / name
    for length in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:length])
        read_marks(path)
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:at] + bytes(255 - byte for byte in whole[at : at + 4]) + whole[at + 4 :])
        read_marks(path)


class Counting(io.FileIO):
    """A file that counts what is read from it."""

    count = 0

    def readinto(self, buffer: object) -> int:
        got = super().readinto(buffer)  # type: ignore[arg-type]
        self.count += got or 0
        return got  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["raw.nef", "raw.cr3", "raw.heic"])
def test_of_a_large_raw_little_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    whole = {
        "raw.nef": lambda: tiff(">", b"MM\0*", IN_TIFF, pixels=4_000_000),
        "raw.cr3": lambda: cr3()[:-5_008] + box(b"mdat", bytes(4_000_000)),
        "raw.heic": lambda: heic(PACKET) + box(b"mdat", bytes(4_000_000)),
    }[name]()
    path.write_bytes(whole)
    counted = Counting(str(path))
    with io.BufferedReader(counted, 1 << 13) as file:
        assert embedded_in(file).packets == (PACKET,)
    assert counted.count < 64_000


def test_the_rest_of_a_packet_that_a_jpeg_has_no_room_for_is_read(tmp_path: Path) -> None:
    rest = sidecar('xmp:Rating="2"')
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    pieces = [
        b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", len(rest), at) + rest[at : at + 300]
        for at in range(0, len(rest), 300)
    ]
    strange = pieces[0].replace(guid, guid[::-1])
    main = sidecar().replace(b"xmp:", b"xmp:").replace(b"<rdf:Desc", b"<!--" + guid + b"--><rdf:Desc")
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(app1(main), strange, *reversed(pieces)))
    assert read_embedded(path).packets == (main, rest)
    assert read_marks(path).marks == Marks(rating=2)


@pytest.mark.parametrize(
    ("tags", "stars"),
    [
        ([(0x4746, 3, 1, b"\4\0")], 4),
        ([(0x4749, 3, 1, b"\x32\0")], 3),
        ([(0x4746, 3, 1, b"\0\0"), (0x4749, 3, 1, b"\0\0")], None),
        ([(0x4746, 3, 1, b"\x63\0")], None),
    ],
)
def test_the_rating_of_exif_stands_in_where_there_is_no_xmp(
    tags: list[tuple[int, int, int, bytes]], stars: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(b"Exif\0\0" + tiff("<", b"II*\0", tags)))
    assert read_marks(path).marks == Marks(rating=stars)
    path.write_bytes(jpeg(b"Exif\0\0" + tiff("<", b"II*\0", tags), app1(sidecar('xmp:Rating="1"'))))
    assert read_marks(path).marks == Marks(rating=1)


def test_a_text_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.dng"
    path.write_bytes(b"no raw at all")
    assert read_embedded(path) == Embedded()


def test_what_exiftool_writes_into_photographs_is_read(exiftool: str, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.jpg", "a.tif", "a.png", "a.webp", "a.heic", "a.dng")]
    for path in paths[:4]:
        Image.new("RGB", (32, 32)).save(path)
    from pillow_heif import from_pillow

    from footage.stills import write_raw

    from_pillow(Image.new("RGB", (64, 64))).save(paths[4])
    write_raw(paths[5])
    wanted = ["-XMP-xmp:Rating=3", "-XMP-xmp:Label=Blue", "-XMP-digiKam:PickLabel=3"]
    done = subprocess.run(
        [exiftool, "-q", "-m", *wanted, *map(str, paths)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for path in paths:
        assert read_marks(path).marks == Marks(rating=3, label="Blue", flag="pick"), path.name


def test_what_exiftool_writes_into_real_raws_is_read(exiftool: str, media: Path, tmp_path: Path) -> None:
    paths = [Path(shutil.copyfile(raw, tmp_path / raw.name)) for raw in sorted((media / "raw").iterdir())]
    for path in paths:
        path.chmod(0o644)
        assert read_marks(path).marks in (Marks(), Marks(rating=0)), path.name
    subprocess.run([exiftool, "-q", "-m", "-XMP-xmp:Rating=5", *map(str, paths)], check=True)
    for path in paths:
        assert read_marks(path).marks == Marks(rating=5), path.name
        assert read_packet(read_embedded(path).packets[0]).own.rating == 5
