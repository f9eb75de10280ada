"""`rushes check`: what is said, written and remembered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from journeys.conftest import run_rushes_here
from rushes.footage.picture import encode_picture
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import format_manifest
from rushes.storage.files import digest_of_bytes


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of three pictures, of which the last is gone."""
    (tmp_path / "rushes.toml").write_text('name = "three"\n[tasks.scale]\nclasses = ["CU", "LS"]\n')
    rows = []
    for number in range(3):
        data = encode_picture(np.full((8, 8, 3), number * 50, np.uint8))
        (tmp_path / f"{number}.jpg").write_bytes(data)
        rows.append(ManifestRow(f"{number}.jpg", "CU", sha256=digest_of_bytes(data), name=f"frame {number}"))
    (tmp_path / "rows.jl").write_text(format_manifest(rows))
    (tmp_path / "2.jpg").unlink()
    return tmp_path


def test_a_missing_picture_is_named_and_written_and_the_command_ends_with_1(project: Path) -> None:
    words = ("check", "--manifest", project / "rows.jl", "--out", project / "faulty.csv", "--project", project)
    said = run_rushes_here(*words, status=1)
    assert "missing: 2.jpg: is not there" in said.err
    assert "3 pictures of rows.jl" in said.out
    lines = (project / "faulty.csv").read_text().splitlines()
    assert lines[0] == "picture,frame,fault,reason"
    assert lines[1].startswith("2.jpg,frame 2,missing,")


def test_json_counts_what_was_right_before_and_every_fault(project: Path) -> None:
    words = ("check", "--manifest", project / "rows.jl", "--deep", "--json", "--project", project)
    run_rushes_here(*words, status=1)
    found = run_rushes_here(*words, status=1).json
    assert (found["pictures"], found["right"], found["known"]) == (3, 2, 2)
    assert found["faults"] == {"missing": 1, "changed": 0, "corrupt": 0, "unreadable": 0, "unreachable": 0}
    assert [one["picture"] for one in found["faulty"]] == ["2.jpg"]


def test_faulty_pictures_are_written_as_csv_alone(project: Path) -> None:
    said = run_rushes_here("check", "--out", "faulty.xlsx", "--project", project, status=2)
    assert "Name a file that ends in .csv" in said.err


def test_a_catalog_without_frames_says_how_to_take_some_in(project: Path) -> None:
    said = run_rushes_here("check", "--project", project, status=2)
    assert "rushes ingest FOOTAGE" in said.err
