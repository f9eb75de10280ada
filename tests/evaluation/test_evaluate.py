from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PIL import Image

from evaluation.fabricated import CLASSES, answers, guesses, run_table, write_run_folder
from rushes.cli.main import main
from rushes.datasets.split import Split, format_split
from rushes.errors import RunError
from rushes.evaluation.evaluate import Known, evaluate_run
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import format_manifest
from rushes.learning.calibration import Calibration, calibrated
from rushes.learning.predictions import write_predictions
from rushes.storage.files import digest_of_file
from rushes.wish import parse_wish


@pytest.fixture
def predictions():
    return guesses(60, class_count=3, seed=0, group_count=4, skill=1.5)


@pytest.fixture
def run_folder(tmp_path, predictions):
    (tmp_path / "frames").mkdir()
    for row in range(0, 60, 2):  # every second picture is lost
        Image.new("RGB", (64, 36), (row * 4, 80, 120)).save(tmp_path / "frames" / f"{row}.jpg")
    return write_run_folder(tmp_path / "runs" / "2026-11-20-101500-scale", predictions)


def test_a_run_is_judged_into_its_own_folder(run_folder, tmp_path):
    evaluation = evaluate_run(run_folder, project_root=tmp_path)
    assert evaluation.report == run_folder / "report.html"
    page = evaluation.report.read_text(encoding="utf-8")
    assert page.partition('id="gallery"')[2].count("data:image/webp") == 30
    assert page.count("could not be read") == 30
    assert json.loads((run_folder / "metrics.json").read_text()) == evaluation.metrics
    assert evaluation.metrics["schema"] == "metrics/1"
    assert evaluation.metrics["test"]["samples"] == 60
    assert evaluation.metrics["validation"] is None
    assert evaluation.metrics["verdict"].startswith("On 60 samples from 4 groups")
    assert evaluation.metrics["leaks"] == []
    assert "rushes evaluate runs/2026-11-20-101500-scale" in page


def test_the_command_line_prints_the_verdict_and_warns_of_few_groups(run_folder, tmp_path, capsys):
    project = 'schema = "project/1"\nname = "season"\n[tasks.scale]\nclasses = ["class 0", "class 1", "class 2"]\n'
    (tmp_path / "rushes.toml").write_text(project, encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(["evaluate", run_folder.name, "--project", str(tmp_path)])
    assert end.value.code == 0
    said = capsys.readouterr()
    assert "range over 4 groups 0." in said.out
    assert "so few groups cannot give a 95 % interval" in said.out
    assert "without a look" not in said.out
    assert "warning: The scores rest on 4 groups only; a 95 % interval takes 8 or more." in said.err
    assert "warning: class 'LS' has only 3 training samples" in said.err


def test_judging_twice_gives_the_same_page(run_folder, tmp_path):
    first = evaluate_run(run_folder, project_root=tmp_path).report.read_bytes()
    assert evaluate_run(run_folder, project_root=tmp_path).report.read_bytes() == first


def test_the_validation_part_is_judged_where_it_is_there(run_folder, tmp_path):
    write_predictions(guesses(30, class_count=3, seed=1), run_folder / "predictions" / "validation.parquet")
    assert evaluate_run(run_folder, project_root=tmp_path).metrics["validation"]["samples"] == 30


def mixed_run(tmp_path, predictions, **changes):
    split = {"path": None, "sha256": "ef" * 32, "kind": "mixed"}
    return write_run_folder(tmp_path / "runs" / "2026-11-20-110000-scale", predictions, **({"split": split} | changes))


def test_the_gap_to_a_mixed_run_is_stated(run_folder, tmp_path):
    other = mixed_run(tmp_path, guesses(60, class_count=3, seed=3, skill=6))
    evaluation = evaluate_run(run_folder, project_root=tmp_path, mixed_run=other)
    here, there = (evaluation.metrics[part]["metrics"]["f1_macro"]["value"] for part in ("test", "mixed"))
    assert evaluation.metrics["gap"]["f1_macro"] == pytest.approx(there - here)
    assert evaluation.metrics["mixed"]["run"] == "2026-11-20-110000-scale"
    assert "Same recipe, mixed split" in evaluation.report.read_text(encoding="utf-8")


def test_a_mixed_run_of_another_recipe_is_compared_with_a_warning(run_folder, tmp_path, predictions):
    recipe = run_table(predictions)["recipe"] | {"split": "mixed", "training": {"epochs": 99}}
    other = mixed_run(tmp_path, predictions, recipe=recipe)
    warnings = evaluate_run(run_folder, project_root=tmp_path, mixed_run=other).metrics["warnings"]
    assert any("training.epochs" in warning for warning in warnings)


def test_a_grouped_run_is_no_mixed_one(run_folder, tmp_path, predictions):
    other = write_run_folder(tmp_path / "runs" / "other", predictions)
    with pytest.raises(RunError, match='split = "mixed"'):
        evaluate_run(run_folder, project_root=tmp_path, mixed_run=other)


def test_a_run_of_other_classes_cannot_be_compared(run_folder, tmp_path):
    other = mixed_run(tmp_path, answers([("CS", "CS")]), classes=list(CLASSES))
    with pytest.raises(RunError, match="same task"):
        evaluate_run(run_folder, project_root=tmp_path, mixed_run=other)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(RunError, match="nowhere"):
        evaluate_run(tmp_path / "nowhere", project_root=tmp_path)


def test_a_run_without_a_test_part_says_what_to_do(run_folder, tmp_path, predictions):
    (run_folder / "predictions" / "test.parquet").unlink()
    with pytest.raises(RunError, match="copied whole"):
        evaluate_run(run_folder, project_root=tmp_path)
    table = run_table(predictions) | {"counts": {"train": {"class 0": 3}, "test": {}}}
    (run_folder / "run.json").write_text(json.dumps(table))
    with pytest.raises(RunError, match="larger share"):
        evaluate_run(run_folder, project_root=tmp_path)


def test_predictions_that_cannot_be_read_leave_nothing_half_written(run_folder, tmp_path):
    (run_folder / "predictions" / "test.parquet").write_bytes(b"not parquet")
    with pytest.raises(RunError, match="cannot be read as predictions"):
        evaluate_run(run_folder, project_root=tmp_path)
    assert {path.name for path in run_folder.iterdir()} == {"run.json", "history.jsonl", "predictions"}


def test_scores_per_subject_stand_in_the_metrics_and_on_the_page(run_folder, tmp_path, predictions):
    plain = evaluate_run(run_folder, project_root=tmp_path)
    assert plain.metrics["slices"] == {}
    assert 'id="slices"' not in plain.report.read_text(encoding="utf-8")
    words = {frame: ("<car>", "night") if row < 40 else ("sea",) for row, frame in enumerate(predictions.frames[:45])}
    sliced = evaluate_run(run_folder, project_root=tmp_path, known=Known(subjects=words))
    found = {one["slice"]: one for one in sliced.metrics["slices"]["subjects"]}
    assert {name: one["samples"] for name, one in found.items()} == {"<car>": 40, "night": 40, "other": 5}
    assert (
        found["<car>"]["f1_macro"]["low"] <= found["<car>"]["f1_macro"]["value"] <= found["<car>"]["f1_macro"]["high"]
    )
    assert found["night"]["baselines"]["prior"]["f1_macro"] > 0
    page = sliced.report.read_text(encoding="utf-8")
    assert '<section class="full slices" id="slices">' in page
    assert '<a href="#slices">Slices</a>' in page
    assert '<th scope="row">&lt;car&gt;</th><td>40<small>4 groups</small></td>' in page


def test_subjects_of_the_manifest_count_for_frames_that_the_catalog_does_not_know(tmp_path):
    rows = [ManifestRow(f"{row}.jpg", "CS", subjects=("car",)) for row in range(20)]
    manifest = tmp_path / "manifests" / "scale-manifest-1.jl"
    manifest.parent.mkdir()
    manifest.write_text(format_manifest(rows), encoding="utf-8")
    predictions = replace(answers([("CS", "CS")] * 20), frames=tuple(row.img_ref for row in rows))
    stated = {"path": "manifests/scale-manifest-1.jl", "sha256": digest_of_file(manifest)}
    folder = write_run_folder(tmp_path / "runs" / "one", predictions, manifest=stated)

    def slices(**facts):
        done = evaluate_run(folder, project_root=tmp_path, known=Known(**facts))
        return {one["slice"]: one["samples"] for one in done.metrics["slices"].get("subjects", ())}

    assert slices() == {"car": 20}
    assert slices(subjects={"0.jpg": ("sea",)}) == {"car": 19, "other": 1}
    manifest.write_text(format_manifest(rows[:5]), encoding="utf-8")
    assert slices() == {}


def write_validation(run_folder, predictions):
    write_predictions(predictions, run_folder / "predictions" / "validation.parquet")


def test_thresholds_are_chosen_on_validation_and_stand_in_a_file_of_their_own(run_folder, tmp_path):
    validation = guesses(80, class_count=3, seed=5, group_count=9, skill=1.5)
    write_validation(run_folder, validation)
    done = evaluate_run(run_folder, project_root=tmp_path, wishes={"class 1": parse_wish("recall >= 0.9")})
    kept = json.loads((run_folder / "thresholds.json").read_text(encoding="utf-8"))
    assert kept["schema"] == "thresholds/1"
    assert kept["run"] == run_folder.name
    assert kept["chosen_on"] == {
        "part": "validation", "samples": 80, "groups": 9,
        "sha256": digest_of_file(run_folder / "predictions" / "validation.parquet"),
    }  # fmt: skip
    assert kept["thresholds"] == done.metrics["thresholds"]
    one = kept["thresholds"]["class 1"]
    assert (one["wish"], one["stated"]) == ("recall >= 0.9", True)
    positive, scores = validation.truth == 1, validation.probabilities[:, 1].astype(float)
    assert one["validation"]["tp"] == int((positive & (scores >= one["threshold"])).sum())
    assert one["validation"]["recall"]["value"] >= 0.9
    assert kept["thresholds"]["class 0"]["wish"] == "best f1"


def test_wishes_without_validation_are_named_and_old_thresholds_go(run_folder, tmp_path):
    (run_folder / "thresholds.json").write_text("{}", encoding="utf-8")
    wishes = {"class 1": parse_wish("recall >= 0.9"), "class 7": parse_wish("best f1")}
    done = evaluate_run(run_folder, project_root=tmp_path, wishes=wishes)
    assert done.metrics["thresholds"] is None
    assert not (run_folder / "thresholds.json").exists()
    assert any(
        "wanted for 'class 7' (best f1), which is no class of this run" in one for one in done.metrics["warnings"]
    )
    assert any("wanted for class 1, but they are chosen on validation" in one for one in done.metrics["warnings"])


def evaluate_by_command(tmp_path, *words):
    with pytest.raises(SystemExit) as end:
        main(["evaluate", *words, "--project", str(tmp_path)])
    return end.value.code


def test_the_command_line_wins_over_rushes_toml_and_prints_only_what_was_asked_for(run_folder, tmp_path, capsys):
    write_validation(run_folder, guesses(80, class_count=3, seed=5, group_count=9, skill=1.5))
    project = (
        '[tasks.scale]\nclasses = ["class 0", "class 1", "class 2"]\naliases = { one = "class 1" }\n'
        '[tasks.scale.thresholds]\n"class 1" = "recall >= 0.9"\n"class 2" = "fpr <= 10%"\n'
    )
    (tmp_path / "rushes.toml").write_text(project, encoding="utf-8")
    assert evaluate_by_command(tmp_path, run_folder.name, "--want", "One: precision >= 50%") == 0
    said = capsys.readouterr()
    assert "precision >= 0.5" in said.out
    assert "fpr <= 0.1" in said.out
    assert "recall >= 0.9" not in said.out
    assert "best f1" not in said.out
    kept = json.loads((run_folder / "thresholds.json").read_text(encoding="utf-8"))
    assert [one["wish"] for one in kept["thresholds"].values()] == ["best f1", "precision >= 0.5", "fpr <= 0.1"]


@pytest.mark.parametrize(
    ("want", "said"),
    [
        ("class 1 recall >= 0.9", "write the class, a colon and the wish"),
        ("class 9: recall >= 0.9", "'class 9' is no class of"),
        ("class 1: f2 >= 0.9", "'f2 >= 0.9' is no wish for a threshold. Allowed: 'recall >= 0.95'"),
    ],
)
def test_a_want_that_cannot_be_understood_is_refused(run_folder, tmp_path, capsys, want, said):
    (tmp_path / "rushes.toml").write_text('[tasks.scale]\nclasses = ["class 0", "class 1"]\n', encoding="utf-8")
    assert evaluate_by_command(tmp_path, run_folder.name, "--want", want) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_mix_of_classes_in_each_group_of_the_run_s_manifest_is_shown_with_its_part(predictions, tmp_path):
    rows = [
        ManifestRow(f"frames/{row}.jpg", f"class {row % 3}", group=f"film-{row % 4}", source=frame[:16] * 4)
        for row, frame in enumerate(predictions.frames)
    ]
    manifest = tmp_path / "manifest.jl"
    manifest.write_text(format_manifest(rows))
    parts = {"film-0": "train", "film-1": "train", "film-2": "validation", "film-3": "test"}
    split = Split("scale", "grouped", 0, {row.frame_id: parts[row.group] for row in rows}, parts)
    (tmp_path / "split.json").write_text(format_split(split))
    stated = {
        "manifest": {"path": "manifest.jl", "sha256": digest_of_file(manifest)},
        "split": {"path": "split.json", "sha256": split.digest, "kind": "grouped"},
    }
    folder = write_run_folder(tmp_path / "runs" / "one", predictions, **stated)
    page = evaluate_run(folder, project_root=tmp_path).report.read_text(encoding="utf-8")
    assert "The mix of classes in each group" in page
    assert '<small title="validation">validation</small>' in page
    (tmp_path / "split.json").unlink()
    page = evaluate_run(folder, project_root=tmp_path).report.read_text(encoding="utf-8")
    assert "The mix of classes in each group" in page
    assert '<small title="validation">' not in page
    manifest.write_text(format_manifest(rows[:5]))
    page = evaluate_run(folder, project_root=tmp_path).report.read_text(encoding="utf-8")
    assert "The mix of classes in each group" not in page


def test_a_calibration_is_fitted_on_validation_and_written_beside_the_metrics(tmp_path) -> None:
    sharp = Calibration("temperature", temperature=0.4)
    parts = [calibrated(guesses(400, class_count=3, seed=seed, group_count=10), sharp) for seed in (1, 2)]
    folder = write_run_folder(tmp_path / "runs" / "sharp", parts[0])
    validation = folder / "predictions" / "validation.parquet"
    write_predictions(parts[1], validation)
    metrics = evaluate_run(folder, project_root=tmp_path).metrics
    stored = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    assert Calibration.from_table(stored).temperature > 1.5
    assert (stored["run"], stored["task"], stored["classes"]) == ("sharp", "scale", list(parts[0].classes))
    assert stored["predictions"] == digest_of_file(validation)
    assert stored["fitted"]["samples"] == 400
    assert stored["test"]["ece"]["after"]["value"] < stored["test"]["ece"]["before"]["value"]
    assert metrics["calibration"]["temperature"] == stored["temperature"]
    assert metrics["test"]["metrics"]["ece"]["value"] == pytest.approx(stored["test"]["ece"]["before"]["value"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'href="#calibration"' in page
    assert "Calibration helps: ECE on test falls from" in page


def test_a_run_without_validation_says_that_it_is_not_calibrated(tmp_path) -> None:
    folder = write_run_folder(tmp_path / "runs" / "lone", guesses(60, class_count=3, seed=1))
    evaluate_run(folder, project_root=tmp_path)
    stored = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    assert (stored["kind"], stored["predictions"]) == ("none", None)
    assert "no answers on validation" in stored["reason"]
