from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.boards import make_run, right_on
from rushes.cli.main import main
from rushes.evaluation.evaluate import evaluate_run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project of two runs that can be compared and a folder that is no run."""
    (tmp_path / "rushes.toml").write_text('[tasks.scale]\nclasses = ["CS", "MS", "LS"]\n')
    make_run(tmp_path / "runs" / "2026-11-20-100000-weak", right_on(range(12)), created_at="2026-11-20T10:00:00Z")
    strong = make_run(tmp_path / "runs" / "2026-11-20-110000-strong", right_on(range(23)))
    evaluate_run(strong.folder, project_root=tmp_path)
    (tmp_path / "runs" / "old").mkdir()
    (tmp_path / "runs" / "old" / "run.json").write_text('{"schema": "run/0"}')
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], place: Path, *words: str, status: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as end:
        main([*words, "--project", str(place)])
    told = capsys.readouterr()
    assert end.value.code == status, told.err
    return told.out, told.err


def test_the_list_ranks_by_validation_and_says_what_it_cannot_read(place, capsys):
    out, err = said(capsys, place, "runs")
    assert out.index("2026-11-20-110000-strong") < out.index("2026-11-20-100000-weak")
    assert "24 validation samples of 8 groups" in out
    assert "1 folder cannot be read as a run" in err
    assert "schema is 'run/0'" in err


def test_the_list_as_json_holds_all(place, capsys):
    table = json.loads(said(capsys, place, "runs", "--json")[0])
    assert [run["name"] for run in table["runs"]] == ["2026-11-20-110000-strong", "2026-11-20-100000-weak"]
    assert table["runs"][0]["metrics"]["test"]["samples"] == 24
    assert table["runs"][1]["metrics"] is None
    assert [one["run"] for one in table["unreadable"]] == [str(place / "runs" / "old")]


def test_the_newest_runs_alone_are_listed_where_asked(place, capsys):
    out, _ = said(capsys, place, "runs", "--last", "1")
    assert "weak" not in out
    assert "1 older run not listed" in out


def test_a_project_without_runs_says_how_to_train_one(tmp_path, capsys):
    (tmp_path / "rushes.toml").write_text('[tasks.scale]\nclasses = ["CS", "MS", "LS"]\n')
    assert "no runs yet" in said(capsys, tmp_path, "runs")[0]
    assert json.loads(said(capsys, tmp_path, "runs", "--json")[0])["runs"] == []


def test_options_before_a_verb_below_are_refused_and_not_lost(place, capsys):
    with pytest.raises(SystemExit) as end:
        main(["runs", "--project", str(place), "page"])
    assert end.value.code == 2
    assert "Put them behind it: rushes runs page" in capsys.readouterr().err


def test_the_page_stands_beside_the_runs_or_where_it_is_wanted(place, capsys):
    said(capsys, place, "runs", "page")
    assert "2026-11-20-110000-strong/report.html" in (place / "runs" / "index.html").read_text(encoding="utf-8")
    told = json.loads(said(capsys, place, "runs", "page", "--to", str(place / "a" / "b.html"), "--json")[0])
    assert (told["listed"], told["shown"]) == (2, 2)
    assert (place / "a" / "b.html").is_file()


def test_two_runs_are_compared_by_name(place, capsys):
    out, err = said(capsys, place, "runs", "compare", "2026-11-20-100000-weak", "2026-11-20-110000-strong")
    assert "right: both 12, only A 0, only B 11, neither 1" in out
    assert "Two runs are compared, not two recipes" in err


def test_a_comparison_is_also_a_page_and_json(place, capsys):
    words = ("runs", "compare", "2026-11-20-100000-weak", "2026-11-20-110000-strong", "--html", str(place / "c.html"))
    table = json.loads(said(capsys, place, *words, "--json")[0])
    assert table["parts"]["validation"]["samples"]["shared"] == 24
    assert table["page"] == str(place / "c.html")
    assert "both right" in (place / "c.html").read_text(encoding="utf-8")


def test_a_run_that_is_not_there_is_answered_with_the_nearest(place, capsys):
    _, err = said(capsys, place, "runs", "compare", "2026-11-20-100000-week", "2026-11-20-110000-strong", status=2)
    assert "Did you mean '2026-11-20-100000-weak'" in err


def test_a_misspelt_run_is_said_before_what_compares_is_loaded(place):
    program = (
        "import sys\nfrom rushes.cli.main import main\ntry:\n    main(sys.argv[1:])\nfinally:\n"
        "    print('loaded' if 'rushes.evaluation' in sys.modules else 'not loaded')"
    )
    words = ["runs", "compare", "2026-11-20-110000-strong", "week", "--project", str(place)]
    ended = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert "there is no run 'week'" in ended.stderr
    assert ended.stdout.strip() == "not loaded"


def test_the_ends_of_a_difference_over_few_groups_are_called_a_range(tmp_path, capsys):
    (tmp_path / "rushes.toml").write_text('[tasks.scale]\nclasses = ["CS", "MS", "LS"]\n')
    films = tuple(f"film-{row % 4}" for row in range(24))
    for name, rows in (("a", range(12)), ("b", range(20))):
        make_run(tmp_path / "runs" / name, right_on(rows, groups=films))
    out, _ = said(capsys, tmp_path, "runs", "compare", "a", "b")
    assert re.search(r"macro-F1 .* range *$", out, re.MULTILINE)
    assert "95 % interval; on other groups" in " ".join(out.split())
    assert not re.search(r"\d +95 %", out)


def test_sending_needs_a_place(place, capsys):
    assert "nothing says where to" in said(capsys, place, "runs", "send", status=2)[1]
    assert "Allowed: sqlite:///mlflow.db" in said(capsys, place, "runs", "send", "--to", "mlruns", status=2)[1]


def test_what_would_be_sent_is_said_and_nothing_is(place, capsys):
    pytest.importorskip("mlflow")
    words = ("runs", "send", "--to", "sqlite:///mlflow.db", "--dry-run")
    assert "2 runs would be sent" in said(capsys, place, *words)[0]
    assert not (place / "mlflow.db").exists()
    told = json.loads(said(capsys, place, *words, "2026-11-20-100000-weak", "--json")[0])
    assert [one["outcome"] for one in told["runs"]] == ["sent"]


def test_a_training_whose_run_cannot_be_sent_is_none_the_worse(place, capsys):
    pytest.importorskip("mlflow")
    from rushes.cli.door import Door
    from rushes.cli.runs_send import send_trained
    from rushes.learning.runs import read_run
    from rushes.project import find_project

    (place / "mlflow.db").write_text("this is no database" * 100)
    (place / "rushes.toml").write_text(
        '[tasks.scale]\nclasses = ["CS", "MS", "LS"]\n[runs]\nmlflow = "sqlite:///mlflow.db"\n'
    )
    run = read_run(place / "runs" / "2026-11-20-100000-weak")
    send_trained(Door(), find_project(place), run)
    told = capsys.readouterr()
    assert "the run is kept, but was not sent" in told.err
    assert "rushes runs send 2026-11-20-100000-weak" in told.err
