"""A scholar's story: frames of each shot, the scan that is kept, and the shots of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from footage.spliced import dissolved, pan, still, write_frames
from journeys.conftest import Rushes


@pytest.fixture
def film(tmp_path: Path) -> Path:
    frames = dissolved([*still(1, 40), *pan(2, 50, 2)], still(3, 60), 16)
    return write_frames(tmp_path / "three shots.mp4", frames)


def test_frames_of_shots_are_taken_and_the_scan_is_kept(
    rushes: Rushes, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    rushes("init", project)
    monkeypatch.chdir(project)
    answer = rushes("ingest", film, "--per-shot", "2", "--json").json
    assert (answer["frames_new"], answer["files"][0]["shots"]) == (6, 3)
    (kept,) = (project / "scans").iterdir()
    table = pl.read_parquet(kept)
    assert table.height == 134
    assert table["across"].arg_max() == 40

    found = rushes("shots", film, "--json").json["films"][0]["shots"]
    assert [shot["cut"] for shot in found] == [None, "hard", "dissolve"]
    assert found[1]["start"] == 40
    assert abs(found[2]["start"] - 82) <= 3
    told = rushes("status", "--duplicates").out
    assert "of near-duplicates" in told


def test_what_does_not_go_together_is_said(rushes: Rushes, film: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    rushes("init", project)
    refused = rushes("ingest", film, "--per-shot", "2", "--every", "2s", "--project", project, status=2)
    assert "exclude one another" in refused.err
    refused = rushes("ingest", film, "--per-shot", "0", "--project", project, status=2)
    assert "--per-shot 0: a shot is shown by at least one frame" in refused.err
