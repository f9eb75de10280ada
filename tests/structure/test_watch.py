"""A film watched: every frame decoded once, whoever asks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from inference.moving import write_moving_film
from rushes.errors import MediaError
from rushes.footage.video import index_video
from rushes.footage.video_index import VideoIndex
from rushes.storage.kept_pixels import LIMIT_VARIABLE
from rushes.structure.watch import (
    LOST,
    InMemory,
    Pixels,
    Watch,
    keeper_of,
    make_room_for_looks,
    name_of_frame,
    pack_rows,
    read_known,
    unpack_rows,
    watch_film,
)
from rushes.structure.watchers import FaceKeeper
from rushes.subjects.kept_faces import wipe_faces
from subjects.people import READER, seen

SOURCE = "ab" * 32


class Bright:
    """Says how bright pictures are, and remembers how many it was shown."""

    key = "bright/1"

    def __init__(self) -> None:
        self.shown = 0

    def see(self, pictures: Sequence[Pixels]) -> Sequence[bytes]:
        self.shown += len(pictures)
        return [f"{one.mean():.0f}".encode() for one in pictures]


class Angry(Bright):
    """Breaks off at the second batch."""

    def see(self, pictures: Sequence[Pixels]) -> Sequence[bytes]:
        if self.shown:
            raise MediaError("film", "breaks off")
        return super().see(pictures)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_moving_film(tmp_path_factory.mktemp("films") / "moving.mp4")


@pytest.fixture(scope="module")
def index(film: Path) -> VideoIndex:
    return index_video(film)


def watched(
    film: Path, index: VideoIndex, watcher: Bright, ordinals: Sequence[int], cache: Path | None
) -> dict[int, bytes]:
    watch = Watch(watcher, tuple(ordinals), keeper_of(watcher, cache, source=SOURCE))
    return dict(watch_film(film, index, {"bright": watch}, source=SOURCE, threads=1).said["bright"])


def test_what_was_seen_once_is_not_shown_again(film: Path, index: VideoIndex, tmp_path: Path) -> None:
    first, again = Bright(), Bright()
    said = watched(film, index, first, range(0, 40, 2), tmp_path)
    assert list(said) == list(range(0, 40, 2))
    assert watched(film, index, again, range(0, 40, 2), tmp_path) == said
    assert (first.shown, again.shown) == (20, 0)
    watched(film, index, again, range(0, 42, 2), tmp_path)
    assert again.shown == 1  # the one that is new


def test_without_a_cache_everything_is_seen_each_time(film: Path, index: VideoIndex) -> None:
    watcher = Bright()
    watched(film, index, watcher, [0, 5], None)
    watched(film, index, watcher, [0, 5], None)
    assert watcher.shown == 4


def test_each_watcher_sees_its_own_frames_of_one_pass(film: Path, index: VideoIndex) -> None:
    one, other = Bright(), Bright()
    watches = {"one": Watch(one, (1, 2, 3), InMemory()), "other": Watch(other, (3, 9), InMemory())}
    told: list[tuple[int, int | None]] = []
    said = watch_film(
        film, index, watches, source="ab", threads=1, progress=lambda done, of, note="": told.append((done, of))
    ).said
    assert [sorted(said[name]) for name in ("one", "other")] == [[1, 2, 3], [3, 9]]
    assert said["one"][3] == said["other"][3]
    assert told[-1] == (4, 4)  # frame 3 was decoded once


def test_what_was_seen_before_it_broke_off_is_kept(film: Path, index: VideoIndex, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="breaks off"):
        watched(film, index, Angry(), range(24), tmp_path)
    later = Bright()
    watched(film, index, later, range(24), tmp_path)
    assert later.shown == 16  # the first eight were kept


class FullDisk(InMemory):
    """A keeper whose disk is full."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_keeps_what_was_seen_from_no_one(film: Path, index: VideoIndex, tmp_path: Path) -> None:
    with_room = keeper_of(Bright(), tmp_path, source=SOURCE)
    watches = {"faces": Watch(Bright(), (1, 2), FullDisk()), "bright": Watch(Bright(), (2, 3), with_room)}
    watched = watch_film(film, index, watches, source=SOURCE, threads=1)
    assert [sorted(watched.said[name]) for name in ("faces", "bright")] == [[1, 2], [2, 3]]
    assert watched.unkept == {"faces": "No space left on device"}
    later = read_known({"bright": Watch(Bright(), (2, 3), keeper_of(Bright(), tmp_path, source=SOURCE))}, SOURCE)
    assert (later.said["bright"], later.lacking) == (watched.said["bright"], {})


def test_records_that_cannot_be_written_are_told(film: Path, index: VideoIndex, tmp_path: Path) -> None:
    (tmp_path / "looks").write_text("a file where a folder should be")
    watch = Watch(Bright(), (1,), keeper_of(Bright(), tmp_path, source=SOURCE))
    watched = watch_film(film, index, {"bright": watch}, source=SOURCE, threads=1)
    assert list(watched.said["bright"]) == [1]
    assert list(watched.unkept) == ["bright"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from rushes.footage.video import index_video
from rushes.structure.watch import Watch, keeper_of, watch_film

class Killed:
    key = "bright/1"
    shown = 0

    def see(self, pictures):
        if self.shown == 16:
            os.kill(os.getpid(), signal.SIGKILL)
        self.shown += len(pictures)
        return [b"1" for _ in pictures]

film, cache, source = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
watch = Watch(Killed(), tuple(range(40)), keeper_of(Killed(), cache, source=source))
watch_film(film, index_video(film), {"bright": watch}, source=source, threads=1, flush_seconds=0)
"""


def test_what_was_seen_before_a_kill_is_kept(film: Path, index: VideoIndex, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(film), str(tmp_path), SOURCE]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    later = Bright()
    watched(film, index, later, range(40), tmp_path)
    assert later.shown == 24


def test_another_film_is_kept_beside_and_costs_nothing_to_open(tmp_path: Path) -> None:
    for source in ("cd" * 32, "ef" * 32):
        keeper = keeper_of(Bright(), tmp_path, source=source)
        keeper.put(name_of_frame(source, 1), b"1")
        keeper.flush()
    assert sorted(path.name for path in (tmp_path / "looks").iterdir()) == ["cd" * 8, "ef" * 8]
    keeper = keeper_of(Bright(), tmp_path, source="cd" * 32)
    assert [keeper.get(name_of_frame(source, 1)) for source in ("cd" * 32, "ef" * 32)] == [b"1", None]


def test_films_that_were_asked_for_longest_ago_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = []
    for place, source in enumerate(("cd" * 32, "ef" * 32)):
        keeper = keeper_of(Bright(), tmp_path, source=source)
        keeper.put(name_of_frame(source, 1), bytes(1000))
        keeper.flush()
        folders.append(tmp_path / "looks" / source[:16])
        os.utime(folders[-1], (place, place))
    monkeypatch.setenv(LIMIT_VARIABLE, str(1500 / (1 << 30)))
    make_room_for_looks(tmp_path, source=SOURCE)
    assert [folder.exists() for folder in folders] == [False, True]


def test_vectors_come_back_as_near_as_half_precision_is() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)
    assert unpack_rows([pack_rows(row) for row in rows]) == pytest.approx(rows, rel=1e-3)


def test_a_lost_frame_is_not_one_without_a_face_the_second_time_either(tmp_path: Path) -> None:
    for _ in range(2):
        keeper = FaceKeeper(tmp_path, source="film", reader=READER)
        if keeper.get("film:5") is None:
            keeper.put("film:5", (seen(1),))
            keeper.put("film:15", ())
            keeper.put("film:25", LOST)
            keeper.flush()
        assert (keeper.get("film:15"), keeper.get("film:25"), keeper.get("film:35")) == ((), LOST, None)
        found = keeper.film_faces()
        assert (found.ordinals, found.lost, found.face_count) == ((5, 15), (25,), 1)


def test_faces_that_were_wiped_while_a_film_is_looked_at_are_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "faces"
    keeper = FaceKeeper(folder, source="film", reader=READER)
    keeper.put("film:5", (seen(1),))
    keeper.flush()
    keeper.put("film:15", (seen(2),))
    wipe_faces(folder)
    keeper.flush()
    assert "wiped while a film was looked at" in caplog.text
    assert not folder.exists()
