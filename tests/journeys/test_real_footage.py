"""The whole loop on real films, raws and photographs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from journeys.conftest import Rushes

RECIPE = """\
schema = "recipe/2"

[model]
kind = "{kind}"
backbone = "mobilenetv2_100"
weights = {weights}
backbone_args = {{ pad_type = "same" }}

[input]
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]

[training]
epochs = 2
learning_rate = 3e-4
"""


@pytest.fixture(scope="module")
def project(rushes: Rushes, media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flowers whose folder names the class, split by photograph, and recipes with local weights."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("real") / "flowers"
    rushes("init", folder, "--task", "flower=daisy,dandelion,roses,sunflowers,tulips")
    rushes("ingest", media / "images" / "flowers", "--class-folders", folder=folder)
    rushes("manifest", "build", folder=folder)
    rushes("split", "make", folder=folder)
    weights = json.dumps(str(media / "weights" / "mobilenetv2_100_tf_ptq_dequant_fp16.pth"))
    for kind in ("features", "finetune"):
        (folder / "recipes" / f"mobile-{kind}.toml").write_text(RECIPE.format(kind=kind, weights=weights))
    return folder


@pytest.mark.longer
@pytest.mark.slow
def test_every_film_raw_and_hostile_file_has_an_outcome(rushes: Rushes, media: Path, tmp_path: Path) -> None:
    rushes("init", tmp_path / "p")
    films = rushes("ingest", media / "videos", media / "raw", "--every", "8s", "--json", folder=tmp_path / "p").json
    assert films["failed"] == []
    assert films["sources"] == sum(1 for path in (media / "videos").rglob("*") if path.is_file()) + 3
    hostile = rushes("ingest", media / "hostile", "--every", "2s", "--json", folder=tmp_path / "p", status=1).json
    taken = {file["path"] for file in hostile["files"]}
    failed = {path for path in map(str, (media / "hostile").iterdir()) if path not in taken}
    assert all(sum(line.startswith(f"{path}: ") for line in hostile["failed"]) == 1 for path in failed)
    assert hostile["sources"] == len(taken)
    for line in hostile["failed"]:
        assert line.count(": ") >= 1, line


@pytest.mark.longer
@pytest.mark.slow
def test_a_head_on_real_features_is_better_than_blind_and_predicts_raws_and_films(
    rushes: Rushes, media: Path, project: Path, chromium: str, tmp_path: Path
) -> None:
    rushes("train", "mobile-features", folder=project)
    judged = rushes("evaluate", "--json", folder=project).json
    score = judged["metrics"]["test"]["metrics"]["f1_macro"]
    assert score["low"] > 0.2, "a head on pretrained features must beat a blind guess on flowers"
    bundle = rushes("export", "--json", folder=project).json["bundle"]
    said = rushes("predict", bundle, media / "raw", media / "videos" / "mdn_flower_timelapse.webm", "--json").json
    assert [prediction["kind"] for prediction in said["predictions"]] == ["raw", "raw", "raw", "video"]
    shown = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom",
         f"file://{judged['report']}"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "macro-F1" in shown.stdout
    assert shown.stdout.count("data:image/") > 20


@pytest.mark.longer
@pytest.mark.slow
def test_the_last_stage_of_the_same_backbone_can_be_trained(rushes: Rushes, project: Path) -> None:
    run = rushes("train", "mobile-finetune", "--json", folder=project).json
    assert run["recipe"]["model"]["kind"] == "finetune"
    assert 0 < run["trained_parameters"] < run["parameters"]


@pytest.mark.longer
def test_weights_that_are_not_at_hand_are_named_with_what_to_do(rushes: Rushes, project: Path) -> None:
    said = rushes("train", "mobile-features", "--set", "model.weights=nowhere.pth", folder=project, status=2)
    assert "nowhere.pth" in said.err
    hub = rushes("train", "features", "--set", "model.backbone=resnet18", folder=project, status=2)
    assert "resnet18" in hub.err
    assert "weights" in hub.err


def test_a_backbone_that_nobody_knows_is_answered_with_the_nearest(rushes: Rushes, project: Path) -> None:
    said = rushes("train", "features", "--set", "model.backbone=mobilnetv2_100", folder=project, status=2)
    assert "mobilenetv2_100" in said.err
