"""Clips of a virtual camera: encoded films that do what their plan says, made once, from what can be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from footage.spliced import write_frames
from rushes.datasets.synthetic.camera_clips import (
    Material,
    VirtualClip,
    make_clips,
    resting_shots,
    stills_in,
    why_plain,
)
from rushes.datasets.synthetic.camera_view import log_zooms
from rushes.errors import MediaError
from rushes.footage.motion import follow, prepare
from rushes.footage.photo import read_photo
from rushes.footage.source import Unreadable


def write_still(path: Path, seed: int, size: tuple[int, int] = (360, 270)) -> Path:
    """Write a picture of spots, small and large ones, which has corners everywhere."""
    dice = np.random.default_rng(seed)
    spots = np.zeros((size[1], size[0], 3))
    for wide in (2, 6, 18):
        layer = cv2.GaussianBlur(dice.normal(size=spots.shape), (0, 0), wide)
        spots = spots + layer / np.std(layer)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.clip(128 + 32 * spots, 0, 255).astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def stills(tmp_path_factory: pytest.TempPathFactory) -> list[Material]:
    folder = tmp_path_factory.mktemp("stills")
    for number in range(5):
        write_still(folder / f"still{number}.png", number)
    return stills_in(folder)


def lumas_of(clip: VirtualClip) -> list[np.ndarray]:
    with av.open(str(clip.path)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return [cv2.resize(frame, (160, 160 * frame.shape[0] // frame.shape[1])) for frame in frames]


def measured_log_zoom(clip: VirtualClip) -> float:
    lumas, total = lumas_of(clip), 0.0
    for first in range(0, len(lumas) - 1, 3):
        last = min(first + 3, len(lumas) - 1)
        seconds = (last - first) / float(clip.rate)
        total += seconds * follow(prepare(lumas[first], 0.0), prepare(lumas[last], seconds)).zoom
    return total


def test_clips_take_the_movements_in_turns_and_hold_the_frames_of_their_plan(
    stills: list[Material], tmp_path: Path
) -> None:
    clips = make_clips(tmp_path, stills, count=6, seed=1, width=160, threads=1)
    assert [clip.movement for clip in clips] == ["static", "motion", "push", "pull", "static", "motion"]
    for clip in clips:
        with av.open(str(clip.path)) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height) == clip.plan.frame_size
            assert stream.average_rate == clip.rate
            assert sum(1 for _ in container.decode(stream)) == clip.frame_count
        assert clip.group == clip.material.group == clip.material.path.stem
    assert sorted(tmp_path.iterdir()) == sorted(clip.path for clip in clips)


def test_an_encoded_clip_has_the_zoom_that_its_plan_says(stills: list[Material], tmp_path: Path) -> None:
    clips = make_clips(tmp_path, stills, count=8, seed=4, width=240, movements=("push", "pull"))
    true = np.array([log_zooms(clip.plan)[-1] for clip in clips])
    measured = np.array([measured_log_zoom(clip) for clip in clips])
    assert (measured * true >= 0).all()  # 0 where a clip is too dark or too soft to be followed
    assert np.median(np.abs(measured - true) / np.abs(true)) < 0.1


def test_a_resting_camera_is_measured_at_rest(stills: list[Material], tmp_path: Path) -> None:
    clips = make_clips(tmp_path, stills, count=5, seed=2, width=160, movements=("static",))
    assert np.median([abs(measured_log_zoom(clip)) for clip in clips]) < 0.01


def test_the_same_seed_makes_the_same_bytes_and_more_clips_begin_with_the_same(
    stills: list[Material], tmp_path: Path
) -> None:
    some = make_clips(tmp_path / "a", stills, count=4, seed=3, width=64, threads=1)
    more = make_clips(tmp_path / "b", stills, count=6, seed=3, width=64, threads=2)
    assert [clip.path.name for clip in some] == [clip.path.name for clip in more[:4]]
    assert [clip.path.read_bytes() for clip in some] == [clip.path.read_bytes() for clip in more[:4]]
    other = make_clips(tmp_path / "c", stills, count=4, seed=5, width=64, threads=1)
    assert not {clip.path.name for clip in some} & {clip.path.name for clip in other}


def test_clips_that_are_there_are_left_and_what_is_missing_is_made(stills: list[Material], tmp_path: Path) -> None:
    clips = make_clips(tmp_path, stills, count=4, seed=3, width=64)
    times = {clip.path: clip.path.stat().st_mtime_ns for clip in clips}
    gone = clips[2].path
    gone.unlink()  # as a kill had left it: whole or not there
    assert make_clips(tmp_path, stills, count=4, seed=3, width=64) == clips
    assert {path for path, time in times.items() if path.stat().st_mtime_ns != time} == {gone}


def test_material_that_cannot_be_used_is_reported_once_and_others_take_its_place(
    stills: list[Material], tmp_path: Path
) -> None:
    torn = tmp_path / "torn.png"
    torn.write_bytes(stills[0].path.read_bytes()[:400])
    bad = [
        Material(torn, "torn"),
        Material(write_still(tmp_path / "small.png", 9, (120, 60)), "small"),
        Material(tmp_path / "gone.png", "gone"),
    ]
    said: list[Unreadable] = []
    clips = make_clips(tmp_path / "clips", [*bad, *stills[:2]], count=10, width=64, refused=said.append)
    assert {clip.group for clip in clips} == {"still0", "still1"}
    assert sorted(Path(one.path).name for one in said) == ["gone.png", "small.png", "torn.png"]
    assert "120x60 pixels" in next(one.reason for one in said if one.path.endswith("small.png"))


def test_a_title_black_and_what_has_no_detail_are_refused_and_a_scene_is_not(
    stills: list[Material], tmp_path: Path
) -> None:
    title = np.full((180, 320, 3), 250, np.uint8)
    cv2.putText(title, "THREE RODENTS", (20, 100), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (200, 150, 20), 3)
    slope = np.repeat(np.linspace(0, 255, 320, dtype=np.uint8)[None, :, None], 180, axis=0).repeat(3, axis=2)
    assert "one even ground" in why_plain(title)
    assert "one even ground" in why_plain(255 - title)
    assert why_plain(np.full((180, 320, 3), 3, np.uint8)) == "is nearly of one colour"
    assert why_plain(slope) == "has next to no detail"
    assert why_plain(read_photo(stills[0].path).pixels) == ""
    frames = [np.zeros((120, 160, 3), np.uint8)] * 30
    shot = Material(write_frames(tmp_path / "black.mp4", frames, rate=25), "black", 0, 30, Fraction(25))
    cv2.imwrite(str(tmp_path / "title.png"), title)
    said: list[Unreadable] = []
    clips = make_clips(
        tmp_path / "clips", [shot, Material(tmp_path / "title.png", "title"), stills[0]], count=9, width=64,
        refused=said.append,
    )  # fmt: skip
    assert {clip.group for clip in clips} == {"still0"}
    reasons = {Path(one.path.split(",")[0]).name: one.reason for one in said}
    assert "nearly of one colour" in reasons["black.mp4"]
    assert "as a title has" in reasons["title.png"]
    assert len(said) == 2


def test_without_any_material_that_can_be_used_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="none can be used"):
        make_clips(tmp_path / "clips", [Material(tmp_path / "gone.png", "gone")], count=2)
    with pytest.raises(ValueError, match="0 materials"):
        make_clips(tmp_path / "clips", [], count=2)


def test_a_still_comes_up_with_every_movement(stills: list[Material], tmp_path: Path) -> None:
    clips = make_clips(tmp_path, stills[:2], count=24, width=64)
    assert len({(clip.group, clip.movement) for clip in clips}) == 8


def test_a_shot_keeps_what_moves_in_it_and_is_followed_at_its_rate(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    ground = np.asarray(cv2.GaussianBlur(dice.integers(0, 255, (180, 240, 3), np.uint8), (0, 0), 2))
    frames = [ground.copy() for _ in range(50)]
    for place, frame in enumerate(frames):
        cv2.circle(frame, (20 + 4 * place, 90), 20, (250, 250, 250), -1)
    film = write_frames(tmp_path / "shot.mp4", frames, rate=25)
    shot = Material(film, "shot", 5, 50, Fraction(25))
    (clip,) = make_clips(tmp_path / "clips", [shot], count=1, seed=1, width=160, movements=("static",))
    assert clip.rate == 25
    assert clip.frame_count <= 45
    lumas = np.stack(lumas_of(clip)).astype(float)
    assert np.abs(lumas[0] - lumas[-1]).max() > 25  # dark as the clip is, the ball went on


def test_a_shot_beyond_the_end_of_its_film_is_reported(stills: list[Material], tmp_path: Path) -> None:
    film = write_frames(tmp_path / "film.mp4", [np.full((120, 160, 3), 90, np.uint8)] * 20, rate=25)
    said: list[Unreadable] = []
    shots = [Material(film, "film", 10, 90, Fraction(25))]
    clips = make_clips(tmp_path / "clips", [*shots, stills[0]], count=6, width=64, refused=said.append)
    assert {clip.group for clip in clips} == {"still0"}
    assert "has 20 frames" in said[0].reason


@dataclass(frozen=True)
class Row:
    video: str
    start: int = 0
    stop: int = 50
    rate: Fraction = Fraction(25)
    group: str = "g"
    source: str = "0" * 64
    classes: dict[str, str] = field(default_factory=dict)


def test_only_shots_that_are_labelled_static_and_long_enough_become_material() -> None:
    rows = [
        Row("a.mp4", classes={"movement": "Static"}),
        Row("b.mp4", classes={"movement": "push"}),
        Row("c.mp4", classes={"scale": "MS"}),
        Row("d.mp4", stop=9, classes={"movement": "static"}),
    ]
    found = resting_shots(rows, path_of=lambda video: Path("films") / video)
    assert found == [Material(Path("films/a.mp4"), "g", 0, 50, Fraction(25), "0" * 64)]


def test_material_that_is_neither_still_nor_shot_is_a_bug() -> None:
    with pytest.raises(ValueError, match="a shot has a stop and a rate"):
        Material(Path("a.mp4"), "a", 0, 10)
    with pytest.raises(ValueError, match="0 <= start < stop"):
        Material(Path("a.mp4"), "a", 10, 10, Fraction(25))
