"""`rushes demo`: a newcomer's first command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from journeys.conftest import Rushes
from rushes.datasets.synthetic.films import render_films


@pytest.mark.slow
def test_the_demo_goes_the_whole_way_and_again_from_where_it_is(rushes: Rushes, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = tmp_path / "a demo"
    said = rushes("demo", folder, "--json", folder=tmp_path)
    summary = said.json
    for key in ("report", "bundle", "predictions", "film"):
        assert Path(summary[key]).exists(), key
    honest, mixed = summary["f1_macro"]["value"], summary["f1_macro_mixed"]["value"]
    # The scores themselves are what they are; a model that never got beyond a blind guess would mean a broken demo.
    assert 0.2 < honest <= 1
    assert mixed > honest
    faults = [line for line in said.err.splitlines() if "is not a class of scale. Did you mean" in line]
    assert len(faults) == 4
    truth = json.loads((folder / "footage" / "truth.json").read_text())
    assert len(truth["films"]) == 10
    again = rushes("demo", folder, folder=tmp_path)
    assert "0 new frames" in again.out
    assert "Honest score" in again.out
    assert "Try next:" in again.out


@pytest.mark.slow
def test_the_demo_takes_a_user_s_own_footage_and_sheet(rushes: Rushes, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    truths = render_films(tmp_path / "my films", films=4, shots=5, size=(160, 90), processes=1)
    sheet = tmp_path / "my labels.csv"
    with sheet.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["film", "from", "to", "size"])
        for truth in truths:
            for shot in truth.shots:
                near = "none" if shot.scale is None else "near" if shot.scale in ("ECS", "CS", "MS") else "far"
                rows.writerow([truth.path.name, shot.start, shot.stop, near])
    words = ("--footage", tmp_path / "my films", "--labels", sheet, "--every", "0.3s")
    maps = ("--map", "film=source", "--map", "from=start", "--map", "to=stop", "--map", "size=class")
    summary = rushes("demo", tmp_path / "mine", *words, *maps, "--json", folder=tmp_path).json
    assert summary["task"] == "size"
    assert Path(summary["report"]).is_file()


def test_footage_without_labels_is_wrong_usage(rushes: Rushes, tmp_path: Path) -> None:
    said = rushes("demo", tmp_path / "d", "--footage", tmp_path, folder=tmp_path, status=2)
    assert "go together" in said.err
    assert not (tmp_path / "d").exists()
