"""Which frames `rushes ingest` takes: key frames near multiples, and frames at stated times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.test_main import ended
from footage.painted import write_film


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project beside two films of four and of two seconds, with a key frame every 10 frames."""
    assert ended("init", str(tmp_path / "project")) == 0
    (tmp_path / "films").mkdir()
    for name, count in (("long", 100), ("short", 50)):
        write_film(tmp_path / "films" / f"{name}.mp4", count, options={"x264-params": "keyint=10:scenecut=0"})
    capsys.readouterr()
    return tmp_path / "project"


def ingest(project: Path, *words: str) -> int:
    return ended("ingest", str(project.parent / "films"), "--project", str(project), *words)


def names(project: Path) -> list[str]:
    return sorted(path.stem.replace("_FRM-00-00", "") for path in (project / "frames").rglob("*.jpg"))


def test_every_with_keyframes_takes_the_key_frames_near_the_multiples(project: Path) -> None:
    assert ingest(project, "--every", "1s", "--keyframes") == 0
    # Key frames stand every 0.4 s: those nearest to 1, 2 and 3 s are at 0.8, 2.0 and 2.8 s.
    assert names(project) == ["long-00-00", "long-00-20", "long-02-00", "long-02-20", "short-00-00", "short-00-20"]


def test_frames_at_stated_times_are_taken_and_what_cannot_be_had_is_listed(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "times.csv"
    sheet.write_text("Source,Time Code\n,00:00:01:05\nlong.mp4,00:00:03:24\n,00:00:02:10\nnosuch,00:00:00:00\n")
    assert ingest(project, "--at", str(sheet), "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert names(project) == ["long-01-05", "long-02-10", "long-03-24", "short-01-05"]
    assert len(said["failed"]) == 2
    assert any("short.mp4" in line and "row 4" in line and "00:00:01:24" in line for line in said["failed"])
    assert any("row 5" in line and "'nosuch'" in line for line in said["failed"])


def test_a_faulty_sheet_of_times_takes_nothing_in(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "times.csv"
    sheet.write_text("timecode\n00:00:01:05\nsoon\nlater\n")
    assert ingest(project, "--at", str(sheet)) == 2
    err = capsys.readouterr().err
    assert "row 3" in err
    assert "row 4" in err
    assert names(project) == []
