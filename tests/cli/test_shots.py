"""`rushes shots`, up to where the detector begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rushes.cli.main import main


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "TT S01.mov"
    path.write_bytes(b"a film, as far as a plan can see")
    return path


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("shots", film, "--write", out / "{name}.edl", out / "sheet.jpg", "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"would find the shots of {film}",
        f"would write {out / 'TT-S01.edl'}",
        f"would write {out / 'sheet.jpg'} (sheet-001.jpg and so on above 200 shots)",
    ]
    assert not out.exists()


def test_a_dry_run_lists_a_film_that_is_not_there(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("shots", film, film.parent / "gone.mov", "--write", "{name}.csv", "--dry-run", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["would_write"] == ["TT-S01.csv", "gone.csv"]
    assert "gone.mov: there is no such file" in answer["failed"][0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--write", "a.cvs"], "ends in '.cvs', which is no format of shots. Allowed: .csv, .json, .edl, .otio"),
        (["--picture", "sharp"], "no such frame of a shot. Did you mean 'sharpest'?"),
        (["--size", "40"], "--size 40: a side is 64 to 1024 pixels"),
        (["--write", "{nam}.edl"], "'{nam}' stands for nothing. Allowed: {name}"),
        (["--write", "a.edl", "a.edl"], "--write a.edl: a.edl is named twice"),
        (["--write", f"{'a' * 300}.edl"], f"--write {'a' * 300}.edl: cannot be written (File name too long)"),
        (["--project", "nowhere"], "no rushes.toml in"),
    ],
)
def test_wrong_words_are_refused_before_a_film_is_opened(
    words: list[str], message: str, film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("shots", film, *words) == 2
    assert message in capsys.readouterr().err.replace("\n", "")


def test_a_place_where_no_file_can_stand_is_refused_before_a_film_is_opened(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cut.edl").mkdir()
    assert run("shots", film, "--write", tmp_path / "cut.edl") == 2
    assert "a folder has this name" in capsys.readouterr().err
    assert run("shots", film, "--write", film / "cut.edl") == 2
    assert "is a file, not a folder" in capsys.readouterr().err


def test_films_behind_write_are_said_to_stand_before_it(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("shots", "--write", "a.edl", film, "--json") == 2
    said = capsys.readouterr()
    assert "Films stand before --write" in said.err
    answer = json.loads(said.out)
    assert answer["error"] == "UsageError"
    assert f"({film} among them)" in answer["message"]
    assert run("shots") == 2
    assert "no film is named. Give one or more" in capsys.readouterr().err
