"""Exporting a run: its pictures, its classes, its card, and what its folder may lack."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from rushes.bundles.bundle import open_bundle
from rushes.bundles.onnx import export_run
from rushes.bundles.parity import check_parity
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.errors import BundleError, RunError
from rushes.evaluation.thresholding import write_thresholds
from rushes.evaluation.thresholds import choose_thresholds
from rushes.footage.picture import encode_picture
from rushes.footage.pictures import read_picture
from rushes.learning.predictions import Predictions, read_predictions, write_predictions
from rushes.learning.recipe import ModelRecipe, Recipe
from rushes.learning.runs import Run, write_run
from rushes.models.backbones import Backbone, create_body, load_weights
from rushes.models.designs import Design
from rushes.models.network import Architecture, Network, build_network, save_network
from rushes.wish import parse_wish

CLASSES = ("dark", "bright")
DESIGN = Design(units=(4,), kernels=(3,), dense=4, width=16, height=12)
GRAY = Preprocessing(width=16, height=12, color="gray", mean=(0.5,), std=(0.25,))


def write_pictures(project: Path, count: int) -> list[str]:
    random = np.random.default_rng(1)
    names = []
    for index in range(count):
        coarse = random.integers(0, 256, (3, 4, 3), np.uint8)
        names.append(f"frames/film/film_FRM-00-00-{index:02d}-00.jpg")
        (project / names[-1]).parent.mkdir(parents=True, exist_ok=True)
        (project / names[-1]).write_bytes(encode_picture(prepare(coarse, Preprocessing(64, 36))))
    return names


def predict_all(network: Network, project: Path, images: list[str], preprocessing: Preprocessing) -> Predictions:
    batch = np.stack([prepare(read_picture(project / image), preprocessing) for image in images])
    with torch.inference_mode():
        probabilities = torch.softmax(network.eval()(torch.from_numpy(batch)), 1).numpy()
    stems = tuple(Path(image).stem for image in images)
    text = ("",) * len(images)
    truth = np.arange(len(images), dtype=np.int64) % len(CLASSES)
    return Predictions(CLASSES, truth, probabilities, stems, text, tuple(images), stems, text, text)


def make_run(
    project: Path,
    *,
    architecture: Architecture = DESIGN,
    preprocessing: Preprocessing = GRAY,
    recipe: Recipe | None = None,
    pictures: int = 10,
    working_size: str = "640",
) -> Run:
    """Write a project of ten pictures and a run with an untrained network of known weights."""
    torch.manual_seed(3)
    network = build_network(architecture, CLASSES, preprocessing)
    return write_whole_run(project, network, architecture, preprocessing, recipe, pictures, working_size)


def write_whole_run(
    project: Path,
    network: Network,
    architecture: Architecture,
    preprocessing: Preprocessing,
    recipe: Recipe | None = None,
    pictures: int = 10,
    working_size: str = "640",
) -> Run:
    folder = project / "runs" / "2026-11-20-120000-light"
    folder.mkdir(parents=True)
    recipe = recipe or Recipe(name="light", model=ModelRecipe(kind="cnn"))
    run = Run(
        folder=folder,
        name=folder.name,
        task="light",
        classes=CLASSES,
        recipe=recipe.to_table(),
        architecture=architecture.to_table(),
        preprocessing=preprocessing,
        manifest={"path": "manifests/light.jl", "sha256": "a" * 64},
        split={"sha256": "b" * 64, "kind": "grouped"},
        weights={},
        working_size=working_size,
        leaks=(),
        commit=None,
        machine={},
        created_at="2026-11-20T12:00:00Z",
        elapsed_seconds=1.0,
        parameters=1,
        trained_parameters=1,
        epochs=1,
        best_epoch=1,
        counts={"train": {"dark": 30, "bright": 12}, "validation": {"dark": 5, "bright": 5}},
        class_weights={},
        warnings=("few samples of 'bright'",),
    )
    write_run(run, folder)
    save_network(network, folder / "model.safetensors")
    if pictures:
        predictions = predict_all(network, project, write_pictures(project, pictures), preprocessing)
        write_predictions(predictions, run.predictions_file("validation"))
    return run


def test_a_run_becomes_a_bundle_proven_on_its_validation_pictures(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    assert (bundle.name, bundle.task, bundle.classes, bundle.preprocessing) == ("light", "light", CLASSES, GRAY)
    assert bundle.working_size == "640"
    assert bundle.run["name"] == run.name
    expected = json.loads(bundle.read("parity/expected.json"))
    assert expected["certificate"]["pictures"] == 10
    assert expected["certificate"]["difference_from_run"] < 1e-5
    assert expected["samples"][0].startswith("film_FRM-")
    assert check_parity(bundle).holds
    assert open_bundle(bundle.folder) == bundle


def test_the_configuration_is_in_timms_layout(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    config = json.loads(bundle.read("config.json"))
    assert (config["architecture"], config["num_classes"]) == ("cnn-6x6", 2)
    assert config["pretrained_cfg"]["input_size"] == [1, 12, 16]
    assert config["label_names"] == list(CLASSES)


def test_the_working_size_is_that_of_the_run_whatever_the_project_says_since(tmp_path: Path) -> None:
    run = make_run(tmp_path, working_size="320x180")
    (tmp_path / "rushes.toml").write_text('name = "light"\n[ingest]\nsize = "24"\n')
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    assert bundle.working_size == "320x180"


def test_progress_ends_where_it_said_it_would(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    run = make_run(tmp_path)
    where = tmp_path / "bundles" / "light"
    export_run(
        run.folder, where, project_root=tmp_path, progress=lambda done, total, note="": told.append((done, total))
    )
    assert told == [(step, 5) for step in range(6)]


def test_a_run_whose_pictures_are_gone_is_proven_on_generated_ones(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for picture in (tmp_path / "frames").rglob("*.jpg"):
        picture.unlink()
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    expected = json.loads(bundle.read("parity/expected.json"))
    assert expected["samples"] == [f"generated-{index}" for index in range(8)]
    assert expected["certificate"]["difference_from_run"] is None
    card = bundle.read("README.md").decode()
    assert "on 8 pictures, 8 of them generated" in card
    assert "holds small copies" not in card


def test_a_run_without_predictions_is_proven_on_generated_pictures(tmp_path: Path) -> None:
    run = make_run(tmp_path, pictures=0)
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    assert check_parity(bundle).pictures == 8


def test_weights_of_another_training_are_noticed(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    torch.manual_seed(4)
    other = build_network(DESIGN, CLASSES, GRAY)
    with torch.no_grad():
        other.head.bias += torch.tensor([3.0, -3.0])
    save_network(other, run.folder / "model.safetensors")
    with pytest.raises(BundleError, match="does not answer as the run recorded"):
        export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    assert list((tmp_path / "bundles").iterdir()) == []


def test_a_folder_that_is_no_run_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run"):
        export_run(tmp_path / "runs" / "nothing", tmp_path / "bundles" / "b", project_root=tmp_path)
    run = make_run(tmp_path)
    (run.folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(RunError, match="holds no network that can be loaded"):
        export_run(run.folder, tmp_path / "bundles" / "b", project_root=tmp_path)
    assert not (tmp_path / "bundles").exists()


def test_the_card_says_how_well_it_answers_once_the_run_is_judged(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    estimate = {"value": 0.71, "low": 0.6, "high": 0.8}
    test = {
        "samples": 40,
        "groups": ["a", "b"],
        "metrics": {"f1_macro": estimate, "recall/dark": estimate, "recall/bright": {"value": None, "reason": "none"}},
        "baselines": {"majority": {"f1_macro": 0.4}},
        "notes": ["The intervals rest on 2 groups only."],
    }
    (run.folder / "metrics.json").write_text(json.dumps({"schema": "metrics/1", "test": test}))
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    card = bundle.read("README.md").decode()
    assert "- f1_macro: 0.710 (0.600 to 0.800)" in card
    assert "commonest class always: 0.400" in card
    assert "| dark | undefined | 0.710 (0.600 to 0.800) | undefined |" in card
    assert "| bright | 12 | 5 |" in card
    assert "The intervals rest on 2 groups only." in card
    assert "few samples of 'bright'" in card


def test_the_card_of_a_run_not_judged_says_so(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    card = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path).read("README.md").decode()
    assert "Not judged yet" in card
    assert "trained from scratch" in card


@pytest.mark.longer
@pytest.mark.slow
def test_a_pretrained_backbone_with_a_head_becomes_an_equal_bundle(media: Path, tmp_path: Path) -> None:
    weights = media / "weights" / "mobilenetv2_100_tf_ptq_dequant_fp16.pth"
    backbone = Backbone("mobilenetv2_100", {"pad_type": "same"})
    preprocessing = Preprocessing(width=224, height=224)
    body, width = create_body(backbone)
    load_weights(body, backbone, weights)
    torch.manual_seed(0)
    network = Network(body, torch.nn.Linear(width, len(CLASSES)), preprocessing)
    model = ModelRecipe(weights=str(weights), backbone_args={"pad_type": "same"})
    recipe = replace(Recipe(name="light"), model=model)
    run = write_whole_run(tmp_path, network, backbone, preprocessing, recipe)
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    certificate = json.loads(bundle.read("parity/expected.json"))["certificate"]
    assert certificate["largest_difference"] < 1e-5
    card = bundle.read("README.md").decode()
    assert weights.name in card
    for name in bundle.files:
        assert str(media).encode() not in bundle.read(name), name


def write_thresholds_of(run: Run, changes: dict[str, object]) -> None:
    """Evaluate a run whose validation is its test as well, and change what was written of its thresholds."""
    answers = read_predictions(run.predictions_file("validation"))
    parts = (replace(answers, groups=tuple(f"film-{row % 3}" for row in range(len(answers)))),) * 2
    thresholds = choose_thresholds(*parts, {"bright": parse_wish("recall >= 0.9")})
    write_predictions(answers, run.predictions_file("test"))
    write_thresholds(run, thresholds)
    path = run.folder / "thresholds.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_thresholds_of_an_evaluated_run_travel_with_the_bundle(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    write_thresholds_of(run, {})
    kept = json.loads((run.folder / "thresholds.json").read_text())["thresholds"]
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    assert bundle.thresholds == {name: kept[name]["threshold"] for name in CLASSES}
    assert open_bundle(bundle.folder) == bundle
    card = bundle.read("README.md").decode()
    assert "## Thresholds" in card
    assert "| bright | recall >= 0.9 |" in card


def test_a_run_that_was_not_evaluated_has_no_thresholds(tmp_path: Path) -> None:
    bundle = export_run(make_run(tmp_path).folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    assert bundle.thresholds is None
    assert "thresholds.json" not in bundle.files
    assert "## Thresholds" not in bundle.read("README.md").decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"run": "another"}, "is not of this run's answers on validation: it names run 'another'"),
        ({"chosen_on": {"part": "validation", "sha256": "0" * 64}}, "the answers were written since"),
        ({"classes": ["dark", "light"]}, "cannot be understood"),
        ({"thresholds": {}}, "cannot be understood"),
        ({"schema": "thresholds/9"}, "this rushes reads 'thresholds/1'"),
    ],
)
def test_thresholds_of_another_run_are_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    run = make_run(tmp_path)
    write_thresholds_of(run, changes)
    with pytest.raises(BundleError, match=said):
        export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    assert not (tmp_path / "bundles" / "light").exists()


def write_calibration(of: Run, **changes: object) -> None:
    from rushes.storage.files import digest_of_file

    score = {"before": {"value": 0.12, "low": 0.1, "high": 0.14}, "after": {"value": 0.04, "low": None, "high": None}}
    table = {
        "schema": "calibration/1",
        "kind": "temperature",
        "temperature": 1.75,
        "reason": "One temperature.",
        "fitted": {"samples": 200, "groups": 9},
        "run": of.name,
        "task": of.task,
        "classes": list(of.classes),
        "predictions": digest_of_file(of.predictions_file("validation")),
        "test": {"ece": score, "brier": score, "log_loss": score},
    }
    (of.folder / "calibration.json").write_text(json.dumps(table | changes))


def test_the_calibration_goes_along_and_the_card_says_what_it_does(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    write_calibration(run)
    bundle = export_run(run.folder, tmp_path / "bundles" / "light", project_root=tmp_path)
    assert bundle.calibration.temperature == 1.75
    assert check_parity(bundle).holds
    card = bundle.read("README.md").decode()
    assert "calibrated by one temperature, 1.750" in card
    assert "fitted on 200 samples of 9 groups of validation" in card
    assert "calibration error (ECE): 0.120 (0.100 to 0.140) before, 0.040 after" in card
    assert "not calibrated" not in card


def test_a_card_says_why_nothing_was_calibrated(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    write_calibration(run, kind="none", reason="Not calibrated: all samples of validation are of one group.")
    card = export_run(run.folder, tmp_path / "light", project_root=tmp_path).read("README.md").decode()
    assert "Its probabilities are not calibrated. All samples of validation are of one group." in card
    assert "The calibration error (ECE) on the test part is 0.120 (0.100 to 0.140)." in card


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"run": "another"}, "fitted on the answers of 'another'"),
        ({"predictions": "0" * 64}, "not on those that 2026-11-20-120000-light has now"),
        ({"classes": ["a", "b"]}, "calibrates a, b; the model answers dark, bright"),
        ({"temperature": -1}, "cannot be read as a calibration"),
    ],
)
def test_a_calibration_of_something_else_is_not_exported(
    tmp_path: Path, changes: dict[str, object], found: str
) -> None:
    run = make_run(tmp_path)
    write_calibration(run, **changes)
    with pytest.raises(BundleError, match=found) as raised:
        export_run(run.folder, tmp_path / "light", project_root=tmp_path)
    assert "rushes evaluate" in str(raised.value)
    assert not (tmp_path / "light").exists()


def test_thresholds_and_calibration_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    write_thresholds_of(run, {})
    write_calibration(run)
    with pytest.raises(BundleError, match=r"calibrated in another way than the run's calibration.json says"):
        export_run(run.folder, tmp_path / "light", project_root=tmp_path)
    write_thresholds_of(run, {"calibration": {"schema": "calibration/1", "kind": "temperature", "temperature": 1.75}})
    bundle = export_run(run.folder, tmp_path / "light", project_root=tmp_path)
    assert bundle.calibration.temperature == 1.75
    assert bundle.thresholds
