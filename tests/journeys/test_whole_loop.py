"""Footage and a sheet in; a trained, judged, exported model and its predictions out."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from journeys.conftest import Rushes, Said
from rushes.datasets.synthetic.films import render_films
from rushes.datasets.synthetic.truth import FilmTruth
from rushes.footage.pictures import read_picture

CLASSES = ("ECS", "CS", "MS", "FS", "LS")
TASK = ("--task", "scale")  # the template has another one
QUICK = (
    *("--set", "task=scale"),
    *("--set", "model.units=[4,4,4,4,8]"),
    *("--set", "model.dense=8"),
    *("--set", "training.epochs=3"),
    *("--set", "training.batch_size=16"),
)


@dataclass(frozen=True, slots=True)
class Loop:
    """A project that went the whole way, and what each command said."""

    folder: Path
    truths: Sequence[FilmTruth]
    said: dict[str, Said]

    @property
    def run(self) -> Path:
        return Path(self.said["train"].json["run"])

    @property
    def bundle(self) -> Path:
        return Path(self.said["export"].json["bundle"])


def write_sheet(path: Path, project: Path, truths: Sequence[FilmTruth]) -> None:
    """Write a sheet of every frame: the truth by `supervised`, and by `unsupervised` a class too far."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["Frame Number", "SUPERVISED classification", "unsupervised classification "])
        for truth in truths:
            for picture in sorted((project / "frames" / truth.name).glob("*.jpg")):
                hours, minutes, seconds, frames = (int(word) for word in picture.stem[-11:].split("-"))
                clock = hours * 3600 + minutes * 60 + seconds
                ordinal = next(
                    number
                    for number in range(truth.frame_count)
                    if int(number / truth.rate) == clock and int(number / truth.rate % 1 * truth.rate) == frames
                )
                scale = truth.shot_at(ordinal).scale
                further = CLASSES[min(4, CLASSES.index(scale) + 1)] if scale and ordinal % 3 == 0 else scale
                rows.writerow([picture.stem, scale or "none", further or ""])


@pytest.fixture(scope="module")
def loop(rushes: Rushes, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    pytest.importorskip("torch")
    base = tmp_path_factory.mktemp("a folder with spaces")
    project = base / "season one"
    truths = render_films(base / "films", films=5, shots=6, size=(192, 108), processes=1)
    said = {"init": rushes("init", project, "--template", "shots", "--json")}
    said["ingest"] = rushes("ingest", base / "films", "--every", "0.4s", "--json", folder=project)
    write_sheet(project / "labels.csv", project, truths)
    steps = {
        "labels": ("labels", "import", "labels.csv", *TASK),
        "conflicts": ("labels", "conflicts", *TASK),
        "manifest": ("manifest", "build", *TASK),
        "split": ("split", "make", *TASK),
        "check": ("split", "check", *TASK),
        "mixed split": ("split", "make", "--kind", "mixed", *TASK),
        "mixed train": ("train", "cnn", "--set", "split=mixed", *QUICK),
        "train": ("train", "cnn", *QUICK),
        "evaluate": ("evaluate",),
        "export": ("export",),
    }
    for name, words in steps.items():
        said[name] = rushes(*words, "--json", folder=project)
    film = next(truth for truth in truths if said["split"].json["groups"][truth.name] == "test")
    words = ("predict", said["export"].json["bundle"], film.path, project / "frames" / film.name, "--every", "0.4s")
    said["predict"] = rushes(*words, "--out", project / "predictions.csv", "--json", folder=project)
    return Loop(project, truths, said)


def test_init_writes_a_project_and_keeps_what_is_there(loop: Loop, rushes: Rushes) -> None:
    assert "rushes.toml" in loop.said["init"].json["written"]
    again = rushes("init", loop.folder, "--template", "shots", "--json")
    assert again.json["written"] == []


def test_every_film_is_a_source_and_a_group_of_its_own(loop: Loop) -> None:
    files = loop.said["ingest"].json["files"]
    assert {file["group"] for file in files} == {truth.name for truth in loop.truths}
    expected = {truth.name: -(-truth.frame_count * 5 // (truth.rate * 2)) for truth in loop.truths}
    assert {file["name"]: file["new"] for file in files} == pytest.approx(expected, abs=1)


def test_frames_have_the_size_and_the_names_of_the_design(loop: Loop) -> None:
    pictures = list((loop.folder / "frames" / "TT_S01_E01").glob("*.jpg"))
    assert (loop.folder / "frames" / "TT_S01_E01" / "TT_S01_E01_FRM-00-00-00-00.jpg") in pictures
    assert read_picture(pictures[0]).shape == (108, 192, 3)


def test_ingest_and_import_change_nothing_the_second_time(loop: Loop, rushes: Rushes) -> None:
    films = loop.folder.parent / "films"
    assert rushes("ingest", films, "--every", "0.4s", "--json", folder=loop.folder).json["frames_new"] == 0
    again = rushes("labels", "import", "labels.csv", *TASK, "--json", folder=loop.folder).json
    assert (again["appended"], again["withdrawn"]) == (0, 0)
    assert rushes("manifest", "build", *TASK, "--json", folder=loop.folder).json["written"] is False


def test_the_more_trusted_origin_stands_and_conflicts_are_counted(loop: Loop) -> None:
    pairs = loop.said["conflicts"].json["pairs"]
    assert [(pair["winner"], pair["loser"]) for pair in pairs] == [("supervised", "unsupervised")]
    rows = [json.loads(line) for line in Path(loop.said["manifest"].json["path"]).read_text().splitlines()]
    assert {row["origin"] for row in rows} == {"supervised"}
    assert set(rows[0]) >= {"img-ref", "class", "group", "source", "pts", "time_base", "timecode", "origin", "sha256"}


def test_a_label_that_is_gone_from_the_sheet_is_withdrawn_and_the_manifest_follows(
    loop: Loop, rushes: Rushes, tmp_path: Path
) -> None:
    sheet = loop.folder / "labels.csv"
    before = sheet.read_text(encoding="utf-8")
    lines = before.splitlines()
    gone = next(line for line in lines[1:] if "none" not in line)
    try:
        sheet.write_text("\n".join(line for line in lines if line != gone) + "\n", encoding="utf-8")
        assert rushes("labels", "import", "labels.csv", *TASK, "--json", folder=loop.folder).json["withdrawn"] == 2
        built = rushes("manifest", "build", *TASK, "--json", folder=loop.folder).json
        assert (built["removed"], built["written"]) == (1, True)
    finally:
        sheet.write_text(before, encoding="utf-8")
        rushes("labels", "import", "labels.csv", *TASK, folder=loop.folder)
        rushes("manifest", "build", *TASK, folder=loop.folder)


def test_the_split_divides_no_film_and_the_check_finds_no_leak(loop: Loop) -> None:
    assert set(loop.said["split"].json["groups"].values()) == {"train", "validation", "test"}
    assert loop.said["check"].json["leaks"] == []


def test_the_check_of_a_mixed_split_finds_its_leaks(loop: Loop, rushes: Rushes) -> None:
    said = rushes("split", "check", "--kind", "mixed", *TASK, "--json", folder=loop.folder, status=1)
    assert {leak["kind"] for leak in said.json["leaks"]} >= {"group"}


def test_a_run_keeps_what_it_was_made_of(loop: Loop) -> None:
    run = json.loads((loop.run / "run.json").read_text())
    assert run["schema"] == "run/1"
    assert run["classes"] == list(CLASSES)
    assert run["recipe"]["model"]["units"] == [4, 4, 4, 4, 8]
    assert run["split"]["kind"] == "grouped"
    assert {path.name for path in loop.run.iterdir()} >= {"run.json", "model.safetensors", "predictions", "report.html"}


def test_the_judgement_stands_beside_baselines_intervals_and_the_mixed_score(loop: Loop) -> None:
    metrics = loop.said["evaluate"].json["metrics"]
    assert metrics["mixed"] is not None
    assert metrics["test"]["metrics"].keys() >= {"f1_macro", "balanced_accuracy", "recall/MS", "precision/MS", "f1/MS"}
    page = Path(loop.said["evaluate"].json["report"]).read_text(encoding="utf-8")
    assert metrics["verdict"].split(",")[0] in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_a_bundle_is_whole_and_proven_equal(loop: Loop, rushes: Rushes) -> None:
    names = {path.name for path in loop.bundle.iterdir()}
    assert names >= {"bundle.json", "config.json", "model.onnx", "model.safetensors", "classes.json", "README.md"}
    assert rushes("doctor", loop.bundle, "--json", folder=loop.folder).json["difference"] <= 1e-4


def test_a_bundle_that_was_altered_is_refused(loop: Loop, rushes: Rushes, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(loop.bundle, tmp_path / "copy"))
    classes = copy / "classes.json"
    classes.write_text(classes.read_text().replace("MS", "XX"))
    said = rushes("predict", copy, loop.truths[0].path, status=2)
    assert "classes.json" in said.err


def test_a_film_is_predicted_with_timeline_and_verdict(loop: Loop) -> None:
    film, *pictures = loop.said["predict"].json["predictions"]
    assert film["kind"] == "video"
    assert film["predicted_class"] in CLASSES
    assert sum(film["scores"].values()) == pytest.approx(1, abs=1e-4)
    starts = [part["start"] for part in film["timeline"]]
    stops = [part["stop"] for part in film["timeline"]]
    assert starts == [0, *stops[:-1]]
    assert len(pictures) == film["sampled_frames"]
    assert (loop.folder / "predictions.csv").read_text().startswith("file,kind,")


def test_a_film_s_frames_and_its_kept_pictures_get_the_same_answer(loop: Loop) -> None:
    film, *pictures = loop.said["predict"].json["predictions"]
    kept = np.array([list(picture["scores"].values()) for picture in pictures]).mean(axis=0)
    assert np.abs(kept - np.array(list(film["scores"].values()))).max() < 0.02


def test_prediction_needs_no_torch(loop: Loop) -> None:
    import subprocess
    import sys

    words = ["predict", str(loop.bundle), str(loop.truths[0].path), "--every", "2s"]
    command = (
        "import sys\nfrom rushes.cli.main import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n"
        "    assert end.code == 0\nassert not {'torch', 'timm', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", command, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_same_seed_gives_the_same_run(loop: Loop, rushes: Rushes) -> None:
    again = rushes("train", "cnn", *QUICK, "--set", "name=again", "--json", folder=loop.folder)
    first = (loop.run / "model.safetensors").read_bytes()
    assert (Path(again.json["run"]) / "model.safetensors").read_bytes() == first


def test_dry_runs_change_nothing(loop: Loop, rushes: Rushes) -> None:
    before = sorted(path for path in loop.folder.rglob("*") if ".rushes" not in path.parts)
    for words in (
        ("ingest", loop.folder.parent / "films", "--every-frame"),
        ("labels", "import", "labels.csv", *TASK),
        ("manifest", "build", *TASK),
        ("split", "make", "--seed", "9", "--anew", *TASK),
        ("train", "cnn", "--set", "task=scale"),
        ("export", "--to", "elsewhere"),
    ):
        rushes(*words, "--dry-run", folder=loop.folder)
    assert sorted(path for path in loop.folder.rglob("*") if ".rushes" not in path.parts) == before


def test_status_and_runs_tell_what_there_is(loop: Loop, rushes: Rushes) -> None:
    status = rushes("status", "--json", folder=loop.folder).json
    assert status["tasks"]["scale"]["conflicts"] > 0
    assert len(status["groups"]) == 5
    runs = rushes("runs", "--json", folder=loop.folder).json
    assert {run["split"]["kind"] for run in runs["runs"]} == {"grouped", "mixed"}


def test_the_data_are_looked_at_before_a_model_is(loop: Loop, rushes: Rushes) -> None:
    found = rushes("manifest", "explore", *TASK, "--json", folder=loop.folder).json
    assert Path(found["path"]).is_file()
    assert {one["class"] for one in found["classes"]} == set(CLASSES)


def test_a_run_is_judged_with_thresholds_and_slices_that_were_asked_for(loop: Loop, rushes: Rushes) -> None:
    wanted = ("--want", "MS: recall >= 0.8", "--by", "brightness", "--by", "group")
    found = rushes("evaluate", loop.run, *wanted, "--json", folder=loop.folder).json["metrics"]
    assert found["thresholds"]["MS"]["wish"] == "recall >= 0.8"
    assert found["slices"].keys() == {"brightness", "group"}
    assert found["calibration"] is not None
    for name in ("calibration.json", "thresholds.json", "metrics.json", "report.html"):
        assert (loop.run / name).is_file()
    page = (loop.run / "report.html").read_text(encoding="utf-8")
    for section in ("verdict", "curves", "calibration", "slices", "label-errors", "data", "gallery"):
        assert f'id="{section}"' in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    mistyped = rushes("evaluate", loop.run, "--want", "MSS: recall >= 0.8", folder=loop.folder, status=2)
    assert "Did you mean 'MS'?" in mistyped.err


def test_an_answer_is_explained_by_the_run_and_by_the_bundle(loop: Loop, rushes: Rushes, tmp_path: Path) -> None:
    film = next(truth.name for truth in loop.truths)
    picture = sorted((loop.folder / "frames" / film).glob("*.jpg"))[0]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(picture.read_bytes()[:200])
    for reasoner in (loop.run, loop.bundle):
        out = tmp_path / f"{reasoner.name}.html"
        said = rushes("explain", reasoner, picture, broken, "--out", out, "--json", folder=loop.folder, status=1)
        assert [str(broken) in line for line in said.json["failed"]] == [True]
        page = out.read_text(encoding="utf-8")
        assert "data:image/" in page
        assert "https://" not in page


def test_a_bundle_is_judged_as_its_run_is(loop: Loop, rushes: Rushes) -> None:
    found = rushes("evaluate", loop.bundle, "--json", folder=loop.folder).json["metrics"]["test"]
    run = json.loads((loop.run / "metrics.json").read_text(encoding="utf-8"))["test"]
    assert found["samples"] == run["samples"]
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(run["metrics"]["accuracy"]["value"], abs=0.03)
