"""The routes of runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from evaluation.boards import make_run, right_on
from rushes.evaluation.evaluate import evaluate_run
from rushes.project import Project, read_project
from studio.kino import TOML, guarded, studio

ASKED = {"Authorization": "Bearer t", "Host": "localhost"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("runs")
    (root / "rushes.toml").write_text(TOML)
    make_run(root / "runs" / "good", right_on(range(18)), right_on(range(6)))
    make_run(root / "runs" / "better", right_on(range(22)))
    evaluate_run(root / "runs" / "good", project_root=root)
    (root / "runs" / "good" / "report.html").write_text("<script>document.title = 'run'</script>")
    (root / "runs" / "broken").mkdir()
    (root / "runs" / "broken" / "run.json").write_text("{")
    (root / "report.html").write_text("no run's")
    return read_project(root)


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    with studio(project) as app, TestClient(guarded(app), headers=ASKED) as opened:
        yield opened


def test_the_leaderboard_ranks_by_validation_and_stands_beside_the_majority(client: TestClient) -> None:
    listed = client.get("/runs").json()
    (board,) = listed["boards"]
    assert [run["run"] for run in board["runs"]] == ["better", "good"]
    better, good = board["runs"]
    score = good["validation"]["f1_macro"]
    assert score["low"] <= score["value"] <= score["high"]
    assert score["majority"] < score["value"]
    assert (good["test"]["f1_macro"]["value"], better["test"]) == (pytest.approx(0.25), None)
    assert (good["has_report"], better["has_report"]) == (True, False)
    assert [one["run"] for one in listed["unreadable"]] == ["broken"]


def test_a_run_that_changes_is_judged_anew(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text(TOML)
    make_run(tmp_path / "runs" / "one", right_on(range(12)), right_on(range(6)))
    with studio(read_project(tmp_path)) as app, TestClient(app) as client:
        assert client.get("/runs").json()["boards"][0]["runs"][0]["test"] is None
        evaluate_run(tmp_path / "runs" / "one", project_root=tmp_path)
        assert client.get("/runs").json()["boards"][0]["runs"][0]["test"] is not None


def test_a_run_tells_its_scores_by_class_and_its_recipe_but_no_place(client: TestClient, project: Project) -> None:
    reply = client.get("/runs/good")
    run = reply.json()
    assert (run["run"], run["has_report"]) == ("good", True)
    assert any(word.startswith("recall/") for word in run["validation"]["metrics"])
    assert run["recipe"]["name"]
    assert str(project.root) not in reply.text


def test_a_report_runs_alone_in_a_sandbox_and_everything_else_as_strictly_as_before(client: TestClient) -> None:
    report = client.get("/runs/good/report")
    policy = report.headers.get_list("content-security-policy")
    assert len(policy) == 1, "of two policies both would apply"
    assert policy[0].startswith("sandbox allow-scripts; default-src 'none';")
    assert "allow-same-origin" not in policy[0]
    assert "x-frame-options" not in report.headers
    assert report.headers["x-content-type-options"] == "nosniff"
    other = client.get("/runs")
    assert other.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in other.headers["content-security-policy"]
    assert client.get("/runs/good/report", headers={"Authorization": ""}).status_code == 401


@pytest.mark.parametrize("name", ["worse", "broken", "%2e%2e", "..%2f..", "good%2f..", "better%2freport"])
def test_what_the_listing_does_not_name_is_no_run(client: TestClient, name: str) -> None:
    for path in (f"/runs/{name}", f"/runs/{name}/report"):
        reply = client.get(path)
        assert reply.status_code == 404, path
        assert "no run's" not in reply.text
