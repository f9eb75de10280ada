"""`pip install rushes` alone: help at once, prediction with a bundle, and a kind word where training is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundles.tiny import tiny_bundle
from footage.painted import write_film
from journeys.conftest import Rushes

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".venv-uv" / "bin" / "uv"


@pytest.fixture(scope="module")
def base_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with what the base lock names and rushes, in a folder with a space in its name."""
    if not UV.exists():
        pytest.skip(f"no uv in {UV.parent}; run 'make setup'")
    venv = tmp_path_factory.mktemp("base install") / ".venv"
    python = str(venv / "bin" / "python")
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    steps = (
        [UV, "venv", "--quiet", "--no-project", "--python", sys.executable, venv],
        # Without the network where the packages are in the cache, as they are after `make setup`.
        [UV, "pip", "sync", "--quiet", "--require-hashes", "--python", python, ROOT / "requirements" / "base.txt"],
        [UV, "pip", "install", "--quiet", "--no-deps", "--python", python, "hatchling", "editables", "pathspec",
         "trove-classifiers", "packaging", "pluggy", "-c", ROOT / "requirements" / "all.txt"],
        [UV, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--python", python, ROOT],
    )  # fmt: skip
    for step in steps:
        words = [str(word) for word in step]
        for more in (["--offline"], []):
            done = subprocess.run([*words, *more], capture_output=True, text=True, env=environment, cwd=venv.parent)
            if done.returncode == 0:
                break
        if done.returncode != 0:
            pytest.skip(f"cannot install without the network: {done.stderr[-300:]}")
    return python


@pytest.mark.slow
def test_a_base_install_has_no_torch_and_predicts_with_a_bundle(
    rushes: Rushes, base_python: str, tmp_path: Path
) -> None:
    bundle = tiny_bundle(tmp_path / "colours").folder
    film = write_film(tmp_path / "film.mp4", 50)
    has_torch = "import importlib.util as u; raise SystemExit(u.find_spec('torch') is not None)"
    assert subprocess.run([base_python, "-c", has_torch]).returncode == 0
    assert "Usage: rushes VERB" in rushes("--help", python=base_python, folder=tmp_path).out
    said = rushes("predict", bundle, film, "--every", "1s", "--json", python=base_python, folder=tmp_path)
    (prediction,) = said.json["predictions"]
    assert set(prediction["scores"]) == {"red", "green", "blue"}
    assert prediction["timeline"][0]["start_timecode"] == "00:00:00:00"
    why = rushes("explain", bundle, film, "--every", "1s", "--json", python=base_python, folder=tmp_path).json
    assert why["videos"][0]["frames"][0]["occlusion"]["falls"]
    assert Path(why["page"]).is_file()
    assert rushes("doctor", bundle, python=base_python, folder=tmp_path).status == 0


@pytest.mark.slow
def test_a_base_install_ingests_and_says_what_training_needs(rushes: Rushes, base_python: str, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", 50)
    project = tmp_path / "project"
    rushes("init", project, python=base_python, folder=tmp_path)
    rushes("ingest", film, "--every", "1s", python=base_python, folder=project)
    assert rushes("status", "--json", python=base_python, folder=project).json["frames"] == 2
    for verb in ("train", "export", "demo"):
        words = (verb, "cnn") if verb == "train" else (verb,)
        said = rushes(*words, python=base_python, folder=project, status=2)
        assert "pip install 'rushes[train]'" in said.err
    said = rushes("ingest", "s3://bucket/films/", python=base_python, folder=project, status=2)
    assert "pip install 'rushes[cloud]'" in said.err
