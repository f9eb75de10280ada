"""What the command lines of trainings say of a cluster, before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from rushes.cli.engines import cluster_of
from rushes.cli.main import main
from rushes.project import Project, find_project
from rushes.scale.room import OnCluster


@pytest.fixture
def project(tmp_path: Path) -> Project:
    with pytest.raises(SystemExit):
        main(["init", str(tmp_path), "--task", "side=left,right"])
    return find_project(tmp_path)


def said_by(project: Project, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as end:
        main([*words, "--project", str(project.root)])
    assert end.value.code == 2
    return capsys.readouterr().err


def test_a_project_trains_here_unless_it_or_its_user_names_a_cluster(project: Project) -> None:
    assert cluster_of(project, None, None, "cuda:1") is None
    assert cluster_of(project, "here", 3, None) is None


def test_a_cluster_is_named_with_its_workers_and_their_device(project: Project) -> None:
    pytest.importorskip("ray")
    assert cluster_of(project, "ray", None, None) == OnCluster()
    assert cluster_of(project, "ray://head:10001", 4, "cuda") == OnCluster("ray://head:10001", 4, "cuda")


def test_the_cluster_of_rushes_toml_is_taken_where_nobody_says_otherwise(project: Project) -> None:
    pytest.importorskip("ray")
    path = project.root / "rushes.toml"
    path.write_text('engine = "ray"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    place = find_project(project.root)
    assert cluster_of(place, None, 2, None) == OnCluster(workers=2)
    assert cluster_of(place, "here", None, None) is None


@pytest.mark.parametrize("device", ["cuda:0,cuda:1", "cuda:1", "mps"])
def test_devices_of_this_machine_are_none_of_a_clusters(
    project: Project, capsys: pytest.CaptureFixture[str], device: str
) -> None:
    said = said_by(project, capsys, "train", "cnn", "--engine", "ray", "--device", device)
    assert f"--device {device}: with --engine ray each worker gets a device of its own" in said


def test_an_engine_that_nobody_knows_is_refused(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    said = said_by(project, capsys, "train", "cnn", "--engine", "raj")
    assert "--engine is 'raj'" in said
    assert "'ray'" in said


def test_workers_without_a_cluster_are_refused_where_one_network_is_trained(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by(project, capsys, "train", "cnn", "--workers", "2")
    assert "--workers 2: processes on a cluster train together, and this is done here" in said
