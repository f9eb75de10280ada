"""A bundle as a function of pixels, without torch."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from inference.plain import painted, write_film, write_photo
from rushes.bundles.bundle import open_bundle
from rushes.errors import BundleError
from rushes.inference.predictor import BATCH_SIZE, Predictor


def test_pictures_of_any_size_are_answered_in_their_order(predictor: Predictor) -> None:
    pictures = [painted("blue"), painted("red", (7, 300)), painted("green", (1, 1)), painted("red", (1000, 40))]
    probabilities = predictor.probabilities(pictures)
    assert probabilities.shape == (4, 3)
    assert probabilities.dtype == np.float32
    assert [predictor.classes[index] for index in probabilities.argmax(1)] == ["blue", "red", "green", "red"]
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)


def test_no_pictures_have_no_answers(predictor: Predictor) -> None:
    assert predictor.probabilities([]).shape == (0, 3)


def test_by_whole_batches_an_answer_is_the_same_to_the_last_bit_whatever_stands_beside_its_picture(
    predictor: Predictor,
) -> None:
    random = np.random.default_rng(0)
    pictures = [predictor.prepared(one) for one in random.integers(0, 256, (BATCH_SIZE + 3, 20, 30, 3), np.uint8)]
    table = predictor.probabilities_of_prepared(pictures, whole=True)
    for count in (1, 3, BATCH_SIZE):
        last = predictor.probabilities_of_prepared(pictures[-count:], whole=True)
        np.testing.assert_array_equal(last, table[-count:])


def test_more_pictures_than_a_batch_are_answered_as_each_alone(predictor: Predictor) -> None:
    random = np.random.default_rng(0)
    pictures = list(random.integers(0, 256, (BATCH_SIZE + 3, 20, 30, 3), np.uint8))
    alone = np.concatenate([predictor.probabilities([picture]) for picture in pictures])
    np.testing.assert_allclose(predictor.probabilities(pictures), alone, atol=1e-6)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_picture_is_a_bug_of_the_caller(predictor: Predictor, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"pixels are \(height, width, 3\) uint8"):
        predictor.probabilities([pixels])


def test_a_picture_is_brought_to_the_working_size_first(predictor: Predictor) -> None:
    from rushes.datasets.preprocessing import prepare
    from rushes.footage.picture import parse_size, resize

    pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    kept = resize(pixels, parse_size("64"))
    assert kept.shape == (43, 64, 3)
    np.testing.assert_array_equal(predictor.prepared(pixels).pixels, prepare(kept, predictor.bundle.preprocessing))


def test_several_threads_may_ask_at_once(predictor: Predictor) -> None:
    pictures = [painted("blue"), painted("red")] * 8
    expected = predictor.probabilities(pictures)
    found: list[np.ndarray] = []
    asking = [threading.Thread(target=lambda: found.append(predictor.probabilities(pictures))) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(found) == 8
    assert all(np.array_equal(expected, other) for other in found)


def test_a_bundle_whose_classes_are_not_the_graphs_is_refused(colours: Path, tmp_path: Path) -> None:
    import json
    import shutil

    from rushes.bundles.bundle import seal_bundle

    copied = Path(shutil.copytree(colours, tmp_path / "copied"))
    classes = json.loads((copied / "classes.json").read_text())
    (copied / "classes.json").write_text(json.dumps(classes | {"classes": ["red", "green"]}))
    with pytest.raises(BundleError, match="the graph answers 3 classes, the bundle names 2"):
        Predictor(seal_bundle(copied, name="x", task="colour", run={}))


def test_predicting_imports_neither_torch_nor_timm_nor_scikit_learn(colours: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "footage" / "a.jpg", "red")
    write_film(tmp_path / "footage" / "b.mp4", [("blue", 4)])
    program = f"""
import sys
from pathlib import Path
from rushes.bundles.bundle import open_bundle
from rushes.bundles.parity import check_parity
from rushes.inference.predict import predict_path
from rushes.inference.predictor import Predictor

bundle = open_bundle(Path({str(colours)!r}))
check_parity(bundle)
predictions = list(predict_path(Predictor(bundle, threads=1), Path({str(tmp_path / "footage")!r})))
assert [one.predicted_class for one in predictions] == ["red", "blue"], predictions
heavy = {{"torch", "torchvision", "timm", "sklearn", "onnx", "onnxscript", "safetensors", "polars"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_an_opened_bundle_reads_the_same_from_another_place(colours: Path, predictor: Predictor) -> None:
    assert predictor.classes == open_bundle(colours).classes


def test_a_calibrated_bundle_is_less_sure_and_answers_the_same(colours: Path, tmp_path: Path) -> None:
    import json
    import shutil

    from rushes.bundles.bundle import seal_bundle
    from rushes.bundles.parity import check_parity
    from rushes.learning.calibration import Calibration

    calibration = Calibration("temperature", temperature=2.0)
    copied = Path(shutil.copytree(colours, tmp_path / "copied"))
    stated = calibration.to_table() | {"classes": ["red", "green", "blue"]}
    (copied / "calibration.json").write_text(json.dumps(stated))
    bundle = seal_bundle(copied, name="x", task="colour", run={})
    pictures = [painted("blue"), painted("red"), painted("green")]
    before, after = (Predictor(one).probabilities(pictures) for one in (open_bundle(colours), bundle))
    np.testing.assert_allclose(after, calibration.apply(before), atol=1e-6)
    assert (after.max(1) < before.max(1)).all()
    assert (after.argmax(1) == before.argmax(1)).all()
    assert check_parity(bundle).holds
