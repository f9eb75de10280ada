"""What a detector sees in frames: each picture looked at once, and what it states of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rushes.catalog.catalog import StoredFrame
from rushes.footage.picture import encode_picture
from rushes.footage.source import Frame
from rushes.storage.files import digest_of_bytes
from rushes.storage.kept_pixels import LIMIT_VARIABLE
from rushes.subjects.detection import Detection, Pixels
from rushes.subjects.seen import FOLDER, LOWEST_SCORE, look_at_frames, plan_statements


@dataclass
class Brightness:
    """A detector that calls a picture by how bright it is, and remembers how often it was asked."""

    name: str = "brightness"
    id: str = "b" * 64
    words: tuple[str, ...] = ("light", "dark")
    asked: list[float] = field(default_factory=list)

    def find(self, picture: Pixels) -> tuple[Detection, ...]:
        self.asked.append(mean := float(picture.mean()) / 255)
        if mean == 0:
            return ()
        word = "light" if mean > 0.5 else "dark"
        return (Detection(word, mean, 0.0, 0.25, 0.5, 0.75), Detection("light", LOWEST_SCORE, 0.0, 0.0, 1.0, 1.0))


def frame(root: Path, number: int, level: int | None) -> StoredFrame:
    """Return a frame whose picture is of one level of gray; None writes no picture at all."""
    name = f"{number}.png"
    data = encode_picture(np.full((8, 8, 3), level or 0, np.uint8), "png", 90) if level is not None else b"no picture"
    (root / name).write_bytes(data)
    return StoredFrame(Frame("s", number, Fraction(1), number, "", f"f{number}"), name, digest_of_bytes(data), None)


def look(root: Path, frames: list[StoredFrame], detector: Brightness):
    return look_at_frames(frames, detector, root=root, cache_folder=root / "cache", threads=2)


def test_each_picture_is_looked_at_once_and_kept_with_its_boxes(tmp_path: Path) -> None:
    frames = [frame(tmp_path, 0, 250), frame(tmp_path, 1, 50), frame(tmp_path, 2, 250), frame(tmp_path, 3, 0)]
    detector = Brightness()
    seen = look(tmp_path, frames, detector)
    assert (len(detector.asked), seen.looked_at, len(seen.detections)) == (3, 3, 4)  # two pictures are the same
    again = look(tmp_path, frames, detector)
    assert (len(detector.asked), again.looked_at) == (3, 0)
    assert again.detections == seen.detections
    look(tmp_path, frames, Brightness(id="c" * 64))
    assert len(detector.asked) == 3


def test_what_cannot_be_read_is_told_and_looked_at_again_the_next_time(tmp_path: Path) -> None:
    frames = [frame(tmp_path, 0, 250), frame(tmp_path, 1, None)]
    seen = look(tmp_path, frames, Brightness())
    assert [(item.frame.name, bool(reason)) for item, reason in seen.unread] == [("f1", True)]
    assert list(seen.detections) == [frames[0].frame.id]
    (tmp_path / "1.png").unlink()
    seen = look(tmp_path, [*frames, frame(tmp_path, 2, 10)], Brightness())
    assert (seen.looked_at, len(seen.unread)) == (1, 1)


def test_records_that_are_spoilt_are_made_again(tmp_path: Path) -> None:
    frames = [frame(tmp_path, 0, 250)]
    look(tmp_path, frames, Brightness())
    [part] = (tmp_path / "cache").rglob("part-*.bin")
    part.write_bytes(b"?" * part.stat().st_size)
    assert look(tmp_path, frames, Brightness()).looked_at == 1


def test_a_detector_that_was_asked_longest_ago_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [frame(tmp_path, 0, 250)]
    look(tmp_path, frames, Brightness())
    monkeypatch.setenv(LIMIT_VARIABLE, str(1 / (1 << 30)))
    look(tmp_path, frames, Brightness(id="c" * 64))
    assert [path.name for path in (tmp_path / "cache" / FOLDER).iterdir()] == ["c" * 24]


def test_a_detector_replaces_only_what_it_could_look_at(tmp_path: Path) -> None:
    frames = [frame(tmp_path, 0, 250), frame(tmp_path, 1, 50), frame(tmp_path, 2, 0), frame(tmp_path, 3, None)]
    light, dark, black, unread = (item.frame.id for item in frames)
    seen = look(tmp_path, frames, Brightness())
    previous = {light: ("light",), black: ("dark",), unread: ("light",), "elsewhere": ("dark",)}
    assert plan_statements(previous, seen, min_score=0.15) == {dark: ("dark",), black: ()}
    assert plan_statements(previous, seen, min_score=0.05) == {dark: ("dark", "light"), black: ()}
    assert plan_statements({}, seen, min_score=0.5) == {light: ("light",)}
