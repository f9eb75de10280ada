"""A film file, understood."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from inference.moving import EDGES, write_moving_film
from rushes.errors import BundleError, UsageError
from rushes.progress import silent
from rushes.structure.tools import Tools, open_tools
from rushes.structure.understand import Folders, understand_film, understood_before
from rushes.structure.wishes import Wishes
from rushes.subjects.detection import Detection, Pixels


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shots that move or rest, and a black one."""
    return write_moving_film(tmp_path_factory.mktemp("films") / "moving.mp4")


def folders_in(path: Path) -> Folders:
    return Folders(path / "scans", path / "cache", path / "faces")


def test_a_film_is_understood_without_any_model(film: Path) -> None:
    understood = understand_film(film, Tools(), threads=1)
    found = understood.film
    assert [place.shot.stop for place in found.timeline.shots] == list(EDGES[1:])
    assert found.structure.scenes[-1].stop == len(found.timeline.shots)
    assert found.structure.setups[-1] == -1  # the black one
    assert found.facts.shot_count == 3
    assert (found.looks_by, found.closeness_by, found.characters, found.subjects) == ("scan", "", None, None)
    assert all(found.facts.palettes[:3])
    assert found.facts.palettes[3] == ()
    assert found.notes == ()  # three shots cannot alternate: how dialogues are told is of no interest
    assert understood.pictures == ()


class CornerDetector:
    """Sees a thing in the corner of every picture."""

    name, id, words = "corners", "corners-1", ("corner",)

    def find(self, picture: Pixels) -> tuple[Detection, ...]:
        return (Detection("corner", 0.7, 0.0, 0.0, 0.25, 0.5),) if picture.any() else ()


def test_what_a_detector_sees_is_told_by_shot_and_by_frame(film: Path) -> None:
    found = understand_film(film, Tools(detector=CornerDetector()), threads=1).film
    assert found.subjects == (("corner",), ("corner",), ("corner",), ())
    assert found.objects is not None
    assert sorted({one.shot for one in found.objects}) == [0, 1, 2]
    for one in found.objects:
        shot = found.timeline.shots[one.shot]
        assert shot.shot.start <= one.ordinal < shot.shot.stop
        assert shot.start_seconds <= one.seconds < shot.stop_seconds
    assert found.faces is None


def test_what_is_kept_is_enough_the_second_time(film: Path, tmp_path: Path) -> None:
    folders = folders_in(tmp_path)
    assert understood_before(film, Tools(), folders=folders) is None
    first = understand_film(film, Tools(), folders=folders, picture_side=64, threads=1)
    told: list[int] = []
    again = understand_film(
        film, Tools(), folders=folders, picture_side=64, threads=1, progress=lambda done, *_: told.append(done)
    )
    assert told == []  # nothing was scanned or looked at
    assert again.film == first.film
    before = understood_before(film, Tools(), folders=folders)
    assert before is not None
    assert before.film == first.film
    assert [picture is not None for picture in first.pictures] == [True] * 4
    assert max(first.pictures[0].pixels.shape[:2]) == 64  # type: ignore[union-attr]


def test_sound_that_was_not_heard_is_not_known_before(film: Path, tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    sounding, titles = tmp_path / "sounding.mkv", tmp_path / "sounding.srt"
    sine = ("-f", "lavfi", "-i", "sine=duration=6", "-c:v", "copy", "-shortest")
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(film), *sine, str(sounding)], check=True)
    titles.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello.\n", encoding="utf-8")
    folders = folders_in(tmp_path)
    understand_film(sounding, Tools(), folders=folders, threads=1)
    assert understood_before(sounding, Tools(), folders=folders) is not None
    assert understood_before(sounding, Tools(), folders=folders, subtitles=titles) is None
    first = understand_film(sounding, Tools(), folders=folders, subtitles=titles, threads=1)
    before = understood_before(sounding, Tools(), folders=folders, subtitles=titles)
    assert before is not None
    assert before.film.subtitles == first.film.subtitles is not None


def test_how_dialogues_are_told_is_said_where_shots_can_alternate(tmp_path: Path) -> None:
    film = write_moving_film(tmp_path / "four.mp4", shots=("rest",) * 4)
    assert any("alternation alone" in note for note in understand_film(film, Tools(), threads=1).film.notes)


def test_a_bundle_of_pictures_answers_for_each_shot(film: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    bundle = tiny_bundle(tmp_path / "tiny")
    wishes = Wishes(closeness=str(bundle.folder), close_classes=(bundle.classes[0],))
    found = understand_film(film, open_tools(wishes, threads=1), folders=folders_in(tmp_path), threads=1).film
    assert (found.looks_by, found.closeness_by) == ("scan", bundle.name)
    answers = [place.answers.get(bundle.task) for place in found.timeline.shots]
    assert [answer is not None for answer in answers] == [True, True, True, False]


def test_a_bundle_whose_graph_gives_no_features_says_so(film: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    bundle = tiny_bundle(tmp_path / "tiny")
    tools = open_tools(Wishes(looks=str(bundle.folder)), threads=1)
    with pytest.raises(BundleError, match="gives no features, by which shots could be compared"):
        understand_film(film, tools, threads=1)


def test_a_bundle_of_shots_is_asked_once(film: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from bundles.shot_tiny import BOTH, tiny_shot_bundle

    bundle = tiny_shot_bundle(tmp_path / "both", BOTH)
    close = bundle.tasks["scale"][0]
    folders = folders_in(tmp_path)
    tools = open_tools(Wishes(closeness=str(bundle.folder), close_classes=(close,)), threads=1)
    understand_film(film, Tools(), folders=folders, threads=1)
    assert understood_before(film, tools, folders=folders) is None  # the bundle was not asked yet
    first = understand_film(film, tools, folders=folders, threads=1)
    assert {one.class_name for one in first.film.facts.scales} <= set(bundle.tasks["scale"])
    before = understood_before(film, tools, folders=folders)
    assert before is not None
    assert before.film == first.film


def test_what_is_no_bundle_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "bundles" / "scale").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"--looks scael: there is no such bundle\. Did you mean 'scale'"):
        open_tools(Wishes(looks="scael"), bundles_folder=tmp_path / "bundles")
    with pytest.raises(UsageError, match="Make one with 'rushes export RUN'"):
        open_tools(Wishes(closeness="mcu"))
    with pytest.raises(BundleError):
        open_tools(Wishes(looks="scale"), bundles_folder=tmp_path / "bundles", progress=silent)
