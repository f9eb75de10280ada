"""MLflow as it is, in a file: no fake."""

from __future__ import annotations

import json
import logging
import os
import socket
from pathlib import Path

import pytest

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

from learning.test_runs import make_run
from rushes.errors import PlaceError
from rushes.learning.mlflow_sink import JUDGED_TAG, database_of, send
from rushes.learning.sending import Sending, plan_sending

STORE = "sqlite:///mlflow.db"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for the module: making one takes seconds."""
    return tmp_path_factory.mktemp("project")


def runs_there(root: Path, experiment: str):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=f"sqlite:///{root / 'mlflow.db'}")
        found = client.get_experiment_by_name(experiment)
        return client, client.search_runs([found.experiment_id]) if found else []


def tell(root: Path, *sendings: Sending, experiment: str, dry_run: bool = False) -> list[str]:
    return list(send(sendings, to=STORE, experiment=experiment, root=root, dry_run=dry_run))


def test_a_dry_run_makes_no_store(tmp_path: Path) -> None:
    sending = plan_sending(make_run(tmp_path / "r"))
    assert tell(tmp_path, sending, experiment="e", dry_run=True) == ["sent"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r"]


def test_a_run_arrives_whole_and_only_once(root: Path) -> None:
    run = make_run(root / "runs" / "2026-11-20-142501-cnn")
    sending = plan_sending(run)
    assert tell(root, sending, experiment="whole") == ["sent"]
    assert tell(root, sending, experiment="whole") == ["there already"]
    client, (there,) = runs_there(root, "whole")
    assert there.info.status == "FINISHED"
    assert there.info.run_name == run.name
    assert there.data.params == dict(sending.params)
    assert there.data.tags["rushes.manifest"] == "ab"
    assert there.data.metrics["parameters"] == 10
    losses = client.get_metric_history(there.info.run_id, "train_loss")
    assert [(one.step, one.value) for one in losses] == [(1, 0.5), (2, 0.25)]
    kept = list((root / "mlflow-artifacts").rglob("run.json"))
    assert [path.read_bytes() for path in kept] == [(run.folder / "run.json").read_bytes()]


def test_a_run_that_is_judged_later_gets_its_scores_and_its_report_once(root: Path) -> None:
    run = make_run(root / "runs" / "judged")
    assert tell(root, plan_sending(run), experiment="judged") == ["sent"]
    metrics = {"test": {"metrics": {"f1_macro": {"value": 0.5}}}}
    (run.folder / "metrics.json").write_text(json.dumps(metrics))
    (run.folder / "report.html").write_text("<p>report")
    assert tell(root, plan_sending(run), experiment="judged", dry_run=True) == ["judged since"]
    assert tell(root, plan_sending(run), experiment="judged") == ["judged since"]
    assert tell(root, plan_sending(run), experiment="judged") == ["there already"]
    _, (there,) = runs_there(root, "judged")
    assert there.data.metrics["test/f1_macro"] == 0.5
    assert there.data.tags[JUDGED_TAG] == plan_sending(run).judgement
    assert [path.read_text() for path in (root / "mlflow-artifacts").rglob("report.html")] == ["<p>report"]


def test_a_run_that_is_judged_again_gets_its_new_scores_and_its_new_report(root: Path) -> None:
    run = make_run(root / "runs" / "again")
    for turn, value in enumerate((0.75, 0.5)):  # the later one counts, and not the higher
        (run.folder / "metrics.json").write_text(json.dumps({"test": {"metrics": {"f1_macro": {"value": value}}}}))
        os.utime(run.folder / "metrics.json", (2e9 + turn, 2e9 + turn))
        (run.folder / "report.html").write_text(f"<p>again {value}")
        assert tell(root, plan_sending(run), experiment="again") == [("sent", "judged since")[turn]]
    assert tell(root, plan_sending(run), experiment="again") == ["there already"]
    _, (there,) = runs_there(root, "again")
    assert there.data.metrics["test/f1_macro"] == 0.5
    pages = [path.read_text() for path in (root / "mlflow-artifacts").rglob("report.html")]
    assert [page for page in pages if "again" in page] == ["<p>again 0.5"]


def test_a_run_that_was_left_half_sent_is_sent_again(root: Path) -> None:
    sending = plan_sending(make_run(root / "runs" / "half"))
    assert tell(root, sending, experiment="half") == ["sent"]
    client, (there,) = runs_there(root, "half")
    client.set_terminated(there.info.run_id, "KILLED")
    assert tell(root, sending, experiment="half") == ["sent"]
    _, (again,) = runs_there(root, "half")
    assert again.info.run_id != there.info.run_id
    assert again.info.status == "FINISHED"


def test_a_long_training_is_sent_in_several_calls(root: Path) -> None:
    run = make_run(root / "runs" / "long")
    history = "".join(json.dumps({"epoch": epoch, "a": 0.5, "b": 0.5}) + "\n" for epoch in range(700))
    (run.folder / "history.jsonl").write_text(history)
    from rushes.learning.runs import read_run

    assert tell(root, plan_sending(read_run(run.folder)), experiment="long") == ["sent"]
    client, (there,) = runs_there(root, "long")
    assert len(client.get_metric_history(there.info.run_id, "b")) == 700


def test_a_place_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        sending = plan_sending(make_run(tmp_path / "r"))
        with pytest.raises(PlaceError, match=r"could not be sent .* send them again") as told:
            send([sending], to=address, experiment="e", root=tmp_path)
    assert told.value.place == address


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is no database" * 100)
    with pytest.raises(PlaceError, match="could not be sent"):
        tell(tmp_path, plan_sending(make_run(tmp_path / "r")), experiment="e")


def test_environment_and_loggers_are_left_as_they_were(root: Path) -> None:
    before = dict(os.environ)
    level = logging.getLogger("alembic").level
    tell(root, experiment="none")
    assert dict(os.environ) == before
    assert logging.getLogger("alembic").level == level


def test_a_relative_database_stands_in_the_project(tmp_path: Path) -> None:
    assert database_of("sqlite:///a/b.db", tmp_path) == tmp_path / "a" / "b.db"
    assert database_of(f"sqlite:///{tmp_path}/c.db", Path("elsewhere")) == tmp_path / "c.db"
    assert database_of("https://example.org", tmp_path) is None
