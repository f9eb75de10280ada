"""`rushes demo`: a newcomer's first command."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from journeys.conftest import Rushes
from rushes.cli.demo import _beware_of_mixed, _close, _score
from rushes.cli.door import Door
from rushes.datasets.synthetic.films import render_films


@pytest.mark.longer
@pytest.mark.slow
def test_the_demo_goes_the_whole_way_and_again_from_where_it_is(rushes: Rushes, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = tmp_path / "a demo"
    said = rushes("demo", folder, "--json", folder=tmp_path)
    summary = said.json
    for key in ("report", "bundle", "predictions", "film"):
        assert Path(summary[key]).exists(), key
    # The scores are what they are, and so is which is higher; one no better than a blind guess means a broken demo.
    assert 0.2 < summary["f1_macro"]["value"] <= 1
    assert 0.2 < summary["f1_macro_mixed"]["value"] <= 1
    assert (Path(summary["run"]) / "run.json").is_file()
    kinds = [json.loads(path.read_text())["split"]["kind"] for path in sorted((folder / "runs").glob("*/run.json"))]
    assert kinds == ["mixed", "grouped"]
    faults = [line for line in said.err.splitlines() if "is not a class of scale. Did you mean" in line]
    assert len(faults) == 4
    truth = json.loads((folder / "footage" / "truth.json").read_text())
    assert len(truth["films"]) == 10
    again = rushes("demo", folder, folder=tmp_path)
    assert "0 new frames" in again.out
    assert re.search(r"Honest score \(films never watched\): +macro-F1 0\.\d{3} \(range over 2 groups ", again.out)
    assert re.search(r"Mixed score \(frames shuffled\): +macro-F1 0\.\d{3} \(", again.out)
    assert "Beware: The scores rest on 2 groups only; a 95 % interval takes 8 or more." in again.out
    assert "Try next:" in again.out


@pytest.mark.longer
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


def closing(tmp_path: Path, capsys: pytest.CaptureFixture[str], **changes: Any) -> str:
    """What the demo says at its end of a run with a score of 0.7 from two groups."""
    honest = {"value": 0.7, "low": 0.66, "high": 0.74, "level": None, "groups": 2}
    judged = {"leaks": None, "test": {"groups": ["TT_S01_E02", "TT_S01_E07"]}} | changes.pop("metrics", {})
    (tmp_path / "metrics.json").write_text(json.dumps(judged), encoding="utf-8")
    summary = {
        "task": "mcu",
        "run": str(tmp_path),
        "report": str(tmp_path / "report.html"),
        "bundle": str(tmp_path / "bundles" / "scale"),
        "f1_macro": honest,
        "f1_macro_mixed": {"value": 0.8, "low": 0.7, "high": 0.9, "level": 0.95, "groups": 10},
    }
    _close(Door(), summary | changes, tmp_path)
    return capsys.readouterr().out


def test_the_end_calls_few_groups_a_range_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = closing(tmp_path, capsys)
    assert "macro-F1 0.700 (range over 2 groups 0.660 to 0.740)" in out
    assert "macro-F1 0.800 (95 % interval 0.700 to 0.900)" in out
    assert "Beware: The scores rest on 2 groups only" in out


def test_the_end_says_no_word_of_few_groups_where_they_are_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    out = closing(tmp_path, capsys, metrics={"test": {"groups": [f"film-{number}" for number in range(8)]}})
    assert "Beware" not in out


def test_the_end_calls_no_film_unwatched_where_training_has_seen_part_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    out = closing(tmp_path, capsys, metrics={"leaks": ["A in test is the same picture as B in train"]})
    assert "never watched)" not in out
    assert "Score (films partly watched):" in out


def test_a_mixed_score_is_said_to_flatter_only_where_it_is_higher(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert "flatters; never quote it alone" in closing(tmp_path, capsys)
    for mixed in (0.7, 0.7004, 0.6):
        other = {"value": mixed, "low": None, "high": None, "level": None, "groups": 0}
        out = closing(tmp_path, capsys, f1_macro_mixed=other)
        assert f"macro-F1 {mixed:.3f} (no interval)" in out
        assert "flatters" not in out
        assert "no higher here; a mixed score still proves nothing about films never watched" in out


def test_an_undefined_score_is_not_compared() -> None:
    assert _score({"value": None}) == "undefined"
    assert "cannot be compared" in _beware_of_mixed(None, 0.8)


def test_footage_without_labels_is_wrong_usage(rushes: Rushes, tmp_path: Path) -> None:
    said = rushes("demo", tmp_path / "d", "--footage", tmp_path, folder=tmp_path, status=2)
    assert "go together" in said.err
    assert not (tmp_path / "d").exists()
