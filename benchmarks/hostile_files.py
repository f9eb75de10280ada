"""Files made to hurt whoever decodes them: bombs, lies about sizes, circles, and what is cut off."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from PIL import Image

_MANY_FRAMES = 2000
_FILM_FRAMES = 50


def make_hostile_files(*, large: bool = False) -> dict[str, bytes]:
    """Return files by name.

    Args:
        large: also those that keep a decoder busy for seconds.
    """
    film = _film()
    files = {
        "empty.jpg": b"",
        "one_byte.jpg": b"\xff",
        "archive.zip": b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(range(256)) * 40,
        "playlist_named.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "concat_named.mkv": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "bomb_30000.png": _png(30_000, 30_000, bit_depth=1),
        "text_bomb.png": _png_with_text(64 << 20),
        "header_65535.jpg": _jpeg_that_states(65_535, 65_535),
        "header_20000x8000.jpg": _jpeg_that_states(20_000, 8_000),
        "header_65535.gif": b"GIF89a\xff\xff\xff\xff\xf0\0\0" + b"\0" * 6 + b"\x2c" + b"\0" * 12 + b"\x3b",
        "header_huge.bmp": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 2**30, 2**30, 1, 24, *[0] * 6),
        "header_huge.pnm": b"P6\n999999 999999\n255\n" + b"\x80" * 5000,
        "header_huge.y4m": b"YUV4MPEG2 W99999 H99999 F25:1 C420\nFRAME\n" + b"\x80" * 5000,
        "circle.tif": _circular_tiff(sub=False),
        "circle_of_sub_directories.tif": _circular_tiff(sub=True),
        "huge_counts.tif": _tiff_of_huge_counts(),
        "circular_exif.jpg": _jpeg_with_exif(_circular_exif()),
        "deep_exif.jpg": _jpeg_with_exif(_deep_exif(1000)),
        "many_frames.webp": _animation("WEBP"),
        "many_frames.gif": _animation("GIF"),
        "wide_65535.mp4": _patched(film, b"avc1", 24, struct.pack(">HH", 65_535, 65_535)),
        "lasts_for_ever.mp4": _lasting(film),
        "millions_of_frames.mp4": _patched(film, b"stts", 4, struct.pack(">III", 1, 2**31 - 1, 1)),
        "samples_elsewhere.mp4": _patched(film, b"stco", 8, struct.pack(">I", 2**32 - 9)),
        "endless_box.mp4": film[:32] + struct.pack(">I4sQ", 1, b"moov", 2**63 - 1) + film[48:],
        "nested_boxes.mp4": film[:32] + _nested_boxes(5000),
        "nested_elements.mkv": _nested_elements(900),
    }  # fmt: skip
    for name, data in [*_stills(), ("film.mp4", film)]:
        stem, _, suffix = name.rpartition(".")
        for share, said in ((0.1, "a_tenth"), (0.5, "half"), (0.95, "nearly_all")):
            files[f"{said}_of_{stem}.{suffix}"] = data[: int(len(data) * share)]
        files[f"noise_in_{stem}.{suffix}"] = _with_noise(data)
    if large:
        files["bomb_below_the_bound.png"] = _png(13_000, 13_000, bit_depth=8)
        files["bomb_of_grey.tif"] = _tiff_bomb(12_000)
    return files


def _stills() -> Iterator[tuple[str, bytes]]:
    pixels = np.random.default_rng(3).integers(0, 256, (60, 80, 3), np.uint8)
    image = Image.fromarray(pixels).resize((640, 480))
    for kind, suffix in [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif"), ("GIF", "gif"),
                         ("BMP", "bmp"), ("AVIF", "avif"), ("JPEG2000", "jp2")]:  # fmt: skip
        data = io.BytesIO()
        image.save(data, kind)
        yield f"still.{suffix}", data.getvalue()


def _film() -> bytes:
    random = np.random.default_rng(4)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast", "g": "5"})
            stream.width, stream.height, stream.pix_fmt, stream.time_base = 160, 96, "yuv420p", Fraction(1, 10)
            for _ in range(_FILM_FRAMES):
                pixels = random.integers(0, 256, (96, 160, 3), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode())
        return path.read_bytes()


def _with_noise(data: bytes) -> bytes:
    random = np.random.default_rng(5)
    noisy = bytearray(data)
    for place in random.integers(len(data) // 20 + 16, len(data), max(8, len(data) // 200)):
        noisy[place] = int(random.integers(0, 256))
    return bytes(noisy)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *, bit_depth: int) -> bytes:
    """Return a black PNG: grey of one bit, or colours of eight."""
    row = b"\0" * (1 + (width + 7) // 8 if bit_depth == 1 else 1 + width * 3)
    packer = zlib.compressobj(9 if bit_depth == 1 else 1)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bit_depth, 0 if bit_depth == 1 else 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _png_with_text(size: int) -> bytes:
    """Return a small PNG with compressed texts, of `size` bytes each, before its pixels and behind them."""
    text = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * size, 9))
    small = _png(8, 8, bit_depth=8)
    return small[:33] + text * 3 + small[33:-12] + text * 3 + small[-12:]


def _jpeg_that_states(width: int, height: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (32, 32)).save(data, "JPEG")
    changed = bytearray(data.getvalue())
    at = changed.index(b"\xff\xc0") + 5
    changed[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(changed)


def _entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def _tiff_entries(width: int, height: int, more: list[bytes], *, following: int) -> bytes:
    entries = [_entry(256, 4, 1, width), _entry(257, 4, 1, height), _entry(258, 3, 1, 8), _entry(259, 3, 1, 1),
               _entry(262, 3, 1, 1), _entry(273, 4, 1, 8), _entry(278, 4, 1, height),
               _entry(279, 4, 1, width * height), *more]  # fmt: skip
    return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following)


def _circular_tiff(*, sub: bool) -> bytes:
    """Return a TIFF whose first directory is followed by itself, or lies below itself."""
    more = [_entry(330, 13, 1, 8), _entry(34665, 13, 1, 8)] if sub else []
    return b"II*\0" + struct.pack("<I", 8) + _tiff_entries(16, 16, more, following=0 if sub else 8) + b"\x80" * 512


def _tiff_of_huge_counts() -> bytes:
    entries = [_entry(256, 4, 1, 2**31), _entry(257, 4, 1, 2**31), _entry(258, 3, 2**30, 8), _entry(259, 3, 1, 5),
               _entry(262, 3, 1, 2), _entry(273, 4, 2**31, 8), _entry(277, 3, 1, 60_000),
               _entry(279, 4, 2**31, 8)]  # fmt: skip
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + b"\0" * 600


def _tiff_bomb(side: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (side, side)).save(data, "TIFF", compression="tiff_adobe_deflate")
    return data.getvalue()


def _jpeg_with_exif(exif: bytes) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(data, "JPEG", exif=exif)
    return data.getvalue()


def _circular_exif() -> bytes:
    entries = [_entry(34665, 4, 1, 8), _entry(34853, 4, 1, 8), _entry(40965, 4, 1, 8)]
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + struct.pack("<I", 8)


def _deep_exif(depth: int) -> bytes:
    """Return directories each of which lies below the one before."""
    body, at = b"", 8
    for _ in range(depth):
        below = at + 2 + 24 + 4
        body += (
            struct.pack("<H", 2) + _entry(34665, 4, 1, below) + _entry(40965, 4, 1, below) + struct.pack("<I", below)
        )
        at = below
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + body + b"\0" * 8


def _animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), (n % 256, n // 256, 7)) for n in range(_MANY_FRAMES)]
    data = io.BytesIO()
    frames[0].save(data, kind, save_all=True, append_images=frames[1:], duration=10)
    return data.getvalue()


def _patched(film: bytes, box: bytes, behind: int, value: bytes) -> bytes:
    """Return a film with other bytes so far behind the name of a box."""
    at = film.index(box) + 4 + behind
    return film[:at] + value + film[at + len(value) :]


def _lasting(film: bytes) -> bytes:
    for box in (b"mvhd", b"mdhd"):
        film = _patched(film, box, 16, b"\xff\xff\xff\xf0")
    film = _patched(film, b"tkhd", 20, b"\xff\xff\xff\xf0")
    return _patched(film, b"stts", 12, b"\x7f\xff\xff\xff")


def _nested_elements(depth: int) -> bytes:
    """Return a Matroska file of segments, each of unknown size, in one another."""
    return b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska" + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + (
        b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" * depth)  # fmt: skip


def _nested_boxes(depth: int) -> bytes:
    body = b""
    for level in range(depth):
        body = struct.pack(">I4s", len(body) + 8, (b"moov", b"trak", b"mdia", b"minf")[level % 4]) + body
    return body


def read_hostile_files(media: Path) -> dict[str, bytes]:
    """Return the real ones of the shared footage, by name."""
    return {path.name: path.read_bytes() for path in sorted((media / "hostile").iterdir()) if path.is_file()}
