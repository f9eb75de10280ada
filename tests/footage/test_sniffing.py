from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from footage.painted import write_film
from footage.stills import quarters, write_raw
from rushes.errors import MediaError
from rushes.footage.film import open_film
from rushes.footage.kinds import kind_of
from rushes.footage.photo import read_photo
from rushes.footage.sniffing import HEAD_BYTES, kind_of_suffix, names_other_files, sniff, sniff_file

# Of real files, those that are not what their name says: pruned or cut off in front by whoever made them.
OTHERWISE = {
    "nef_pruned_58k.nef": ".tif",
    "raw_truncated_d70s_1.nef": ".jpg",
    "raw_truncated_d70s_2.nef": ".jpg",
    "raw_truncated_d70s_3.nef": ".jpg",
    "raw_truncated_d70s_4.nef": ".jpg",
}
TEXTS = {
    "HLS": b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n",
    "HLS behind a mark": b"\xef\xbb\xbf#EXTM3U\nother.ts\n",
    "concat": b"ffconcat version 1.0\nfile other.mp4\n",
    "bare concat": b"file '/etc/passwd'\n",
    "SDP": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
    "DASH": b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "SMIL": b"<smil><body><video src='x.mp4'/></body></smil>",
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "PDF": b"%PDF-1.7\n",
    "PLS": b"[playlist]\nFile1=/etc/passwd\n",
    "addresses": b"http://169.254.169.254/latest\n",
    "page": b"<!DOCTYPE html><html></html>",
}


def written(form: str, mode: str = "RGB") -> bytes:
    data = io.BytesIO()
    Image.fromarray(quarters()).convert(mode).save(data, form)
    return data.getvalue()


def tiff(*tags: tuple[int, int, int, int], order: str = "<", texts: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    """Return a TIFF of one directory behind its texts: (tag, type, count, value), and (tag, text)."""
    data, entries = bytearray(8), list(tags)
    for tag, text in texts:
        entries.append((tag, 2, len(text), len(data)))
        data += text.ljust(len(text) + len(text) % 2, b"\0")
    struct.pack_into(f"{order}2sHI", data, 0, b"II" if order == "<" else b"MM", 42, len(data))
    data += struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in sorted(entries):
        small = kind == 3 and count == 1
        data += struct.pack(f"{order}HHI", tag, kind, count)
        data += struct.pack(f"{order}HH", value, 0) if small else struct.pack(f"{order}I", value)
    return bytes(data + b"\0\0\0\0")


def test_every_real_file_is_told_by_its_content(media: Path) -> None:
    told = 0
    for path in sorted(media.rglob("*")):
        kind = kind_of(path)
        if kind is None or not path.is_file() or "weights" in path.parts:
            continue
        suffix = sniff_file(path)
        assert suffix is not None, path
        assert suffix == OTHERWISE.get(path.name, suffix)
        if path.name not in OTHERWISE:
            assert kind_of_suffix(suffix) == kind, path
        told += 1
    assert told > 50


@pytest.mark.parametrize(
    ("form", "mode", "suffix"),
    [
        ("JPEG", "RGB", ".jpg"),
        ("PNG", "RGB", ".png"),
        ("WEBP", "RGB", ".webp"),
        ("TIFF", "RGB", ".tif"),
        ("GIF", "P", ".gif"),
        ("BMP", "RGB", ".bmp"),
        ("JPEG2000", "RGB", ".jp2"),
        ("AVIF", "RGB", ".avif"),
        ("PPM", "RGB", ".ppm"),
        ("PPM", "L", ".pgm"),
        ("PPM", "1", ".pnm"),
    ],
)
def test_a_picture_is_told_whatever_wrote_it(form: str, mode: str, suffix: str) -> None:
    data = written(form, mode)
    assert sniff(data[:HEAD_BYTES], file=io.BytesIO(data)) == suffix
    assert kind_of_suffix(suffix) == "photo"


@pytest.mark.parametrize(
    ("name", "options", "suffix"),
    [
        ("a.mp4", {}, ".mp4"),
        ("a.mov", {}, ".mov"),
        ("a.3gp", {}, ".3gp"),
        ("a.mkv", {}, ".mkv"),
        ("a.ts", {}, ".ts"),
        ("a.ts", {"mpegts_m2ts_mode": "1"}, ".m2ts"),
        ("a.flv", {}, ".flv"),
        ("a.h264", {}, ".264"),
    ],
)
def test_a_film_is_told_in_whatever_container(tmp_path: Path, name: str, options: dict[str, str], suffix: str) -> None:
    path = tmp_path / name
    with (
        av.open(str(write_film(tmp_path / "film.mp4", 12))) as film,
        av.open(str(path), "w", options=options) as container,
    ):
        stream = container.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    assert sniff_file(path) == suffix
    assert kind_of_suffix(suffix) == "video"


@pytest.mark.parametrize(
    ("name", "codec", "suffix"),
    [
        ("a.webm", "libvpx", ".webm"),
        ("a.mpg", "mpeg2video", ".mpg"),
        ("a.m2v", "mpeg2video", ".m2v"),
        ("a.mxf", "mpeg2video", ".mxf"),
        ("a.wmv", "mpeg4", ".wmv"),
        ("a.avi", "mpeg4", ".avi"),
        ("a.ivf", "libvpx", ".ivf"),
        ("a.hevc", "libx265", ".hevc"),
        ("a.y4m", "rawvideo", ".y4m"),
    ],
)
def test_a_film_of_another_codec_is_told(tmp_path: Path, name: str, codec: str, suffix: str) -> None:
    form = {"a.y4m": "yuv4mpegpipe", "a.wmv": "asf", "a.m2v": "mpeg2video", "a.mpg": "dvd"}.get(name)
    with av.open(str(tmp_path / name), "w", format=form) as container:
        stream = container.add_stream(codec, rate=25, width=128, height=96, pix_fmt="yuv420p")  # type: ignore[call-overload]
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((96, 128, 3), number * 9, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert sniff_file(tmp_path / name) == suffix


def test_a_raw_is_told_from_a_tiff_by_its_tags_wherever_they_stand(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "a.dng", sensor=(64, 48), preview_width=48)
    assert sniff_file(raw) == ".dng"
    sensor = (262, 3, 1, 32803)
    for maker, suffix in (
        (b"NIKON CORPORATION\0", ".nef"),
        (b"SONY\0", ".arw"),
        (b"PENTAX Corporation\0", ".pef"),
        (b"SAMSUNG\0", ".srw"),
        (b"Hasselblad\0", ".3fr"),
        (b"Nobody\0", ".dng"),
    ):
        for order in "<>":
            data = tiff((256, 3, 1, 40), sensor, order=order, texts=((271, maker),))
            assert sniff(data) == suffix, (maker, order)
            assert kind_of_suffix(suffix) == "raw"
    # A picture from the same camera, saved as TIFF.
    assert sniff(tiff((256, 3, 1, 40), (262, 3, 1, 2), texts=((271, b"NIKON CORPORATION\0"),))) == ".tif"
    # The small picture alone, which is what is left of a raw that was cut off; and the same before a whole picture.
    small = tiff((254, 4, 1, 1), (256, 3, 1, 160), (262, 3, 1, 2), texts=((271, b"NIKON CORPORATION\0"),))
    assert sniff(small) == ".nef"
    far = tiff(sensor, texts=((270, b" " * 2 * HEAD_BYTES), (271, b"SONY\0")))
    assert sniff(far[:HEAD_BYTES]) == ".tif"
    assert sniff(far[:HEAD_BYTES], file=io.BytesIO(far)) == ".arw"


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", ".cr3"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(20), ".cr2"),
        (b"II\x1a\0\0\0HEAPCCDR\x02\0", ".crw"),
        (b"FUJIFILMCCD-RAW 0201FF", ".raf"),
        (b"IIU\0\x18\0\0\0", ".rw2"),
        (b"IIRO\x08\0\0\0", ".orf"),
        (b"FOVb\0\0\2\0", ".x3f"),
        (b"OggS\0\2" + bytes(20), ".ogv"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", ".heic"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", ".avif"),
        (b"\0\0\0\x14ftypM4V \0\0\0\0M4V ", ".m4v"),
        (b"\0\0\0\x08wide\0\0\x10\0mdat" + bytes(40), ".mov"),
    ],
)
def test_the_marks_of_cameras_are_known(head: bytes, suffix: str) -> None:
    assert sniff(head) == suffix


def test_a_transport_stream_may_begin_within_a_packet() -> None:
    stream = (b"\x47" + b"\xff" * 187) * 30
    assert sniff(stream[100 : 100 + HEAD_BYTES]) == ".ts"
    assert sniff((b"\x47" + b"\xff" * 203) * 20) == ".ts"
    assert sniff(b"\x47" + b"\xff" * 400) is None


@pytest.mark.parametrize("name", TEXTS)
def test_text_that_names_other_files_is_no_picture_and_no_film(name: str) -> None:
    assert sniff(TEXTS[name]) is None
    assert names_other_files(TEXTS[name]) is not None


def test_other_text_names_no_file() -> None:
    assert names_other_files(b"To be filmed tomorrow.\n") is None
    assert names_other_files(b"<note>svg</note>") is None


@given(st.binary(max_size=3000), st.sampled_from([b"", b"II*\0", b"MM\0*", b"\0\0\0\x20ftyp", b"RIFF", b"BM", b"\x47"]))
def test_no_bytes_make_it_fail(data: bytes, start: bytes) -> None:
    whole = start + data
    suffix = sniff(whole[:HEAD_BYTES], file=io.BytesIO(whole))
    if suffix is not None:
        assert kind_of_suffix(suffix) in ("photo", "raw", "video")
    names_other_files(whole)


def test_no_damaged_raw_makes_it_fail(tmp_path: Path) -> None:
    data = write_raw(tmp_path / "a.dng", sensor=(64, 48), preview_width=48).read_bytes()

    @given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=20))
    def damaged(changes: list[tuple[int, int]]) -> None:
        changed = bytearray(data)
        for place, value in changes:
            changed[place] = value
        sniff(bytes(changed[:HEAD_BYTES]), file=io.BytesIO(changed))

    damaged()


@pytest.mark.parametrize("name", ["list.mp4", "list.ts", "list.m3u8", "list.ffconcat", "list%03d.mov"])
def test_a_film_is_never_read_from_the_files_that_a_text_names(tmp_path: Path, name: str) -> None:
    write_film(tmp_path / "other.mp4", 12)
    for text in (
        b"ffconcat version 1.0\nfile other.mp4\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n# Größe\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n".encode(),
    ):
        path = tmp_path / name
        path.write_bytes(text)
        with pytest.raises(MediaError) as refused, open_film(path):
            pass
        assert len(str(refused.value).splitlines()) == 1
        assert "no other file is opened for it" in refused.value.reason


def test_numbered_pictures_are_no_film(tmp_path: Path) -> None:
    for number in range(3):
        Image.fromarray(quarters()).save(tmp_path / f"a{number:03}.jpg")
    pattern = tmp_path / "a%03d.jpg"
    pattern.write_bytes((tmp_path / "a000.jpg").read_bytes())
    with pytest.raises(MediaError), open_film(pattern):
        pass


def test_a_drawing_is_no_photograph_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.raises(MediaError):
        read_photo(path)
