"""An editor's story: what each shot of a film is, without a bundle and with one, in tables and in files."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from bundles.shot_tiny import MOTION_ALONE, evaluate_tiny_run, tiny_shot_bundle, write_tiny_run
from inference.moving import write_moving_film
from inference.plain import write_photo
from rushes.cli.main import main


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_moving_film(tmp_path_factory.mktemp("films") / "moving.mp4")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_shot_bundle(tmp_path_factory.mktemp("bundles") / "shots").folder


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    assert isinstance(end.value.code, int)
    return end.value.code


def answer_of(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> Any:
    assert run(*words, "--json") == code
    return json.loads(capsys.readouterr().out)


def test_movement_is_printed_without_a_bundle_and_how_to_have_scale(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("shots", film, "--write", tmp_path / "cut.csv") == 0
    out = capsys.readouterr().out
    assert "movement" in out
    assert "zoom ×1.5" in out
    assert "rushes shots FILM --bundle BUNDLE" in out
    rest, push, _, black = csv.DictReader((tmp_path / "cut.csv").read_text().splitlines())
    assert (push["movement"], push["scale"], black["movement"]) == ("push", "", "")
    assert push["movement_reason"].startswith("zoom ×1.5")
    assert float(rest["movement_probability"]) > 0.25


def test_a_bundle_answers_in_every_file(
    film: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"cut{ending}" for ending in (".csv", ".json", ".edl", ".otio", ".fcpxml", ".html", ".png")]
    told = answer_of(capsys, "shots", film, "--bundle", bundle, "--write", *files)
    first = told["films"][0]["shots"][0]["answers"]
    assert [*first] == ["scale", "movement"]
    row = next(csv.DictReader((tmp_path / "cut.csv").read_text().splitlines()))
    assert (row["scale"], row["movement"]) == (first["scale"]["class"], first["movement"]["class"])
    for ending in (".edl", ".otio", ".fcpxml"):
        assert f"scale {row['scale']}, probability" in (tmp_path / f"cut{ending}").read_text()
    assert f"{row['scale']} {first['scale']['probability']:.0%}" in (tmp_path / "cut.html").read_text()
    assert "--bundle" not in capsys.readouterr().out


def test_a_project_keeps_the_scan_and_a_list_states_the_shots(
    film: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", "season", "--template", "shots") == 0
    assert run("shots", film, "--project", "season", "--write", "cut.csv") == 0
    lines = (tmp_path / "cut.csv").read_text().splitlines()
    (tmp_path / "two.csv").write_text("\n".join(lines[:3]) + "\n")
    capsys.readouterr()
    told = answer_of(capsys, "predict", bundle, film, "--project", "season", "--shots", "two.csv", "--out", "p.jsonl")
    (prediction,) = told["predictions"]
    assert told["calibrated"] is False
    assert set(told["calibration"].values()) == {"none"}
    assert [(shot["start"], shot["stop"]) for shot in prediction["shots"]] == [(0, 40), (40, 90)]
    assert json.loads((tmp_path / "p.jsonl").read_text()) == prediction
    assert len([*(tmp_path / "season").rglob("*.parquet")]) == 1


def test_the_bundle_of_an_evaluated_run_says_which_classes_are_above_their_threshold(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "season"
    assert run("init", project, "--template", "shots") == 0
    evaluate_tiny_run(write_tiny_run(project / "runs" / "r"))
    bundle = project / "bundles" / "r"
    capsys.readouterr()
    assert run("export", project / "runs" / "r", "--project", project) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "thresholds of scale: best F1 on validation for every class" in said
    assert "thresholds of movement: best F1" in said
    (prediction,) = answer_of(capsys, "predict", bundle, film, "--out", "p.csv")["predictions"]
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text().splitlines()))
    for shot, row in zip(prediction["shots"], rows, strict=True):
        for task, answer in shot["answers"].items():
            assert row[f"{task}_above"] == "/".join(answer["above"])
    assert run("predict", bundle, film) == 0
    out = capsys.readouterr().out
    reached = [shot["answers"] for shot in prediction["shots"] if any(a["above"] for a in shot["answers"].values())]
    assert "above threshold" in out
    for answers in reached:
        words = [f"{task} {', '.join(one['above'])}" for task, one in answers.items() if one["above"]]
        assert "; ".join(words) in " ".join(out.split())


def test_a_folder_is_answered_but_for_what_cannot_be_read(
    film: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copyfile(film, tmp_path / "in" / "a.mp4")
    (tmp_path / "in" / "b.mp4").write_bytes(b"nothing")
    write_photo(tmp_path / "in" / "c.jpg", "red")
    assert run("predict", bundle, "in", "--out", "p.csv") == 1
    said = capsys.readouterr()
    assert "in/a.mp4: 4 shots in 6.2 s" in said.out
    assert "1 file of the folders is no video and passed over" in said.err
    assert "b.mp4" in said.err
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text().splitlines()))
    assert sorted(row["kind"] for row in rows) == ["shot"] * 4 + ["unreadable"]
    assert run("predict", bundle, "in/c.jpg") == 1
    assert "is a photograph, and this bundle answers about the shots of films" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--every", "1s"], "--every: this bundle answers about shots"),
        (["--fps", "2", "--keyframes"], "--fps and --keyframes: this bundle answers about shots"),
        (["--shots", "gone.csv"], "gone.csv: cannot be read as text"),
        (["--project", "nowhere"], "no rushes.toml in"),
        (["--out", "p.txt"], "name a file that ends in .csv, .jsonl or .parquet"),
    ],
)
def test_wrong_words_are_refused(
    words: list[str], said: str, film: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", bundle, film, *words) == 2
    assert said in capsys.readouterr().err.replace("\n", "")


def test_a_run_of_shots_is_exported_and_a_bundle_checks_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", "season", "--template", "shots") == 0
    write_tiny_run(tmp_path / "season" / "runs" / "2026-11-26-040000-shots", MOTION_ALONE)
    capsys.readouterr()
    told = answer_of(
        capsys, "export", "season/runs/2026-11-26-040000-shots", "--project", "season", "--to", "season/bundles/m"
    )
    assert told["tasks"] == {"movement": ["static", "motion", "push", "pull"]}
    checked = answer_of(capsys, "doctor", "season/bundles/m")
    assert checked["pictures"] == 4
    assert run("shots", "film.mp4", "--bundle", "season/runs/2026-11-26-040000-shots") == 2
    assert "is a run, not a bundle" in capsys.readouterr().err
