"""A bundle of shots: exported from a run, equal to torch, and what is said of one that does not fit."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from bundles.shot_tiny import BOTH, MOTION_ALONE, MOVEMENT, SCALE, SIZES, tiny_shot_bundle, write_tiny_run
from rushes.bundles.bundle import is_of_shots, open_bundle
from rushes.bundles.parity import check_parity
from rushes.bundles.sealed import BUNDLE_FILE, seal_folder
from rushes.bundles.shot_bundle import REQUIRED_FILES, open_shot_bundle
from rushes.bundles.shot_export import Places, export_shot_run
from rushes.bundles.shot_graph import ShotGraph
from rushes.bundles.shot_parity import check_shot_parity
from rushes.datasets.shot_sample import StackedShots
from rushes.errors import BundleError, RunError
from rushes.footage.movement import FEATURES, MOVEMENTS, SERIES_COLUMNS


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle that answers scale by frames and movement by motion; not to be written to."""
    return tiny_shot_bundle(tmp_path_factory.mktemp("bundles") / "shots").folder


@pytest.fixture
def copied(shots: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to damage."""
    return Path(shutil.copytree(shots, tmp_path / "copied"))


def reseal(folder: Path, file: str, **changes: object) -> None:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    (folder / BUNDLE_FILE).unlink()
    seal_folder(folder, schema="shot-bundle/1", name="x", run={})


def stack(count: int, frames: int, pairs: int) -> StackedShots:
    random = np.random.default_rng(count)
    mask = np.ones((count, frames), np.bool_)
    mask[:, 1:] = random.random((count, frames - 1)) < 0.5
    return StackedShots(
        random.integers(0, 256, (count, frames, 32, 32, 3), np.uint8),
        mask,
        None,
        random.normal(size=(count, pairs, len(SERIES_COLUMNS))).astype(np.float32),
        np.ones((count, pairs), np.bool_),
        random.normal(size=(count, len(FEATURES))).astype(np.float32),
    )


def test_a_bundle_states_its_tasks_and_what_it_is_shown(shots: Path) -> None:
    bundle = open_shot_bundle(shots)
    assert is_of_shots(shots)
    assert bundle.tasks == {"scale": SIZES, "movement": MOVEMENTS}
    assert (bundle.reading.frames, bundle.reading.choice, bundle.reading.subject, bundle.looks) == (
        8,
        "even",
        False,
        True,
    )
    assert set(REQUIRED_FILES) <= set(bundle.files)
    assert bundle.run["name"] == "2026-11-26-040000-shots"


@pytest.mark.parametrize(("count", "frames"), [(1, 1), (2, 8), (5, 3)])
def test_the_graph_answers_any_number_of_shots_and_of_frames_as_torch_does(
    shots: Path, count: int, frames: int, tmp_path: Path
) -> None:
    import torch

    from rushes.bundles.shot_export import load_shot_network

    network = load_shot_network(write_tiny_run(tmp_path / "run"))
    given = stack(count, frames, 4)
    bundle = open_shot_bundle(shots)
    graph = ShotGraph(bundle.read("model.onnx"), bundle.tasks)
    assert graph.inputs == ("pixels", "mask", "aggregates")
    with torch.inference_mode():
        expected = network(torch.from_numpy(given.pixels), torch.from_numpy(given.mask),
                           aggregates=torch.from_numpy(given.aggregates))  # fmt: skip
    for task, table in graph(given).items():
        np.testing.assert_allclose(table, torch.softmax(expected[task], 1).numpy(), atol=1e-5)


def test_a_bundle_of_motion_alone_takes_no_frames(tmp_path: Path) -> None:
    bundle = tiny_shot_bundle(tmp_path / "motion", MOTION_ALONE)
    assert (bundle.looks, list(bundle.tasks)) == (False, ["movement"])
    assert ShotGraph(bundle.read("model.onnx"), bundle.tasks).inputs == ("aggregates",)
    card = (bundle.folder / "README.md").read_text()
    assert "trained from scratch" in card
    assert "pixels" not in card
    assert check_shot_parity(bundle).holds


def test_a_head_that_rests_on_frames_after_all_asks_for_no_motion(tmp_path: Path) -> None:
    from rushes.bundles.shot_onnx import inputs_of

    resting = replace(BOTH, heads=(replace(MOVEMENT, see="both", used="frames"),))
    assert inputs_of(resting) == ("pixels", "mask")
    assert inputs_of(replace(BOTH, heads=(replace(MOVEMENT, see="both", motion="gru"),))) == (
        "pixels", "mask", "series", "series_mask", "aggregates",
    )  # fmt: skip
    assert "subject" in inputs_of(replace(BOTH, heads=(replace(SCALE, subject="apart"),)))


def test_the_card_says_how_each_task_is_answered_and_what_it_learned_from(shots: Path) -> None:
    card = (shots / "README.md").read_text()
    for words in ("**scale**: `CS`, `MS`, `LS`", "a linear model of the measured camera motion", "virtual camera",
                  "3 push", "the local file `w.pth`", "Not judged yet", "the footage is dark",
                  "8 of them generated"):  # fmt: skip
        assert words in card, words


def test_scores_of_each_task_stand_on_the_card(tmp_path: Path) -> None:
    root = tmp_path / "project"
    run = write_tiny_run(root / "runs" / "r", MOTION_ALONE)
    score = {"value": 0.87, "low": 0.8, "high": 0.9}
    metrics = {"test": {"metrics": {"f1_macro": score, "recall/push": score}, "samples": 40, "groups": ["a"] * 30}}
    (run.folder / "movement").mkdir()
    (run.folder / "movement" / "metrics.json").write_text(json.dumps(metrics))
    card = export_shot_run(run.folder, tmp_path / "b", places=Places(root, None, root / "cache")).folder / "README.md"
    assert "On 40 labelled shots, on 30 groups of footage that it never saw" in card.read_text()
    assert "f1_macro: 0.870 (0.800 to 0.900)" in card.read_text()


def test_the_bundle_proves_itself_and_notices_another_model(shots: Path, copied: Path, tmp_path: Path) -> None:
    parity = check_shot_parity(open_shot_bundle(shots))
    assert (parity.holds, parity.pictures) == (True, 4)
    expected = json.loads((copied / "parity/expected.json").read_text())
    expected["probabilities"]["movement"][0] = [0.0, 0.0, 0.0, 1.0]
    reseal(copied, "parity/expected.json", **expected)
    with pytest.raises(BundleError, match="does not compute what it was certified to"):
        check_shot_parity(open_shot_bundle(copied))


def test_an_altered_file_is_named(copied: Path) -> None:
    (copied / "shots.json").write_text("{}")
    with pytest.raises(BundleError, match=r"shots\.json was altered since the export"):
        open_shot_bundle(copied)


@pytest.mark.parametrize(
    ("motion", "said"),
    [
        ({"scan": "scan/0"}, "made for other scans than this rushes measures \\('scan/0', here 'scan/"),
        ({"features": ["zoom"]}, "made for other numbers of a shot's motion .*1 of them"),
        ({"series": ["zoom", "pan"]}, "made for other columns of the motion .*2 of them"),
    ],
)
def test_a_bundle_made_for_other_measurements_is_refused(copied: Path, motion: dict[str, object], said: str) -> None:
    stated = json.loads((copied / "shots.json").read_text())["motion"]
    reseal(copied, "shots.json", motion=stated | motion)
    with pytest.raises(BundleError, match=said):
        open_shot_bundle(copied)


def test_bundles_of_shots_and_of_pictures_are_told_apart(shots: Path, colours: Path) -> None:
    with pytest.raises(BundleError, match="answers about shots, not about pictures"):
        open_bundle(shots)
    with pytest.raises(BundleError, match="answers about pictures, not about shots"):
        open_shot_bundle(colours)
    assert check_parity(open_bundle(colours)).holds


def test_a_bundle_of_shots_of_another_version_is_refused_by_its_version(copied: Path) -> None:
    table = json.loads((copied / "bundle.json").read_text())
    (copied / "bundle.json").write_text(json.dumps(table | {"schema": "shot-bundle/2"}))
    with pytest.raises(BundleError, match=r"its schema is 'shot-bundle/2', this rushes reads 'shot-bundle/1'"):
        open_shot_bundle(copied)
    with pytest.raises(BundleError, match="answers about shots, not about pictures"):
        open_bundle(copied)


def test_a_run_whose_weights_are_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    run = write_tiny_run(tmp_path / "project" / "runs" / "r", MOTION_ALONE)
    (run.folder / "model.safetensors").unlink()
    with pytest.raises(RunError, match="holds no network that can be loaded"):
        export_shot_run(run.folder, tmp_path / "b", places=Places(tmp_path, None, tmp_path / "cache"))
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("trained_on", ["these shots", "others"])
def test_shots_of_the_run_are_compared_with_what_it_recorded(trained_on: str, tmp_path: Path) -> None:
    import torch

    from inference.moving import write_moving_film
    from rushes.bundles.shot_export import load_shot_network
    from rushes.footage.found_shots import find_shots
    from rushes.footage.movement import motion_features, motion_series
    from rushes.labels.shot_manifest import ShotRow, format_shots
    from rushes.learning.predictions import Predictions, write_predictions

    root = tmp_path / "project"
    run = write_tiny_run(root / "runs" / "r", MOTION_ALONE)
    found = find_shots(write_moving_film(root / "a.mp4"), threads=1)
    rows = [ShotRow("a.mp4", shot.start, shot.stop, {"movement": "push"}, "a", found.source.digest, found.index.rate)
            for shot in found.shots[:3]]  # fmt: skip
    (root / "manifests").mkdir()
    (root / "manifests" / "gone.jl").write_text(format_shots(rows))
    motion = [motion_features(motion_series(found.signals, row.start, row.stop)) for row in rows]
    with torch.inference_mode():
        logits = load_shot_network(run)(None, None, aggregates=torch.from_numpy(np.stack(motion)))["movement"]
    table = torch.softmax(logits, 1).numpy()
    text = tuple("a" for _ in rows)
    recorded = table if trained_on == "these shots" else np.roll(table, 1, axis=1)
    write_predictions(
        Predictions(MOVEMENTS, np.full(3, 2), recorded, tuple(row.id for row in rows), *([text] * 5)),
        run.of_task("movement").predictions_file("validation"),
    )
    places = Places(root, None, root / "cache")
    if trained_on == "others":
        with pytest.raises(BundleError, match="does not answer movement as the run recorded"):
            export_shot_run(run.folder, tmp_path / "b", places=places, threads=1)
        return
    bundle = export_shot_run(run.folder, tmp_path / "b", places=places, threads=1)
    certificate = json.loads(bundle.read("parity/expected.json"))["certificate"]
    assert (certificate["shots"], certificate["generated_shots"]) == (8, 5)
    assert certificate["difference_from_run"]["movement"] < 1e-5
