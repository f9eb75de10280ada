"""A film watched: every frame decoded once, whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from inference.moving import write_moving_film
from rushes.errors import MediaError
from rushes.footage.video import index_video
from rushes.footage.video_index import VideoIndex
from rushes.structure.watch import LOST, InMemory, Pixels, Watch, keeper_of, pack_rows, unpack_rows, watch_film
from rushes.structure.watchers import FaceKeeper
from rushes.subjects.kept_faces import wipe_faces
from subjects.people import READER, seen


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
    watch = Watch(watcher, tuple(ordinals), keeper_of(watcher, cache))
    return watch_film(film, index, {"bright": watch}, source="ab" * 32, threads=1)["bright"]


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
    )
    assert [sorted(said[name]) for name in ("one", "other")] == [[1, 2, 3], [3, 9]]
    assert said["one"][3] == said["other"][3]
    assert told[-1] == (4, 4)  # frame 3 was decoded once


def test_what_was_seen_before_it_broke_off_is_kept(film: Path, index: VideoIndex, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="breaks off"):
        watched(film, index, Angry(), range(24), tmp_path)
    later = Bright()
    watched(film, index, later, range(24), tmp_path)
    assert later.shown == 16  # the first eight were kept


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
