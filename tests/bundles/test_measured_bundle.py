from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from learning.tiny import NOW, TinyProject, backbone_recipe, make_project
from rushes.bundles.bundle import Bundle, open_bundle, seal_bundle
from rushes.bundles.graph import Graph
from rushes.bundles.onnx import export_run
from rushes.bundles.parity import check_parity
from rushes.datasets.measured_input import FACES_FILE
from rushes.datasets.photo_measures import read_photo_measures
from rushes.datasets.split import write_split
from rushes.datasets.stored_form import StoredForm, find_stored_form
from rushes.errors import BundleError
from rushes.footage.photo import read_photo
from rushes.footage.photo_measures import VECTOR_NAMES, PhotoMeasures, measure_photograph, vector_of
from rushes.footage.picture import encode_picture
from rushes.inference.cull import Wanted, cull_folder, find_shoot
from rushes.inference.cull_control import Control
from rushes.inference.cull_look import Looking
from rushes.inference.explain import explain_pixels
from rushes.inference.explainer import MEASURES_HELD, BundleExplainer, RunExplainer
from rushes.inference.labelled import answer_labelled
from rushes.inference.predictor import Predictor
from rushes.inference.verdicts import Cull
from rushes.labels.manifest import ManifestRow
from rushes.learning.predictions import read_predictions
from rushes.learning.runs import Run
from rushes.learning.train import train


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyProject, Run, Bundle]:
    import timm
    import torch

    root = tmp_path_factory.mktemp("project")
    torch.manual_seed(5)
    torch.save(timm.create_model("test_efficientnet").state_dict(), root / "tiny.pth")
    project = make_project(root)
    recipe = backbone_recipe("features", root / "tiny.pth", regularisation=[1.0])
    split_path, _ = write_split(project.split, root / "splits", now=NOW)
    recipe = replace(recipe, input=replace(recipe.input, features=("quality",)))
    run = train(recipe, split_path=split_path, **project.places())
    return project, run, export_run(run.folder, root / "bundles" / "measured", project_root=root)


def test_the_graph_takes_measures_as_its_second_input(made: tuple[TinyProject, Run, Bundle]) -> None:
    _, _, bundle = made
    graph = Graph(bundle.read("model.onnx"))
    assert graph.measure_count == len(VECTOR_NAMES)
    pixels = np.zeros((2, *graph.shape), np.uint8)
    with np.load(io.BytesIO(bundle.read("parity/samples.npz")), allow_pickle=False) as samples:
        measures = samples["measures"][:2]
    assert not np.array_equal(*graph(pixels, measures))
    assert np.allclose(*graph.features(pixels))
    with pytest.raises(ValueError, match="measures of 2 pictures, got None"):
        graph(pixels)


def test_its_parity_is_proven_on_what_real_pictures_measure(made: tuple[TinyProject, Run, Bundle]) -> None:
    _, _, bundle = made
    with np.load(io.BytesIO(bundle.read("parity/samples.npz")), allow_pickle=False) as samples:
        measures = samples["measures"]
    assert measures.shape == (12, len(VECTOR_NAMES))
    assert (measures[:, VECTOR_NAMES.index("brightness")] > 0).all()
    assert json.loads(bundle.read("parity/expected.json"))["certificate"]["difference_from_run"] < 1e-4
    assert check_parity(bundle).holds
    stated = json.loads(bundle.read("preprocessing.json"))
    assert stated["measures"] == {"names": list(VECTOR_NAMES), "version": 1, "long_side": 1024, "faces": None,
                                  "stored": {"format": "png", "quality": 100}}  # fmt: skip
    assert stated["working_size"] == "640"


def test_a_bundle_answers_labelled_pictures_as_its_run_did(made: tuple[TinyProject, Run, Bundle]) -> None:
    project, run, bundle = made
    recorded = read_predictions(run.predictions_file("test"))
    rows = [row for row in project.rows if row.frame_id in recorded.frames]
    answered = answer_labelled(Predictor(bundle), rows, project_root=project.root).predictions
    order = [recorded.frames.index(frame) for frame in answered.frames]
    np.testing.assert_allclose(answered.probabilities, recorded.probabilities[order], atol=1e-4)


def test_measures_taken_already_are_not_taken_again(made: tuple[TinyProject, Run, Bundle]) -> None:
    _, _, bundle = made
    predictor = Predictor(bundle)
    pixels = np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8)
    measured = measure_photograph(pixels)
    np.testing.assert_array_equal(
        predictor.prepared(pixels, measured=measured).measures, predictor.prepared(pixels).measures
    )
    other = predictor.prepared(pixels, measured=replace(measured, brightness=0.0))
    assert other.measures is not None
    assert other.measures[VECTOR_NAMES.index("brightness")] == 0


@pytest.mark.parametrize("kind", ["run", "bundle"])
def test_an_explanation_holds_the_measures_and_says_so(
    made: tuple[TinyProject, Run, Bundle], kind: str, tmp_path: Path
) -> None:
    project, run, bundle = made
    explainer = (
        BundleExplainer(bundle)
        if kind == "bundle"
        else RunExplainer(run.folder, project_root=project.root, cache_folder=tmp_path, layers=("last",))
    )
    pixels = np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8)
    found = explain_pixels(explainer, pixels, path="a.jpg", kind="photo", cells=2)
    assert MEASURES_HELD in explainer.notes
    assert found.lookalikes
    assert (found.warm is not None) == (kind == "run")
    np.testing.assert_allclose(found.probabilities, Predictor(bundle).probabilities([pixels])[0], atol=1e-4)
    if isinstance(explainer, RunExplainer):
        assert explainer.check() is not None
        assert explainer.look_inside()


def test_a_bundle_of_another_version_of_measures_is_refused(
    made: tuple[TinyProject, Run, Bundle], tmp_path: Path
) -> None:
    _, _, bundle = made
    newer = tmp_path / "newer"
    shutil.copytree(bundle.folder, newer)
    stated = json.loads((newer / "preprocessing.json").read_text())
    stated["measures"]["version"] += 1
    (newer / "preprocessing.json").write_text(json.dumps(stated))
    with pytest.raises(BundleError, match="cannot be asked: it takes measures of version 2"):
        seal_bundle(newer, name="newer", task=bundle.task, run=bundle.run)


def test_a_detector_travels_from_the_recipe_into_run_and_bundle(tmp_path: Path, media: Path) -> None:
    import timm
    import torch

    torch.manual_seed(5)
    torch.save(timm.create_model("test_efficientnet").state_dict(), tmp_path / "tiny.pth")
    project = make_project(tmp_path, per_class=2)
    shutil.copyfile(media / "weights" / "face_detection_yunet_n_640.onnx", tmp_path / "faces.onnx")
    recipe = backbone_recipe("features", tmp_path / "tiny.pth", regularisation=[1.0])
    shown = replace(recipe.input, features=("quality",), faces="faces.onnx")
    run = train(replace(recipe, input=shown), **project.places())
    (tmp_path / "faces.onnx").unlink()  # the run holds its own
    bundle = export_run(run.folder, tmp_path / "bundle", project_root=tmp_path, neighbours=0)
    assert bundle.measures is not None
    assert bundle.files[FACES_FILE] == bundle.measures.faces == run.measures["faces"]
    assert str(tmp_path) not in bundle.read("config.json").decode()
    prepared = Predictor(bundle).prepared(np.full((80, 80, 3), 90, np.uint8))
    assert prepared.measures is not None
    assert prepared.measures[VECTOR_NAMES.index("faces is known")] == 1
    (bundle.folder / FACES_FILE).write_bytes(b"another")
    with pytest.raises(BundleError, match=FACES_FILE):
        open_bundle(bundle.folder)


def test_an_original_measures_as_the_frame_that_would_be_stored_of_it(
    made: tuple[TinyProject, Run, Bundle], tmp_path: Path
) -> None:
    import cv2

    _, _, bundle = made
    random = np.random.default_rng(4)
    original = cv2.GaussianBlur(random.integers(0, 255, (1200, 1600, 3)).astype(np.uint8), (0, 0), 3)
    form = StoredForm("jpeg", 90)
    assert bundle.measures is not None
    predictor = Predictor(replace(bundle, measures=replace(bundle.measures, stored=form)))
    of_original = predictor.prepared(original).measures
    from rushes.footage.picture import resize

    (tmp_path / "a.jpg").write_bytes(encode_picture(resize(original, predictor.working_size), "jpeg", 90))
    row = ManifestRow("a.jpg", "keep")
    assert find_stored_form([row], project_root=tmp_path, webp_quality=80) == form
    (of_stored,) = read_photo_measures([row], project_root=tmp_path, cache_folder=tmp_path / "cache").values()
    assert isinstance(of_stored, PhotoMeasures)
    np.testing.assert_array_equal(of_original, vector_of(of_stored))
    unstored = Predictor(replace(bundle, measures=replace(bundle.measures, stored=None)))  # as older ones are
    grain = VECTOR_NAMES.index("noise")
    shifted = unstored.prepared(original).measures
    assert of_original is not None
    assert shifted is not None
    assert shifted[grain] != of_original[grain]
    taken = Predictor(replace(bundle, measures=replace(bundle.measures, stored=form)))
    kept = read_photo(tmp_path / "a.jpg").pixels
    np.testing.assert_array_equal(taken.prepared(kept, stored=True).measures, vector_of(of_stored))


def test_a_cull_measures_once_as_the_model_takes_it_and_says_that_it_does(
    made: tuple[TinyProject, Run, Bundle], tmp_path: Path
) -> None:
    _, _, bundle = made
    assert bundle.measures is not None
    stored = replace(bundle.measures, stored=StoredForm("jpeg", 60))
    predictor = Predictor(replace(bundle, measures=stored, working_size="1024"))
    (tmp_path / "shoot").mkdir()
    pixels = np.random.default_rng(3).integers(0, 255, (90, 120, 3), np.uint8)
    (tmp_path / "shoot" / "a.png").write_bytes(encode_picture(pixels, "png"))
    cull, *_ = cull_folder(
        predictor,
        tmp_path / "shoot",
        find_shoot(tmp_path / "shoot"),
        Looking(class_index=0),
        Wanted(Control("threshold", 0.5), bundle.classes[0]),
        name="a",
        now=NOW,
    )
    assert cull.takes_measures
    assert Cull.from_table(json.loads(json.dumps(cull.to_table()))).takes_measures
    (verdict,) = cull.verdicts
    prepared = predictor.prepared(pixels)
    assert prepared.measures is not None
    assert verdict.measures["noise"] == pytest.approx(float(prepared.measures[VECTOR_NAMES.index("noise")]))
    assert verdict.measures["noise"] != pytest.approx(measure_photograph(pixels).noise)
    assert verdict.score == pytest.approx(float(predictor.probabilities_of_prepared([prepared])[0, 0]), abs=1e-6)
