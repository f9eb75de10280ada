"""Films in a store: the same frames as from a file, and what goes wrong on the way is said."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from footage.painted import ordinal_of, write_film, write_large_film, write_sound
from rushes.errors import MediaError
from rushes.footage.film import open_film
from rushes.footage.sampling import Every, plan_ordinals
from rushes.footage.video import DecodedFrame, LostFrame, decode_frames, index_video
from rushes.storage.places import Place, parse_place
from rushes.storage.reading import held
from storage.servers import WebServer, web_server

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


def put(web: WebServer, path: Path, **how: object) -> Place:
    return parse_place(web.put(f"/films/{path.name}", path.read_bytes(), **how))


def noise(path: Path, megabytes: float) -> Path:
    """Append bytes that no reader of a film asks for, behind the film."""
    with path.open("ab") as file:
        size = round(megabytes * (1 << 20))
        file.write(size.to_bytes(4, "big") + b"free" + bytes(size - 8))
    return path


@pytest.mark.parametrize("name", ["a.mp4", "b.mkv", "c.avi", "d.avi", "d.ts", "e.mov", "f.mpg", "g.webm"])
def test_a_film_in_a_store_has_the_same_frames_as_on_disk(web: WebServer, tmp_path: Path, name: str) -> None:
    codec = {"d.avi": "mpeg4", "f.mpg": "mpeg2video", "g.webm": "libvpx-vp9"}.get(name, "libx264")
    path = write_film(tmp_path / name, 60, codec=codec)
    film = put(web, path)
    index = index_video(film)
    assert index == index_video(path)
    wanted = [0, 7, 30, 59]
    for here, there in zip(decode_frames(path, index, wanted), decode_frames(film, index, wanted), strict=True):
        assert isinstance(here, DecodedFrame)
        assert isinstance(there, DecodedFrame)
        assert here.ordinal == there.ordinal == ordinal_of(there.pixels)
        assert np.array_equal(here.pixels, there.pixels)


def test_a_film_whose_index_is_at_its_end_is_read_from_there(web: WebServer, tmp_path: Path) -> None:
    path = write_film(tmp_path / "late.mp4", 60)
    assert path.read_bytes().find(b"moov") > path.read_bytes().find(b"mdat")
    assert index_video(put(web, path)) == index_video(path)


def test_bytes_that_no_reader_asks_for_are_not_fetched(web: WebServer, tmp_path: Path) -> None:
    film = put(web, noise(write_film(tmp_path / "a.mp4", 60), 8))
    index = index_video(film)
    assert len(list(decode_frames(film, index, plan_ordinals(index, Every(Fraction(1)))))) == 3
    assert web.sent["/films/a.mp4"] < 4 << 20  # by several openings; there are 8 MiB


def test_a_few_frames_of_a_long_film_cost_a_part_of_it(web: WebServer, tmp_path: Path) -> None:
    film = put(web, write_large_film(tmp_path / "long.mp4", 900))
    size = len(web.files["/films/long.mp4"].data)
    with held(film), open_film(film) as decoder:
        found = []
        for number in range(4):
            decoder.seek(decoder.stream.duration // 4 * number)
            found.append(next(decoder.frames()).key_frame)
    assert found == [1, 1, 1, 1]
    assert web.sent["/films/long.mp4"] < size / 3


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_what_came_before_a_failure_is_good(web: WebServer, tmp_path: Path, name: str) -> None:
    path = write_large_film(tmp_path / name)
    film = put(web, path)
    with held(film):
        index = index_video(film)
    good = {frame.ordinal: frame.pixels for frame in decode_frames(path, index, range(150))}  # type: ignore[union-attr]
    web.asked.clear()
    web.before = lambda asked, number: number == 3 and web.files.pop(asked, None)
    came: list[DecodedFrame | LostFrame] = []
    with held(film), pytest.raises(MediaError, match="no longer there"):
        came.extend(decode_frames(film, index, range(150)))
    assert 0 < len(came) < 150
    for frame in came:
        assert isinstance(frame, DecodedFrame)
        assert np.array_equal(frame.pixels, good[frame.ordinal])


@pytest.mark.parametrize("number", range(2, 12, 3))
def test_a_failure_ends_the_readers_that_read_side_by_side(web: WebServer, tmp_path: Path, number: int) -> None:
    path = write_large_film(tmp_path / "film.mp4", 900)
    film, index = put(web, path), index_video(path)
    web.before = lambda asked, asked_times: asked_times == number and web.files.pop(asked, None)
    came: list[DecodedFrame | LostFrame] = []
    with held(film), pytest.raises(MediaError, match="no longer there"):
        came.extend(decode_frames(film, index, range(0, 900, 25), threads=4))
    assert len(came) < 36
    assert all(isinstance(frame, DecodedFrame) for frame in came)


def test_a_playlist_in_disguise_reaches_neither_the_network_nor_the_disk(web: WebServer, tmp_path: Path) -> None:
    secret = write_film(tmp_path / "secret.ts", 10)
    segment = web.put("/segment.ts", secret.read_bytes())
    for target in (secret.as_uri(), str(secret), segment):
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
        with pytest.raises(MediaError):
            index_video(parse_place(web.put("/list.mp4", text.encode())))
    assert web.sent["/segment.ts"] == 0


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("text.mp4", b"this is no film\n" * 50, "is a text file"),
        ("empty.mp4", b"", "is empty"),
        ("noise.mkv", bytes(range(256)) * 40, "not a film that FFmpeg can read"),
    ],
)
def test_a_file_in_a_store_that_is_no_film_is_told_as_one_on_disk(
    web: WebServer, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(MediaError, match=said):
        index_video(parse_place(web.put(f"/{name}", data)))


def test_a_film_in_a_store_that_is_cut_off_is_told_as_one_on_disk(web: WebServer, tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", 60)
    cut = path.read_bytes()[:-3000]
    (tmp_path / "cut.mp4").write_bytes(cut)
    with pytest.raises(MediaError) as here:
        index_video(tmp_path / "cut.mp4")
    with pytest.raises(MediaError) as there:
        index_video(parse_place(web.put("/cut.mp4", cut)))
    assert here.value.reason == there.value.reason


def test_sound_in_a_store_is_no_film(web: WebServer, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no moving pictures"):
        index_video(put(web, write_sound(tmp_path / "sound.mkv")))


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
@pytest.mark.parametrize("how", ["vanishes", "changes", "breaks"])
def test_a_film_that_fails_in_the_middle_is_not_taken_for_a_short_one(
    web: WebServer, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, how: str
) -> None:
    data = write_large_film(tmp_path / name).read_bytes()
    film = parse_place(web.put(f"/{name}", data))

    def fail(asked: str, number: int) -> None:
        if number == 2:
            if how == "vanishes":
                del web.files[asked]
            elif how == "changes":
                web.put(asked, data[::-1], etag='"two"')
            else:
                web.files[asked].breaks, web.files[asked].breaks_after = 1000, 0

    web.before = fail
    said = {"vanishes": "no longer there", "changes": "changed while it was read", "breaks": "broke"}[how]
    with held(film), pytest.raises(MediaError, match=said):
        index_video(film)
    assert capfd.readouterr().err == ""  # PyAV prints what it is told while it is busy with something else
