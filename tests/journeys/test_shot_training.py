"""An analyst's story: a sheet of shots, one model that says scale and movement, judged, exported, and at work."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from journeys.conftest import Rushes
from learning.tiny_shots import MOVEMENT, PARTS, SCALE, make_shots, weights_of

TASK = """\
[tasks.scale]
classes = ["close", "far"]

"""
RECIPE = """\
# Scale and movement of tiny clips.
schema = "recipe/2"

[model]
kind = "shots"
backbone = "test_resnet"
weights = "{weights}"
trained = "head"

[input]
size = [64, 64]

[shots]
frames = 8

[training]
epochs = 6
batch_size = 8
learning_rate = 1e-2

[heads.scale]
width = 16
loss = "ordinal"

[heads.movement]
see = "motion"
motion = "linear"
"""


def write_sheet(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["video", "start", "stop", "scale", "movement", "group", "split"])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def project(rushes: Rushes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("an analyst's project")
    rushes("init", folder, "--template", "shots")
    toml = (folder / "rushes.toml").read_text()
    (folder / "rushes.toml").write_text(re.sub(r"(?s)\[tasks\.scale\].*?\n\n", TASK, toml))
    tiny = make_shots(folder)
    rows = [
        {"video": row.video, "start": "", "stop": "", "group": row.group, "split": PARTS[row.group], **row.classes}
        for row in tiny.ground.rows
    ]
    write_sheet(folder / "shots.csv", rows)
    (folder / "recipes" / "tiny.toml").write_text(RECIPE.format(weights=weights_of(folder)))
    return folder


@pytest.fixture(scope="module")
def run(rushes: Rushes, project: Path) -> dict[str, Any]:
    return rushes("train", "tiny", "--set", "split=stated", "--json", folder=project).json


def test_a_dry_run_says_what_would_be_trained_on_and_writes_nothing(rushes: Rushes, project: Path) -> None:
    said = rushes("train", "tiny", "--set", "split=stated", "--dry-run", "--json", folder=project).json
    assert said["shots"] == {"train": 16, "validation": 8, "test": 8}
    assert said["counts"]["movement"] == dict.fromkeys(MOVEMENT.classes, 4)
    assert not list((project / "runs").glob("*"))


def test_one_run_answers_both_questions_and_is_judged(rushes: Rushes, project: Path, run: dict[str, Any]) -> None:
    said = rushes("evaluate", "--json", folder=project).json
    metrics = said["metrics"] if "metrics" in said else json.loads((Path(run["run"]) / "metrics.json").read_text())
    for task in ("scale", "movement"):
        table = json.loads((Path(run["run"]) / task / "metrics.json").read_text())
        assert table["test"]["metrics"]["f1_macro"]["value"] == 1.0
        assert {"precision/close", "recall/close", "f1/close"} <= set(table["test"]["metrics"]) or task == "movement"
    assert metrics
    page = (Path(run["run"]) / "report.html").read_text()
    assert "filmstrip" in page or "strip" in page
    board = rushes("runs", folder=project).out
    assert "scale" in board
    assert "movement" in board


def test_the_bundle_says_of_every_shot_of_a_film_what_it_is(rushes: Rushes, project: Path, run: dict[str, Any]) -> None:
    bundle = rushes("export", Path(run["run"]).name, "--json", folder=project).json["bundle"]
    film = next((project / "clips").glob("four-push-close-*.mp4"))
    answered = rushes("predict", bundle, film, "--json", folder=project).json["predictions"]
    said = {tuple(shot["answers"][task]["class"] for task in ("scale", "movement")) for shot in answered[0]["shots"]}
    assert said == {("close", "push")}
    shown = rushes("shots", film, "--bundle", bundle, folder=project).out
    assert "push" in shown
    assert "close" in shown


@pytest.mark.longer
def test_labels_change_and_it_goes_around_again(rushes: Rushes, project: Path, run: dict[str, Any]) -> None:
    before = list((project / "manifests").glob("shots-manifest-*.jl"))
    assert rushes("train", "tiny", "--set", "split=stated", "--json", folder=project).json["shots"] == run["shots"]
    assert list((project / "manifests").glob("shots-manifest-*.jl")) == before
    sheet = (project / "shots.csv").read_text()
    (project / "more.csv").write_text(sheet.replace(",close,static,one,train", ",far,static,one,train"))
    changed = rushes("train", "tiny", "--set", "split=stated", "--set", 'shots.sheet=["more.csv"]', "--json",
                     folder=project).json  # fmt: skip
    assert changed["tasks"]["scale"]["counts"]["train"] == {"close": 7, "far": 9}
    assert len(list((project / "manifests").glob("shots-manifest-*.jl"))) == len(before) + 1


def test_bad_rows_are_named_and_the_rest_goes_on(rushes: Rushes, project: Path) -> None:
    rows = list(csv.DictReader((project / "shots.csv").read_text().splitlines()))
    rows += [
        {**rows[0], "video": "clips/gone.mp4"},
        {**rows[1], "start": "10", "stop": "900"},
        {**rows[2], "movement": "puhs", "start": "0", "stop": "9"},
    ]
    write_sheet(project / "bad.csv", rows)
    said = rushes(
        "train", "tiny", "--set", "split=stated", "--set", 'shots.sheet=["bad.csv"]', folder=project, status=1
    )
    assert "bad.csv" in said.err
    assert "'puhs' is not a class of movement. Did you mean 'push'?" in said.err
    assert "gone.mp4" in said.err
    assert "run: " in said.out


def test_what_cannot_be_trained_is_said_in_one_line(rushes: Rushes, project: Path) -> None:
    missing = rushes("train", "tiny", "--set", 'shots.sheet=["none.csv"]', folder=project, status=2)
    assert "none.csv: there is no such sheet" in missing.err
    alone = rushes("train", "features", folder=project, status=2)
    assert "names no task, and the project has 2. Say which: --set task=scale or --set task=movement" in alone.err
    tuned = rushes("tune", "tiny", folder=project, status=2)
    assert "answers several tasks at once" in tuned.err
    assert SCALE.classes == ("close", "far")


def test_a_sheet_that_nobody_has_written_into_asks_for_shots(rushes: Rushes, tmp_path: Path) -> None:
    begun = rushes("init", tmp_path / "new", "--template", "shots").out
    assert "new, write your shots into shots.csv, then: rushes train shots" in begun
    refused = rushes("train", "shots", "--dry-run", folder=tmp_path / "new", status=2).err
    assert "shots.csv: holds no shot yet. Write a row for each: the film in 'video'" in refused
    assert "shots.videos" not in refused
    (tmp_path / "new" / "shots.csv").write_text("video,scale\na.mp4,\nb.mp4,none\n")
    refused = rushes("train", "shots", "--dry-run", folder=tmp_path / "new", status=2).err
    assert "holds no labelled shot: of 2 rows none has a class in scale and movement" in refused


def test_what_to_do_about_a_sheet_without_a_usable_shot_depends_on_why(rushes: Rushes, project: Path) -> None:
    rows = list(csv.DictReader((project / "shots.csv").read_text().splitlines()))
    write_sheet(project / "away.csv", [{**row, "video": f"away/{row['video']}"} for row in rows[:3]])
    away = rushes("train", "tiny", "--set", 'shots.sheet=["away.csv"]', "--dry-run", folder=project, status=2).err
    said = " ".join(away.split())
    assert "is probably not the right one; it should hold away/. Does shots.videos name the right folder?" in said
    assert said.count("there is no such file: away/clips") == 3
    write_sheet(project / "late.csv", [{**row, "start": "5000", "stop": "5010"} for row in rows[:3]])
    late = rushes("train", "tiny", "--set", 'shots.sheet=["late.csv"]', "--dry-run", folder=project, status=2).err
    assert "another version of the film?" in late
    assert "shots.videos" not in late


def test_a_dry_run_refuses_what_training_would(rushes: Rushes, project: Path) -> None:
    rows = list(csv.DictReader((project / "shots.csv").read_text().splitlines()))
    kept = [row for row in rows if row["split"] != "train" or row["movement"] != "pull"]
    write_sheet(project / "pulls.csv", kept)
    words = ("train", "tiny", "--set", "split=stated", "--set", 'shots.sheet=["pulls.csv"]')
    refused = rushes(*words, "--dry-run", folder=project, status=2).err
    assert "class 'pull' of movement has no training shot" in refused
