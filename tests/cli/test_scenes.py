"""`rushes scenes` as a user meets it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from inference.moving import write_moving_film
from rushes.cli.main import main


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_moving_film(tmp_path_factory.mktemp("films") / "moving.mp4")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ended(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return end.value.code if isinstance(end.value.code, int) else 1


def test_scenes_are_printed_and_written(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / name for name in ("m.html", "m.csv", "m.scenes.csv", "m.json", "m.edl", "m.otio", "m.eaf")]
    assert ended("scenes", film, "--threads", 1, "--write", *files) == 0
    said = capsys.readouterr()
    assert "1 scene" in said.out or "scenes" in said.out
    assert "average shot" in said.out
    assert "alternation alone" not in said.err  # three shots cannot alternate
    assert all(path.stat().st_size for path in files)
    assert json.loads((tmp_path / "m.json").read_text())["schema"] == "film-structure/1"


def test_its_json_is_scored_against_a_truth(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text("kind,first_shot,last_shot\nscene,1,4\n")
    assert ended("scenes", film, "--threads", 1, "--truth", truth, "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert [one["schema"] for one in (*table["films"], *table["scores"])] == ["film-structure/1", "structure-score/1"]
    assert (table["written"], table["fetched"], table["failed"]) == ([], [], [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no film is named"),
        (("film.mp4", "--faces"), "there is none here. Make one with 'rushes init DIR'"),
        (("film.mp4", "--with", "Ada"), "there is none here"),
        (("film.mp4", "--no-faces", "--with", "2"), "--no-faces --with 2: who is in a film is known by faces alone"),
        (("film.mp4", "--close-class", "CS"), "Name one with --closeness"),
        (("film.mp4", "--words", "cup"), "Name one with --detector"),
        (("a.mp4", "b.mp4", "--subtitles", "a.srt"), "1 file for 2 films"),
        (("a.mp4", "b.mp4", "--truth", "t.csv"), "it is of one film, and 2 are named"),
        (("film.mp4", "--write", "film.xyz"), "Allowed: "),
        (("film.mp4", "--looks", "nothing"), "--looks nothing: there is no such bundle"),
    ],
)
def test_wrong_words_are_told_before_anything_is_read(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("scenes", *words) == 2
    assert said in capsys.readouterr().err


def test_a_film_that_is_none_is_listed_and_the_rest_goes_on(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "no.mp4").write_bytes(b"this is no film")
    assert ended("scenes", "no.mp4", film, "--threads", 1) == 1
    said = capsys.readouterr()
    assert "no.mp4" in said.err
    assert "moving" in said.out


def test_no_model_is_asked_for_where_there_is_no_film(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("scenes", "no.mp4", "--detector", "yolox-tiny") == 1
    said = capsys.readouterr().err
    assert "no.mp4" in said
    assert "yolox" not in said


def test_a_broken_project_is_told(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rushes.toml").write_text("[film]\nfacess = true\n")
    assert ended("scenes", film) == 2
    assert "unknown key 'facess'" in capsys.readouterr().err


def test_films_of_a_folder_are_each_understood(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).symlink_to(film)
    assert ended("scenes", folder, "--threads", 1, "--json") == 0
    shown = capsys.readouterr()
    assert [one["name"] for one in json.loads(shown.out)["films"]] == ["a", "b"]
    assert shown.err.count("alternation alone") == 0  # too few shots to talk in
    (tmp_path / "empty").mkdir()
    assert ended("scenes", tmp_path / "empty") == 2
    assert "holds no film" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("scenes", film, "--write", "out.html", "--dry-run") == 0
    assert "would write out.html" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_what_would_be_fetched_and_refuses_what_the_run_would(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHES_MODELS", str(tmp_path / "none"))
    assert ended("scenes", film, "--detector", "nanodet", "--dry-run") == 0
    assert "would fetch nanodet (object_detection_nanodet_2022nov.onnx, 3.8 MB, licence Apache-2.0" in (
        capsys.readouterr().out
    )
    (tmp_path / "s.srt").write_text("nothing")
    words = ("--detector", "nanodet", "--subtitles", "s.srt", "--write", "out.csv", "--dry-run", "--json")
    assert ended("scenes", film, *words) == 1
    table = json.loads(capsys.readouterr().out)
    assert table["would_look_at"] == [{"film": str(film), "subtitles": None}]
    assert [one["name"] for one in table["would_fetch"]] == ["nanodet"]
    assert (table["by"]["detector"], table["by"]["faces"], table["would_write"]) == ("nanodet", False, ["out.csv"])
    assert "s.srt" in table["failed"][0]
    assert ended("scenes", film, "--closeness", "nothing", "--dry-run") == 2
    assert "there is no such bundle" in capsys.readouterr().err
    assert ended("scenes", film, "--detector", "nothing.onnx", "--dry-run") == 2
    assert "there is no file 'nothing.onnx'" in capsys.readouterr().err


def test_a_truth_that_is_not_of_the_film_costs_no_files(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "truth.csv").write_text("kind,first_shot,last_shot\nscene,1,400\n")
    words = ("--truth", "truth.csv", "--write", "out.csv", "--threads", 1, "--json")
    assert ended("scenes", film, *words) == 1
    table = json.loads(capsys.readouterr().out)
    assert (table["written"], table["scores"]) == (["out.csv"], [])
    assert "there is no shot 400" in table["failed"][0]
    assert (tmp_path / "out.csv").is_file()


def test_subtitles_beside_a_film_are_taken_and_can_be_left(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.mp4"
    shutil.copyfile(film, own)
    (tmp_path / "own.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nA word\n")
    assert ended("scenes", own, "--threads", 1, "--dry-run") == 0
    assert f"subtitles beside the film: {tmp_path / 'own.srt'}" in capsys.readouterr().out
    assert ended("scenes", own, "--dry-run", "--json", "--subtitles", "none") == 0
    assert json.loads(capsys.readouterr().out)["would_look_at"][0]["subtitles"] is None
    (tmp_path / "own.srt").write_text("nothing")
    assert ended("scenes", own, "--threads", 1, "--json") == 0
    said = capsys.readouterr()
    assert "understood without it" in said.err
    assert json.loads(said.out)["films"][0]["subtitles"] is None


def test_somebody_is_looked_for_only_where_faces_are_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rushes.toml").write_text('name = "film"\n')
    assert ended("scenes", "film.mp4", "--with", "Ada") == 2
    said = capsys.readouterr().err
    assert "faces alone, and they are off" in said
    assert "Add --faces for this once" in said
    assert not (tmp_path / ".rushes").exists()
