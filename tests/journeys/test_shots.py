"""An editor's story: the shots of a film as a table, as files for an editing program and as a contact sheet."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import opentimelineio as otio
import pytest
from PIL import Image

from rushes.cli.main import main
from storage.full_disk import files_of_at_most

EDGES = [0, 30, 72, 96, 140]


def write_film_of_four_shots(path: Path) -> Path:
    """Write 140 frames at 25 per second, with hard cuts at 30, 72 and 96; within a shot the picture drifts slowly."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for seed, (start, stop) in enumerate(pairwise(EDGES)):
            draw = np.random.default_rng(seed)
            scene = draw.integers(0, 256, (12, 24, 3), np.uint8).repeat(20, 0).repeat(20, 1)
            for step in range(stop - start):
                pixels = np.ascontiguousarray(scene[step // 4 : step // 4 + 180, step : step + 320])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film_of_four_shots(tmp_path_factory.mktemp("films") / "four shots.mp4")


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    assert isinstance(end.value.code, int)
    return end.value.code


def answer_of(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Any:
    assert run(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_shots_are_printed_outside_of_any_project(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("shots", film) == 0
    out = capsys.readouterr().out
    assert "4 shots in 5.6 s: average 1.40 s, median 1.44 s; 3 hard cuts" in out
    assert "00:00:02:22   00:00:03:21     0.960       24   hard" in out
    assert list(tmp_path.iterdir()) == []


def test_every_file_holds_the_same_cuts(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "cut"
    files = [out / f"{{name}}{extension}" for extension in (".csv", ".json", ".edl", ".otio", ".fcpxml", ".html")]
    answer = answer_of(capsys, "shots", film, "--write", *files, out / "sheet.jpg", out / "sheet.png")
    assert answer["written"] == [str(path).replace("{name}", "four-shots") for path in files] + [
        str(out / "sheet.jpg"), str(out / "sheet.png"),
    ]  # fmt: skip
    spans = list(pairwise(EDGES))
    (told,) = answer["films"]
    assert [(shot["start"], shot["stop"]) for shot in told["shots"]] == spans
    assert json.loads((out / "four-shots.json").read_text()) == told
    rows = list(csv.DictReader((out / "four-shots.csv").read_text().splitlines()))
    assert [(int(row["start"]), int(row["stop"])) for row in rows] == spans
    for name, options in (("four-shots.otio", {}), ("four-shots.edl", {"rate": 25})):
        timeline = otio.adapters.read_from_file(str(out / name), **options)
        ranges = [clip.source_range for clip in timeline.video_tracks()[0]]
        found = [(one.start_time.value, one.end_time_exclusive().value) for one in ranges]
        assert found == spans
    (project,) = otio.adapters.read_from_file(str(out / "four-shots.fcpxml"), "fcpx_xml")
    assert [clip.source_range.duration.value for clip in project.tracks[0]] == [30, 42, 24, 44]
    for name in ("sheet.jpg", "sheet.png"):
        with Image.open(out / name) as sheet:
            assert sheet.width >= 2 * 320


def test_a_file_that_is_no_film_is_one_line_and_the_others_go_on(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("no film at all")
    assert run("shots", broken, film, "--write", tmp_path / "{name}.edl") == 1
    said = capsys.readouterr()
    assert f"wrote {tmp_path / 'four-shots.edl'}" in said.out.replace("\n", "")
    assert [line for line in said.err.splitlines() if "broken.mp4" in line]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "four-shots.edl"]


def test_files_that_are_there_are_replaced_and_the_film_is_left_alone(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = film.read_bytes()
    cut = tmp_path / "cut.csv"
    cut.write_text("older\n" * 1000)
    answer_of(capsys, "shots", film, "--write", cut)
    assert "older" not in cut.read_text()
    assert film.read_bytes() == before


def test_a_place_that_cannot_be_written_is_found_out_before_any_film_is_read(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / f"{'a' * 300}.csv"
    assert run("shots", film, "--write", tmp_path / "cut" / "a.edl", wrong) == 2
    said = capsys.readouterr()
    assert f"--write {wrong}: cannot be written" in said.err.replace("\n", "")
    assert "shots:" not in said.err  # no progress
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_fails_later_is_one_line_and_the_rest_is_written(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", tmp_path / "project") == 0
    monkeypatch.chdir(tmp_path / "project")
    capsys.readouterr()
    with files_of_at_most(1500):
        assert run("shots", film, "--write", tmp_path / "cut.jpg", tmp_path / "cut.edl", "--json") == 1
    said = capsys.readouterr()
    answer = json.loads(said.out)
    (failed,) = answer["failed"]
    assert failed.startswith(f"{tmp_path / 'cut.jpg'}: could not be written (File too large)")
    assert answer["written"] == [str(tmp_path / "cut.edl")]
    assert len(answer["films"][0]["shots"]) == 4
    assert "the scan was not kept: " in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.edl", "project"]


def test_scans_are_kept_in_the_project_that_is_named(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", tmp_path / "project") == 0
    monkeypatch.chdir(tmp_path)
    assert run("shots", film, "-p", tmp_path / "project") == 0
    assert len(list((tmp_path / "project" / "scans").iterdir())) == 1
    assert run("shots", film, "--project", tmp_path / "nowhere") == 2
    assert "no rushes.toml in" in capsys.readouterr().err


def test_the_sheet_of_shots_says_which_frames_to_take_in(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", tmp_path / "project") == 0
    assert run("shots", film, "--write", tmp_path / "s.csv") == 0
    capsys.readouterr()
    answer = answer_of(capsys, "ingest", film, "--at", tmp_path / "s.csv", "--project", tmp_path / "project")
    assert (answer["frames_new"], answer["failed"]) == (4, [])
    names = sorted(path.stem for path in (tmp_path / "project" / "frames").rglob("*.jpg"))
    assert names == [f"four-shots_FRM-00-00-{at}" for at in ("00-00", "01-05", "02-22", "03-21")]


@pytest.mark.parametrize(
    "name", ["nosferatu_1922_480p.mp4", "formats/streamio_awesome_vfr.mov", "pyscenedetect_fades.mp4"]
)
def test_shots_of_real_films_tile_them_in_every_format(
    name: str, media: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"shots{extension}" for extension in (".csv", ".edl", ".otio", ".fcpxml", ".html", ".webp")]
    answer = answer_of(capsys, "shots", media / "videos" / name, "--write", *files)
    (told,) = answer["films"]
    shots = told["shots"]
    assert [shot["start"] for shot in shots] == [0, *(shot["stop"] for shot in shots[:-1])]
    assert shots[-1]["stop"] == told["frame_count"]
    (track,) = otio.adapters.read_from_file(str(tmp_path / "shots.otio")).video_tracks()
    assert len(track) == len(shots) == len((tmp_path / "shots.csv").read_text().splitlines()) - 1
    assert all(later.start_time == sooner.end_time_exclusive()
               for sooner, later in pairwise(clip.source_range for clip in track))  # fmt: skip
