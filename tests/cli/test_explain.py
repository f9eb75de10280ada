"""`rushes explain`, of a run and of the bundle made of it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inference.plain import write_film, write_photo
from rushes.cli.main import main

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A project with one run, tiny.cnn, and its bundle."""
    from learning.tiny import cnn_recipe, make_project
    from rushes.bundles.onnx import export_run
    from rushes.learning.train import train

    root = tmp_path_factory.mktemp("explained")
    project = make_project(root)
    (root / "rushes.toml").write_text('[tasks.place]\nclasses = ["left", "middle", "right"]\n')
    from learning.tiny import NOW
    from rushes.datasets.split import write_split

    split_path, _ = write_split(project.split, root / "splits", now=NOW)
    run = train(cnn_recipe(), split_path=split_path, **project.places())
    export_run(run.folder, root / "bundle", project_root=root)
    return root, run


@pytest.fixture
def said(capsys):
    def explain(*words, status=0):
        with pytest.raises(SystemExit) as end:
            main(["explain", *map(str, words)])
        told = capsys.readouterr()
        assert end.value.code == status, told.err
        return told

    return explain


def test_a_run_gives_all_reasons_and_goes_on_after_what_cannot_be_read(place, said, tmp_path, monkeypatch):
    root, run = place
    picture, page = next((root / "frames" / "film-d").glob("*.png")), tmp_path / "why.html"
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    told = said(run.folder, picture, broken, tmp_path / "nowhere", "--layers", "first,last", "--out", page, "--json",
                status=1)  # fmt: skip
    answer = json.loads(told.out)
    (one,) = answer["pictures"]
    assert answer["kind"] == "run"
    assert (answer["calibrated"], answer["calibration"]) == (False, "none")
    assert answer["heat"]["method"] == "grad-cam"
    assert len(answer["sanity"]) == 4
    assert len(answer["failed"]) == 2
    assert set(one["scores"]) == {"left", "middle", "right"}
    assert len(one["neighbours"]) == 6
    assert {like["group"] for like in one["neighbours"]} <= {"film-a", "film-b"}
    assert one["agreement"]["said"]
    text = page.read_text()
    assert "Inside the network" in text
    assert "Can the heat be believed" in text


def test_a_bundle_gives_what_needs_no_torch(place, said, tmp_path, monkeypatch):
    root, _ = place
    monkeypatch.chdir(tmp_path)
    picture = next((root / "frames" / "film-d").glob("*.png"))
    answer = json.loads(said(root / "bundle", picture, "--class", "left", "--json").out)
    (one,) = answer["pictures"]
    assert one["explained_class"] == "left"
    assert len(one["neighbours"]) == 6
    assert one["agreement"] is None
    assert answer["heat"] is None
    assert Path(answer["page"]) == tmp_path / "explanations" / "bundle" / "explain.html"
    assert any("no torch network" in note for note in answer["notes"])


def test_answers_say_whether_their_numbers_are_calibrated(place, said, tmp_path, capsys):
    import shutil

    from rushes.bundles.sealed import seal_folder
    from rushes.learning.calibration import Calibration

    root, _ = place
    picture = next((root / "frames" / "film-d").glob("*.png"))
    copy = Path(shutil.copytree(root / "bundle", tmp_path / "copy"))
    stated = Calibration("temperature", temperature=2.0).to_table() | {"classes": ["left", "middle", "right"]}
    (copy / "calibration.json").write_text(json.dumps(stated))
    manifest = json.loads((copy / "bundle.json").read_text())
    seal_folder(copy, schema="bundle/1", name="copy", run=manifest["run"], task="place")
    told = {}
    explained = json.loads(said(copy, picture, "--out", tmp_path / "why.html", "--json").out)
    for folder in (copy, root / "bundle"):
        with pytest.raises(SystemExit):
            main(["predict", str(folder), str(picture), "--json"])
        told[folder.name] = json.loads(capsys.readouterr().out)
    assert (explained["calibrated"], explained["calibration"]) == (True, "temperature")
    assert (told["copy"]["calibrated"], told["copy"]["calibration"]) == (True, "temperature")
    assert (told["bundle"]["calibrated"], told["bundle"]["calibration"]) == (False, "none")


def test_a_video_has_a_timeline_with_reasons(place, said, tmp_path):
    root, _ = place
    film = write_film(tmp_path / "film.mp4", [("red", 30), ("blue", 30)])
    answer = json.loads(said(root / "bundle", film, "--every", "1s", "--out", tmp_path / "why.html", "--json").out)
    (video,) = answer["videos"]
    assert video["sampled_frames"] == 6
    assert video["timeline"][0]["start_timecode"] == "00:00:00:00"
    assert [frame["ordinal"] for frame in video["frames"]] == [0, 10, 20, 30, 40, 50]


def test_what_a_bundle_has_not_is_refused_with_the_run_to_name(place, said, tmp_path):
    root, run = place
    photo = write_photo(tmp_path / "red.png", "red")
    told = said(root / "bundle", photo, "--method", "grad-cam", status=2).err
    assert "--method grad-cam: a bundle has no torch network" in told
    assert f"rushes explain {run.name}" in told.replace("\n", " ")


@pytest.mark.parametrize(("words", "wanted"), [
    (("--class", "lefd"), "Did you mean 'left'?"),
    (("--method", "grad-kam"), "Did you mean 'grad-cam'?"),
    (("--out", "why.pdf"), "ends in .html"),
    (("--out", "why.htm"), "ends in .html"),
    (("--layers", "firsd"), "Did you mean 'first'?"),
    (("--layers", " , "), "--layers is empty"),
])  # fmt: skip
def test_wrong_words_are_told_of(place, said, tmp_path, words, wanted):
    _, run = place
    photo = write_photo(tmp_path / "red.png", "red")
    told = said(run.folder, photo, *words, status=2).err
    assert wanted in told
    assert "training pictures" not in told  # it is told of before anything was looked at


def test_a_cache_that_cannot_be_used_costs_the_training_pictures_alone(place, tmp_path):
    from rushes.inference.explainer import RunExplainer

    root, run = place
    no_folder = tmp_path / "file"
    no_folder.write_text("where the cache should be")
    explainer = RunExplainer(run.folder, project_root=root, cache_folder=no_folder)
    prepared = explainer.prepared(np.zeros((40, 40, 3), np.uint8))
    assert "Nothing is said of what a picture looks like" in explainer.notes[0]
    assert explainer.lookalikes(prepared, 3) == ()
    assert explainer.heat(prepared, 0) is not None
    assert explainer.check() is not None


def test_what_torch_refuses_is_a_note(place, tmp_path):
    from rushes.datasets.measured_input import Prepared
    from rushes.inference.explainer import RunExplainer

    root, run = place
    explainer = RunExplainer(run.folder, project_root=root, cache_folder=tmp_path)
    strange = Prepared(np.zeros((3, 3, 3), np.uint8))
    assert explainer.heat(strange, 0) is None
    assert explainer.lookalikes(strange, 3) == ()
    assert explainer.check() is None
    assert len(explainer.notes) == 3
    assert not any("\n" in note for note in explainer.notes)


def test_pictures_to_check_are_spread_over_all_that_came():
    from rushes.inference.explainer import Spread

    for many in (0, 1, 5, 6, 7, 11, 12, 13, 60, 1000):
        spread = Spread(6)
        for at in range(many):
            spread.add(at)
        kept = spread.kept()
        assert len(kept) == min(many, 6)
        assert kept == sorted(set(kept))
        if many > 6:
            assert kept[0] == 0
            assert kept[-1] > 0.6 * many
            assert max(b - a for a, b in pairwise(kept)) <= many / 2


def test_a_bundle_without_training_pictures_says_so(place, said, tmp_path):
    from bundles.tiny import tiny_bundle

    bundle = tiny_bundle(tmp_path / "colours").folder
    photo = write_photo(tmp_path / "red.png", "red")
    answer = json.loads(said(bundle, photo, "--out", tmp_path / "why.html", "--json").out)
    assert answer["pictures"][0]["predicted_class"] == "red"
    assert answer["pictures"][0]["neighbours"] == []
    assert any("carries no training pictures" in note for note in answer["notes"])


def test_nothing_to_explain_writes_no_page(place, said, tmp_path):
    root, _ = place
    page = tmp_path / "why.html"
    answer = json.loads(said(root / "bundle", tmp_path / "nowhere.jpg", "--out", page, "--json", status=1).out)
    assert answer["page"] is None
    assert not page.exists()
